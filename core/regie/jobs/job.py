"""One job, as its handler sees it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Progress = Callable[[int, int | None, str], Awaitable[None]]
Handler = Callable[["Job"], Awaitable[None]]


@dataclass(slots=True, eq=False)
class Job:
    """A piece of work that was queued. `attempt` counts from 1; `is_cancelled` asks the handler to end soon."""

    id: str
    kind: str
    args: Mapping[str, Any]
    attempt: int
    _progress: Progress = field(repr=False)
    is_cancelled: bool = False

    async def progress(self, done: int, total: int | None = None, text: str = "") -> None:
        """Say how far it is; this also renews the lease."""
        await self._progress(done, total, text)
