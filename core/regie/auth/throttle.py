"""A brake on guessing: so many attempts in a sliding window, counted by address and by account."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from regie.errors import Unauthorized

LIMIT = 10
WINDOW_S = 300.0
MAX_KEYS = 20_000
"""Strangers choose the keys, so the oldest are forgotten beyond this many."""


class TooManyAttempts(Unauthorized):
    """Somebody guesses; they may try again after `retry_after_s`."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("Too many attempts: wait a few minutes, then try again")
        self.retry_after_s = math.ceil(retry_after_s)


class Throttle:
    """Counts attempts by key. An attempt is counted before it is judged, so a burst cannot slip through."""

    def __init__(
        self, limit: int = LIMIT, window_s: float = WINDOW_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._window_s = window_s
        self._clock = clock
        self._attempts: OrderedDict[str, deque[float]] = OrderedDict()

    def admit(self, *keys: str) -> None:
        """Count an attempt under all keys; raises TooManyAttempts when one of them is full."""
        now = self._clock()
        wait_s = max((self._wait_s(key, now) for key in keys), default=0.0)
        if wait_s > 0:
            raise TooManyAttempts(wait_s)
        for key in keys:
            self._attempts.setdefault(key, deque()).append(now)
            self._attempts.move_to_end(key)
        while len(self._attempts) > MAX_KEYS:
            self._attempts.popitem(last=False)

    def forgive(self, *keys: str) -> None:
        """Take back the newest attempt under each key: it was a good one."""
        for key in keys:
            attempts = self._attempts.get(key)
            if attempts:
                attempts.pop()
            if not attempts:
                self._attempts.pop(key, None)

    def _wait_s(self, key: str, now: float) -> float:
        attempts = self._attempts.get(key)
        if attempts is None:
            return 0.0
        while attempts and attempts[0] <= now - self._window_s:
            attempts.popleft()
        if not attempts:
            del self._attempts[key]
            return 0.0
        return attempts[0] + self._window_s - now if len(attempts) >= self._limit else 0.0
