"""The watchdog: names whoever blocks the event loop."""

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType

PAT_S = 0.1
LATE_S = 0.1
QUIET_S = 10.0
"""At most one report in so many seconds."""

Report = Callable[[str, float], None]


class Watchdog:
    """A thread that the loop pats; when a pat is late it looks at what the main thread does, and reports it once it is over."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._patted = time.monotonic()
        self._ended = threading.Event()
        self._main = threading.get_ident()
        self._handle: asyncio.TimerHandle | None = None
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch the running loop."""
        self._loop = asyncio.get_running_loop()
        self._pat()
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._ended.set()
        if self._handle is not None:
            self._handle.cancel()
        if self._thread.is_alive():
            self._thread.join(timeout=1)

    def _pat(self) -> None:
        self._patted = time.monotonic()
        self._handle = self._loop.call_later(PAT_S, self._pat)

    def _watch(self) -> None:
        reported = -QUIET_S
        while not self._ended.wait(PAT_S):
            late_s = time.monotonic() - self._patted - PAT_S
            if late_s < LATE_S or time.monotonic() - reported < QUIET_S:
                continue
            reported = time.monotonic()
            frame = sys._current_frames().get(self._main)  # noqa: SLF001 - the documented way to see another thread
            if frame is not None:
                self._report(culprit(frame), late_s)


def culprit(frame: FrameType) -> str:
    """Where a thread is: the innermost frame outside the standard library and installed libraries, else the innermost."""
    stack = traceback.extract_stack(frame)
    ours = [one for one in stack if "regie" in one.filename.replace("\\", "/").rsplit("/site-packages/", 1)[-1]]
    found = (ours or stack)[-1]
    return f"{found.filename}:{found.lineno} in {found.name}"
