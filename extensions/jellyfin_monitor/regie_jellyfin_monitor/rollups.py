"""What a local day adds up to: pure sums over the plays that touch it.

A play is counted, with its seconds, on the day and month where it starts, except in `r_hour` and `r_heat`, where its
seconds lie in the hours in which it ran, and in `r_peak`, which counts what ran at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from .models import DIMS, KINDS, METHODS

LONGEST_SPAN_S = 86_400
"""Seconds of a play that was left paused for days lie in its first one."""

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_SERIES = KINDS.index("series")

Key = tuple[int, ...]
Sums = dict[Key, tuple[int, int]]
"""Plays and watched seconds by key."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What rollups need of a play; dimension ids are those of `term`, and may be unknown."""

    started: int
    stopped: int
    watch_s: int
    is_first: bool
    """A resumed play belongs to the count of the one that it resumes."""
    user_id: int
    item_id: int
    series_id: int | None
    kind: int
    method: int
    dims: tuple[tuple[int, int], ...]
    """(dimension, key): client, device, country, codec, resolution and each reason."""


@dataclass(frozen=True, slots=True)
class DayRollup:
    """The rows of one day, by table, without server and day."""

    hour: Sums
    user: Sums
    dim: Sums
    item: Sums
    peak: tuple[int, ...]
    """Most streams at once, and most of each method."""


def day_of(moment: float, zone: ZoneInfo) -> int:
    """The local day of a moment."""
    return datetime.fromtimestamp(moment, zone).toordinal() - _EPOCH_DAY


def day_start(day: int, zone: ZoneInfo) -> int:
    """The moment when a local day begins."""
    return int(datetime.combine(date_of(day), datetime.min.time(), zone).timestamp())


def date_of(day: int) -> date:
    """The calendar date of a day."""
    return date.fromordinal(day + _EPOCH_DAY)


def day_number(on: date) -> int:
    """The day of a calendar date."""
    return on.toordinal() - _EPOCH_DAY


def month_of(day: int) -> int:
    """The month of a day."""
    on = date_of(day)
    return on.year * 12 + on.month - 1


def touched_days(started: float, stopped: float, zone: ZoneInfo) -> range:
    """The days whose rollups a play changes."""
    last = max(started, min(stopped, started + LONGEST_SPAN_S))
    return range(day_of(started, zone), day_of(last, zone) + 1)


def day_rollup(day: int, facts: Iterable[Fact], zone: ZoneInfo) -> DayRollup:
    """The sums of a day over the plays that touch it."""
    start, end = day_start(day, zone), day_start(day + 1, zone)
    hour: Sums = {}
    user: Sums = {}
    dim: Sums = {}
    item: Sums = {}
    running = []
    for fact in facts:
        if fact.started < start and _shown_end(fact) <= start:
            continue
        if start <= fact.started < end:
            counted = (int(fact.is_first), fact.watch_s)
            _add(user, (fact.user_id, fact.kind, fact.method), counted)
            _add(item, (fact.kind, fact.item_id), counted)
            if fact.series_id is not None:
                _add(item, (_SERIES, fact.series_id), counted)
            _add(dim, (_METHOD_DIM, fact.method, fact.method), counted)
            for which, key in fact.dims:
                _add(dim, (which, key, fact.method), counted)
        for on, hour_of_day, seconds, is_start in hours_of(fact, zone):
            if on == day:
                _add(hour, (hour_of_day, fact.kind), (int(is_start and fact.is_first), seconds))
        running.append((max(fact.started, start), min(_shown_end(fact), end), fact.method))
    return DayRollup(hour, user, dim, item, _peaks(running))


def hours_of(fact: Fact, zone: ZoneInfo) -> Iterator[tuple[int, int, int, bool]]:
    """(day, hour, seconds, whether it starts there): watched seconds over the local hours in which a play ran."""
    end = _shown_end(fact)
    span = end - fact.started
    moment, given = fact.started, 0
    while True:
        local = datetime.fromtimestamp(moment, UTC).astimezone(zone)
        following = min(end, moment + 3600 - local.minute * 60 - local.second)
        due = round(fact.watch_s * (following - fact.started) / span) if span > 0 else fact.watch_s
        yield local.toordinal() - _EPOCH_DAY, local.hour, due - given, moment == fact.started
        moment, given = following, due
        if moment >= end:
            return


def _shown_end(fact: Fact) -> int:
    return min(fact.stopped, fact.started + LONGEST_SPAN_S)


_METHOD_DIM = DIMS.index("method")


def _add(sums: Sums, key: Key, counted: tuple[int, int]) -> None:
    plays, seconds = sums.get(key, (0, 0))
    sums[key] = (plays + counted[0], seconds + counted[1])


def _peaks(running: list[tuple[int, int, int]]) -> tuple[int, ...]:
    """The most that ran at once, [start, end), in all and by method."""
    edges = []
    for start, end, method in running:
        if start < end:
            edges += [(start, 1, method), (end, -1, method)]
    edges.sort()
    total = most = 0
    by_method, most_of = [0] * (len(METHODS) + 1), [0] * (len(METHODS) + 1)
    for _, step, method in edges:
        total += step
        by_method[method] += step
        most = max(most, total)
        most_of[method] = max(most_of[method], by_method[method])
    return (most, *most_of[: len(METHODS)])


def months_and_days(first: int, last: int) -> tuple[range, list[range]]:
    """A window of days as whole months and the days at its edges: (months, ranges of days)."""
    begin, end = date_of(first), date_of(last) + timedelta(days=1)
    month, after = begin.year * 12 + begin.month - 1, end.year * 12 + end.month - 1
    if begin.day > 1:
        month += 1
    if month >= after:
        return range(0), [range(first, last + 1)]
    edges = [range(first, month_start(month)), range(month_start(after), last + 1)]
    return range(month, after), [edge for edge in edges if edge]


def month_start(month: int) -> int:
    """The first day of a month."""
    return day_number(date(month // 12, month % 12 + 1, 1))
