import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from regie_fetcher.rows import LibraryItem, MediaFile, MemoryRows, Rows, Shown
from regie_fetcher.tables import SqlRows, metadata, sqlite_rows


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def backend(request: pytest.FixtureRequest) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return str(request.param)


@pytest.fixture
async def rows(backend: str, tmp_path: Path) -> AsyncIterator[Rows]:
    if backend == "memory":
        yield MemoryRows()
    elif backend == "sqlite":
        async with sqlite_rows(tmp_path / "library.db") as opened:
            yield opened
    else:
        engine = create_async_engine(backend)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        yield SqlRows(engine)
        await engine.dispose()


def media(letter: str = "a", **changes: Any) -> MediaFile:
    facts: dict[str, Any] = {"size": 5, "source_sha256": "5" * 64, "source_bytes": 9, "recipe": "r1", "duration_s": 1.5}
    return MediaFile(sha256=letter * 64, **facts | changes)


def item(number: int, letter: str = "a", **changes: Any) -> LibraryItem:
    return LibraryItem(id=f"job{number}", owner="ann", title=f"Title {number}", sha256=letter * 64, **changes)


async def test_two_items_share_one_file_and_the_last_takes_it_along(rows: Rows) -> None:
    assert await rows.commit(media(), item(1, link="a.mp4")) == Shown(item(1, link="a.mp4"), media())
    assert await rows.commit(media(suffix=".mov"), item(2)) == Shown(item(2), media())
    assert await rows.all_media() == [media()]
    assert await rows.remove_item("job1") is None
    assert await rows.media("a" * 64) == media()
    assert await rows.remove_item("job2") == media()
    assert await rows.media("a" * 64) is None
    assert await rows.remove_item("job2") is None
    assert await rows.all_items() == []


async def test_the_same_job_adds_its_item_once(rows: Rows) -> None:
    await rows.commit(media(), item(1))
    again = LibraryItem(id="job1", owner="eve", title="other", sha256="b" * 64)
    assert await rows.commit(media("b"), again) == Shown(item(1), media())
    assert await rows.all_media() == [media()]
    assert await rows.item("job1") == item(1)
    assert await rows.item("job9") is None


async def test_a_link_is_held_by_one_item(rows: Rows) -> None:
    await rows.commit(media(), item(1, link="x/a.mp4"))
    assert await rows.commit(media("b"), item(2, "b", link="x/a.mp4")) is None
    assert await rows.all_media() == [media()]
    assert await rows.commit(media("b"), item(2, "b", link="x/a (2).mp4")) is not None


async def test_a_source_is_recognised_by_hash_and_recipe(rows: Rows) -> None:
    await rows.commit(media(), item(1))
    assert await rows.media_by_source("5" * 64, "r1") == media()
    assert await rows.media_by_source("5" * 64, "r2") is None
    assert await rows.media_by_source("6" * 64, "r1") is None


async def test_missing_files_are_marked_and_unmarked(rows: Rows) -> None:
    await rows.commit(media(), item(1))
    await rows.mark_missing("a" * 64, is_missing=True)
    assert await rows.media("a" * 64) == media(is_missing=True)
    await rows.mark_missing("a" * 64, is_missing=False)
    assert await rows.media("a" * 64) == media()
    await rows.mark_missing("f" * 64, is_missing=True)
    assert await rows.media("f" * 64) is None


async def test_only_unreferenced_files_are_removed(rows: Rows) -> None:
    await rows.commit(media(), item(1))
    assert await rows.remove_unreferenced() == []
    assert await rows.all_media() == [media()]


async def test_many_at_once_lose_and_double_nothing(rows: Rows) -> None:
    letters = "abcd"
    await asyncio.gather(*(rows.commit(media(letters[n % 4]), item(n, letters[n % 4])) for n in range(24)))
    assert sorted(each.sha256[0] for each in await rows.all_media()) == list(letters)
    removed = await asyncio.gather(*(rows.remove_item(f"job{n}") for n in range(24)))
    assert sorted(each.sha256[0] for each in removed if each) == list(letters)
    assert await rows.all_media() == []


async def test_one_that_no_database_takes_is_the_only_one_refused(rows: Rows) -> None:
    letters = "abcde"
    pairs = [(media(each), item(number, each)) for number, each in enumerate(letters)]
    pairs.insert(3, (media("f"), item(9, "f", source_url="http://x/\ud800")))
    results = await asyncio.gather(*(rows.commit(*pair) for pair in pairs), return_exceptions=True)
    odd = results.pop(3)
    assert isinstance(odd, Shown if isinstance(rows, MemoryRows) else Exception)
    assert [each.item.id for each in results if isinstance(each, Shown)] == [f"job{n}" for n in range(5)]


async def test_a_closed_connection_to_sqlite_holds_no_lock(tmp_path: Path) -> None:
    """As when whoever uses it is cancelled with an answer half read."""
    async with sqlite_rows(tmp_path / "library.db") as rows:
        await asyncio.gather(*(rows.commit(media(letter), item(n, letter)) for n, letter in enumerate("ab")))
        async with rows._engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            half_read = await driver.execute("DELETE FROM fetcher_library_item RETURNING id")
            assert await half_read.fetchone() == ("job0",)
            await connection.invalidate()
        other = sqlite3.connect(tmp_path / "library.db", isolation_level=None, timeout=0)
        other.execute("BEGIN IMMEDIATE")
        other.close()
        assert len(await rows.all_items()) == 2


@pytest.mark.postgresql
async def test_two_nodes_that_want_the_same_names_do_not_wait_for_each_other(postgresql_url: str) -> None:
    engines = [create_async_engine(postgresql_url) for _ in range(2)]
    async with engines[0].begin() as connection:
        await connection.run_sync(metadata.create_all)
    nodes = [SqlRows(engine) for engine in engines]

    def want(node: int, number: int, turn: int) -> Awaitable[Shown | None]:
        # The order of ids is the reverse of the other node's.
        place = number if node else 29 - number
        added = item(0, "a", link=f"{turn}/{number}.mp4")
        return nodes[node].commit(media(), replace(added, id=f"{turn}-{node}-{place:02}"))

    for turn in range(5):
        wanted = [want(node, number, turn) for node in range(2) for number in range(30)]
        results = await asyncio.gather(*wanted)
        assert sorted(each.item.link for each in results if each) == sorted(f"{turn}/{n}.mp4" for n in range(30))
    for engine in engines:
        await engine.dispose()
