"""The live store: short-lived shared data (streams, positions, progress) that may be rebuilt from its sources."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from regie.bus.bus import OnFault, Undo

Watcher = Callable[[str, Mapping[str, Any] | None], Any]


class LiveStore(Protocol):
    """Values by key, with a time to live; the last writer wins. One interface for one process and for several nodes."""

    async def put(self, key: str, value: Mapping[str, Any], *, ttl_s: float | None = None) -> None:
        """Set a value; it is gone after `ttl_s` seconds unless put again."""

    async def get(self, key: str) -> Mapping[str, Any] | None:
        """A value, if there is one."""

    async def delete(self, key: str) -> None:
        """Forget a value."""

    async def items(self, prefix: str = "") -> dict[str, Mapping[str, Any]]:
        """All values whose key starts with a prefix, by key."""

    def watch(self, prefix: str, watcher: Watcher) -> Undo:
        """Call `watcher(key, value or None)` for each change below a prefix; what returns ends it."""


class MemoryLiveStore:
    """The live store of one process."""

    def __init__(self, on_fault: OnFault, clock: Callable[[], float] = time.monotonic) -> None:
        self._on_fault = on_fault
        self._clock = clock
        self._values: dict[str, tuple[Mapping[str, Any], float | None]] = {}
        self._watchers: list[tuple[str, Watcher]] = []

    async def put(self, key: str, value: Mapping[str, Any], *, ttl_s: float | None = None) -> None:
        """Set a value; it is gone after `ttl_s` seconds unless put again."""
        self._values[key] = (value, None if ttl_s is None else self._clock() + ttl_s)
        self._tell(key, value)

    async def get(self, key: str) -> Mapping[str, Any] | None:
        """A value, if there is one."""
        self._expire()
        found = self._values.get(key)
        return found[0] if found else None

    async def delete(self, key: str) -> None:
        """Forget a value."""
        if self._values.pop(key, None) is not None:
            self._tell(key, None)

    async def items(self, prefix: str = "") -> dict[str, Mapping[str, Any]]:
        """All values whose key starts with a prefix, by key."""
        self._expire()
        return {key: value for key, (value, _) in sorted(self._values.items()) if key.startswith(prefix)}

    def watch(self, prefix: str, watcher: Watcher) -> Undo:
        """Call `watcher(key, value or None)` for each change below a prefix; what returns ends it."""
        entry = (prefix, watcher)
        self._watchers.append(entry)

        def undo() -> None:
            with suppress(ValueError):
                self._watchers.remove(entry)

        return undo

    def _expire(self) -> None:
        now = self._clock()
        for key in [key for key, (_, until) in self._values.items() if until is not None and until <= now]:
            del self._values[key]
            self._tell(key, None)

    def _tell(self, key: str, value: Mapping[str, Any] | None) -> None:
        for prefix, watcher in tuple(self._watchers):
            if key.startswith(prefix):
                try:
                    watcher(key, value)
                except Exception as error:  # noqa: BLE001 - the boundary that names a failing watcher
                    self._on_fault("core", error, f"watcher of {prefix}")
