"""What the rollups say of a window of days. A window is read as whole months and the days at its edges; no history is scanned."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, Subquery, Table, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from . import models
from .models import DIMS, KINDS
from .rollups import month_start, months_and_days

Measure = Literal["plays", "hours"]
Conditions = list[ColumnElement[bool]]
Part = tuple[Table, Conditions]
"""A rollup and which of its rows to read."""

COUNTED_USERS_DAYS = 31
"""How people in a longer window are distinct is not in a rollup of days worth reading."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days `first` to `last` of some servers; `first` is None for all that there is."""

    servers: tuple[int, ...]
    first: int | None
    last: int


class Sum(NamedTuple):
    """Plays, and seconds that were watched."""

    plays: int
    watch_s: int


class Ranked(NamedTuple):
    """One row of a ranking."""

    id: int
    name: str
    plays: int
    watch_s: int


class Totals(NamedTuple):
    """A window's sums; how many people, when the window is short enough to tell; most streams at once."""

    plays: int
    watch_s: int
    users: int | None
    peak: int


async def totals(connection: AsyncConnection, window: Window) -> Totals:
    """The sums of a window."""
    peak, user = models.r_peak, models.r_user
    both = _both(_parts(window, models.r_dim_month, models.r_dim, dim=DIMS.index("method")), "key")
    sums = select(func.coalesce(func.sum(both.c.plays), 0), func.coalesce(func.sum(both.c.watch_s), 0))
    plays, seconds = (await connection.execute(sums)).one()
    most = (await connection.execute(select(func.max(peak.c.streams)).where(*_days(peak, window)))).scalar()
    people = None
    if window.first is not None and window.last - window.first < COUNTED_USERS_DAYS:
        distinct = select(func.count(user.c.user_id.distinct())).where(*_days(user, window))
        people = (await connection.execute(distinct)).scalar_one()
    return Totals(int(plays), int(seconds), people, most or 0)


async def per_day(connection: AsyncConnection, window: Window) -> dict[int, dict[int, Sum]]:
    """Sums by day and method; days without plays are left out."""
    dim = models.r_dim
    rows = await connection.execute(
        select(dim.c.day, dim.c.key, func.sum(dim.c.plays), func.sum(dim.c.watch_s))
        .where(dim.c.dim == DIMS.index("method"), *_days(dim, window))
        .group_by(dim.c.day, dim.c.key)
        .order_by(dim.c.day)
    )
    found: dict[int, dict[int, Sum]] = defaultdict(dict)
    for day, method, plays, seconds in rows:
        found[day][method] = Sum(int(plays), int(seconds))
    return dict(found)


async def per_month(connection: AsyncConnection, window: Window) -> dict[int, dict[int, Sum]]:
    """Sums by month (as its first day) and method, for windows of which every month counts whole."""
    table = models.r_dim_month
    rows = await connection.execute(
        select(table.c.month, table.c.key, func.sum(table.c.plays), func.sum(table.c.watch_s))
        .where(table.c.dim == DIMS.index("method"), table.c.server_id.in_(window.servers))
        .group_by(table.c.month, table.c.key)
        .order_by(table.c.month)
    )
    found: dict[int, dict[int, Sum]] = defaultdict(dict)
    for month, method, plays, seconds in rows:
        found[month_start(month)][method] = Sum(int(plays), int(seconds))
    return dict(found)


async def heatmap(connection: AsyncConnection, window: Window, measure: Measure = "hours") -> list[list[int]]:
    """Watched seconds (or plays) by weekday, from Monday, and hour."""
    hour = models.r_hour
    # 1970-01-01 was a Thursday.
    weekday = {models.r_heat: models.r_heat.c.weekday, hour: ((hour.c.day + 3) % 7).label("weekday")}
    both = union_all(
        *(
            select(weekday[table], table.c.hour, table.c.plays, table.c.watch_s).where(*where)
            for table, where in _parts(window, models.r_heat, hour)
        )
    ).subquery()
    grid = [[0] * 24 for _ in range(7)]
    for row in await connection.execute(
        select(both.c.weekday, both.c.hour, func.sum(_measured(both.c, measure))).group_by(both.c.weekday, both.c.hour)
    ):
        grid[row[0]][row[1]] = int(row[2])
    return grid


async def top_users(
    connection: AsyncConnection, window: Window, measure: Measure = "hours", limit: int = 10
) -> list[Ranked]:
    """Who watched most."""
    parts = _parts(window, models.r_user_month, models.r_user)
    best = _ranking(parts, "user_id", measure, limit)
    return await _named(connection, best, models.user, models.user.c.name, measure)


async def top_items(
    connection: AsyncConnection, window: Window, kind: str, measure: Measure = "hours", limit: int = 10
) -> list[Ranked]:
    """What was watched most of a kind; `series` are all their episodes."""
    months = models.r_item if window.first is None else models.r_item_month
    parts = _parts(window, months, models.r_item_day, kind=KINDS.index(kind))
    best = _ranking(parts, "item_id", measure, limit)
    title = func.coalesce(models.item.c.title, models.item.c.key)
    return await _named(connection, best, models.item, title, measure)


async def top_of(
    connection: AsyncConnection, window: Window, dim: str, measure: Measure = "hours", limit: int = 10
) -> list[Ranked]:
    """What was watched most by client, device, country, codec, resolution or transcode reason."""
    parts = _parts(window, models.r_dim_month, models.r_dim, dim=DIMS.index(dim))
    best = _ranking(parts, "key", measure, limit)
    names = (models.client, models.client.c.name) if dim == "client" else (models.term, models.term.c.text)
    return await _named(connection, best, *names, measure)


async def peaks(connection: AsyncConnection, window: Window) -> dict[int, tuple[int, ...]]:
    """Most streams at once by day: in all, then by method."""
    peak = models.r_peak
    columns = [column for column in peak.columns if column.name not in {"server_id", "day"}]
    rows = await connection.execute(
        select(peak.c.day, *(func.max(column) for column in columns)).where(*_days(peak, window)).group_by(peak.c.day)
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def _days(table: Table, window: Window) -> Conditions:
    conditions: Conditions = [table.c.server_id.in_(window.servers), table.c.day <= window.last]
    return conditions if window.first is None else [*conditions, table.c.day >= window.first]


def _parts(window: Window, by_month: Table, by_day: Table, **fixed: int) -> list[Part]:
    """What to read: whole months, and the days at each edge. Apart, for with OR no index would find both edges."""
    if window.first is None:
        return [(by_month, _where(by_month, window, fixed))]
    months, edges = months_and_days(window.first, window.last)
    parts = [(by_day, [*_where(by_day, window, fixed), by_day.c.day.between(edge[0], edge[-1])]) for edge in edges]
    if months:
        parts.append((by_month, [*_where(by_month, window, fixed), by_month.c.month.between(months[0], months[-1])]))
    return parts


def _where(table: Table, window: Window, fixed: Mapping[str, int]) -> Conditions:
    return [table.c.server_id.in_(window.servers), *(table.c[name] == value for name, value in fixed.items())]


def _both(parts: Sequence[Part], key: str) -> Subquery:
    """The rows of all parts, one below the other."""
    selects = [select(table.c[key].label("id"), table.c.plays, table.c.watch_s).where(*where) for table, where in parts]
    return union_all(*selects).subquery()


def _ranking(parts: Sequence[Part], key: str, measure: Measure, limit: int) -> Select[Any]:
    both = _both(parts, key)
    plays, seconds = func.sum(both.c.plays).label("plays"), func.sum(both.c.watch_s).label("watch_s")
    first = plays if measure == "plays" else seconds
    return select(both.c.id, plays, seconds).group_by(both.c.id).order_by(first.desc(), both.c.id).limit(limit)


async def _named(
    connection: AsyncConnection, best: Select[Any], names: Table, name: Any, measure: Measure
) -> list[Ranked]:
    ranked = best.subquery()
    order = _measured(ranked.c, measure)
    rows = await connection.execute(
        select(ranked.c.id, name, ranked.c.plays, ranked.c.watch_s)
        .join(names, names.c.id == ranked.c.id)
        .order_by(order.desc(), ranked.c.id)
    )
    return [Ranked(row[0], row[1], int(row[2]), int(row[3])) for row in rows]


def _measured(columns: Any, measure: Measure) -> Any:
    return columns.plays if measure == "plays" else columns.watch_s
