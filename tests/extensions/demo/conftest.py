"""A stub server with a clock that stands still until it is moved."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from regie_demo.jellyfin import HandClock, ServerState, StubServer
from regie_demo.people import PEOPLE


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
