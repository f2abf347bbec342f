"""What just happened, in sentences, for the dashboard; and the short history of figures behind their sparklines."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regie.bus import Event
from regie.config.entries import ConfigEntry
from regie.hub import Hub
from regie.states import State
from regie_ui.messages import msgid

KEPT = 30
POINTS = 60
FIGURES = 4
ON = ("playing", "paused", "buffering")


@dataclass(frozen=True, slots=True)
class Happening:
    """One sentence; `text` is an English message with the placeholders of `values`."""

    id: int
    at: float
    tone: str
    text: str
    values: Mapping[str, str]
    href: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the house that moves."""

    entity_id: str
    label: str
    value: float
    unit: str
    points: tuple[float, ...]


@dataclass(slots=True)
class Activity:
    """Listens to the bus and keeps the last happenings; `hub` answers names."""

    hub: Hub
    happenings: deque[Happening] = field(default_factory=lambda: deque(maxlen=KEPT))
    _points: dict[str, deque[float]] = field(default_factory=dict)
    _entry_states: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def note(self, event: Event) -> None:
        """Keep an event that means something to people."""
        if event.type == "state_changed":
            self._moved(event)
        elif event.type == "config_entry_changed":
            self._entry(event)
        elif event.type == "regie_automation_run":
            self._ran(event)
        elif event.type == "regie_plugin_changed" and event.data.get("state") in ("crashed", "removed"):
            text = msgid("%(name)s crashed") if event.data["state"] == "crashed" else msgid("%(name)s was uninstalled")
            self._add(event, "bad", text, {"name": str(event.data["slug"])}, "/plugins")

    def sample(self) -> None:
        """Remember the figures of this moment."""
        for state in self._measured():
            self._points.setdefault(state.entity_id, deque(maxlen=POINTS)).append(float(state.state))

    def figures(self) -> list[Figure]:
        """The first few numbers that sensors measure."""
        return [self._figure(state) for state in self._measured()[:FIGURES]]

    def _figure(self, state: State) -> Figure:
        value, unit = float(state.state), str(state.attributes.get("unit_of_measurement", ""))
        points = tuple(self._points.get(state.entity_id, ()))
        if unit == "kbit/s":
            value, unit, points = value / 1000, "Mb/s", tuple(point / 1000 for point in points)
        return Figure(state.entity_id, state.name, value, unit, points)

    def _measured(self) -> list[State]:
        found = [
            state
            for state in self.hub.states.all()
            if state.domain == "sensor" and state.attributes.get("state_class") and _is_number(state.state)
        ]
        return sorted(found, key=lambda state: state.entity_id)

    def _moved(self, event: Event) -> None:
        old: State | None = event.data.get("old_state")
        new: State | None = event.data.get("new_state")
        began, was_on = _is_player_on(new), _is_player_on(old)
        state = new if began else old
        if state is None or began == was_on:
            return
        text = msgid("%(what)s began on %(where)s") if began else msgid("%(what)s ended on %(where)s")
        self._add(event, "live" if began else "", text, {"what": _title(state), "where": state.name})

    def _entry(self, event: Event) -> None:
        entry: ConfigEntry = event.data["entry"]
        before = self._entry_states.get(entry.id)
        if entry.state in (before, "setup_in_progress"):
            return
        self._entry_states[entry.id] = entry.state
        values = {"title": entry.title}
        if entry.state == "loaded":
            self._add(event, "good", msgid("%(title)s is connected"), values, "/integrations")
        elif entry.state in ("setup_retry", "setup_error", "needs_sign_in"):
            self._add(event, "bad", msgid("%(title)s needs a look"), values, "/integrations")

    def _ran(self, event: Event) -> None:
        automation_id, state = str(event.data["automation_id"]), event.data["state"]
        name = next((one.alias for one in self.hub.automations.all() if one.id == automation_id), automation_id)
        if state in ("done", "failed"):
            text = msgid("Automation %(name)s ran") if state == "done" else msgid("Automation %(name)s failed")
            self._add(
                event, "good" if state == "done" else "bad", text, {"name": name}, f"/automations/{automation_id}"
            )

    def _add(self, event: Event, tone: str, text: str, values: Mapping[str, Any], href: str = "") -> None:
        self._count += 1
        self.happenings.appendleft(Happening(self._count, event.fired_at, tone, text, values, href))


def _is_player_on(state: State | None) -> bool:
    return state is not None and state.domain == "media_player" and state.state in ON


def _title(state: State) -> str:
    attributes = state.attributes
    parts = [attributes.get("media_series_title") or attributes.get("media_artist"), attributes.get("media_title")]
    return " · ".join(str(part) for part in parts if part) or state.name


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
