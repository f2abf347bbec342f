"""One server under observation: its observations go through the reducer; what came of them is told and stored."""

import asyncio
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from regie.api import PluginContext, RegieError
from regie.roles import MediaServer, Observation, Place, PlaybackSignal

from . import models
from .codec import from_plain, to_plain
from .live import event_data, record
from .plays import Play
from .reducer import Effect, State, reduce, resumed
from .store import Store, record_of

SAVE_S = 15.0
"""How often the state of open plays is saved when nothing ends: what a kill may cost."""
SOUGHT_S = 3.0
AHEAD_S = 5.0
"""How far a server's clock may be ahead of ours before its signals are dated by ours."""

BAD_DATA = (DataError, IntegrityError, ValueError, TypeError, KeyError)
"""What no retry mends."""

EVENTS = {"paused": "play_paused", "resumed": "play_resumed", "method": "play_method_changed"}


class Teller(Protocol):
    """How the watch speaks to the rest of the monitor."""

    def fire(self, event: str, data: dict[str, object]) -> None:
        """An event for automations."""

    def changed(self) -> None:
        """What is live changed."""

    def stored(self) -> None:
        """Plays were stored, and days wait for their rollups."""


class ServerWatch:
    """Watches one server from `run` to the end of that task."""

    def __init__(self, ctx: PluginContext, store: Store, server: MediaServer, teller: Teller) -> None:
        self.server = server
        self._ctx = ctx
        self._store = store
        self._teller = teller
        self._state: State | None = None
        self._server_id = 0
        self._finished: list[Effect] = []
        self._changed_keys: set[str] = set()
        self._is_news = False
        self._is_saved = True
        self._saved_at = 0.0
        self._wake = asyncio.Event()
        self._committing = asyncio.Lock()

    @property
    def plays(self) -> list[Play]:
        """The open plays."""
        return list(self._state.open.values()) if self._state else []

    async def run(self) -> None:
        """Observe until cancelled."""
        if self._state is None:
            self._state = await self._load()
            self._changed_keys.update(self._state.open)
            self._is_news = True
        undo = self.server.observe(self.observed)
        try:
            while True:
                await self._step()
        finally:
            undo()

    async def close(self) -> None:
        """Save what is open and take it off the live page: the server went, or we do."""
        await self._commit(always=True)
        for play in self.plays:
            await self._ctx.live.delete(f"stream/{play.server_id}/{_key(play)}")
        if self._state is not None:
            self._state = resumed(self._state)
        self._teller.changed()

    def observed(self, observation: Observation) -> None:
        """Take in one observation; cheap, for it runs in the event path."""
        if self._state is None:
            return
        if isinstance(observation, PlaybackSignal):
            observation = _dated(observation, time.time())
        before = self._state.open
        self._state, effects = reduce(self._state, observation, self._store.settings)
        if self._state.open.keys() != before.keys() or effects:
            self._is_saved = False
        for effect in effects:
            self._take(effect, before.get(_key(effect.play)))
        if effects:
            self._wake.set()

    def _take(self, effect: Effect, before: Play | None) -> None:
        play = effect.play
        self._is_news = self._is_news or effect.changes != {"evidence"} or before is None or _sought(before, play)
        if effect.kind in {"closed", "dropped", "refined"}:
            self._finished.append(effect)
        self._changed_keys.add(_key(play))
        if effect.kind == "opened":
            self._fire("play_started", play)
        elif effect.kind in {"closed", "dropped"} and play.end_reason is not None:
            self._fire("play_ended", play, kept=effect.kind == "closed")
        for change in sorted(effect.changes & EVENTS.keys()):
            self._fire(EVENTS[change], play)

    def _fire(self, event: str, play: Play, **more: object) -> None:
        data = event_data(play, self.server.name, self.place(play))
        self._teller.fire(event, data | more)

    def place(self, play: Play) -> Place:
        """Where a play is watched."""
        locator, address = self._store.dimensions.locator, play.session.address
        return locator.locate(address) if locator and address else Place()

    async def _step(self) -> None:
        try:
            async with asyncio.timeout(SAVE_S):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()
        await self._show()
        try:
            await self._commit()
        except BAD_DATA:
            await self._commit_each()
        except (RegieError, SQLAlchemyError, OSError) as error:
            # Kept, and tried again with the next change or save.
            self._ctx.log.warning("plays could not be stored", server=self.server.name, error=str(error))

    async def _show(self) -> None:
        """Bring the live store up to date."""
        if self._state is None or not self._changed_keys:
            return
        keys, self._changed_keys = self._changed_keys, set()
        for key in keys:
            play = self._state.open.get(key)
            name = f"stream/{self.server.id}/{key}"
            if play is None:
                await self._ctx.live.delete(name)
            else:
                await self._ctx.live.put(name, record(play, self.server.name, self.place(play)))
        if self._is_news:
            self._is_news = False
            self._teller.changed()

    async def _commit(self, *, always: bool = False) -> None:
        """Store what ended together with the state, in one transaction: a play is never in both, nor in neither."""
        async with self._committing:
            finished, state = list(self._finished), self._state
            due = not self._is_saved and time.monotonic() - self._saved_at >= SAVE_S
            if state is None or not (finished or due or (always and not self._is_saved)):
                return
            self._is_saved = True
            try:
                async with self._ctx.session() as session:
                    for effect in finished:
                        await self._store_effect(session, effect)
                    await self._save(session, state)
            except BaseException:
                self._is_saved = False
                raise
            del self._finished[: len(finished)]
            self._saved_at = time.monotonic()
        if finished:
            self._teller.stored()

    async def _commit_each(self) -> None:
        """Store what ended one by one, and give up what the database refuses: one odd play must not keep the others."""
        finished, self._finished = self._finished, []
        for effect in finished:
            try:
                async with self._ctx.session() as session:
                    await self._store_effect(session, effect)
            except BAD_DATA:
                self._ctx.log.exception("a play cannot be stored and is left out", title=effect.play.item.title)
        await self._commit(always=True)
        self._teller.stored()

    async def _store_effect(self, session: AsyncSession, effect: Effect) -> None:
        if effect.kind == "closed":
            await self._store.save(session, self._server_id, [record_of(effect.play)])
        elif effect.kind == "refined":
            await self._store.refine(session, self._server_id, record_of(effect.play))
        else:
            await self._store.drop(session, self._server_id, effect.play.uid)

    async def _save(self, session: AsyncSession, state: State) -> None:
        table = models.open_state
        row = {"server_key": state.server_id, "saved_at": time.time(), "plain": json.dumps(to_plain(state))}
        statement = self._store.dimensions.insert(table).values(row)
        new = {name: statement.excluded[name] for name in ("saved_at", "plain")}
        await session.execute(statement.on_conflict_do_update(index_elements=["server_key"], set_=new))

    async def _load(self) -> State:
        async with self._ctx.session() as session:
            self._server_id = await self._store.dimensions.server_id(session, self.server.id, self.server.name)
        table = models.open_state
        async with self._ctx.read() as connection:
            plain = await connection.scalar(select(table.c.plain).where(table.c.server_key == self.server.id))
        if plain is None:
            return State(self.server.id)
        try:
            return resumed(from_plain(State, json.loads(plain)))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            self._ctx.log.warning("open plays of before could not be read and are lost", error=str(error))
            return State(self.server.id)


def _key(play: Play) -> str:
    return f"{play.session.id}/{play.user.id}"


def _sought(before: Play, after: Play) -> bool:
    """Whether the player is elsewhere than it would be by playing on: pages let positions run by themselves."""
    ran = 0.0 if before.paused else after.evidence_at - before.evidence_at
    return abs((after.position_s or 0) - (before.position_s or 0) - ran) > SOUGHT_S


def _dated(signal: PlaybackSignal, now: float) -> PlaybackSignal:
    """A signal whose server's clock is ahead, dated by ours."""
    return replace(signal, at=datetime.fromtimestamp(now, UTC)) if signal.at.timestamp() > now + AHEAD_S else signal
