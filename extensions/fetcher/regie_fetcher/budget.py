"""What a job may cost, and the counters that hold it to that."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .errors import OverBudget

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The limits of one job; the defaults suit a film on a home line."""

    connect_s: float = 10
    idle_s: float = 30
    total_s: float = 6 * 3600
    min_bytes_per_s: float = 128
    window_s: float = 60
    max_bytes: int = 50 * GIB
    max_file_bytes: int = 50 * GIB
    page_bytes: int = 32 * MIB
    redirects: int = 10
    connections: int = 32


class Meter:
    """Counts the bytes of a job: those on the wire and those that decoding made of them."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.wire_bytes = 0
        self.file_bytes = 0

    def received(self, count: int) -> None:
        """Count bytes from the network."""
        self.wire_bytes += count
        if self.wire_bytes > self.budget.max_bytes:
            raise OverBudget(f"More than {self.budget.max_bytes} bytes were sent")

    def declared(self, count: int) -> None:
        """Refuse a length at once that cannot fit."""
        if self.wire_bytes + count > self.budget.max_bytes or count > self.budget.max_file_bytes:
            raise OverBudget(f"The file has {count} bytes, {self.budget.max_file_bytes} are allowed")

    def decoded(self, count: int) -> None:
        """Count bytes of the file itself."""
        self.file_bytes += count
        if self.file_bytes > self.budget.max_file_bytes:
            raise OverBudget(f"The file grows over {self.budget.max_file_bytes} bytes")


class Pace:
    """Gives up on a stream that keeps sending, but next to nothing."""

    def __init__(self, budget: Budget, clock: Clock = time.monotonic) -> None:
        self._budget = budget
        self._clock = clock
        self._since = clock()
        self._bytes = 0

    def received(self, count: int) -> None:
        """Count bytes; once a window, their rate is judged."""
        self._bytes += count
        elapsed = self._clock() - self._since
        if elapsed < self._budget.window_s:
            return
        if self._bytes < self._budget.min_bytes_per_s * elapsed:
            raise OverBudget(f"The server sends only {self._bytes / elapsed:.0f} bytes a second")
        self._since, self._bytes = self._clock(), 0


class RateLimit:
    """A token bucket of one second: whoever takes more than its share waits."""

    def __init__(self, bytes_per_s: float, *, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        if bytes_per_s <= 0:
            raise ValueError("A rate limit is above zero")
        self._rate = bytes_per_s
        self._clock = clock
        self._sleep = sleep
        self._paid_until = clock() - 1.0

    async def take(self, count: int) -> None:
        """Wait until `count` more bytes may pass."""
        now = self._clock()
        self._paid_until = max(self._paid_until, now - 1.0) + count / self._rate
        if self._paid_until > now:
            await self._sleep(self._paid_until - now)
