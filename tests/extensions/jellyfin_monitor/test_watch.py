"""A watch that is killed between any two steps leaves a history that is neither doubled nor stretched."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from tests.extensions.jellyfin_monitor.conftest import EPOCH, SESSION, moment

from regie.bus.bus import Undo
from regie.roles import Observation, PlaybackSignal, ServerStatus, Snapshot
from regie.storage.database import Database
from regie.storage.live import MemoryLiveStore
from regie_jellyfin_monitor import models, watch
from regie_jellyfin_monitor.store import Store
from regie_jellyfin_monitor.watch import ServerWatch


@dataclass
class Context:
    """As much of a plugin's context as a watch needs."""

    database: Database
    is_broken: bool = False
    log: Any = field(default_factory=structlog.get_logger)
    live: MemoryLiveStore = field(default_factory=lambda: MemoryLiveStore(lambda *_: None))

    def session(self) -> AbstractAsyncContextManager[AsyncSession]:
        if self.is_broken:
            raise OSError("the disk is gone")
        return self.database.write()

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self.database.read()


@dataclass
class Told:
    """What a watch told."""

    events: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    stored_times: int = 0

    def fire(self, event: str, data: Mapping[str, object]) -> None:
        self.events.append((event, data))

    def changed(self) -> None:
        """Nobody looks."""

    def stored(self) -> None:
        self.stored_times += 1


class Server:
    """A name and an id."""

    id = "server"
    name = "home"
    status = ServerStatus("live")

    def observe(self, _: Any) -> Undo:
        return lambda: None


@pytest.fixture
def context(database: Database) -> Context:
    return Context(database)


async def begun(context: Context, store: Store) -> ServerWatch:
    """A watch as it is after its start."""
    made = ServerWatch(context, store, Server(), Told())  # type: ignore[arg-type]
    made._state = await made._load()
    return made


def seen(second: float, *, present: bool = True) -> Observation:
    session = replace(SESSION, last_check_in=moment(second), position_s=second)
    return Snapshot(moment(second), (session,) if present else (), "websocket")


async def plays_of(context: Context) -> list[Any]:
    async with context.read() as connection:
        return list(await connection.execute(select(models.play)))


async def test_a_killed_hub_finds_its_open_play_again(context: Context, store: Store) -> None:
    first = await begun(context, store)
    for second in range(0, 100, 10):
        first.observed(seen(second))
    await first._commit(always=True)
    first.observed(seen(100))
    second = await begun(context, store)
    second.observed(seen(110))
    second.observed(seen(115, present=False))
    await second._commit()
    (play,) = await plays_of(context)
    assert (play.started, play.stopped, play.watch_s) == (EPOCH.timestamp(), EPOCH.timestamp() + 115, 115)


async def test_a_play_that_ended_while_the_hub_was_dead_ends_at_its_last_report(context: Context, store: Store) -> None:
    first = await begun(context, store)
    for second in range(0, 100, 10):
        first.observed(seen(second))
    await first._commit(always=True)
    second = await begun(context, store)
    second.observed(seen(9000, present=False))
    await second._commit()
    (play,) = await plays_of(context)
    assert (play.stopped - play.started, play.watch_s) == (90, 90)


async def test_an_end_that_could_not_be_stored_is_stored_later_and_once(context: Context, store: Store) -> None:
    one = await begun(context, store)
    one.observed(seen(0))
    one.observed(seen(60))
    one.observed(seen(61, present=False))
    context.is_broken = True
    await one._step()
    assert await plays_of(context) == []
    context.is_broken = False
    await one._commit()
    await one._commit()
    assert len(await plays_of(context)) == 1


async def test_killed_after_the_transaction_nothing_is_stored_twice(context: Context, store: Store) -> None:
    one = await begun(context, store)
    one.observed(seen(0))
    one.observed(seen(60))
    await one._commit(always=True)
    before = await begun(context, store)
    for each in (one, before):
        each.observed(seen(61, present=False))
        await each._commit()
    assert len(await plays_of(context)) == 1


async def test_a_state_that_cannot_be_read_is_left_behind(context: Context, store: Store) -> None:
    async with context.session() as session:
        await session.execute(models.open_state.insert().values(server_key="server", saved_at=0, plain='{"open": 3}'))
    one = await begun(context, store)
    assert one.plays == []


async def test_a_signal_from_the_future_counts_as_of_now(
    context: Context, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch.time, "time", lambda: EPOCH.timestamp() + 10)
    one = await begun(context, store)
    one.observed(PlaybackSignal(moment(7200), "start", SESSION))
    (play,) = one.plays
    assert datetime.fromtimestamp(play.started, EPOCH.tzinfo) == moment(10)


async def test_a_play_that_no_database_takes_does_not_keep_the_others(context: Context, store: Store) -> None:
    one = await begun(context, store)
    odd = replace(SESSION, id="odd", item=replace(SESSION.item, id="x", kind="hologram"))
    for second in (0, 60):
        shown = [replace(each, last_check_in=moment(second), position_s=second) for each in (odd, SESSION)]
        one.observed(Snapshot(moment(second), tuple(shown), "websocket"))
    one.observed(Snapshot(moment(61), (), "websocket"))
    await one._step()
    assert [play.watch_s for play in await plays_of(context)] == [61]
    async with context.read() as connection:
        assert len(list(await connection.execute(select(models.open_state)))) == 1


async def test_odd_texts_and_numbers_are_made_storable(context: Context, store: Store) -> None:
    one = await begun(context, store)
    name = replace(SESSION.user, name="A\0l\ud800ice")
    odd = replace(SESSION, user=name, bitrate_kbps=10**15)
    for second in (0, 60):
        shown = replace(odd, last_check_in=moment(second), position_s=1e15)
        one.observed(Snapshot(moment(second), (shown,), "websocket"))
    one.observed(Snapshot(moment(61), (), "websocket"))
    await one._step()
    (play,) = await plays_of(context)
    assert play.pos1 == 2**31 - 1
