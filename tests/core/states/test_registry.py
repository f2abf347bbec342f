from collections.abc import Mapping
from typing import Any

import pytest

from regie.bus import Bus
from regie.errors import InvalidData, NotFound
from regie.states import BinarySensor, EntityRegistry, Sensor, StateMachine


class Memory:
    """Documents in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    async def load(self, key: str) -> dict[str, Any] | None:
        return self.kept.get(key)

    def save_soon(self, key: str, data: Mapping[str, Any]) -> None:
        self.kept[key] = dict(data)


class House:
    """A registry on the documents of an earlier run."""

    def __init__(self, memory: Memory) -> None:
        bus = Bus(self._fail)
        self.states = StateMachine(bus, self._fail)
        self.registry = EntityRegistry(bus, self.states, memory)

    @staticmethod
    def _fail(_owner: str, error: BaseException, _where: str) -> None:
        raise AssertionError(error)


def test_an_entity_gets_an_id_from_its_name_and_writes_its_state() -> None:
    house = House(Memory())
    sensor = Sensor(key="streams", name="Salon · Télé", unit="streams")
    sensor.update(3)
    house.registry.add("jellyfin", sensor)
    state = house.states.get("sensor.salon_tele")
    assert state is not None
    assert (state.state, state.attributes["unit_of_measurement"], state.name) == ("3", "streams", "Salon · Télé")


def test_two_entities_of_one_name_get_two_ids() -> None:
    house = House(Memory())
    first, second = Sensor(key="a", name="TV"), Sensor(key="b", name="TV")
    house.registry.add("one", first)
    house.registry.add("two", second)
    assert (first.entity_id, second.entity_id) == ("sensor.tv", "sensor.tv_2")


def test_one_key_twice_is_refused() -> None:
    house = House(Memory())
    house.registry.add("one", Sensor(key="a", name="TV"))
    with pytest.raises(InvalidData, match="key 'a'"):
        house.registry.add("one", Sensor(key="a", name="Other"))


async def test_a_renamed_entity_keeps_its_name_after_a_restart() -> None:
    memory = Memory()
    house = House(memory)
    house.registry.add("one", BinarySensor(key="a", name="Online"))
    house.registry.update("binary_sensor.online", new_entity_id="binary_sensor.server_up", name="Server")
    assert house.states.get("binary_sensor.online") is None
    later = House(memory)
    await later.registry.load()
    entity = BinarySensor(key="a", name="Online")
    later.registry.add("one", entity)
    assert (entity.entity_id, entity.name) == ("binary_sensor.server_up", "Server")


def test_a_disabled_entity_has_no_state() -> None:
    house = House(Memory())
    sensor = Sensor(key="a", name="A")
    house.registry.add("one", sensor)
    house.registry.update("sensor.a", is_disabled=True)
    sensor.update(5)
    assert house.states.get("sensor.a") is None
    house.registry.update("sensor.a", is_disabled=False)
    state = house.states.get("sensor.a")
    assert state is not None
    assert state.state == "5"


@pytest.mark.parametrize("name", ["sensor.b", "switch.a", "sensor.B!", "sensor"])
def test_an_impossible_new_id_is_refused(name: str) -> None:
    house = House(Memory())
    house.registry.add("one", Sensor(key="a", name="A"))
    house.registry.add("one", Sensor(key="b", name="B"))
    with pytest.raises(InvalidData):
        house.registry.update("sensor.a", new_entity_id=name)


def test_an_unknown_entity_cannot_be_renamed() -> None:
    with pytest.raises(NotFound):
        House(Memory()).registry.update("sensor.none", name="x")


def test_undo_takes_the_state_away_and_later_updates_write_nothing() -> None:
    house = House(Memory())
    sensor = Sensor(key="a", name="A")
    undo = house.registry.add("one", sensor)
    undo()
    sensor.update(7)
    assert house.states.get("sensor.a") is None
    assert house.registry.of("one") == []
    assert [entry.entity_id for entry in house.registry.all()] == ["sensor.a"]


@pytest.mark.parametrize(
    ("value", "text"), [(None, "unknown"), (True, "on"), (False, "off"), (1.5, "1.5"), ("x" * 300, "unknown")]
)
def test_values_become_texts(value: object, text: str) -> None:
    house = House(Memory())
    sensor = Sensor(key="a", name="A")
    house.registry.add("one", sensor)
    sensor.update(value)
    state = house.states.get("sensor.a")
    assert state is not None
    assert state.state == text


def test_a_wish_that_is_no_object_id_is_made_one() -> None:
    house = House(Memory())
    sensor = Sensor(key="a", name="TV", object_id="Salon · Télé")
    house.registry.add("one", sensor)
    assert sensor.entity_id == "sensor.salon_tele"
