"""The whole hub on PostgreSQL: a play goes from the server to the statistics."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from regie.api import ConfigEntry
from regie.testing.hub import TestHub
from regie_demo.jellyfin import ServerState, StubServer
from regie_demo.people import PEOPLE
from regie_jellyfin import Jellyfin
from regie_jellyfin_monitor import JellyfinMonitor
from regie_ui import Panel

from .conftest import Clock, until, webhook

WATCHED_S = 240
pytestmark = pytest.mark.postgresql


@pytest.fixture
async def hub(tmp_path: Path, postgresql_url: str) -> AsyncIterator[TestHub]:
    hub = TestHub(tmp_path / "data", postgresql_url)
    await hub.start()
    for slug, plugin in (("regie", Panel), ("jellyfin", Jellyfin), ("jellyfin_monitor", JellyfinMonitor)):
        await hub.load_plugin(slug, plugin)
    yield hub
    await hub.stop()


@pytest.fixture
async def stub() -> AsyncIterator[StubServer]:
    server = StubServer(ServerState(Clock(), people=PEOPLE))
    server.state.session_of(PEOPLE[0], PEOPLE[0].players[0])
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def entry(hub: TestHub, stub: StubServer) -> ConfigEntry:
    flow = await hub.flows.start("jellyfin")
    await hub.flows.advance(flow.flow_id, {"next_step_id": "api_key"})
    made = await hub.flows.advance(flow.flow_id, {"url": stub.url, "api_key": stub.state.issue_key("Regie")})
    assert made.entry, made
    return made.entry


async def text(http: ClientSession, path: str) -> str:
    async with http.get(path) as answer:
        assert answer.status == 200, path
        return await answer.text()


async def test_a_play_reaches_the_statistics(
    hub: TestHub, stub: StubServer, entry: ConfigEntry, http: ClientSession
) -> None:
    plugin = hub.plugins.get("jellyfin_monitor").plugin
    assert isinstance(plugin, JellyfinMonitor)
    monitor, state, clock = plugin.monitor(), stub.state, stub.state.clock
    assert isinstance(clock, Clock)
    (viewer,) = state.sessions.values()
    name = state.catalogue.films[0].name

    async def tell(kind: str, position_s: float) -> None:
        path = f"/api/x/jellyfin/webhook/{entry.data['webhook_secret'].reveal()}"
        async with http.post(path, data=webhook(state, kind, viewer, position_s)) as answer:
            assert answer.status == 204

    async def shows(path: str, words: str) -> bool:
        return words in await text(http, path)

    clock.lag_s = WATCHED_S
    await tell("PlaybackStart", 0)
    await until(lambda: monitor.plays)
    await until(lambda: shows("/x/jellyfin_monitor/live/cards", name))
    clock.lag_s = 0
    await tell("PlaybackStop", WATCHED_S)
    await until(lambda: shows("/x/jellyfin_monitor/history", "/x/jellyfin_monitor/history/1"))
    assert await shows("/x/jellyfin_monitor/history/1", name)
    await monitor.build_rollups()
    await until(lambda: shows("/x/jellyfin_monitor/statistics", name))
    assert hub.faults.of("jellyfin_monitor") == []
