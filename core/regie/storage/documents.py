"""Documents: small JSON objects by key, for what needs no table."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from regie.storage.database import Database
from regie.storage.models import DocumentRow

DELAY_S = 1.0

Spawn = Callable[[Coroutine[Any, Any, None], str], object]


class Documents:
    """Documents of the core and of plugins (`<slug>.<name>`)."""

    def __init__(self, database: Database, spawn: Spawn) -> None:
        self._database = database
        self._spawn = spawn
        self._pending: dict[str, Mapping[str, Any]] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def load(self, key: str) -> dict[str, Any] | None:
        """A document, if there is one."""
        if key in self._pending:
            return dict(self._pending[key])
        async with self._database.read() as connection:
            row = (await connection.execute(select(DocumentRow.data).where(DocumentRow.key == key))).first()
        return row.data if row else None

    async def save(self, key: str, data: Mapping[str, Any], session: AsyncSession | None = None) -> None:
        """Keep a document, in the caller's transaction if one is given."""
        self._pending.pop(key, None)
        if session is not None:
            await session.merge(_row(key, data))
            return
        async with self._database.write() as own:
            await own.merge(_row(key, data))

    def save_soon(self, key: str, data: Mapping[str, Any]) -> None:
        """Keep a document within a second; many calls make one write."""
        self._pending[key] = data
        self._arm()

    async def forget(self, prefix: str) -> None:
        """Delete the documents whose key starts with a prefix."""
        async with self._database.write() as session:
            await session.execute(delete(DocumentRow).where(DocumentRow.key.startswith(prefix, autoescape=True)))

    async def flush(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._pending:
            await self._write(*next(iter(self._pending.items())))

    async def _write(self, key: str, data: Mapping[str, Any]) -> None:
        # It waits until it is written: the write may fail or be cancelled, and readers come meanwhile.
        async with self._database.write() as session:
            if self._pending.get(key) is not data:
                return
            await session.merge(_row(key, data))
        if self._pending.get(key) is data:
            del self._pending[key]

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY_S, self._due)

    def _due(self) -> None:
        self._timer = None
        self._spawn(self._flush_or_later(), "documents")

    async def _flush_or_later(self) -> None:
        try:
            await self.flush()
        except Exception:
            self._arm()
            raise


def _row(key: str, data: Mapping[str, Any]) -> DocumentRow:
    return DocumentRow(key=key, data=dict(data), saved_at=time.time())
