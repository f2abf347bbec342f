"""A hub in a process of its own, a stub Jellyfin server in the test's loop, and what came of both."""

import asyncio
import inspect
import json
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from regie.testing.process import HubProcess
from regie_demo.jellyfin import ServerState, StubServer, webhooks
from regie_demo.jellyfin.state import NowPlaying, PlaybackEvent, StubSession
from regie_demo.people import PEOPLE

FLOW = "/api/config/config_entries/flow"
DEADLINE_S = 30.0


async def until(condition: Callable[[], Any]) -> Any:
    """Ask until the answer is a true one; a process beside us tells nobody when it changes its files."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            answer = condition()
            if inspect.isawaitable(answer):
                answer = await answer
            if answer:
                return answer
            await asyncio.sleep(0.05)


@dataclass
class Clock:
    """The server's clock, which a test sets."""

    lag_s: float = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=self.lag_s)


def webhook(state: ServerState, name: str, session: StubSession, position_s: float) -> bytes:
    """What the server's webhook plugin posts of the first film at this moment of the server's clock."""
    now = state.clock()
    playing = NowPlaying(state.catalogue.films[0], "DirectPlay", position_s, now, now)
    return webhooks.playback(state, PlaybackEvent(name, session, playing, position_s))


class House:
    """A server that somebody watches, and a hub that may die at any moment."""

    def __init__(self, folder: Path, token: str) -> None:
        self.folder = folder
        self.clock = Clock()
        self.stub = StubServer(ServerState(self.clock, people=PEOPLE))
        self.state = self.stub.state
        self.film = self.state.catalogue.films[0]
        for number in range(2):
            # A session that begins is pushed, and would end what only a webhook has told of.
            self.viewer(number)
        self._token = token
        self._hub: HubProcess | None = None
        self._webhook_path = ""

    @property
    def hub(self) -> HubProcess:
        assert self._hub is not None
        return self._hub

    async def start(self) -> None:
        """Start the hub."""
        self._hub = await asyncio.to_thread(HubProcess, self.folder)

    async def connect(self) -> None:
        """Add the server as a person does, and look its webhook's address up."""
        opened = await self.post(FLOW, {"handler": "jellyfin"})
        step = f"{FLOW}/{opened['flow_id']}"
        await self.post(step, {"next_step_id": "api_key"})
        made = await self.post(step, {"url": self.stub.url, "api_key": self.state.issue_key("Regie")})
        assert made["type"] == "create_entry", made
        await until(lambda: self.asked)
        found = re.search(r"/api/x/jellyfin/webhook/[\w-]+", await self.page("/x/jellyfin/servers"))
        assert found
        self._webhook_path = found[0]

    async def kill(self) -> None:
        """Pull the plug."""
        await asyncio.to_thread(self.hub.kill)
        self._hub = None

    async def close(self) -> None:
        """Stop what runs."""
        if self._hub is not None:
            await asyncio.to_thread(self._hub.end)
        await self.stub.stop()

    @property
    def asked(self) -> int:
        """How often the hub has asked for the sessions, which it does on each new websocket."""
        return self.stub.requests.count("GET /Sessions")

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        async with self._client() as http, http.post(path, json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def page(self, path: str) -> str:
        async with self._client() as http, http.get(path) as answer:
            assert answer.status == 200
            return await answer.text()

    async def is_live(self) -> bool:
        """Whether the film is on the live page: the monitor listens."""
        return self.film.name in await self.page("/x/jellyfin_monitor/live/cards")

    async def tell(self, name: str, session: StubSession, position_s: float) -> None:
        """Post a webhook."""
        body = webhook(self.state, name, session, position_s)
        async with self._client() as http, http.post(self._webhook_path, data=body) as answer:
            assert answer.status == 204

    def viewer(self, number: int = 0) -> StubSession:
        """Somebody of the household on their first player."""
        return self.state.session_of(PEOPLE[number], PEOPLE[number].players[0])

    @property
    def plays(self) -> list[dict[str, Any]]:
        """The history."""
        return self._rows("SELECT * FROM jellyfin_monitor_play ORDER BY started")

    @property
    def open(self) -> list[dict[str, Any]]:
        """The open plays as the hub would find them after a kill."""
        saved = self._rows("SELECT plain FROM jellyfin_monitor_open_state")
        return [play for row in saved for play in json.loads(row["plain"])["open"].values()]

    def _rows(self, query: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.folder / "regie.db")) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query)]

    def _client(self) -> ClientSession:
        return ClientSession(self.hub.url, headers={"Authorization": f"Bearer {self._token}"})


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data directory with an administrator, and their access token."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    hub = HubProcess(folder)
    hub.cli("user", "add", "Ada", "--admin", "--password-stdin", given="a password for tests\n")
    token = hub.cli("token", "create", "--user", "Ada", "--label", "tests").strip()
    assert hub.end() == 0
    return folder, token


@pytest.fixture
async def house(prepared: tuple[Path, str], tmp_path: Path) -> AsyncIterator[House]:
    """A house whose hub runs and knows the server."""
    folder, token = prepared
    await asyncio.to_thread(shutil.copytree, folder, tmp_path / "data")
    house = House(tmp_path / "data", token)
    await house.stub.start()
    try:
        await house.start()
        await house.connect()
        yield house
    finally:
        await house.close()
