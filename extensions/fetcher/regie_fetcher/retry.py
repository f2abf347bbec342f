"""When to try again: back-off for failures of the network, the server's own word for the rest."""

from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import TypeVar

from .budget import Sleep
from .errors import Throttled, TransferFailed

T = TypeVar("T")

ATTEMPTS = 4
FIRST_PAUSE_S = 0.5
DEFAULT_RETRY_AFTER_S = 30.0
MAX_RETRY_AFTER_S = 3600.0


async def with_retries(attempt: Callable[[], Awaitable[T]], *, sleep: Sleep, attempts: int = ATTEMPTS) -> T:
    """Run an attempt again after a broken transfer, with doubling pauses.

    `Throttled` passes at once: whoever holds a slot gives it up before it waits.
    """
    pause_s = FIRST_PAUSE_S
    for _ in range(attempts - 1):
        try:
            return await attempt()
        except Throttled:
            raise
        except TransferFailed:
            await sleep(pause_s)
            pause_s *= 2
    return await attempt()


def retry_after_s(header: str, *, now: float) -> float:
    """The seconds that a Retry-After header asks for, capped; `now` is the time of day."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER_S)
    try:
        wait_s = parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError, TypeError):
        return DEFAULT_RETRY_AFTER_S
    return min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)
