from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.bus import Bus, Event, EventContext
from regie.errors import InvalidData
from regie.states import State, StateMachine
from regie.states.state import is_entity_id, object_id

Faults = list[tuple[str, BaseException, str]]


class House:
    """A bus and a machine that note what happens."""

    def __init__(self) -> None:
        self.faults: Faults = []
        self.events: list[Event] = []
        self.bus = Bus(self._fault)
        self.machine = StateMachine(self.bus, self._fault)
        self.bus.on("*", self.events.append)

    def _fault(self, owner: str, error: BaseException, where: str) -> None:
        self.faults.append((owner, error, where))


@pytest.fixture
def house() -> House:
    return House()


def test_a_change_fires_one_event_with_both_states(house: House) -> None:
    house.machine.set("sensor.a", "1")
    house.machine.set("sensor.a", "2")
    assert [event.type for event in house.events] == ["state_changed", "state_changed"]
    assert house.events[0].data["old_state"] is None
    assert house.events[1].data["old_state"].state == "1"
    assert house.events[1].data["new_state"].state == "2"


def test_nothing_changed_only_moves_last_reported(house: House) -> None:
    first = house.machine.set("sensor.a", "1", {"unit": "x"})
    changed, updated = first.last_changed, first.last_updated
    again = house.machine.set("sensor.a", "1", {"unit": "x"})
    assert again is first
    assert (again.last_changed, again.last_updated) == (changed, updated)
    assert again.last_reported >= updated
    assert [event.type for event in house.events] == ["state_changed", "state_reported"]


def test_new_attributes_keep_last_changed(house: House) -> None:
    first = house.machine.set("sensor.a", "1", {"n": 1})
    second = house.machine.set("sensor.a", "1", {"n": 2})
    assert second.last_changed == first.last_changed
    assert second.last_updated >= first.last_updated


def test_force_moves_last_changed(house: House) -> None:
    first = house.machine.set("sensor.a", "1")
    second = house.machine.set("sensor.a", "1", force=True)
    assert second is not first
    assert second.last_changed >= first.last_changed
    assert [event.type for event in house.events] == ["state_changed", "state_changed"]


def test_removing_says_what_was(house: House) -> None:
    house.machine.set("sensor.a", "1")
    assert house.machine.remove("sensor.a")
    assert not house.machine.remove("sensor.a")
    assert house.events[-1].data["new_state"] is None
    assert house.machine.get("sensor.a") is None


def test_entity_ids_are_lower_case(house: House) -> None:
    house.machine.set("Sensor.Upper", "1")
    state = house.machine.get("sensor.upper")
    assert state is not None
    assert state.entity_id == "sensor.upper"


@pytest.mark.parametrize(
    "name", ["nodot", "a.", ".b", "a.b.c", "sensor._a", "sensor.a_", "a__b.c", "sensor.ä", "sensor.a b", ""]
)
def test_what_is_no_entity_id_is_refused(house: House, name: str) -> None:
    with pytest.raises(InvalidData, match="entity id"):
        house.machine.set(name, "1")


def test_a_state_of_over_255_characters_is_refused(house: House) -> None:
    house.machine.set("sensor.a", "x" * 255)
    with pytest.raises(InvalidData, match="256"):
        house.machine.set("sensor.a", "x" * 256)


def test_listeners_to_an_entity_hear_only_it(house: House) -> None:
    heard: list[tuple[State | None, State | None]] = []
    undo = house.machine.on_change(["sensor.a"], lambda old, new: heard.append((old, new)))
    house.machine.set("sensor.b", "1")
    house.machine.set("sensor.a", "1")
    undo()
    house.machine.set("sensor.a", "2")
    assert len(heard) == 1
    assert house.machine.listener_owners() == []


def test_a_failing_listener_is_named(house: House) -> None:
    def broken(_old: State | None, _new: State | None) -> None:
        raise ValueError("no")

    house.machine.on_change(None, broken, owner="bad")
    house.machine.set("sensor.a", "1")
    assert house.faults[0][0] == "bad"


def test_the_compressed_shape_follows_the_wire(house: House) -> None:
    state = house.machine.set("sensor.a", "1", {"n": 1}, context=EventContext("ada"))
    short: dict[str, Any] = state.compressed()
    assert short["s"] == "1"
    assert short["a"] == {"n": 1}
    assert short["c"] == state.context.as_dict()
    assert short["lc"] == state.last_changed
    assert "lu" not in short
    assert isinstance(house.machine.set("sensor.b", "1").compressed()["c"], str)


@given(st.text(max_size=60))
def test_an_object_id_of_any_text_makes_an_entity_id(text: str) -> None:
    assert is_entity_id(f"sensor.{object_id(text)}")
