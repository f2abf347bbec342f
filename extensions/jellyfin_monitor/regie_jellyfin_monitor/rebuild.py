"""Writes rollups, and is the only one that does: a day is built anew from its facts, months and all time follow by the difference."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from . import models
from .dimensions import chunks
from .models import DIMS, METHODS
from .rollups import LONGEST_SPAN_S, DayRollup, Fact, Key, Sums, date_of, day_rollup, day_start, month_of

DAYS_AT_ONCE = 7

Insert = Callable[[Table], Any]
"""The dialect's own INSERT, which knows conflicts."""
Deltas = dict[Table, dict[Key, list[int]]]


async def rebuild_dirty(
    begin: Callable[[], AbstractAsyncContextManager[AsyncSession]], make_insert: Insert, zone: ZoneInfo
) -> AsyncIterator[int]:
    """Build all marked days, a few in each transaction; the newest first; yields how many were built, so that others get their turn."""
    while True:
        async with begin() as session:
            dirty = models.dirty
            oldest = (
                select(dirty.c.server_id, dirty.c.day)
                .order_by(dirty.c.server_id, dirty.c.day.desc())
                .limit(DAYS_AT_ONCE)
            )
            marked = [tuple(row) for row in await session.execute(oldest)]
            days = [day for server_id, day in marked if server_id == marked[0][0]]
            if not days:
                return
            # Deleted before the facts are read: who marks a day meanwhile waits, and marks it again.
            await session.execute(delete(dirty).where(dirty.c.server_id == marked[0][0], dirty.c.day.in_(days)))
            await rebuild_days(session, make_insert, zone, marked[0][0], days)
        yield len(days)


async def rebuild_days(
    session: AsyncSession, make_insert: Insert, zone: ZoneInfo, server_id: int, days: Sequence[int]
) -> None:
    """Build the rollups of some days of a server anew; what is right already stays untouched."""
    deltas: Deltas = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    facts = await _facts(session, server_id, days, zone)
    for day in days:
        start, end = day_start(day, zone), day_start(day + 1, zone)
        touching = [fact for fact in facts if start - LONGEST_SPAN_S <= fact.started < end]
        await _replace_day(session, server_id, day, day_rollup(day, touching, zone), deltas)
    for table, by_key in deltas.items():
        await _add(session, make_insert, table, by_key)


async def _facts(session: AsyncSession, server_id: int, days: Sequence[int], zone: ZoneInfo) -> list[Fact]:
    play, device, address, shape = models.play, models.device, models.address, models.shape
    first, last = day_start(min(days), zone) - LONGEST_SPAN_S, day_start(max(days) + 1, zone)
    dims = (device.c.label_id, address.c.country_id, shape.c.codec_id, shape.c.resolution_id, shape.c.reason_ids)
    source = play.join(device, device.c.id == play.c.device_id).join(shape, shape.c.id == play.c.shape_id)
    found = await session.execute(
        select(play, *dims)
        .select_from(source.outerjoin(address, address.c.id == play.c.address_id))
        .where(play.c.server_id == server_id, play.c.started >= first, play.c.started < last)
    )
    return [_fact(row) for row in found]


def _fact(row: Any) -> Fact:
    known = (row.client_id, row.label_id, row.country_id, row.codec_id, row.resolution_id)
    dims = [(dim, key) for dim, key in enumerate(known, start=DIMS.index("client")) if key is not None]
    dims += [(DIMS.index("reason"), int(reason)) for reason in row.reason_ids.split(",") if reason]
    return Fact(
        started=row.started,
        stopped=row.stopped,
        watch_s=row.watch_s,
        is_first=row.id == row.group_id,
        user_id=row.user_id,
        item_id=row.item_id,
        series_id=row.series_id,
        kind=row.kind,
        method=row.method,
        dims=tuple(dims),
    )


async def _replace_day(session: AsyncSession, server_id: int, day: int, rollup: DayRollup, deltas: Deltas) -> None:
    month, weekday = month_of(day), date_of(day).weekday()
    for key, change in (await _replace(session, models.r_hour, server_id, day, rollup.hour)).items():
        _sum(deltas[models.r_heat], (server_id, month, weekday, *key), change)
    for (user_id, kind, _), change in (await _replace(session, models.r_user, server_id, day, rollup.user)).items():
        _sum(deltas[models.r_user_month], (server_id, month, user_id, kind), change)
    for key, change in (await _replace(session, models.r_item_day, server_id, day, rollup.item)).items():
        _sum(deltas[models.r_item_month], (server_id, month, *key), change)
        _sum(deltas[models.r_item], (server_id, *key), change)
    for (dim, *rest), change in (await _replace(session, models.r_dim, server_id, day, rollup.dim)).items():
        _sum(deltas[models.r_dim_month], (server_id, dim, month, *rest), change)
    peak = models.r_peak
    await session.execute(delete(peak).where(peak.c.server_id == server_id, peak.c.day == day))
    if rollup.peak[0]:
        row = dict(zip(("streams", *METHODS), rollup.peak, strict=True))
        await session.execute(insert(peak), [{"server_id": server_id, "day": day} | row])


async def _replace(session: AsyncSession, table: Table, server_id: int, day: int, new: Sums) -> Sums:
    """Put a day's rows in the place of those there; what each key gained or lost."""
    names = [column.name for column in table.primary_key if column.name not in {"server_id", "day"}]
    day_rows = [table.c.server_id == server_id, table.c.day == day]
    if "dim" in names:
        day_rows.append(table.c.dim.in_(range(len(DIMS))))
    keys = [table.c[name] for name in names]
    rows = await session.execute(select(*keys, table.c.plays, table.c.watch_s).where(*day_rows))
    old: Sums = {tuple(row[: len(keys)]): (row.plays, row.watch_s) for row in rows}
    if old == new:
        return {}
    await session.execute(delete(table).where(*day_rows))
    if new:
        fixed = {"server_id": server_id, "day": day}
        connection = await session.connection()
        await connection.execute(
            insert(table),
            [fixed | dict(zip(names, key, strict=True)) | {"plays": n, "watch_s": s} for key, (n, s) in new.items()],
        )
    none = (0, 0)
    changes = {
        key: (new.get(key, none)[0] - old.get(key, none)[0], new.get(key, none)[1] - old.get(key, none)[1])
        for key in old.keys() | new.keys()
    }
    return {key: change for key, change in changes.items() if change != none}


async def _add(session: AsyncSession, make_insert: Insert, table: Table, by_key: dict[Key, list[int]]) -> None:
    names = [column.name for column in table.primary_key]
    rows = [
        dict(zip(names, key, strict=True)) | {"plays": plays, "watch_s": seconds}
        for key, (plays, seconds) in sorted(by_key.items())
        if plays or seconds
    ]
    for chunk in chunks(rows):
        statement = make_insert(table)
        sums = {name: table.c[name] + statement.excluded[name] for name in ("plays", "watch_s")}
        await session.execute(statement.on_conflict_do_update(index_elements=names, set_=sums), chunk)
    if any(row["plays"] < 0 or row["watch_s"] < 0 for row in rows):
        server_id = rows[0]["server_id"]
        await session.execute(
            delete(table).where(table.c.server_id == server_id, table.c.plays == 0, table.c.watch_s == 0)
        )


def _sum(sums: dict[Key, list[int]], key: Key, change: tuple[int, int]) -> None:
    known = sums[key]
    known[0] += change[0]
    known[1] += change[1]
