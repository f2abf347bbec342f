"""The supervisor against the stub server: websocket, fall-back, losses, and what it says meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import pytest

from regie.api import AuthFailed, ServiceError
from regie.roles import Observation, Outage, ServerStatus, Snapshot
from regie_demo.jellyfin import HandClock, ServerState, StubServer
from regie_demo.people import PEOPLE
from regie_jellyfin.client import JellyfinClient
from regie_jellyfin.conversation import Pace
from regie_jellyfin.errors import UpgradeRefused
from regie_jellyfin.supervisor import Supervisor

CALM = Pace(longest_pause=0.02, poll_busy=0.01, poll_idle=0.01)


@dataclass
class Watch:
    """What a supervisor has said so far, and a way to wait for more."""

    observations: list[Observation] = field(default_factory=list)
    statuses: list[ServerStatus] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def observe(self, observation: Observation) -> None:
        self.observations.append(observation)
        self.changed.set()

    def follow(self, status: ServerStatus) -> None:
        self.statuses.append(status)
        self.changed.set()

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    @property
    def states(self) -> list[str]:
        """The states one after the other, whatever reasons they had."""
        return [state for state, _ in groupby(status.state for status in self.statuses)]

    @property
    def snapshots(self) -> list[Snapshot]:
        return [seen for seen in self.observations if isinstance(seen, Snapshot)]

    @property
    def titles(self) -> list[list[str]]:
        return [[session.item.title for session in snapshot.sessions] for snapshot in self.snapshots]


@asynccontextmanager
async def _watching(client: JellyfinClient, clock: HandClock, pace: Pace = CALM) -> AsyncIterator[Watch]:
    watch = Watch()
    supervisor = Supervisor(client, watch.observe, watch.follow, pace=pace, clock=clock, chance=lambda: 0.0)
    task = asyncio.create_task(supervisor.run(), name="supervisor under test")
    try:
        yield watch
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _play(state: ServerState, person: int = 0) -> None:
    state.start(state.session_of(PEOPLE[person], PEOPLE[person].players[0]), state.catalogue.films[person])


async def test_an_edge_arrives_by_websocket(
    client: JellyfinClient, stub: StubServer, state: ServerState, clock: HandClock
) -> None:
    async with _watching(client, clock) as watch:
        await watch.until(lambda: stub.subscribers and watch.states == ["live"])
        _play(state)
        await watch.until(lambda: watch.titles[-1] == ["The Lighthouse Engineers"])
    assert watch.snapshots[-1].source == "websocket"
    assert [snapshot.after_outage for snapshot in watch.snapshots] == [True] + [False] * (len(watch.snapshots) - 1)
    assert all(len(subscriber.intervals) == 1 for subscriber in stub.subscribers)


@pytest.mark.parametrize(("status", "words"), [(308, "redirects"), (404, "/socket"), (401, "10.11")])
async def test_a_refused_upgrade_polls_at_once_and_says_why(
    client: JellyfinClient, stub: StubServer, clock: HandClock, *, status: int, words: str
) -> None:
    stub.faults.refuse_upgrade = status
    async with _watching(client, clock) as watch:
        await watch.until(lambda: watch.states == ["polling"])
        _play(stub.state)
        await watch.until(lambda: watch.titles[-1])
    assert words in watch.statuses[-1].reason
    assert {snapshot.source for snapshot in watch.snapshots} == {"polling"}
    assert not [seen for seen in watch.observations if isinstance(seen, Outage)]


async def test_polling_goes_back_to_the_websocket_when_it_may(
    client: JellyfinClient, stub: StubServer, clock: HandClock
) -> None:
    stub.faults.refuse_upgrade = 404
    async with _watching(client, clock, replace(CALM, socket_again=0.05)) as watch:
        await watch.until(lambda: "polling" in watch.states)
        stub.faults.refuse_upgrade = 0
        await watch.until(lambda: watch.states[-1] == "live")
    assert watch.states == ["polling", "live"]


async def test_a_restart_is_one_outage_and_then_a_first_snapshot(
    client: JellyfinClient, stub: StubServer, clock: HandClock
) -> None:
    _play(stub.state)
    async with _watching(client, clock) as watch:
        await watch.until(lambda: stub.subscribers and watch.states == ["live"])
        await stub.restart()
        await watch.until(lambda: watch.states == ["live", "down", "live"])
    outages = [index for index, seen in enumerate(watch.observations) if isinstance(seen, Outage)]
    assert len(outages) == 1
    following = watch.observations[outages[0] + 1]
    assert isinstance(following, Snapshot)
    assert (following.after_outage, following.sessions) == (True, ())


async def test_a_server_that_is_down_is_found_when_it_comes_up(
    client: JellyfinClient, stub: StubServer, clock: HandClock
) -> None:
    await stub.stop()
    async with _watching(client, clock) as watch:
        await watch.until(lambda: watch.states == ["down"])
        assert "Nothing answers" in watch.statuses[-1].reason
        await stub.start()
        await watch.until(lambda: watch.states == ["down", "live"])
    assert not [seen for seen in watch.observations if isinstance(seen, Outage)]


async def test_a_cut_socket_alone_is_an_outage_and_no_empty_list(
    client: JellyfinClient, stub: StubServer, clock: HandClock
) -> None:
    _play(stub.state)
    async with _watching(client, clock) as watch:
        await watch.until(lambda: stub.subscribers and watch.states == ["live"])
        await stub.drop_sockets()
        await watch.until(lambda: watch.states == ["live", "down", "live"])
    assert all(titles for titles in watch.titles)


async def test_a_withdrawn_key_ends_the_supervisor(client: JellyfinClient, stub: StubServer, clock: HandClock) -> None:
    stub.state.api_keys.clear()
    watch = Watch()
    with pytest.raises(AuthFailed):
        await Supervisor(client, watch.observe, watch.follow, pace=CALM, clock=clock).run()
    assert watch.states == ["down"]


async def test_silence_is_broken_by_checks_and_keep_alives(
    client: JellyfinClient, stub: StubServer, clock: HandClock
) -> None:
    async with _watching(client, clock, replace(CALM, keep_alive=0.01, check=0.02)) as watch:
        await watch.until(lambda: len(watch.snapshots) >= 4)
        clock.forward(1)
        assert watch.states == ["live"]
    assert stub.requests.count("GET /jellyfin/socket") == 1


async def test_a_socket_that_stays_mute_is_left(client: JellyfinClient, stub: StubServer, clock: HandClock) -> None:
    async with _watching(client, clock, replace(CALM, keep_alive=9, check=0.01, silence=0.02)) as watch:
        await watch.until(lambda: "down" in watch.states)
    assert "silent" in watch.statuses[1].reason
    assert stub.requests


async def test_lists_that_weigh_too_much_are_asked_for_instead(
    client: JellyfinClient, stub: StubServer, clock: HandClock
) -> None:
    async with _watching(client, clock, replace(CALM, bytes_per_second=50)) as watch:
        await watch.until(lambda: stub.subscribers and watch.states == ["live"])
        _play(stub.state)
        await watch.until(lambda: watch.states == ["live", "polling"])
    assert "so many streams" in watch.statuses[-1].reason


async def test_an_unreadable_message_ends_nothing(client: JellyfinClient, stub: StubServer, clock: HandClock) -> None:
    async with _watching(client, clock) as watch:
        await watch.until(lambda: stub.subscribers and watch.states == ["live"])
        for subscriber in stub.subscribers:
            subscriber.send("Sessions", {"not": "a list"})
            subscriber.send("Unheard", [1])
            subscriber._outbox.put_nowait("{broken")
        _play(stub.state)
        await watch.until(lambda: watch.titles[-1])
    assert watch.states == ["live"]


async def test_sockets_that_are_cut_again_and_again_are_given_up_for_polling(
    client: JellyfinClient, stub: StubServer, clock: HandClock
) -> None:
    stub.faults.cuts_sockets = True
    async with _watching(client, clock) as watch:
        await watch.until(lambda: watch.states[-1:] == ["polling"])
        count = len(watch.observations)
        await watch.until(lambda: len(watch.observations) > count + 3)
    assert "proxy" in watch.statuses[-1].reason
    assert stub.requests.count("GET /jellyfin/socket") == 3
    assert all(isinstance(seen, Snapshot) for seen in watch.observations[count:])


async def test_the_twelfth_version_keeps_a_socket_that_keeps_alive(
    client: JellyfinClient, stub: StubServer, clock: HandClock
) -> None:
    stub.state.version = "12.0.0"
    async with _watching(client, clock, replace(CALM, keep_alive=0.01)) as watch:
        await watch.until(lambda: stub.subscribers and watch.states == ["live"])
        (subscriber,) = stub.subscribers
        for _ in range(5):
            clock.forward(50)
            subscriber.kept_alive.clear()
            await subscriber.kept_alive.wait()
            await stub.tick()
    assert watch.states == ["live"]
    assert stub.requests.count("GET /jellyfin/socket") == 1


async def test_a_refused_call_is_a_loss_and_no_crash(clock: HandClock) -> None:
    class Refusing:
        async def sessions(self) -> Any:
            raise ServiceError("The server refused /Sessions with status 400.")

        async def socket(self) -> Any:
            raise UpgradeRefused(404)

    watch = Watch()
    supervisor = Supervisor(Refusing(), watch.observe, watch.follow, pace=CALM, clock=clock)
    task = asyncio.create_task(supervisor.run(), name="supervisor under test")
    await watch.until(lambda: watch.states == ["down"])
    task.cancel()
    assert "400" in watch.statuses[-1].reason


def test_pauses_grow_to_a_minute_and_differ_by_chance() -> None:
    for chance, expected in ((1.0, [1, 2, 4, 8, 16, 32, 60, 60]), (0.0, [0.5, 1, 2, 4, 8, 16, 30, 30])):
        supervisor = Supervisor(None, lambda _: None, lambda _: None, chance=lambda value=chance: value)  # type: ignore[arg-type,misc]
        assert [supervisor._back_off() for _ in range(8)] == expected
