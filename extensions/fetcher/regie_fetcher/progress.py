"""What a running job tells about itself."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """The steps of a job, in their order."""

    EXTRACT = "extract"
    DOWNLOAD = "download"
    PROBE = "probe"
    CONVERT = "convert"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step is: bytes while downloading, seconds of media while converting."""

    step: Step
    done: float = 0
    total: float | None = None
    speed: float | None = None
    eta_s: float | None = None

    @property
    def fraction(self) -> float | None:
        """Between 0 and 1, or None while the end is unknown."""
        if not self.total or self.total <= 0:
            return None
        return min(max(self.done / self.total, 0.0), 1.0)


OnProgress = Callable[[Progress], None]


def ignore(_: Progress) -> None:
    """Take no interest."""
