"""A stub server with a household's people and a clock that is moved by hand, and a client that is signed in."""

from collections.abc import AsyncIterator

import pytest

from regie_demo.jellyfin import HandClock, ServerState, StubServer
from regie_demo.people import PEOPLE
from regie_jellyfin.client import Address, JellyfinClient


async def no_pause(_: float) -> None:
    """Retry at once."""


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def state(clock: HandClock) -> ServerState:
    return ServerState(clock, people=PEOPLE, passwords={"Alice": "wonderland", "Bruno": "b"})


@pytest.fixture
async def stub(state: ServerState) -> AsyncIterator[StubServer]:
    server = StubServer(state, base_path="/jellyfin")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(stub: StubServer) -> AsyncIterator[JellyfinClient]:
    made = JellyfinClient(Address(stub.url, stub.state.issue_key("Regie")), pause=no_pause)
    yield made
    await made.close()
