"""The role: what others hear of a server and may ask of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from regie.api import NotFound, NotReady, ServiceError
from regie.roles import MediaServer, Observation, Outage, Snapshot
from regie_demo.jellyfin import ServerState, StubServer
from regie_demo.people import PEOPLE
from regie_jellyfin import server as module
from regie_jellyfin.client import JellyfinClient
from regie_jellyfin.server import JellyfinServer


@pytest.fixture
async def server(client: JellyfinClient, stub: StubServer) -> AsyncIterator[JellyfinServer]:
    assert stub.url
    made = JellyfinServer(await client.public_info(), "entry", client, reaction_s=0.05)
    task = asyncio.create_task(made.run(), name="server under test")
    await _next(made, Snapshot)
    yield made
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _next(server: JellyfinServer, kind: type[Observation], *, playing: int | None = None) -> Observation:
    """The next observation of a kind."""
    heard: asyncio.Queue[Observation] = asyncio.Queue()
    undo = server.observe(heard.put_nowait)
    async with asyncio.timeout(30):
        while True:
            observation = await heard.get()
            if isinstance(observation, kind) and playing in {None, len(getattr(observation, "sessions", ()))}:
                undo()
                return observation


async def test_it_fills_the_role(server: JellyfinServer) -> None:
    assert isinstance(server, MediaServer)
    assert (server.name, server.entry_id, server.status.state) == ("Demo house", "entry", "live")


async def test_items_come_page_after_page(
    server: JellyfinServer, state: ServerState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 10)
    films = next(library for library in await server.libraries() if library.kind == "movies")
    pages = [page async for page in server.items(films.id)]
    assert [len(page) for page in pages] == [10, 10]
    assert {item.title for page in pages for item in page} == {film.name for film in state.catalogue.films}
    assert [len(page) async for page in server.items(films.id, start=15)] == [5]


async def test_late_listeners_start_as_after_an_outage(server: JellyfinServer, state: ServerState) -> None:
    state.start(state.session_of(PEOPLE[0], PEOPLE[0].players[0]), state.catalogue.films[0])
    await _next(server, Snapshot, playing=1)
    heard: list[Any] = []
    undo = server.observe(heard.append)
    assert [(len(snapshot.sessions), snapshot.after_outage) for snapshot in heard] == [(1, True)]
    undo()
    undo()


async def test_after_a_loss_nothing_old_is_told(server: JellyfinServer, stub: StubServer, state: ServerState) -> None:
    state.start(state.session_of(PEOPLE[0], PEOPLE[0].players[0]), state.catalogue.films[0])
    await _next(server, Snapshot, playing=1)
    await stub.stop()
    if server.status.state != "down":
        await _next(server, Outage)
    heard: list[Observation] = []
    server.observe(heard.append)
    assert (heard, list(server.sessions)) == ([], [])
    with pytest.raises(NotReady):
        await server.users()


async def test_a_failing_listener_does_not_deafen_the_others(server: JellyfinServer, state: ServerState) -> None:
    def fail(_: Observation) -> None:
        if failures:
            raise ValueError("on purpose")
        failures.append(1)

    failures: list[int] = []
    server.observe(fail)
    state.start(state.session_of(PEOPLE[0], PEOPLE[0].players[0]), state.catalogue.films[0])
    snapshot = await _next(server, Snapshot, playing=1)
    assert isinstance(snapshot, Snapshot)
    assert failures


async def test_a_deaf_player_is_told_twice_and_then_reported(server: JellyfinServer, state: ServerState) -> None:
    session = state.session_of(PEOPLE[0], PEOPLE[0].players[0])
    state.start(session, state.catalogue.films[0])
    await _next(server, Snapshot, playing=1)
    with pytest.raises(ServiceError, match="did not react"):
        await server.pause(session.id)
    assert [command.name for command in state.commands] == ["Pause", "Pause"]
    with pytest.raises(NotFound):
        await server.message("nobody", "Hello")


async def test_a_pause_that_is_heeded_is_told_once(server: JellyfinServer, state: ServerState) -> None:
    session = state.session_of(PEOPLE[0], PEOPLE[0].players[0])
    title = state.catalogue.films[0]
    state.start(session, title)
    state.command_listeners.append(lambda _: state.progress(session, title, 5, paused=True))
    await _next(server, Snapshot, playing=1)
    server._reaction_s = 10
    await server.pause(session.id)
    assert [command.name for command in state.commands] == ["Pause"]
    assert server.sessions[0].is_paused
