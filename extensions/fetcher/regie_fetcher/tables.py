"""The library's rows in SQL, for SQLite and PostgreSQL alike."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Insert,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    exists,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .rows import LibraryItem, MediaFile

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
_is_shown = exists().where(library_item.c.sha256 == media_file.c.sha256)


class SqlRows:
    """Rows in the tables above; the schema is made by whoever owns the database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def commit(self, media: MediaFile, item: LibraryItem) -> LibraryItem | None:
        """Insert file and item where they are not there yet; None if another item holds the link."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return await self._commit(media, item)
            except IntegrityError:
                # Another node deleted the file's row between our two inserts.
                continue
        return await self._commit(media, item)

    async def _commit(self, media: MediaFile, item: LibraryItem) -> LibraryItem | None:
        async with self._engine.begin() as connection:
            known = await _item(connection, item.id)
            if known is not None:
                return known
            await connection.execute(self._insert_or_ignore(media_file).values(**asdict(media)))
            values = asdict(item) | {"link": item.link or None}
            await connection.execute(self._insert_or_ignore(library_item).values(**values))
            added = await _item(connection, item.id)
            if added is None:
                await connection.rollback()
            return added

    def _insert_or_ignore(self, table: Table) -> Insert:
        if self._engine.dialect.name == "postgresql":
            return postgresql.insert(table).on_conflict_do_nothing()
        return sqlite.insert(table).on_conflict_do_nothing()

    async def media(self, sha256: str) -> MediaFile | None:
        """The file with this hash."""
        async with self._engine.connect() as connection:
            found = await connection.execute(select(media_file).where(media_file.c.sha256 == sha256))
            return _first_media(found.mappings().all())

    async def media_by_source(self, source_sha256: str, recipe: str) -> MediaFile | None:
        """A file that the recipe once made of this source."""
        wanted = select(media_file).where(media_file.c.source_sha256 == source_sha256, media_file.c.recipe == recipe)
        async with self._engine.connect() as connection:
            return _first_media((await connection.execute(wanted.limit(1))).mappings().all())

    async def all_media(self) -> Sequence[MediaFile]:
        """Every file."""
        async with self._engine.connect() as connection:
            return [MediaFile(**row) for row in (await connection.execute(select(media_file))).mappings()]

    async def item(self, item_id: str) -> LibraryItem | None:
        """The item with this id."""
        async with self._engine.connect() as connection:
            return await _item(connection, item_id)

    async def all_items(self) -> Sequence[LibraryItem]:
        """Every item."""
        async with self._engine.connect() as connection:
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


def _as_item(row: RowMapping) -> LibraryItem:
    return LibraryItem(**dict(row) | {"link": row["link"] or ""})


def _first_media(rows: Sequence[RowMapping]) -> MediaFile | None:
    return MediaFile(**rows[0]) if rows else None
