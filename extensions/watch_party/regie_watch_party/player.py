"""What the controller hears from a player and tells it."""

from dataclasses import dataclass

START_LATENCY_CAP_S = 0.6
SEEK_LATENCY_CAP_S = 5.0
LEARNING_RATE = 0.3
# Seeks scatter: the first ones are averaged, and what was assumed counts as a quarter of one.
ASSUMED_WEIGHT = 0.25


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the player; `at_s` is the local monotonic time at which the position was true."""

    at_s: float
    position_s: float
    paused: bool
    seeking: bool = False
    stalled: bool = False
    ended: bool = False
    buffered_s: float | None = None  # the position up to which media is loaded


@dataclass(frozen=True, slots=True)
class Play:
    """Start playing."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Stand still."""


@dataclass(frozen=True, slots=True)
class Seek:
    """Go to a position."""

    position_s: float


@dataclass(frozen=True, slots=True)
class SetRate:
    """Run at another speed."""

    rate: float


Command = Play | Pause | Seek | SetRate


@dataclass(frozen=True, slots=True)
class Traits:
    """What a player is able to do."""

    has_rate: bool = True
    seek_reloads: bool = False  # a transcoded stream: seeking outside the buffer restarts it
    audio_only: bool = False  # no picture that hides a change of speed

    @property
    def tick_s(self) -> float:
        """How often its controller should look at it."""
        return 0.1 if self.has_rate else 0.5


@dataclass(slots=True)
class Latencies:
    """How long a device takes to start and to seek, learned by watching it; worth storing per device."""

    start_s: float = 0.1
    seek_s: float = 0.25
    starts: int = 0
    seeks: int = 0

    def learn_start(self, measured_s: float) -> None:
        """Take one measured start."""
        measured_s = max(0.0, min(START_LATENCY_CAP_S, measured_s))
        self.start_s += (measured_s - self.start_s) * (LEARNING_RATE if self.starts else 1.0)
        self.starts += 1

    def learn_seek(self, measured_s: float) -> None:
        """Take one measured seek."""
        measured_s = max(0.0, min(SEEK_LATENCY_CAP_S, measured_s))
        self.seeks += 1
        self.seek_s += (measured_s - self.seek_s) * max(LEARNING_RATE, 1.0 / (self.seeks + ASSUMED_WEIGHT))
