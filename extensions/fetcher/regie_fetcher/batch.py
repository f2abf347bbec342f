"""Turns that are shared: while one batch is served, whoever comes waits for the next, and all of them go together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Entry = TypeVar("Entry")
Result = TypeVar("Result")


class Batch(Generic[Entry, Result]):
    """Calls `serve` with all entries that wait, one call at a time; it returns their results in the same order.

    Whoever gets the turn serves the others too. If that fails, or its caller is cancelled, the error is its own: the
    others try again.
    """

    def __init__(self, serve: Callable[[Sequence[Entry]], Awaitable[Sequence[Result]]]) -> None:
        self._serve = serve
        self._turn = asyncio.Lock()
        self._waiting: dict[asyncio.Future[Result], Entry] = {}

    async def add(self, entry: Entry) -> Result:
        """Have an entry served; one whose caller is cancelled while it waits is not."""
        mine: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting[mine] = entry
        try:
            async with self._turn:
                if not mine.done():
                    await self._serve_all()
            return mine.result()
        finally:
            self._waiting.pop(mine, None)

    async def _serve_all(self) -> None:
        batch = dict(self._waiting)
        results = await self._serve(list(batch.values()))
        for done, result in zip(batch, results, strict=True):
            self._waiting.pop(done, None)
            done.set_result(result)
