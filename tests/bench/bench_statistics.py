"""Statistics and history over 1 M generated plays, each beside direct SQL over the facts."""

# ruff: noqa: S608 - the statements are made of our own names and numbers

import argparse
import asyncio
import random
import sqlite3
import statistics as numbers
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from regie.roles import MediaItem, MediaUser, Session, Snapshot, StreamShape, Track
from regie.storage.database import Database
from regie.storage.migrations import Storage, migrate
from regie_jellyfin_monitor import history, models, statistics
from regie_jellyfin_monitor.dimensions import Dimensions
from regie_jellyfin_monitor.history import Filter
from regie_jellyfin_monitor.models import DIMS, KINDS
from regie_jellyfin_monitor.plays import HistorySettings
from regie_jellyfin_monitor.rebuild import rebuild_dirty
from regie_jellyfin_monitor.reducer import State, reduce
from regie_jellyfin_monitor.statistics import Window
from regie_jellyfin_monitor.store import PlayRecord, Store

UTC_ZONE = ZoneInfo("UTC")
LAST_DAY = 20_500
DAYS = 1_096
USERS, SERIES, EPISODES, FILMS, TRACKS, DEVICES = 200, 300, 30_000, 3_000, 8_000, 500
MOVIE, EPISODE, TRACK = (KINDS.index(kind) for kind in ("movie", "episode", "track"))
ROUNDS = 7
BAR_MS = 50
PAGE_BAR_MS = 10
PREFIX = models.PREFIX

Measured = Callable[[], Awaitable[Any]]


async def main() -> None:
    """Fill, build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plays", type=int, default=1_000_000)
    parser.add_argument(
        "--url", default="", help="an empty PostgreSQL database, instead of SQLite in a temporary folder"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        database = Database(given.url or f"sqlite+aiosqlite:///{path}")
        await database.start()
        try:
            await run(database, path, given.plays)
        finally:
            await database.stop()


async def run(database: Database, path: Path, plays: int) -> None:
    """All measurements on one database."""
    await migrate(database, "jellyfin_monitor", Storage(models.metadata, "regie_jellyfin_monitor.migrations"))
    store = Store(Dimensions(database.dialect), UTC_ZONE, HistorySettings())
    began = time.perf_counter()
    await fill(database, path, plays)
    loaded = time.perf_counter()
    async for _ in rebuild_dirty(database.write, store.dimensions.insert, UTC_ZONE):
        pass
    built = time.perf_counter()
    if database.dialect == "postgresql":
        async with database.write() as session:
            await session.execute(text("ANALYZE"))
    print(
        f"{database.dialect}: {plays:,} plays loaded in {loaded - began:.0f} s, {DAYS} days of rollups in {built - loaded:.0f} s"
    )
    print(f"{'':34}{'rollup':>9}{'facts':>10}{'ratio':>8}   bar")
    await compare_statistics(database)
    await compare_history(database)
    await after_a_play(database, store)
    reduce_many()
    if database.dialect == "sqlite":
        size = path.stat().st_size
        print(f"{'database size':34}{size / 1e6:>6.0f} MB{'':21}250 MB")


async def compare_statistics(database: Database) -> None:
    """Each statistic of the page, by rollups and by facts; what must be equal is."""
    whole = 0.0
    for name, days, ours, facts in cases():
        window = Window((1,), None if days is None else LAST_DAY - days + 1, LAST_DAY)
        first = 0 if days is None else (LAST_DAY - days + 1) * 86_400

        async def rollup(ours: Any = ours, window: Window = window) -> Any:
            async with database.read() as connection:
                return await ours(connection, window)

        async def direct(facts: str = facts, first: int = first) -> Any:
            async with database.read() as connection:
                return (await connection.execute(text(facts), {"first": first})).all()

        fast, result = await median(rollup)
        slow, expected = await median(direct, 3)
        check(name, result, expected)
        whole += fast if days == 365 else 0
        print(
            f"{name:34}{fast:>6.1f} ms{slow:>7.0f} ms{slow / fast:>7.0f}×   {BAR_MS} ms{'' if fast <= BAR_MS else '  OVER'}"
        )
    print(f"{'the page of a year, summed':34}{whole:>6.1f} ms{'':21}200 ms{'' if whole <= 200 else '  OVER'}")


def cases() -> Iterator[tuple[str, int | None, Any, str]]:
    """(name, days, our function, the same of the facts)."""
    count = "sum(CASE WHEN id = group_id THEN 1 ELSE 0 END), sum(watch_s)"
    where = f"FROM {PREFIX}play WHERE server_id = 1 AND started >= :first"
    hour = f"SELECT (started / 86400 + 3) % 7, started % 86400 / 3600, sum(watch_s) {where} GROUP BY 1, 2"
    top = "GROUP BY 1 ORDER BY 3 DESC LIMIT 10"
    for days in (30, 365, None):
        label = f"{days} days" if days else "all"
        yield f"totals, {label}", days, statistics.totals, f"SELECT {count} {where}"
        yield (
            f"per day by method, {label}",
            days,
            statistics.per_day,
            (f"SELECT started / 86400, method, {count} {where} GROUP BY 1, 2"),
        )
        yield f"weekday × hour, {label}", days, statistics.heatmap, hour
        yield f"top users, {label}", days, statistics.top_users, f"SELECT user_id, {count} {where} {top}"
        yield (
            f"top films, {label}",
            days,
            ranked("movie"),
            (f"SELECT item_id, {count} {where} AND kind = {MOVIE} {top}"),
        )
        yield (
            f"top series, {label}",
            days,
            ranked("series"),
            (f"SELECT series_id, {count} {where} AND series_id IS NOT NULL {top}"),
        )
        joined = where.replace("WHERE", f"JOIN {PREFIX}device AS d ON d.id = device_id WHERE").replace(
            "server_id", "p.server_id"
        )
        joined = joined.replace("play JOIN", "play AS p JOIN")
        for dim, key in (("client", "p.client_id"), ("device", "d.label_id")):
            yield (
                f"top {dim}s, {label}",
                days,
                top_of(dim),
                (f"SELECT {key}, {count.replace('id = group', 'p.id = p.group')} {joined} {top}"),
            )
        countries = f"JOIN {PREFIX}address AS a ON a.id = p.address_id WHERE".join(
            where.replace("play WHERE", "play AS p WHERE").replace("server_id", "p.server_id").split("WHERE")
        )
        yield (
            f"countries, {label}",
            days,
            top_of("country"),
            (f"SELECT a.country_id, {count.replace('id = group', 'p.id = p.group')} {countries} {top}"),
        )


def ranked(kind: str) -> Any:
    """The ranking of a kind."""
    return lambda connection, window: statistics.top_items(connection, window, kind)


def top_of(dim: str) -> Any:
    """The ranking of a dimension."""
    return lambda connection, window: statistics.top_of(connection, window, dim)


def check(name: str, ours: Any, facts: Any) -> None:
    """Rollups that disagree with the facts are no faster way to anything."""
    if name.startswith("totals"):
        assert (ours.plays, ours.watch_s) == tuple(map(int, facts[0])), name
    elif name.startswith("per day"):
        assert {(day, method): tuple(one) for day, methods in ours.items() for method, one in methods.items()} == {
            (row[0], row[1]): (int(row[2]), int(row[3])) for row in facts
        }, name
    elif not name.startswith("weekday"):
        assert [row.watch_s for row in ours] == [int(row[2]) for row in facts], name


async def compare_history(database: Database) -> None:
    """Pages of history: first, of a person, by title, and as deep as it goes beside OFFSET."""
    everything = Filter((1,))
    deep = (LAST_DAY - DAYS // 2) * 86_400
    offset = f"SELECT * FROM {PREFIX}play WHERE server_id = 1 ORDER BY started DESC, id DESC LIMIT 50 OFFSET 500000"
    for name, wanted, before, peer in (
        ("history, first page", everything, None, ""),
        ("history, deep page (peer: OFFSET)", everything, (deep, 0), offset),
        ("history of a person", replace(everything, user_id=7), None, ""),
        ("history by title", replace(everything, text="Film 29"), None, ""),
        ("history by method, in a month", replace(everything, method=3, until=deep, since=deep - 2_592_000), None, ""),
    ):

        async def ours(wanted: Filter = wanted, before: Any = before) -> Any:
            async with database.read() as connection:
                return await history.page(connection, wanted, before)

        fast, found = await median(ours)
        assert found.plays, name
        shown = ""
        if peer:

            async def theirs(peer: str = peer) -> Any:
                async with database.read() as connection:
                    return (await connection.execute(text(peer))).all()

            slow, _ = await median(theirs, 3)
            shown = f"{slow:>7.0f} ms{slow / fast:>7.0f}×"
        over = "" if fast <= PAGE_BAR_MS else "  OVER"
        print(f"{name:34}{fast:>6.1f} ms{shown:18}   {PAGE_BAR_MS} ms{over}")


async def after_a_play(database: Database, store: Store) -> None:
    """What a finished play costs: its transaction, and the rebuild of its day, which is debounced."""
    uids = iter(range(10_000_000, 10_100_000))
    start = LAST_DAY * 86_400 + 72_000

    async def save() -> None:
        async with database.write() as session:
            await store.save(session, 1, [record(next(uids), start)])

    async def rebuild() -> None:
        async for _ in rebuild_dirty(database.write, store.dimensions.insert, UTC_ZONE):
            pass

    saving, _ = await median(save)
    times = []
    for _ in range(ROUNDS):
        await save()
        took, _ = await median(rebuild, 1)
        times.append(took)
    print(f"{'storing a play (off the event path)':34}{saving:>5.1f} ms")
    print(f"{'rebuilding its day, debounced':34}{numbers.median(times):>6.1f} ms")
    began = time.perf_counter()
    for batch in range(20):
        records = [record(20_000_000 + batch * 250 + number, start + number * 60) for number in range(250)]
        async with database.write() as session:
            await store.save(session, 1, records)
    seconds = (time.perf_counter() - began) * 20
    print(f"{'importing 100,000 plays (from 5,000)':34}{seconds:>4.0f} s{'':22}60 s{'' if seconds <= 60 else '  OVER'}")


def record(uid: int, started: float) -> PlayRecord:
    """A play of an evening."""
    chance = random.Random(uid)
    number = chance.randrange(FILMS)
    return PlayRecord(
        uid=uid,
        user=MediaUser(f"u{uid % USERS}", f"User {uid % USERS}"),
        item=MediaItem(f"i{number}", "movie", f"Film {number}", 6000),
        client="Jellyfin Web",
        device="Firefox",
        device_id="bench",
        started=started,
        stopped=started + 3000,
        watch_s=2900,
        shape=StreamShape("direct_play", video=Track("hevc", 3840, 2160)),
    )


def reduce_many() -> None:
    """The event path: a snapshot of a hundred streams, of which one has news."""
    moment = datetime(2026, 3, 1, 20, tzinfo=UTC)
    shape = StreamShape("direct_play", video=Track("hevc", 3840, 2160))
    item = MediaItem("i", "movie", "Film", 7200)
    sessions = [
        Session(
            f"s{n}", MediaUser(f"u{n}", "U"), "Web", "Firefox", f"d{n}", item, 0.0, last_check_in=moment, shape=shape
        )
        for n in range(100)
    ]
    state, settings, times = State("bench"), HistorySettings(), []
    for second in range(1, 400):
        now = moment + timedelta(seconds=second / 10)
        sessions[second % 100] = replace(sessions[second % 100], last_check_in=now, position_s=second / 10)
        snapshot = Snapshot(now, tuple(sessions), "websocket")
        began = time.perf_counter()
        state, _ = reduce(state, snapshot, settings)
        times.append(1000 * (time.perf_counter() - began))
    share = numbers.median(times) * 10 / 10
    print(
        f"{'reducing 100 streams, a snapshot':34}{numbers.median(times):>6.2f} ms{'':21}1 ms; {share:.1f} % of a core at 10/s (bar 5 %)"
    )


async def median(measured: Measured, rounds: int = ROUNDS) -> tuple[float, Any]:
    """The median time in ms, and the last result."""
    times = []
    result = None
    for _ in range(rounds):
        began = time.perf_counter()
        result = await measured()
        times.append(1000 * (time.perf_counter() - began))
    return numbers.median(times), result


async def fill(database: Database, path: Path, plays: int) -> None:
    """Dimensions and plays, by the quickest way that each database has."""
    tables = dict(dimensions()) | {"play": list(facts(plays))}
    days = range(LAST_DAY - DAYS, LAST_DAY + 1)
    tables["dirty"] = [{"server_id": 1, "day": day} for day in days]
    if database.dialect == "sqlite":
        with sqlite3.connect(path) as connection:
            for name, rows in tables.items():
                marks = ", ".join(f":{column}" for column in rows[0])
                connection.executemany(f"INSERT INTO {PREFIX}{name} ({', '.join(rows[0])}) VALUES ({marks})", rows)
        connection.close()
        return
    async with database.write() as session:
        raw = await (await session.connection()).get_raw_connection()
        driver: Any = raw.driver_connection
        for name, rows in tables.items():
            values = [tuple(row.values()) for row in rows]
            await driver.copy_records_to_table(PREFIX + name, records=values, columns=list(rows[0]))
            if "id" in rows[0]:
                await session.execute(text(f"SELECT setval('{PREFIX}{name}_id_seq', {len(rows) + 1})"))


def dimensions() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A large house."""
    yield "server", [{"id": 1, "key": "bench", "name": "Bench"}]
    yield "user", [{"id": n + 1, "server_id": 1, "key": f"u{n}", "name": f"User {n}"} for n in range(USERS)]
    yield "client", [{"id": n + 1, "name": f"Client {n}"} for n in range(12)]
    terms = [("device", 30), ("country", 15), ("codec", 4), ("resolution", 5), ("reason", 12)]
    names = [(dim, f"{dim} {n}") for dim, many in terms for n in range(many)]
    yield "term", [{"id": n + 1, "dim": DIMS.index(dim), "text": name} for n, (dim, name) in enumerate(names)]
    yield (
        "device",
        [
            {
                "id": n + 1,
                "server_id": 1,
                "key": f"d{n}",
                "client_id": n % 12 + 1,
                "name": "D",
                "label": "L",
                "form": "tv",
            }
            | {"os": "", "browser": "", "label_id": n % 30 + 1}
            for n in range(DEVICES)
        ],
    )
    yield (
        "address",
        [
            {"id": n + 1, "text": f"203.0.113.{n}", "country": "FR", "country_id": 31 + n % 15, "is_local": 0}
            for n in range(USERS)
        ],
    )
    yield (
        "shape",
        [
            {"id": n + 1, "digest": str(n), "method": n % 4, "plain": "{}", "codec_id": 46 + n % 4}
            | {"resolution_id": 50 + n % 5, "reason_ids": f"{55 + n % 12}" if n % 4 == 3 else ""}
            for n in range(200)
        ],
    )
    yield "item", list(items())


def items() -> Iterator[dict[str, Any]]:
    """Films, tracks, series and their episodes: 41 k."""
    number = 0
    for kind, many, word in (
        (MOVIE, FILMS, "Film"),
        (TRACK, TRACKS, "Track"),
        (KINDS.index("series"), SERIES, "Series"),
    ):
        for n in range(many):
            number += 1
            yield {
                "id": number,
                "server_id": 1,
                "key": f"{word[0].lower()}{n}",
                "kind": kind,
                "title": f"{word} {n}",
                "series_id": None,
            }
    first = FILMS + TRACKS + 1
    for n in range(EPISODES):
        number += 1
        yield {
            "id": number,
            "server_id": 1,
            "key": f"e{n}",
            "kind": EPISODE,
            "title": f"Episode {n}",
            "series_id": first + n % SERIES,
        }


def facts(plays: int) -> Iterator[dict[str, Any]]:
    """Plays of three years, more in the evening, some titles far more than others, every tenth resumed."""
    chance = random.Random(1)
    pick, spread = chance.random, chance.randrange
    start = (LAST_DAY - DAYS + 1) * 86_400
    first_series = FILMS + TRACKS + 1
    for number in range(1, plays + 1):
        kind = (MOVIE, EPISODE, EPISODE, TRACK)[spread(4)]
        skewed = pick() ** 3
        series = None
        if kind == MOVIE:
            item, length = 1 + int(skewed * FILMS), 6000
        elif kind == TRACK:
            item, length = FILMS + 1 + int(skewed * TRACKS), 240
        else:
            episode = int(skewed * EPISODES)
            item, length, series = FILMS + TRACKS + SERIES + 1 + episode, 2700, first_series + episode % SERIES
        started = start + number * DAYS // (plays + 1) * 86_400 + min(86_399, int(86_400 * (1 - pick() * pick())))
        watched = 10 + spread(length)
        device, shape = spread(DEVICES), spread(200)
        yield {
            "id": number, "uid": number, "server_id": 1, "group_id": number if number % 10 else number - 1,
            "user_id": 1 + int(pick() ** 2 * USERS), "item_id": item, "series_id": series, "library_id": None,
            "kind": kind, "device_id": device + 1, "client_id": device % 12 + 1, "address_id": 1 + spread(USERS),
            "shape_id": shape + 1, "method": shape % 4, "started": started, "stopped": started + watched + spread(600),
            "watch_s": watched, "paused_s": 0, "pos0": 0, "pos1": watched, "watched": int(watched > 0.9 * length),
            "kbps": 1000 + spread(20_000), "end_reason": 0,
        }  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main())
