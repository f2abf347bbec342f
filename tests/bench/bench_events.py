"""Events to listeners, states and service calls, beside a bare Python loop."""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import voluptuous as vol

from regie.bus import Bus, Event
from regie.services import Service, ServiceRegistry
from regie.states import StateMachine

ROUNDS = 5
ROUND_S = 0.4
BARS = {
    "1 listener": 1_000_000,
    "10 listeners": 400_000,
    "1,000 listeners": 8_000,
    "state set": 300_000,
    "service call": 230_000,
}


def fail(owner: str, error: BaseException, where: str) -> None:
    """No listener of a bench may fail."""
    raise RuntimeError(f"{owner} failed in {where}") from error


def rate(step: Callable[[], None], batch: int) -> float:
    """Calls a CPU second: the median of several rounds of whole batches."""
    rates = []
    for _ in range(ROUNDS):
        done, began = 0, time.process_time()
        while time.process_time() - began < ROUND_S:
            for _ in range(batch):
                step()
            done += batch
        rates.append(done / (time.process_time() - began))
    return statistics.median(rates)


def bare(listeners: int) -> float:
    """The least that telling so many listeners can cost: a dictionary, a tuple, a loop."""
    table: dict[str, list[Callable[[Any], None]]] = {"bench": [lambda _event: None for _ in range(listeners)]}

    def step() -> None:
        event = ("bench", None, time.time())
        for listener in table["bench"]:
            listener(event)

    return rate(step, max(1, 1000 // listeners))


def events(listeners: int) -> float:
    """Events fired a second to so many inline listeners."""
    bus = Bus(fail)

    def hear(_event: Event) -> None:
        return None

    for _ in range(listeners):
        bus.on("bench", hear)
    return rate(lambda: bus.fire("bench"), max(1, 1000 // listeners))


def states() -> float:
    """State changes a second over 1,000 entities, one listener."""
    bus = Bus(fail)
    machine = StateMachine(bus, fail)
    bus.on("state_changed", lambda _event: None)
    names = [f"sensor.bench_{number}" for number in range(1000)]
    turn = 0

    def step() -> None:
        nonlocal turn
        turn += 1
        machine.set(names[turn % 1000], str(turn))

    return rate(step, 1000)


def services() -> float:
    """Service calls a second with a schema, awaited."""
    bus = Bus(fail)
    registry = ServiceRegistry(bus, fail)
    schema = vol.Schema({vol.Required("level"): int})

    async def handle(_call: Any) -> None:
        return None

    registry.register(Service(domain="bench", name="work", handler=handle, schema=schema))

    async def batch() -> None:
        for _ in range(1000):
            await registry.call("bench", "work", {"level": 1})

    loop = asyncio.new_event_loop()
    try:
        return rate(lambda: loop.run_until_complete(batch()), 1) * 1000
    finally:
        loop.close()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    rows: dict[str, tuple[float, float | None]] = {
        "1 listener": (events(1), bare(1)),
        "10 listeners": (events(10), bare(10)),
        "1,000 listeners": (events(1000), bare(1000)),
        "state set": (states(), None),
        "service call": (services(), None),
    }
    if options.json:
        print(
            json.dumps({name: {"rate": ours, "bare": peer, "bar": BARS[name]} for name, (ours, peer) in rows.items()})
        )
        return
    print(f"{'a CPU second':<18}{'ours':>12}{'bare loop':>12}{'ratio':>8}{'bar':>12}")
    for name, (ours, peer) in rows.items():
        beside = f"{peer:>12,.0f}{ours / peer:>8.2f}" if peer else f"{'':>20}"
        print(f"{name:<18}{ours:>12,.0f}{beside}{BARS[name]:>12,}")


if __name__ == "__main__":
    main()
