"""Triggers: what starts a run."""

from collections.abc import Callable, Mapping
from typing import Any

from regie.bus import Bus, Event, EventContext
from regie.bus.bus import Undo
from regie.states import State, StateMachine

Fire = Callable[[str, Mapping[str, Any], EventContext | None], None]
"""Called with a sentence, the variables of the trigger, and the context of what caused it."""


def attach(trigger: Mapping[str, Any], bus: Bus, states: StateMachine, fire: Fire) -> Undo:
    """Listen for a trigger; what returns ends it."""
    kind = trigger["trigger"]
    common = {"platform": kind, "id": trigger.get("id")}
    if kind == "state":
        return states.on_change(trigger["entity_id"], _on_state(trigger, common, fire), owner="core")
    event_type = "regie_started" if kind == "start" else trigger["event_type"]
    return bus.on(event_type, _on_event(trigger, common, fire))


def _on_state(
    trigger: Mapping[str, Any], common: Mapping[str, Any], fire: Fire
) -> Callable[[State | None, State | None], None]:
    def changed(old: State | None, new: State | None) -> None:
        if new is None or (old is not None and old.state == new.state):
            return
        if not _fits(old, trigger.get("from")) or not _fits(new, trigger.get("to")):
            return
        before = old.state if old else "unknown"
        variables = {
            **common,
            "entity_id": new.entity_id,
            "from_state": old.as_dict() if old else None,
            "to_state": new.as_dict(),
        }
        fire(f"{new.name} went from {before} to {new.state}", variables, new.context)

    return changed


def _on_event(trigger: Mapping[str, Any], common: Mapping[str, Any], fire: Fire) -> Callable[[Event], None]:
    wanted: Mapping[str, Any] = trigger.get("event_data", {})

    def happened(event: Event) -> None:
        if any(event.data.get(key) != value for key, value in wanted.items()):
            return
        fire(f"The event {event.type}", {**common, "event": event.as_dict()}, event.context)

    return happened


def _fits(state: State | None, wanted: list[str] | None) -> bool:
    return wanted is None or (state.state if state else "unknown") in wanted
