from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from regie_jellyfin_monitor.rollups import (
    LONGEST_SPAN_S,
    Fact,
    date_of,
    day_number,
    day_of,
    day_rollup,
    day_start,
    hours_of,
    month_of,
    months_and_days,
    touched_days,
)

PARIS = ZoneInfo("Europe/Paris")
ZONES = [PARIS, ZoneInfo("UTC"), ZoneInfo("America/St_Johns"), ZoneInfo("Australia/Lord_Howe")]
moments = st.integers(1_700_000_000, 1_800_000_000)


def fact(started: int, seconds: int, watch: int | None = None, *, method: int = 0, first: bool = True) -> Fact:
    watched = seconds if watch is None else watch
    return Fact(started, started + seconds, watched, first, 1, 2, None, 1, method, ())


@given(started=moments, seconds=st.integers(0, 200_000), share=st.floats(0, 1), zone=st.sampled_from(ZONES))
def test_no_second_is_lost_in_the_hours(started: int, seconds: int, share: float, zone: ZoneInfo) -> None:
    play = fact(started, seconds, round(seconds * share))
    parts = list(hours_of(play, zone))
    assert sum(part[2] for part in parts) == play.watch_s
    assert all(part[2] >= 0 for part in parts)
    assert [part[3] for part in parts].count(True) == 1
    assert {part[0] for part in parts} <= set(touched_days(play.started, play.stopped, zone))
    if seconds <= LONGEST_SPAN_S:
        assert all(part[2] <= 3600 for part in parts)


@given(
    st.lists(st.tuples(moments, st.integers(1, 90_000), st.integers(0, 3), st.booleans()), max_size=8),
    st.sampled_from(ZONES),
)
def test_the_days_together_are_the_facts(rows: list[tuple[int, int, int, bool]], zone: ZoneInfo) -> None:
    facts = [fact(start, seconds, method=method, first=first) for start, seconds, method, first in rows]
    days = {day for one in facts for day in touched_days(one.started, one.stopped, zone)}
    total: Counter[str] = Counter()
    for day in days:
        rollup = day_rollup(day, facts, zone)
        for name in ("hour", "user", "dim", "item"):
            for plays, seconds in getattr(rollup, name).values():
                total[f"{name} plays"] += plays
                total[f"{name} seconds"] += seconds
    for name in ("hour", "user", "dim", "item"):
        assert total[f"{name} plays"] == sum(one.is_first for one in facts)
        assert total[f"{name} seconds"] == sum(one.watch_s for one in facts)


def test_the_day_that_ends_summer_time_has_twenty_five_hours() -> None:
    day = day_number(date(2026, 10, 25))
    assert day_start(day + 1, PARIS) - day_start(day, PARIS) == 25 * 3600
    start = int(datetime(2026, 10, 24, 23, 30, tzinfo=UTC).timestamp())
    rollup = day_rollup(day, [fact(start, 3 * 3600)], PARIS)
    assert rollup.hour == {(1, 1): (1, 1800), (2, 1): (0, 7200), (3, 1): (0, 1800)}


def test_the_hour_that_summer_time_skips_is_empty() -> None:
    start = int(datetime(2026, 3, 29, 0, 30, tzinfo=UTC).timestamp())
    rollup = day_rollup(day_number(date(2026, 3, 29)), [fact(start, 3600)], PARIS)
    assert rollup.hour == {(1, 1): (1, 1800), (3, 1): (0, 1800)}


def test_what_ends_as_another_begins_is_not_at_once() -> None:
    start = day_start(20_000, PARIS)
    one_after_other = [fact(start, 600), fact(start + 600, 600, method=3)]
    assert day_rollup(20_000, one_after_other, PARIS).peak == (1, 1, 0, 0, 1)
    assert day_rollup(20_000, [*one_after_other, fact(start + 500, 200)], PARIS).peak == (2, 2, 0, 0, 1)


@given(st.integers(10_000, 30_000), st.integers(0, 900))
def test_months_and_edges_are_the_window(first: int, length: int) -> None:
    last = first + length
    months, edges = months_and_days(first, last)
    days = [day for edge in edges for day in edge]
    whole = [day for day in range(first, last + 1) if month_of(day) in months]
    assert sorted(days + whole) == list(range(first, last + 1))
    assert len(days) <= 60


@given(moments, st.sampled_from(ZONES))
def test_a_moment_lies_in_its_day(moment: int, zone: ZoneInfo) -> None:
    day = day_of(moment, zone)
    assert day_start(day, zone) <= moment < day_start(day + 1, zone)
    assert day_number(date_of(day)) == day
