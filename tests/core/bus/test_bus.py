import asyncio
import sys
from typing import Any

import pytest

from regie.bus import Bus, Event, EventContext, callback
from regie.bus.bus import MAX_NESTED
from regie.bus.event import ulid

Faults = list[tuple[str, BaseException, str]]


@pytest.fixture
def faults() -> Faults:
    return []


@pytest.fixture
def bus(faults: Faults) -> Bus:
    return Bus(lambda owner, error, where: faults.append((owner, error, where)))


def test_listeners_hear_their_type_their_pattern_or_all(bus: Bus) -> None:
    heard: list[str] = []
    bus.on("jellyfin_play", lambda event: heard.append(f"type {event.type}"))
    bus.on("jellyfin_*", lambda event: heard.append(f"pattern {event.type}"))
    bus.on("*", lambda event: heard.append(f"all {event.type}"))
    bus.fire("jellyfin_play")
    bus.fire("jellyfin_stop")
    bus.fire("other")
    assert heard == [
        "type jellyfin_play",
        "pattern jellyfin_play",
        "all jellyfin_play",
        "pattern jellyfin_stop",
        "all jellyfin_stop",
        "all other",
    ]


def test_undo_ends_a_subscription_and_may_be_called_twice(bus: Bus) -> None:
    heard: list[Event] = []
    undo = bus.on("a", heard.append)
    bus.fire("a")
    undo()
    undo()
    bus.fire("a")
    assert len(heard) == 1


def test_a_failing_listener_is_named_and_the_others_hear(bus: Bus, faults: Faults) -> None:
    heard: list[Event] = []

    def broken(_event: Event) -> None:
        raise ValueError("no")

    bus.on("a", broken, owner="bad_plugin")
    bus.on("a", heard.append)
    bus.fire("a")
    assert [(owner, str(error), where) for owner, error, where in faults] == [("bad_plugin", "no", "listener to a")]
    assert len(heard) == 1


async def test_coroutine_listeners_run_as_tasks_in_the_order_of_events(bus: Bus, faults: Faults) -> None:
    heard: list[Any] = []
    done = asyncio.Event()

    async def listener(event: Event) -> None:
        heard.append(event.data["n"])
        if event.data["n"] == 2:
            done.set()
            raise ValueError("late")

    bus.on("a", listener, owner="slow")
    for n in range(3):
        bus.fire("a", {"n": n})
    assert heard == []
    async with asyncio.timeout(5):
        await done.wait()
    assert heard == [0, 1, 2]
    await asyncio.sleep(0)
    assert faults[0][0] == "slow"


def test_events_fired_by_listeners_wait_until_all_have_heard(bus: Bus) -> None:
    heard: list[str] = []

    @callback
    def first(event: Event) -> None:
        heard.append(f"first {event.type}")
        if event.type == "a":
            bus.fire("b")

    bus.on("*", first)
    bus.on("*", lambda event: heard.append(f"second {event.type}"))
    bus.fire("a")
    assert heard == ["first a", "second a", "first b", "second b"]


def test_a_storm_of_listeners_ends(bus: Bus, faults: Faults) -> None:
    count = 0

    def storm(_event: Event) -> None:
        nonlocal count
        count += 1
        if count < MAX_NESTED // 10:
            for _ in range(100):
                bus.fire("a")

    bus.on("a", storm)
    bus.fire("a")
    assert faults
    assert "dropped" in str(faults[0][1])


def test_nothing_is_made_for_an_event_that_nobody_hears(bus: Bus) -> None:
    bus.fire("a")
    assert bus.listener_counts() == {}


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_a_type_has_1_to_64_characters(bus: Bus, name: str) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        bus.fire(name)


def test_once_hears_one_event(bus: Bus) -> None:
    heard: list[Event] = []
    bus.once("a", heard.append)
    bus.fire("a")
    bus.fire("a")
    assert len(heard) == 1


def test_a_context_has_children_that_name_it() -> None:
    context = EventContext("ada")
    child = context.child()
    assert child.as_dict() == {"id": child.id, "parent_id": context.id, "user_id": "ada"}


def test_ulids_are_26_characters_and_sort_by_time() -> None:
    assert len(ulid()) == 26
    assert ulid(1000.0) < ulid(1000.001) < ulid(2_000_000_000.0)


async def test_a_listener_that_calls_exit_is_named_and_the_others_hear() -> None:
    faults: list[tuple[str, str]] = []
    bus = Bus(lambda owner, error, _where: faults.append((owner, type(error).__name__)))
    heard: list[str] = []

    async def leave(_event: Event) -> None:
        sys.exit(1)

    bus.on("bell", lambda _event: sys.exit(1), owner="inline")
    bus.on("bell", leave, owner="task")
    bus.on("bell", lambda event: heard.append(event.type))
    bus.fire("bell")
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task is not asyncio.current_task()))
    assert (heard, faults) == (["bell"], [("inline", "SystemExit"), ("task", "SystemExit")])
