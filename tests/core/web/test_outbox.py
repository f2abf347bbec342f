import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from regie.bus import EventContext
from regie.states import State
from regie.web.websocket.messages import SharedEvent, changes
from regie.web.websocket.outbox import COALESCE_FROM, MAX_BYTES, MAX_MESSAGES, Outbox


def state(entity_id: str, text: str, at: float) -> State:
    return State(entity_id, text, {}, EventContext(id_="c"), at)


def change(outbox: Outbox, old: State | None, new: State | None, subscription_id: int = 1) -> None:
    outbox.put_change(subscription_id, old, new, SharedEvent(lambda: changes([(old, new)])))


def drained(outbox: Outbox) -> list[Any]:
    found = []
    while batch := outbox.take():
        found += [json.loads(frame) for frame in batch]
    return found


def test_frames_leave_in_order() -> None:
    outbox = Outbox()
    for number in range(5):
        outbox.put(b"%d" % number)
    assert drained(outbox) == [0, 1, 2, 3, 4]
    assert len(outbox) == 0


def test_too_many_messages_or_bytes_fill_it_but_one_large_answer_does_not() -> None:
    outbox = Outbox()
    fullness = []
    for frame in (b"x", b"x" * (MAX_BYTES + 1), b"x" * (MAX_BYTES - 1), b"x"):
        outbox.put(frame)
        fullness.append(outbox.is_full)
    assert fullness == [False, False, False, True]
    drained_bytes = sum(len(frame) for _ in range(4) for frame in outbox.take())
    assert (drained_bytes, outbox.is_full, len(outbox)) == (2 * MAX_BYTES + 2, False, 0)
    outbox = Outbox()
    fullness = []
    for _ in range(MAX_MESSAGES + 1):
        outbox.put(b"x")
        fullness.append(outbox.is_full)
    assert fullness == [False] * MAX_MESSAGES + [True]


def test_behind_a_backlog_only_the_newest_change_of_an_entity_is_kept() -> None:
    outbox = Outbox()
    for _ in range(COALESCE_FROM):
        outbox.put(b"0")
    was = state("a.b", "0", 0)
    for number in range(1, 10_000):
        now = state("a.b", str(number), number)
        change(outbox, was, now)
        was = now
    assert not outbox.is_full
    told = [one for one in drained(outbox) if one]
    assert told == [{"id": 1, "type": "event", "event": {"c": {"a.b": {"+": {"s": "9999", "lc": 9999.0}}}}}]


def test_a_subscription_that_ended_is_told_nothing() -> None:
    outbox = Outbox()
    for _ in range(COALESCE_FROM):
        outbox.put(b"0")
    change(outbox, None, state("a.b", "on", 1))
    outbox.drop(1)
    assert not any(drained(outbox))


STEPS = st.lists(
    st.tuples(st.sampled_from(["a.x", "a.y", "a.z"]), st.none() | st.sampled_from(["on", "off"]), st.booleans())
)


@given(STEPS, st.integers(0, COALESCE_FROM + 5))
def test_a_client_ends_up_with_the_truth_however_slow_it_is(
    steps: list[tuple[str, str | None, bool]], backlog: int
) -> None:
    outbox, client = Outbox(), dict[str, str]()

    def read() -> None:
        for frame in drained(outbox):
            event = frame["event"] if frame else {}
            client.update({entity_id: told["s"] for entity_id, told in event.get("a", {}).items()})
            for entity_id, told in event.get("c", {}).items():
                assert entity_id in client
                client[entity_id] = told["+"].get("s", client[entity_id])
            for entity_id in event.get("r", []):
                del client[entity_id]

    truth: dict[str, State] = {}
    for at, (entity_id, text, reads) in enumerate(steps):
        for _ in range(backlog):
            outbox.put(b"0")
        old, new = truth.pop(entity_id, None), None
        if text is not None:
            new = truth[entity_id] = state(entity_id, text, at)
        if old is not None or new is not None:
            change(outbox, old, new)
        if reads:
            read()
    read()
    assert client == {entity_id: one.state for entity_id, one in truth.items()}
