"""Faults of plugins: named, counted, kept for the plugin's page."""

import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

KEPT = 50
CRASH_FAULTS = 20
CRASH_WINDOW_S = 300.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure; `at` is epoch seconds, `where` says in doing what."""

    at: float
    where: str
    text: str
    traceback: str
    is_from_request: bool = False
    """Whether a visitor's request met it: visitors must not be able to have a plugin unloaded."""


class Faults:
    """Collects faults by owner. `on_crash(owner)` is called when an owner has too many in too short a time."""

    def __init__(self, on_crash: Callable[[str], None], clock: Callable[[], float] = time.time) -> None:
        self._on_crash = on_crash
        self.on_report: Callable[[str], None] = lambda _owner: None
        self._clock = clock
        self._kept: dict[str, deque[Fault]] = {}
        self._log = structlog.get_logger("regie.faults")

    def report(self, owner: str, error: BaseException, where: str, *, is_from_request: bool = False) -> None:
        """File a fault; the shape that the bus and the other boundaries call."""
        text = f"{type(error).__name__}: {error}"
        fault = Fault(self._clock(), where, text, "".join(traceback.format_exception(error)), is_from_request)
        kept = self._kept.setdefault(owner, deque(maxlen=KEPT))
        kept.append(fault)
        self.on_report(owner)
        self._log.error("fault", plugin=owner, where=where, error=text, exc_info=error)
        recent = [one for one in kept if one.at > fault.at - CRASH_WINDOW_S and not one.is_from_request]
        if owner != "core" and len(recent) >= CRASH_FAULTS:
            self._on_crash(owner)

    def of(self, owner: str) -> list[Fault]:
        """The faults of an owner, newest first."""
        return list(reversed(self._kept.get(owner, ())))

    def forget(self, owner: str) -> None:
        """Start anew, when a plugin is loaded again."""
        self._kept.pop(owner, None)
