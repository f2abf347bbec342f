"""The library's rows in SQL, for SQLite and PostgreSQL alike."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    MetaData,
    Row,
    RowMapping,
    String,
    Table,
    Text,
    bindparam,
    delete,
    event,
    exists,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from .batch import Batch
from .rows import LibraryItem, MediaFile, Shown

metadata = MetaData()

media_file = Table(
    "fetcher_media_file",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("source_sha256", String(64), nullable=False, index=True),
    Column("source_bytes", BigInteger, nullable=False),
    Column("recipe", String(255), nullable=False),
    Column("duration_s", Float),
    Column("streams", Text, nullable=False),
    Column("suffix", String(16), nullable=False),
    Column("is_missing", Boolean, nullable=False),
)

library_item = Table(
    "fetcher_library_item",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("sha256", ForeignKey(media_file.c.sha256, ondelete="RESTRICT"), nullable=False, index=True),
    Column("folder", Text, nullable=False),
    # Null rather than empty: any number of items may have no link.
    Column("link", Text, unique=True),
    Column("source_url", Text, nullable=False),
)

_ATTEMPTS = 5
_DEADLOCK = "40P01"  # PostgreSQL, appendix A
READERS = 4
# Built once: SQLAlchemy spends more on making a statement than on running it.
_SHOWN = (
    select(library_item, media_file)
    .join_from(library_item, media_file)
    .where(library_item.c.id.in_(bindparam("ids", expanding=True)))
)
_MEDIA = select(media_file).where(media_file.c.sha256 == bindparam("sha256"))
_MEDIA_BY_SOURCE = (
    select(media_file)
    .where(
        media_file.c.source_sha256 == bindparam("source_sha256"),
        media_file.c.recipe == bindparam("recipe"),
    )
    .limit(1)
)
_is_shown = exists().where(library_item.c.sha256 == media_file.c.sha256)


@asynccontextmanager
async def sqlite_rows(path: Path) -> AsyncIterator["SqlRows"]:
    """The rows of a library in a file of its own, its tables made where they are missing.

    One connection writes, because SQLite before 3.51.3 can corrupt a WAL that two reset at once. FULL, so that what was
    committed survives a power cut.
    """
    writer = _sqlite_engine(path, 1, ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"))
    reader = _sqlite_engine(path, READERS, ("query_only=ON",))
    try:
        async with writer.begin() as connection:
            await connection.run_sync(metadata.create_all)
        yield SqlRows(writer, reader)
    finally:
        await reader.dispose()
        await writer.dispose()


def _sqlite_engine(path: Path, connections: int, pragmas: Sequence[str]) -> AsyncEngine:
    # Each use ends its own transaction, so a rollback on return would only be another way to the connection's thread.
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}",
        pool_size=connections,
        max_overflow=0,
        pool_reset_on_return=None,
        connect_args={"factory": _Connection},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        del record
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    return engine


class _Connection(sqlite3.Connection):
    """Rolls back before it closes, as a cancelled call makes SQLAlchemy do amid a transaction.

    One that closes with a statement half read keeps its locks until the statement is collected, and locks all others out.
    """

    def close(self) -> None:
        """Give up the locks, then close."""
        with suppress(sqlite3.Error):
            self.rollback()
        super().close()


class SqlRows:
    """Rows in the tables above; the schema is made by whoever owns the database. `reader` may be an engine for reads alone."""

    def __init__(self, engine: AsyncEngine, reader: AsyncEngine | None = None) -> None:
        self._engine = engine
        self._reader = reader or engine
        insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
        self._insert_media = insert(media_file).on_conflict_do_nothing()
        self._insert_item = insert(library_item).on_conflict_do_nothing()
        self._commits = Batch(self._commit_all)

    async def commit(self, media: MediaFile, item: LibraryItem) -> Shown | None:
        """Insert file and item where they are not there yet, and return them as they now are."""
        return await self._commits.add((media, item))

    async def _commit_all(self, pairs: Sequence[tuple[MediaFile, LibraryItem]]) -> list[Shown | None]:
        for _ in range(_ATTEMPTS - 1):
            try:
                return await self._commit(pairs)
            except DBAPIError as error:
                # Another node deleted a file's row between our two inserts, or waits for us as we do for it.
                if not isinstance(error, IntegrityError) and getattr(error.orig, "sqlstate", "") != _DEADLOCK:
                    raise
        return await self._commit(pairs)

    async def _commit(self, pairs: Sequence[tuple[MediaFile, LibraryItem]]) -> list[Shown | None]:
        """All that wait in one transaction: what they cost together is little more than what one costs."""
        # In one order on every node, so that two seldom wait for each other: for files by hash, for names by link.
        files = [asdict(media) for media, _ in sorted(pairs, key=lambda pair: pair[0].sha256)]
        items = [_as_row(item) for _, item in sorted(pairs, key=lambda pair: (pair[1].link, pair[1].id))]
        async with self._engine.begin() as connection:
            await connection.execute(self._insert_media, files)
            await connection.execute(self._insert_item, items)
            rows = await connection.execute(_SHOWN, {"ids": [item.id for _, item in pairs]})
            found = {shown.item.id: shown for shown in map(_as_shown, rows)}
            shown = [found.get(item.id) for _, item in pairs]
            idle = [media.sha256 for (media, _), each in zip(pairs, shown, strict=True) if not _shows(each, media)]
            if idle:
                await connection.execute(delete(media_file).where(media_file.c.sha256.in_(idle), ~_is_shown))
            return shown

    async def media(self, sha256: str) -> MediaFile | None:
        """The file with this hash."""
        async with self._reader.connect() as connection:
            return _first_media((await connection.execute(_MEDIA, {"sha256": sha256})).mappings().all())

    async def media_by_source(self, source_sha256: str, recipe: str) -> MediaFile | None:
        """A file that the recipe once made of this source."""
        wanted = {"source_sha256": source_sha256, "recipe": recipe}
        async with self._reader.connect() as connection:
            return _first_media((await connection.execute(_MEDIA_BY_SOURCE, wanted)).mappings().all())

    async def all_media(self) -> Sequence[MediaFile]:
        """Every file."""
        async with self._reader.connect() as connection:
            return [MediaFile(**row) for row in (await connection.execute(select(media_file))).mappings()]

    async def item(self, item_id: str) -> LibraryItem | None:
        """The item with this id."""
        async with self._reader.connect() as connection:
            return await _item(connection, item_id)

    async def all_items(self) -> Sequence[LibraryItem]:
        """Every item."""
        async with self._reader.connect() as connection:
            return [_as_item(row) for row in (await connection.execute(select(library_item))).mappings()]

    async def remove_item(self, item_id: str) -> MediaFile | None:
        """Remove an item, and its file's row with the last of them; returns that file."""
        async with self._engine.begin() as connection:
            # Two last items that go at once would each see the other, so removals of one file wait in line.
            shown = select(library_item.c.sha256).where(library_item.c.id == item_id).scalar_subquery()
            await connection.execute(select(media_file.c.sha256).where(media_file.c.sha256 == shown).with_for_update())
            removed = await connection.execute(
                delete(library_item).where(library_item.c.id == item_id).returning(library_item.c.sha256)
            )
            sha256 = removed.scalar_one_or_none()
            if sha256 is None:
                return None
            last = delete(media_file).where(media_file.c.sha256 == sha256, ~_is_shown).returning(media_file)
            return _first_media((await connection.execute(last)).mappings().all())

    async def remove_unreferenced(self) -> Sequence[MediaFile]:
        """Remove and return the files that no item shows."""
        async with self._engine.begin() as connection:
            removed = await connection.execute(delete(media_file).where(~_is_shown).returning(media_file))
            return [MediaFile(**row) for row in removed.mappings()]

    async def mark_missing(self, sha256: str, *, is_missing: bool) -> None:
        """Note whether the file was found on disk."""
        async with self._engine.begin() as connection:
            await connection.execute(
                update(media_file).where(media_file.c.sha256 == sha256).values(is_missing=is_missing)
            )


async def _item(connection: AsyncConnection, item_id: str) -> LibraryItem | None:
    found = await connection.execute(select(library_item).where(library_item.c.id == item_id))
    row = found.mappings().one_or_none()
    return None if row is None else _as_item(row)


def _shows(shown: Shown | None, media: MediaFile) -> bool:
    return shown is not None and shown.media.sha256 == media.sha256


def _as_shown(row: Row[Any]) -> Shown:
    width = len(library_item.c)
    item = dict(zip(library_item.c.keys(), row[:width], strict=True))
    return Shown(_as_item(item), MediaFile(**dict(zip(media_file.c.keys(), row[width:], strict=True))))


def _as_row(item: LibraryItem) -> dict[str, Any]:
    return asdict(item) | {"link": item.link or None}


def _as_item(row: RowMapping | dict[str, Any]) -> LibraryItem:
    return LibraryItem(**{**row, "link": row["link"] or ""})


def _first_media(rows: Sequence[RowMapping]) -> MediaFile | None:
    return MediaFile(**rows[0]) if rows else None
