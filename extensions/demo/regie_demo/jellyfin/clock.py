"""Clocks for the stub server: the real one, and one for tests."""

from datetime import UTC, datetime, timedelta


def real_clock() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime(2026, 3, 1, 20, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The moment that it shows."""
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
