"""A stub server with a clock that stands still until it is moved."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from regie_demo.jellyfin import ServerState, StubServer
from regie_demo.people import PEOPLE


class HandClock:
    """A clock that moves by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def state(clock: HandClock) -> ServerState:
    return ServerState(clock, people=PEOPLE, passwords={"Alice": "wonderland", "Bruno": "b"})


@pytest.fixture
async def stub(state: ServerState) -> AsyncIterator[StubServer]:
    server = StubServer(state)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def http(stub: StubServer) -> AsyncIterator[aiohttp.ClientSession]:
    header = (
        f'MediaBrowser Client="test", Device="test", DeviceId="test", Version="1", Token="{stub.state.issue_key("t")}"'
    )
    async with aiohttp.ClientSession(stub.url, headers={"Authorization": header}) as session:
        yield session
