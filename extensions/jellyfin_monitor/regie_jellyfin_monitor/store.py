"""Plays go in here: facts inserted once, resumed plays grouped, days marked for their rollups."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from regie.roles import MediaItem, MediaUser, StreamShape

from . import models
from .dimensions import Device, Dimensions, chunks
from .models import END_REASONS, KINDS, fitted, method_code
from .plays import HistorySettings, Play, Span, resumes
from .rollups import day_of, touched_days

MOST = 2**31 - 1
"""What a column holds; a server that says more is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayRecord:
    """A finished play as it is stored, whether watched by us or imported. Moments are seconds since the epoch."""

    uid: int
    user: MediaUser
    item: MediaItem
    client: str
    device: str
    device_id: str
    started: float
    stopped: float
    watch_s: float
    paused_s: float = 0
    position0_s: float | None = None
    position_s: float | None = None
    watched: bool | None = None
    address: str | None = None
    kbps: int | None = None
    end_reason: str = "imported"
    shape: StreamShape = field(default_factory=StreamShape)
    spans: tuple[Span, ...] = ()

    @property
    def player(self) -> Device:
        """What it was played on."""
        return Device(self.client[:200], self.device, self.device_id[:300])


def record_of(play: Play) -> PlayRecord:
    """A closed play as it is stored."""
    session = play.session
    return PlayRecord(
        uid=play.uid,
        user=play.user,
        item=play.item,
        client=session.client,
        device=session.device,
        device_id=session.device_id,
        started=play.started,
        stopped=play.stopped or play.evidence_at,
        watch_s=play.watch_s,
        paused_s=play.paused_s,
        position0_s=play.position0_s,
        position_s=play.position_s,
        watched=play.watched,
        address=session.address,
        kbps=play.kbps,
        end_reason=play.end_reason or "stopped",
        shape=play.main_shape,
        spans=play.spans,
    )


class Store:
    """Writes plays, each method in the caller's transaction."""

    def __init__(self, dimensions: Dimensions, zone: ZoneInfo, settings: HistorySettings) -> None:
        self.dimensions = dimensions
        self.zone = zone
        self.settings = settings

    async def save(self, session: AsyncSession, server_id: int, records: Sequence[PlayRecord]) -> int:
        """Insert plays that are not there yet; how many were new."""
        fresh = await self._unknown(session, records)
        rows = await self._rows(session, server_id, fresh)
        if not rows:
            return 0
        ids: dict[int, int] = {}
        for chunk in chunks(rows):
            inserted = await session.execute(
                self.dimensions.insert(models.play)
                .on_conflict_do_nothing(index_elements=["uid"])
                .returning(models.play.c.uid, models.play.c.id),
                chunk,
            )
            ids.update({row.uid: row.id for row in inserted})
        await self._save_spans(session, [(ids[one.uid], one.spans) for one in fresh if one.uid in ids])
        await self._regroup(session, server_id, rows)
        await self._mark(session, server_id, rows)
        return len(ids)

    async def refine(self, session: AsyncSession, server_id: int, record: PlayRecord) -> None:
        """Correct the end of a play that is stored."""
        old = await self._ends(session, record.uid)
        (row,) = await self._rows(session, server_id, [record])
        kept = {"uid", "server_id", "group_id"}
        values = {name: value for name, value in row.items() if name not in kept}
        await session.execute(update(models.play).where(models.play.c.uid == record.uid).values(values))
        await self._regroup(session, server_id, [row])
        await self._mark(session, server_id, [row, *old])

    async def drop(self, session: AsyncSession, server_id: int, uid: int) -> None:
        """Forget a play that turned out too short."""
        old = await self._ends(session, uid)
        play = models.play
        for row in old:
            await session.execute(delete(models.play_span).where(models.play_span.c.play_id == row["id"]))
        await session.execute(delete(play).where(play.c.uid == uid))
        await self._regroup(session, server_id, old)
        await self._mark(session, server_id, old)

    async def _unknown(self, session: AsyncSession, records: Sequence[PlayRecord]) -> list[PlayRecord]:
        known: set[int] = set()
        for chunk in chunks([record.uid for record in records]):
            known.update(await session.scalars(select(models.play.c.uid).where(models.play.c.uid.in_(chunk))))
        return [record for record in records if record.uid not in known]

    async def _ends(self, session: AsyncSession, uid: int) -> list[dict[str, Any]]:
        play = models.play
        columns = (play.c.id, play.c.user_id, play.c.item_id, play.c.started, play.c.stopped)
        found = await session.execute(select(*columns).where(play.c.uid == uid))
        return [dict(row) for row in found.mappings()]

    async def _rows(self, session: AsyncSession, server_id: int, records: Sequence[PlayRecord]) -> list[dict[str, Any]]:
        """Rows of `play` with all that they point to interned."""
        dimensions = self.dimensions
        users = await dimensions.users(session, server_id, {record.user.id: record.user for record in records}.values())
        items = await self._items(session, server_id, records)
        shapes = await dimensions.shapes(session, [record.shape for record in records])
        devices = await dimensions.devices(session, server_id, [record.player for record in records])
        addresses = await dimensions.addresses(session, [record.address for record in records if record.address])
        rows = []
        for record in records:
            item_id, series_id, library_id = items[record.item.id]
            started, stopped = round(record.started), round(record.stopped)
            client_id, device_id = devices[record.player]
            rows.append(
                {
                    "uid": record.uid,
                    "server_id": server_id,
                    "group_id": 0,
                    "user_id": users[record.user.id],
                    "item_id": item_id,
                    "series_id": series_id,
                    "library_id": library_id,
                    "kind": KINDS.index(record.item.kind),
                    "device_id": device_id,
                    "client_id": client_id,
                    "address_id": addresses.get(record.address or ""),
                    "shape_id": shapes[record.shape],
                    "method": method_code(record.shape.method),
                    "started": started,
                    "stopped": stopped,
                    "watch_s": min(round(record.watch_s), stopped - started),
                    "paused_s": round(record.paused_s),
                    "pos0": _rounded(record.position0_s),
                    "pos1": _rounded(record.position_s),
                    "watched": None if record.watched is None else int(record.watched),
                    "kbps": _rounded(record.kbps),
                    "end_reason": END_REASONS.index(record.end_reason),
                }
            )
        return [fitted(models.play, row) for row in rows]

    async def _items(
        self, session: AsyncSession, server_id: int, records: Sequence[PlayRecord]
    ) -> dict[str, tuple[int, int | None, int | None]]:
        """(item, series, library) by the server's item id; the library as the last sync knows it."""
        given = {record.item.library_id for record in records if record.item.library_id}
        libraries = await self.dimensions.known_libraries(session, server_id, given)
        by_library: dict[int | None, dict[str, MediaItem]] = defaultdict(dict)
        for record in records:
            by_library[libraries.get(record.item.library_id or "")][record.item.id] = record.item
        ids: dict[str, int] = {}
        for library_id, some in by_library.items():
            ids |= await self.dimensions.items(session, server_id, list(some.values()), library_id)
        found = {}
        item = models.item
        for chunk in chunks(list(ids.values())):
            columns = (item.c.id, item.c.series_id, item.c.library_id)
            for row in await session.execute(select(*columns).where(item.c.id.in_(chunk))):
                found[row.id] = (row.id, row.series_id, row.library_id)
        return {key: found[number] for key, number in ids.items()}

    async def _save_spans(self, session: AsyncSession, timelines: Sequence[tuple[int, tuple[Span, ...]]]) -> None:
        shapes = await self.dimensions.shapes(session, [span.shape for _, spans in timelines for span in spans])
        rows = [
            {
                "play_id": play_id,
                "number": number,
                "at": round(span.at),
                "is_paused": int(span.paused),
                "shape_id": shapes[span.shape],
                "kbps": _rounded(span.kbps),
                "speed": span.speed,
            }
            for play_id, spans in timelines
            for number, span in enumerate(spans)
        ]
        if rows:
            await session.execute(insert(models.play_span), [fitted(models.play_span, row) for row in rows])

    async def _regroup(self, session: AsyncSession, server_id: int, rows: Sequence[dict[str, Any]]) -> None:
        """Bring the groups of the rows' users and items up to date, in order of time (rule 9)."""
        play = models.play
        pairs = {(row["user_id"], row["item_id"]) for row in rows}
        columns = (*(play.c[name] for name in ("id", "group_id", "user_id", "item_id")), play.c.kind, play.c.pos0)
        columns = (*columns, play.c.pos1, play.c.watched, play.c.started, play.c.stopped)
        changed = []
        for chunk in chunks(sorted({item_id for _, item_id in pairs})):
            # Sorted here: asked to, SQLite would walk all plays of the server in another index's order.
            of_items = (play.c.server_id == server_id, play.c.item_id.in_(chunk))
            found = list(await session.execute(select(*columns).where(*of_items)))
            found.sort(key=lambda row: (row.item_id, row.user_id, row.started, row.id))
            for pair, several in groupby(found, key=lambda row: (row.user_id, row.item_id)):
                if pair in pairs:
                    changed += [(row, group) for row, group in self._groups(several) if row.group_id != group]
        if not changed:
            return
        by_id = update(play).where(play.c.id == bindparam("play")).values(group_id=bindparam("group"))
        connection = await session.connection()
        await connection.execute(by_id, [{"play": row.id, "group": group} for row, group in changed])
        await self._mark(session, server_id, [row._mapping for row, _ in changed])  # noqa: SLF001 - its public name

    def _groups(self, rows: Iterable[Any]) -> Iterable[tuple[Any, int]]:
        earlier: tuple[float | None, bool | None] = (None, True)
        group = 0
        for row in rows:
            if not resumes(KINDS[row.kind], row.pos0, earlier, self.settings):
                group = row.id
            yield row, group
            earlier = (row.pos1, bool(row.watched))

    async def _mark(self, session: AsyncSession, server_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
        days = {day for row in rows for day in touched_days(row["started"], row["stopped"], self.zone)}
        await self.mark_days(session, server_id, days)

    async def mark_everything(self, session: AsyncSession) -> None:
        """Have all rollups built again, for days of another zone too."""
        play, day = models.play, models.r_dim.c.day
        spans = select(play.c.server_id, func.min(play.c.started), func.max(play.c.stopped)).group_by(play.c.server_id)
        for server_id, first, last in (await session.execute(spans)).all():
            built = select(func.min(day), func.max(day)).where(models.r_dim.c.server_id == server_id)
            lowest, highest = (await session.execute(built)).one()
            start, end = day_of(first, self.zone), day_of(last, self.zone)
            known = (start if lowest is None else lowest, end if highest is None else highest)
            await self.mark_days(session, server_id, range(min(start, known[0]) - 1, max(end, known[1]) + 2))

    async def mark_days(self, session: AsyncSession, server_id: int, days: Iterable[int]) -> None:
        """Have the rollups of some days built again."""
        for chunk in chunks(sorted(days)):
            rows = [{"server_id": server_id, "day": day} for day in chunk]
            marked = self.dimensions.insert(models.dirty)
            # An update, not nothing: it locks the row, so that a rebuild under way waits for this transaction's facts.
            marked = marked.on_conflict_do_update(
                index_elements=["server_id", "day"], set_={"day": marked.excluded.day}
            )
            await session.execute(marked, rows)


def _rounded(value: float | None) -> int | None:
    return None if value is None else min(max(round(value), 0), MOST)
