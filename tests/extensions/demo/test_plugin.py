"""The demo in a running hub: the ordinary integration connects to its household."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import regie_demo
from regie.api import Extension, Manifest, PluginContext, ServiceCall, hookimpl
from regie.roles import MediaServer
from regie.testing.hub import TestHub
from regie_demo import Demo
from regie_demo.history import SOURCE, generate
from regie_jellyfin import Jellyfin
from regie_jellyfin_monitor import JellyfinMonitor


class Monitor(Extension):
    """Takes what the demo hands over."""

    manifest = Manifest(name="Monitor")
    taken: list[Any]

    @hookimpl
    async def setup(self, ctx: PluginContext) -> None:
        """Offer the import."""
        self.taken = []

        def take(call: ServiceCall) -> None:
            self.taken.append(call.data)

        ctx.services.register("import_plays", take, permission="admin", response="optional")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[TestHub]:
    hub = TestHub(tmp_path / "data")
    hub.settings = replace(hub.settings, demo=True)
    await hub.start()
    yield hub
    await hub.stop()


async def _until(hub: TestHub, condition: Callable[[], Any]) -> None:
    changed = asyncio.Event()
    undo = hub.bus.on("*", lambda _: changed.set())
    try:
        async with asyncio.timeout(30):
            while not condition():
                await changed.wait()
                changed.clear()
    finally:
        undo()


async def test_four_streams_play_at_once_and_the_past_is_there(house: TestHub) -> None:
    await house.load_plugin("jellyfin", Jellyfin)
    await house.load_plugin("jellyfin_monitor", Monitor)
    await house.load_plugin("demo", Demo)
    (entry,) = house.entries.all("jellyfin")
    assert (entry.state, entry.title) == ("loaded", "Demo house")
    assert entry.data["url"].startswith("http://127.0.0.1:")
    await _until(house, lambda: (s := house.states.get("sensor.demo_house_streams")) and s.state == "4")
    monitor = house.plugins.get("jellyfin_monitor").plugin
    assert isinstance(monitor, Monitor)
    await _until(house, lambda: sum(len(data["plays"]) for data in monitor.taken) >= 1000)
    assert {data["server_id"] for data in monitor.taken} == {entry.unique_id}


async def test_a_restart_finds_the_household_again(house: TestHub) -> None:
    await house.load_plugin("jellyfin", Jellyfin)
    await house.load_plugin("demo", Demo)
    (entry,) = house.entries.all("jellyfin")
    before = entry.data["url"]
    await house.unload_plugin("demo")
    await house.load_plugin("demo", Demo)
    assert [one.id for one in house.entries.all("jellyfin")] == [entry.id]
    assert (entry.state, entry.data["url"] != before) == ("loaded", True)


async def test_without_demo_nothing_happens(hub: TestHub) -> None:
    await hub.load_plugin("jellyfin", Jellyfin)
    await hub.load_plugin("demo", Demo)
    assert hub.entries.all() == []
    assert hub.roles.all(MediaServer) == []


async def test_the_real_monitor_takes_the_past_once(hub: TestHub) -> None:
    await hub.load_plugin("jellyfin_monitor", JellyfinMonitor)
    plays = list(islice(generate(1, 30, datetime(2026, 11, 20, tzinfo=UTC)), 60))
    data = {"server_id": "demo", "server_name": "Demo", "source": SOURCE, "plays": plays}
    answers = [
        await hub.services.call("jellyfin_monitor", "import_plays", data, return_response=True) for _ in range(2)
    ]
    assert [answer["imported"] if answer else None for answer in answers] == [60, 0]


def test_batches_are_full_but_the_last() -> None:
    assert list(regie_demo._batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
