from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import voluptuous as vol

from regie.bus import Bus, Event
from regie.errors import InvalidData, NotFound, ServiceError, Unauthorized
from regie.services import Service, ServiceCall, ServiceRegistry

Faults = list[tuple[str, BaseException, str]]


@dataclass
class Person:
    id: str
    role: str


@pytest.fixture
def faults() -> Faults:
    return []


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def registry(faults: Faults, events: list[Event]) -> ServiceRegistry:
    bus = Bus(lambda owner, error, where: faults.append((owner, error, where)))
    bus.on("*", events.append)
    return ServiceRegistry(bus, lambda owner, error, where: faults.append((owner, error, where)))


def service(**changes: Any) -> Service:
    async def answer(call: ServiceCall) -> Mapping[str, Any]:
        return {"got": dict(call.data)}

    schema = vol.Schema(
        {vol.Required("level"): vol.All(int, vol.Range(min=0, max=9)), vol.Optional("deep"): {"er": str}}
    )
    given: dict[str, Any] = {
        "domain": "demo",
        "name": "work",
        "handler": answer,
        "schema": schema,
        "response": "optional",
    }
    return Service(**{**given, **changes})


async def test_a_call_is_validated_runs_and_answers(registry: ServiceRegistry, events: list[Event]) -> None:
    registry.register(service())
    assert await registry.call("demo", "work", {"level": 3}, return_response=True) == {"got": {"level": 3}}
    assert [event.type for event in events] == ["service_registered", "call_service"]


async def test_no_answer_is_given_unless_asked_for(registry: ServiceRegistry) -> None:
    registry.register(service())
    assert await registry.call("demo", "work", {"level": 3}) is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "level"),
        ({"level": "x"}, "level"),
        ({"level": 10}, "level"),
        ({"level": 1, "more": 2}, "more"),
        ({"level": 1, "deep": {"er": 1}}, "deep.er"),
    ],
)
async def test_bad_data_names_the_field(registry: ServiceRegistry, data: dict[str, Any], words: str) -> None:
    registry.register(service())
    with pytest.raises(InvalidData, match=words):
        await registry.call("demo", "work", data)


async def test_an_unknown_service_is_named(registry: ServiceRegistry) -> None:
    with pytest.raises(NotFound, match=r"demo\.work"):
        await registry.call("demo", "work")


@pytest.mark.parametrize("asked", [True, False])
async def test_answers_must_fit_what_the_service_gives(registry: ServiceRegistry, *, asked: bool) -> None:
    registry.register(service(response=False if asked else "only"))
    with pytest.raises(InvalidData):
        await registry.call("demo", "work", {"level": 1}, return_response=asked)


async def test_a_person_needs_the_role_and_the_hub_does_not(registry: ServiceRegistry) -> None:
    registry.register(service(permission="admin"))
    with pytest.raises(Unauthorized):
        await registry.call("demo", "work", {"level": 1}, user=Person("1", "user"))
    await registry.call("demo", "work", {"level": 1}, user=Person("2", "admin"))
    assert await registry.call("demo", "work", {"level": 1}) is None


async def test_a_failing_handler_is_named_and_the_caller_told(registry: ServiceRegistry, faults: Faults) -> None:
    def broken(_call: ServiceCall) -> None:
        raise ZeroDivisionError("oops")

    registry.register(service(handler=broken, owner="bad"))
    with pytest.raises(ServiceError, match="plugin's page"):
        await registry.call("demo", "work", {"level": 1})
    assert faults[0][0] == "bad"


async def test_an_expected_error_reaches_the_caller_as_it_is(registry: ServiceRegistry, faults: Faults) -> None:
    def refuse(_call: ServiceCall) -> None:
        raise ServiceError("The player cannot show messages")

    registry.register(service(handler=refuse))
    with pytest.raises(ServiceError, match="cannot show"):
        await registry.call("demo", "work", {"level": 1})
    assert faults == []


def test_a_service_comes_once_and_goes_whole(registry: ServiceRegistry, events: list[Event]) -> None:
    undo = registry.register(service())
    with pytest.raises(ValueError, match="exists"):
        registry.register(service())
    undo()
    undo()
    assert registry.all() == {}
    assert [event.type for event in events] == ["service_registered", "service_removed"]
