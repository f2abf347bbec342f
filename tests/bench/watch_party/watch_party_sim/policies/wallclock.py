"""What the browser policies share: the server's time by wall-clock pings, the fastest of the last eight."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from watch_party_sim.world import Client


@dataclass(frozen=True, slots=True)
class TimeRequest:
    """A ping with the sender's wall clock."""

    sent_s: float
    rtt_s: float


@dataclass(frozen=True, slots=True)
class TimeResponse:
    """Its answer."""

    sent_s: float
    server_s: float


class WallClockSync:
    """Offset of the server's clock to the own wall clock; `smoothing` blends new estimates into the old one."""

    def __init__(self, client: Client, intervals_s: Sequence[float], smoothing: float = 1.0) -> None:
        self._client = client
        self._intervals_s = list(intervals_s)
        self._smoothing = smoothing
        self._samples: deque[tuple[float, float]] = deque(maxlen=8)
        self._offset_s: float | None = None
        self.rtt_s = 0.0

    def begin(self) -> None:
        """Ping now, and again after each of the intervals, the last one for ever."""
        self._client.send(TimeRequest(self._client.wall(), self.rtt_s))
        interval = self._intervals_s[0]
        if len(self._intervals_s) > 1:
            self._intervals_s.pop(0)
        self._client.world.at(self._client.world.now + interval, self.begin)

    def take(self, response: TimeResponse) -> None:
        """Use one answer."""
        now = self._client.wall()
        self._samples.append((now - response.sent_s, response.server_s - (now + response.sent_s) / 2))
        self.rtt_s, offset = min(self._samples)
        if self._offset_s is None:
            self._offset_s = offset
        self._offset_s += self._smoothing * (offset - self._offset_s)

    @property
    def ready(self) -> bool:
        """Whether any answer has come."""
        return self._offset_s is not None

    def server_time(self) -> float:
        """The server's clock now."""
        return self._client.wall() + (self._offset_s or 0.0)
