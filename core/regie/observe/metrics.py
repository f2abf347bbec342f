"""Metrics: the figures of one hub, in a registry of its own; labels never carry names of people or things."""

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge

from regie.bus import Event

if TYPE_CHECKING:
    from regie.hub import Hub


class Metrics:
    """What `/metrics` shows."""

    def __init__(self, hub: "Hub") -> None:
        self.registry = CollectorRegistry()
        self._faults = Counter("regie_faults", "Faults filed, by plugin", ["plugin"], registry=self.registry)
        self._jobs = Counter("regie_jobs_finished", "Jobs that ended, by outcome", ["state"], registry=self.registry)
        self._runs = Counter("regie_automation_runs", "Runs of automations, by outcome", ["state"], registry=self.registry)
        gauges = {
            "regie_start_time_seconds": ("When the hub started, epoch seconds", lambda: hub.started_at),
            "regie_entities": ("Entities with a state", lambda: len(hub.states)),
            "regie_plugins_running": ("Plugins that run", lambda: sum(one.is_running for one in hub.plugins.all())),
            "regie_listeners": ("Subscriptions to the bus", lambda: sum(hub.bus.listener_counts().values())),
        }
        for name, (text, read) in gauges.items():
            Gauge(name, text, registry=self.registry).set_function(read)
        hub.bus.on("regie_job_finished", self._job_finished)
        hub.bus.on("regie_automation_run", self._automation_ran)
        hub.faults.on_report = self._fault

    def _fault(self, owner: str) -> None:
        self._faults.labels(owner).inc()

    def _job_finished(self, event: Event) -> None:
        self._jobs.labels(event.data["state"]).inc()

    def _automation_ran(self, event: Event) -> None:
        self._runs.labels(event.data["state"]).inc()
