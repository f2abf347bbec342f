"""Reads stored plays: pages by keyset, so that the thousandth costs what the first does; and one play whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from . import models
from .models import KINDS, play

PAGE = 50
FEW_ITEMS = 500
"""Up to so many items that match a text, their plays are found by item; beyond, newest plays match soon anyway."""

_SERIES_KIND = KINDS.index("series")
_series = models.item.alias("series")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which plays to show; moments are seconds since the epoch, `until` excluded."""

    servers: tuple[int, ...]
    user_id: int | None = None
    library_id: int | None = None
    method: int | None = None
    text: str = ""
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some plays, newest first, and where the next page begins."""

    plays: Sequence[Mapping[str, Any]]
    before: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """A play with its timeline and the other plays of its group."""

    play: Mapping[str, Any]
    spans: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    shapes: Mapping[int, str] = field(default_factory=dict)
    group: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


async def page(
    connection: AsyncConnection, wanted: Filter, before: tuple[int, int] | None = None, limit: int = PAGE
) -> Page:
    """The plays of a filter that started before a place."""
    conditions = _conditions(wanted)
    if before is not None:
        conditions.append(tuple_(play.c.started, play.c.id) < tuple_(*before))
    if wanted.text:
        conditions.append(await _text_condition(connection, wanted))
    # With a title, plays are found by item: a sum keeps SQLite from walking all plays in the order of their start instead.
    order = play.c.started + 0 if wanted.text else play.c.started
    # The few plays of each server first, what they point to after: joining before the limit would join all that match.
    few: list[tuple[int, int]] = []
    for server in wanted.servers:
        query = select(play.c.started, play.c.id).where(play.c.server_id == server, *conditions)
        found = await connection.execute(query.order_by(order.desc(), play.c.id.desc()).limit(limit + 1))
        few += [(row.started, row.id) for row in found]
    chosen = [play_id for _, play_id in sorted(few, reverse=True)[: limit + 1]]
    rows = [dict(row) for row in (await connection.execute(_plays().where(play.c.id.in_(chosen)))).mappings()]
    rows.sort(key=lambda row: (row["started"], row["id"]), reverse=True)
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, (rows[-1]["started"], rows[-1]["id"]) if more else None)


async def details(connection: AsyncConnection, play_id: int) -> Details | None:
    """One play whole, if there is it."""
    shape = models.shape
    query = _plays().add_columns(shape.c.plain).join(shape, shape.c.id == play.c.shape_id).where(play.c.id == play_id)
    found = (await connection.execute(query)).mappings().one_or_none()
    if found is None:
        return None
    span = models.play_span
    rows = await connection.execute(select(span).where(span.c.play_id == play_id).order_by(span.c.number))
    spans = [dict(row) for row in rows.mappings()]
    wanted = {row["shape_id"] for row in spans}
    shapes = await connection.execute(select(shape.c.id, shape.c.plain).where(shape.c.id.in_(wanted)))
    same = (play.c[name] == found[name] for name in ("server_id", "item_id", "group_id"))
    siblings = _plays().where(*same).order_by(play.c.started).limit(PAGE)
    group = [dict(row) for row in (await connection.execute(siblings)).mappings()]
    return Details(dict(found), spans, {row.id: row.plain for row in shapes}, group)


async def choices(connection: AsyncConnection, servers: tuple[int, ...]) -> dict[str, list[tuple[int, str]]]:
    """What can be filtered by: people and libraries."""
    found = {}
    for name, table in (("users", models.user), ("libraries", models.library)):
        query = (
            select(table.c.id, table.c.name).where(table.c.server_id.in_(servers)).order_by(func.lower(table.c.name))
        )
        found[name] = [(row.id, row.name) for row in await connection.execute(query)]
    return found


def _plays() -> Select[Any]:
    user, item, device, address = models.user, models.item, models.device, models.address
    return (
        select(
            play,
            user.c.name.label("user"),
            func.coalesce(item.c.title, item.c.key).label("title"),
            *(item.c.season, item.c.episode, item.c.artist, item.c.year, item.c.runtime_s),
            _series.c.title.label("series"),
            *(device.c.label.label("device"), device.c.form, device.c.name.label("device_name")),
            models.client.c.name.label("client"),
            *(address.c.country, address.c.city, address.c.text.label("address")),
        )
        .select_from(play)
        .join(user, user.c.id == play.c.user_id)
        .join(item, item.c.id == play.c.item_id)
        .join(device, device.c.id == play.c.device_id)
        .join(models.client, models.client.c.id == play.c.client_id)
        .outerjoin(_series, _series.c.id == play.c.series_id)
        .outerjoin(address, address.c.id == play.c.address_id)
    )


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (play.c.user_id, wanted.user_id),
        (play.c.library_id, wanted.library_id),
        (play.c.method, wanted.method),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.since is not None:
        conditions.append(play.c.started >= wanted.since)
    if wanted.until is not None:
        conditions.append(play.c.started < wanted.until)
    return conditions


async def _text_condition(connection: AsyncConnection, wanted: Filter) -> ColumnElement[bool]:
    item = models.item
    of_servers = item.c.server_id.in_(wanted.servers)
    # SQLite's LIKE ignores case by itself; lowering forty thousand titles costs more than the search.
    alike = "icontains" if connection.dialect.name == "postgresql" else "contains"
    matches = or_(*(getattr(column, alike)(wanted.text, autoescape=True) for column in (item.c.title, item.c.artist)))
    query = select(item.c.id, item.c.kind).where(of_servers, matches)
    found = (await connection.execute(query.limit(FEW_ITEMS + 1))).all()
    if len(found) > FEW_ITEMS:
        every = query.with_only_columns(item.c.id)
        return or_(play.c.item_id.in_(every), play.c.series_id.in_(every))
    series = [row.id for row in found if row.kind == _SERIES_KIND]
    items = [row.id for row in found if row.kind != _SERIES_KIND]
    # One condition where one is enough: with OR between two indexes, SQLite walks all plays instead.
    if not series:
        return play.c.item_id.in_(items)
    return or_(play.c.item_id.in_(items), play.c.series_id.in_(series)) if items else play.c.series_id.in_(series)
