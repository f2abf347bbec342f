"""What the rollups say is what the facts say; on SQLite and on PostgreSQL."""

import itertools
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from tests.extensions.jellyfin_monitor.conftest import EPOCH, PARIS, build, record

from regie.roles import MediaItem, MediaUser, StreamShape, Track
from regie.storage.database import Database
from regie_jellyfin_monitor import models, statistics
from regie_jellyfin_monitor.dimensions import Dimensions
from regie_jellyfin_monitor.models import KINDS
from regie_jellyfin_monitor.plays import HistorySettings
from regie_jellyfin_monitor.rebuild import rebuild_days
from regie_jellyfin_monitor.rollups import day_number, day_of, month_of
from regie_jellyfin_monitor.statistics import Window
from regie_jellyfin_monitor.store import PlayRecord, Store

FIRST = datetime(2026, 1, 17, tzinfo=UTC)
MEASURES: tuple[statistics.Measure, ...] = ("plays", "hours")
WINDOWS = [Window((1,), None, 99_999), *(Window((1,), start, start + 75) for start in (20_480, 20_500))]


def household() -> list[PlayRecord]:
    """Four months of two hundred plays, always the same."""
    chance = random.Random(7)
    users = [MediaUser(f"u{number}", f"User {number}") for number in range(5)]
    films = [MediaItem(f"f{number}", "movie", f"Film {number}", 6000) for number in range(9)]
    episodes = [
        MediaItem(f"e{number}", "episode", f"Part {number}", 2400, series_id=f"c{number % 3}", series=f"C {number % 3}")
        for number in range(20)
    ]
    shapes = [
        StreamShape("direct_play", video=Track("hevc", 3840, 1600)),
        StreamShape("transcode", video=Track("h264", 1920, 800), reasons=("VideoCodecNotSupported",)),
    ]
    plays = []
    for uid in range(200):
        started = FIRST.timestamp() + chance.randrange(120 * 86_400)
        length = chance.randrange(20, 9000)
        watched = chance.randrange(10, length)
        plays.append(
            record(
                uid,
                started - EPOCH.timestamp(),
                user=chance.choice(users),
                item=chance.choice(films + episodes),
                shape=chance.choice(shapes),
                stopped=started + length,
                watch_s=watched,
                position0_s=chance.choice([0, 600]),
            )
        )
    return plays


@pytest.fixture
async def filled(database: Database, store: Store) -> Database:
    async with database.write() as session:
        server = await store.dimensions.server_id(session, "s", "home")
        assert server == 1
        assert await store.save(session, server, household()) == 200
    await build(database, store)
    return database


async def facts(database: Database, window: Window) -> list[tuple[object, ...]]:
    play = models.play
    columns = (play.c.user_id, play.c.item_id, play.c.series_id, play.c.kind, play.c.method)
    async with database.read() as connection:
        rows = await connection.execute(select(play.c.started, play.c.id == play.c.group_id, play.c.watch_s, *columns))
        first = -1 if window.first is None else window.first
        return [tuple(row) for row in rows if first <= day_of(row.started, PARIS) <= window.last]


async def test_the_totals_are_the_facts(filled: Database) -> None:
    for window in WINDOWS:
        expected = await facts(filled, window)
        async with filled.read() as connection:
            totals = await statistics.totals(connection, window)
            days = await statistics.per_day(connection, window)
        assert expected
        assert (totals.plays, totals.watch_s) == (sum(row[1] for row in expected), sum(row[2] for row in expected))  # type: ignore[misc]
        assert total_of(days) == totals.watch_s
        by_day = Counter(day_of(row[0], PARIS) for row in expected)  # type: ignore[arg-type]
        assert days.keys() == by_day.keys()
    async with filled.read() as connection:
        months = await statistics.per_month(connection, WINDOWS[0])
        everything = await statistics.per_day(connection, WINDOWS[0])
    assert {month_of(day) for day in everything} == {month_of(day) for day in months}
    assert total_of(months) == total_of(everything)


async def test_the_rankings_are_the_facts(filled: Database) -> None:
    movie, episode = KINDS.index("movie"), KINDS.index("episode")
    for window, measure in itertools.product(WINDOWS, MEASURES):
        expected = await facts(filled, window)
        async with filled.read() as connection:
            users = await statistics.top_users(connection, window, measure, 99)
            films = await statistics.top_items(connection, window, "movie", measure, 99)
            series = await statistics.top_items(connection, window, "series", measure, 99)
        for ranking, index, kinds in ((users, 3, {movie, episode}), (films, 4, {movie}), (series, 5, {episode})):
            assert {row.id: [row.plays, row.watch_s] for row in ranking} == sums_by(expected, index, kinds)
            values = [row.plays if measure == "plays" else row.watch_s for row in ranking]
            assert values == sorted(values, reverse=True)


def total_of(days: dict[int, dict[int, statistics.Sum]]) -> int:
    return sum(one.watch_s for methods in days.values() for one in methods.values())


def sums_by(rows: list[tuple[object, ...]], index: int, kinds: set[int]) -> dict[object, list[int]]:
    sums: dict[object, list[int]] = {}
    for row in rows:
        if row[6] in kinds:
            known = sums.setdefault(row[index], [0, 0])
            known[0] += int(row[1])  # type: ignore[call-overload]
            known[1] += int(row[2])  # type: ignore[call-overload]
    return sums


async def test_dimensions_are_named(filled: Database) -> None:
    window = WINDOWS[0]
    async with filled.read() as connection:
        resolutions = await statistics.top_of(connection, window, "resolution")
        reasons = await statistics.top_of(connection, window, "reason")
        clients = await statistics.top_of(connection, window, "client")
        users = await statistics.totals(connection, Window((1,), 20_500, 20_510))
        peaks = await statistics.peaks(connection, window)
    assert {row.name for row in resolutions} == {"4K", "1080p"}
    assert [row.name for row in reasons] == ["VideoCodecNotSupported"]
    assert [row.name for row in clients] == ["Jellyfin Web"]
    assert users.users is not None
    assert 0 < users.users <= 5
    assert max(peak[0] for peak in peaks.values()) >= 2


async def test_the_heatmap_keeps_every_second(filled: Database) -> None:
    async with filled.read() as connection:
        everything = await statistics.heatmap(connection, WINDOWS[0])
        total = await connection.scalar(select(func.sum(models.play.c.watch_s)))
        first, last = day_number(FIRST.date()), day_number(FIRST.date()) + 130
        by_days = await statistics.heatmap(connection, Window((1,), first, last))
    assert sum(map(sum, everything)) == total
    assert everything == by_days


async def test_building_again_changes_nothing(filled: Database, store: Store) -> None:
    tables = [table for name, table in models.metadata.tables.items() if "_r_" in name]

    async def content() -> list[list[tuple[object, ...]]]:
        async with filled.read() as connection:
            return [sorted(map(tuple, await connection.execute(select(table)))) for table in tables]

    before = await content()
    assert all(before)
    async with filled.write() as session:
        await rebuild_days(session, store.dimensions.insert, PARIS, 1, range(20_470, 20_600))
    assert await content() == before


async def test_another_time_zone_moves_the_days(filled: Database) -> None:
    zone = ZoneInfo("Pacific/Auckland")
    store = Store(Dimensions(filled.dialect), zone, HistorySettings())
    async with filled.write() as session:
        await store.mark_days(session, 1, range(20_470, 20_600))
    await build(filled, store, zone)
    async with filled.read() as connection:
        days = await statistics.per_day(connection, WINDOWS[0])
        totals = await statistics.totals(connection, WINDOWS[0])
        total = await connection.scalar(select(func.sum(models.play.c.watch_s)))
        starts = await connection.scalars(select(models.play.c.started))
        expected = {day_of(start, zone) for start in starts}
    assert totals.watch_s == total
    assert set(days) == expected


async def test_an_empty_window_is_empty(database: Database) -> None:
    async with database.read() as connection:
        for window in (Window((1,), 1, 400), Window((1,), None, 9), Window((), None, 9)):
            assert await statistics.totals(connection, window) == (0, 0, None, 0)
            assert await statistics.top_users(connection, window) == []
            assert await statistics.top_items(connection, window, "movie") == []
            assert sum(map(sum, await statistics.heatmap(connection, window))) == 0


async def test_an_unknown_method_is_counted_too(database: Database, store: Store) -> None:
    async with database.write() as session:
        await store.dimensions.server_id(session, "s")
        await store.save(session, 1, [replace(record(1, 0), shape=StreamShape())])
    await build(database, store)
    async with database.read() as connection:
        (methods,) = (await statistics.per_day(connection, WINDOWS[0])).values()
    assert methods == {models.UNKNOWN_METHOD: (1, 3600)}
