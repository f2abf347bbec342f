"""The database: SQLite in the data directory, or PostgreSQL by address; the same two calls on both."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from regie.errors import ConfigError, StorageFull

READERS = 4
COMMAND_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 5.0

# One connection writes and checkpoints: SQLite before 3.51.3 can corrupt a WAL that two connections reset at once.
# FULL, so that what was acknowledged survives a power cut; no memory map, which turned that fault into structural damage.
_WRITER_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=5000",
    "foreign_keys=ON",
    "journal_size_limit=67108864",
    "temp_store=MEMORY",
    "cache_size=-16000",
    "mmap_size=0",
)
_READER_PRAGMAS = ("busy_timeout=5000", "query_only=ON", "temp_store=MEMORY", "cache_size=-16000", "mmap_size=0")

Result = TypeVar("Result")


class _Connection(sqlite3.Connection):
    """Rolls back before it closes, as a cancelled call makes SQLAlchemy do amid a transaction.

    One that closes with a statement half read keeps its locks until the statement is collected, and locks all others out.
    """

    def close(self) -> None:
        """Give up the locks, then close."""
        with suppress(sqlite3.Error):
            self.rollback()
        super().close()


class Database:
    """Opens engines by address. `write` is one transaction, committed at the end; `read` cannot change anything."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self.dialect = self._url.get_backend_name()
        self._write_lock = asyncio.Lock()
        if self.dialect == "sqlite":
            self._writer = _sqlite_engine(url, 1, _WRITER_PRAGMAS, "BEGIN IMMEDIATE")
            self._reader = _sqlite_engine(url, READERS, _READER_PRAGMAS, "BEGIN")
        else:
            self._writer = self._reader = create_async_engine(
                url,
                pool_size=10,
                pool_pre_ping=True,
                pool_timeout=CONNECT_TIMEOUT_S,
                connect_args={"command_timeout": COMMAND_TIMEOUT_S, "timeout": CONNECT_TIMEOUT_S},
            )

    async def start(self) -> None:
        """Connect once, so that a wrong address is known at start."""
        try:
            async with self._writer.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (OSError, DBAPIError, TimeoutError) as error:
            shown = self._url.render_as_string(hide_password=True)
            raise ConfigError(f"The database at {shown} does not answer: {_reason(error)}") from error

    async def stop(self) -> None:
        """Close all connections; SQLite's last one checkpoints."""
        if self._reader is not self._writer:
            await self._reader.dispose()
        await self._writer.dispose()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One transaction that may write. On SQLite they run one after the other, so keep them short."""
        if self.dialect == "sqlite":
            async with self._write_lock, self._transaction() as session:
                yield session
        else:
            async with self._transaction() as session:
                yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads, in one consistent snapshot on SQLite."""
        async with self._reader.connect() as connection:
            yield connection

    async def run_sync(self, function: Callable[[Connection], Result]) -> Result:
        """Run a synchronous function (a migration) in one write transaction on a connection of its own."""
        async with self._write_lock, self._writer.begin() as connection:
            return await connection.run_sync(function)

    async def copy_to(self, path: str) -> None:
        """A consistent copy of an SQLite database, made while it is in use."""
        async with self._write_lock, self._writer.connect() as connection:
            raw = await connection.get_raw_connection()
            await raw.driver_connection.execute("VACUUM INTO ?", (path,))  # type: ignore[union-attr]

    async def quick_check(self) -> str:
        """`ok`, or what SQLite finds wrong; PostgreSQL looks after itself."""
        if self.dialect != "sqlite":
            return "ok"
        async with self.read() as connection:
            return str((await connection.execute(text("PRAGMA quick_check(1)"))).scalar_one())

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        try:
            async with AsyncSession(self._writer, expire_on_commit=False) as session, session.begin():
                yield session
        except DBAPIError as error:
            if "disk is full" in str(error.orig) or "No space left" in str(error.orig):
                raise StorageFull("The disk is full: free some space, nothing that was saved is lost") from error
            raise


def _sqlite_engine(url: str, size: int, pragmas: tuple[str, ...], begin: str) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=COMMAND_TIMEOUT_S,
        connect_args={"factory": _Connection},
    )

    def connected(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        # The driver's own transactions leave half of a failed migration behind; ours begin where we say.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", begun)
    return engine


def _reason(error: Any) -> str:
    return str(getattr(error, "orig", None) or error) or type(error).__name__
