"""Figures for Prometheus. Labels never carry ids of entities or people."""

import time
from collections import Counter as Count
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Info, ProcessCollector, generate_latest

if TYPE_CHECKING:
    from regie.hub import Hub


class Metrics:
    """The registry of one hub; plugins and parts add their own figures to `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._info = Info("regie", "What runs", registry=self.registry)
        self._uptime = Gauge("regie_uptime_seconds", "Seconds since the start", registry=self.registry)
        self._states = Gauge("regie_states", "Entities with a state", registry=self.registry)
        self._plugins = Gauge("regie_plugins", "Installed plugins by state", ["state"], registry=self.registry)
        self._clients = Gauge("regie_websocket_clients", "Connected WebSocket clients", registry=self.registry)
        self._cut_off = Counter(
            "regie_websocket_cut_off", "WebSocket clients cut off for not reading", registry=self.registry
        )
        self._faults = Counter("regie_faults", "Faults filed, by plugin", ["plugin"], registry=self.registry)
        answers = Counter("regie_http_answers", "Answers to HTTP requests", ["status"], registry=self.registry)
        self._answers = {first: answers.labels(f"{first}xx") for first in range(1, 6)}

    def answered(self, status: int) -> None:
        """Count an answer."""
        self._answers[status // 100].inc()

    def fault(self, owner: str) -> None:
        """Count a fault of a plugin, or of the core."""
        self._faults.labels(owner).inc()

    def cut_off(self) -> None:
        """Count a WebSocket client that could not follow."""
        self._cut_off.inc()

    def look(self, hub: "Hub") -> None:
        """Note what is so now; called on the loop, before `text`."""
        self._info.info({"version": hub.version})
        self._uptime.set(time.time() - hub.started_at)
        self._states.set(len(hub.states.all()))
        self._clients.set(len(hub.web.websocket))
        self._plugins.clear()
        for state, count in Count(record.state for record in hub.plugins.all()).items():
            self._plugins.labels(state).set(count)

    def text(self) -> bytes:
        """All figures; takes milliseconds, so call it in a thread."""
        return generate_latest(self.registry)
