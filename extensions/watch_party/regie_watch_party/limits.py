"""How much a member may send, and how often a password may be tried."""

from collections import deque
from dataclasses import dataclass, field

PASSWORD_TRIES = 5
PASSWORD_WINDOW_S = 600.0
SOURCES_MAX = 1024


@dataclass(slots=True)
class TokenBucket:
    """So many a second on average, so many at once."""

    per_s: float
    burst: float
    tokens: float = field(init=False)
    at_s: float | None = None

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def take(self, now: float) -> bool:
        """Use one up, if there is one."""
        if self.at_s is not None:
            self.tokens = min(self.burst, self.tokens + max(0.0, now - self.at_s) * self.per_s)
        self.at_s = now
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True


class PasswordThrottle:
    """Five wrong passwords from one source within ten minutes are enough."""

    def __init__(self) -> None:
        self._failures: dict[str, deque[float]] = {}

    def blocked(self, now: float, source: str) -> bool:
        """Whether a source has to wait."""
        failures = self._failures.get(source)
        return failures is not None and len(failures) == PASSWORD_TRIES and now - failures[0] < PASSWORD_WINDOW_S

    def failed(self, now: float, source: str) -> None:
        """Note a wrong password; the source that failed longest ago is forgotten when there are too many."""
        failures = self._failures.pop(source, None) or deque(maxlen=PASSWORD_TRIES)
        failures.append(now)
        self._failures[source] = failures
        if len(self._failures) > SOURCES_MAX:
            del self._failures[next(iter(self._failures))]
