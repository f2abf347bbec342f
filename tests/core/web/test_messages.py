import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.bus import EventContext
from regie.states import State
from regie.web.websocket import messages

TEXTS = st.sampled_from(["on", "off", "7"])
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.none() | st.integers(0, 3) | st.lists(st.integers(0, 2))
)
CONTEXTS = st.builds(EventContext, st.none() | st.just("u1"), st.none() | st.just("p1"), st.sampled_from(["c1", "c2"]))


@st.composite
def states(draw: st.DrawFn) -> State:
    state = State("sensor.door", draw(TEXTS), draw(ATTRIBUTES), draw(CONTEXTS), float(draw(st.integers(1, 3))))
    state.last_updated = state.last_changed + draw(st.integers(0, 2))
    return state


def applied(known: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """What a client makes of a difference, as home-assistant-js-websocket does it."""
    more = told.get("+", {})
    result = dict(known)
    result["s"] = more.get("s", known["s"])
    if "lc" in more:
        result["lc"] = result["lu"] = more["lc"]
    elif "lu" in more:
        result["lu"] = more["lu"]
    if "c" in more:
        old = known["c"] if isinstance(known["c"], dict) else {"id": known["c"], "parent_id": None, "user_id": None}
        result["c"] = {**old, **(more["c"] if isinstance(more["c"], dict) else {"id": more["c"]})}
    attributes = {**known["a"], **more.get("a", {})}
    for name in told.get("-", {}).get("a", []):
        attributes.pop(name)
    result["a"] = attributes
    return result


@given(states(), states())
def test_a_difference_leads_a_client_from_the_old_state_to_the_new(old: State, new: State) -> None:
    known = {
        "s": old.state,
        "a": dict(old.attributes),
        "c": old.context.as_dict(),
        "lc": old.last_changed,
        "lu": old.last_updated,
    }
    result = applied(known, messages.difference(old, new))
    assert (result["s"], result["a"], result["c"]) == (new.state, dict(new.attributes), new.context.as_dict())
    assert result["lc"] == new.last_changed
    if old.last_changed == new.last_changed:
        assert result["lu"] == new.last_updated


@given(states(), states())
def test_a_difference_tells_only_what_changed_and_never_both_times(old: State, new: State) -> None:
    more = messages.difference(old, new)["+"]
    assert not {"lc", "lu"} <= set(more)
    assert ("s" in more) == (old.state != new.state)
    assert all(old.attributes.get(key, ...) != value for key, value in more.get("a", {}).items())


def test_a_context_is_an_id_when_only_that_changed() -> None:
    old = State("a.b", "on", {}, EventContext(id_="c1"), 1.0)
    assert messages.difference(old, State("a.b", "on", {}, EventContext(id_="c2"), 1.0)) == {"+": {"c": "c2"}}
    told = messages.difference(old, State("a.b", "on", {}, EventContext("u1", id_="c2"), 1.0))
    assert told == {"+": {"c": {"id": "c2", "user_id": "u1"}}}


def test_added_changed_and_removed_go_in_one_event() -> None:
    one, two = (State(name, "on", {}, EventContext(id_="c1"), 1.0) for name in ("a.one", "a.two"))
    off = State("a.one", "off", {}, EventContext(id_="c1"), 2.0)
    told = messages.changes([(one, off), (None, two), (two, None), (None, None)])
    assert told == {"c": {"a.one": {"+": {"s": "off", "lc": 2.0}}}, "a": {"a.two": two.compressed()}, "r": ["a.two"]}


def test_a_shared_event_is_made_once_whoever_gets_it() -> None:
    made: list[int] = []

    def make() -> dict[str, int]:
        made.append(1)
        return {"n": 1}

    shared = messages.SharedEvent(make)
    frames = [shared.frame(7), shared.frame(8), shared.frame(7)]
    assert [json.loads(frame) for frame in frames] == [{"id": n, "type": "event", "event": {"n": 1}} for n in (7, 8, 7)]
    assert frames[0] is frames[2]
    assert made == [1]


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (0, "8100"),
        (125, "817d"),
        (126, "817e007e"),
        (65_535, "817effff"),
        (65_536, "817f0000000000010000"),
    ],
)
def test_a_frame_says_how_long_it_is(length: int, head: str) -> None:
    assert messages.head(length).hex() == head
