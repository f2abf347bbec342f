"""The state machine: one state an entity, an event for each change, none when nothing changed."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from regie.bus import Bus, EventContext
from regie.bus.bus import OnFault, Undo
from regie.errors import InvalidData
from regie.states.state import MAX_STATE_LENGTH, State, is_entity_id

STATE_CHANGED = "state_changed"
STATE_REPORTED = "state_reported"

ChangeListener = Callable[[State | None, State | None], Any]


class StateMachine:
    """Holds the states of all entities."""

    def __init__(self, bus: Bus, on_fault: OnFault) -> None:
        self._bus = bus
        self._on_fault = on_fault
        self._states: dict[str, State] = {}
        self._listeners: dict[str | None, list[tuple[ChangeListener, str]]] = {}

    def get(self, entity_id: str) -> State | None:
        """The state of an entity, if it has one."""
        return self._states.get(entity_id)

    def all(self) -> list[State]:
        """All states, by entity id."""
        return [self._states[entity_id] for entity_id in sorted(self._states)]

    def __len__(self) -> int:
        return len(self._states)

    def set(
        self,
        entity_id: str,
        state: str,
        attributes: Mapping[str, Any] | None = None,
        *,
        context: EventContext | None = None,
        force: bool = False,
    ) -> State:
        """Set a state; equal state and attributes only move `last_reported`, unless `force`."""
        now = time.time()
        attributes = {} if attributes is None else attributes
        old = self._states.get(entity_id)
        if old is None:
            entity_id = _checked_id(entity_id)
            old = self._states.get(entity_id)
        if len(state) > MAX_STATE_LENGTH:
            raise InvalidData(f"The state of {entity_id} has {len(state)} characters; {MAX_STATE_LENGTH} are allowed")
        is_same_state = old is not None and old.state == state and not force
        if is_same_state and old is not None and old.attributes == attributes:
            old.last_reported = now
            self._bus.fire(STATE_REPORTED, {"entity_id": entity_id, "new_state": old, "last_reported": now}, context)
            return old
        new = State(entity_id, state, attributes, context or EventContext(), now)
        if is_same_state and old is not None:
            new.last_changed = old.last_changed
        self._states[entity_id] = new
        self._changed(entity_id, old, new)
        return new

    def remove(self, entity_id: str, *, context: EventContext | None = None) -> bool:
        """Forget an entity's state; False if there was none."""
        old = self._states.pop(entity_id.lower(), None)
        if old is None:
            return False
        self._changed(old.entity_id, old, None, context)
        return True

    def on_change(self, entity_ids: Iterable[str] | None, listener: ChangeListener, *, owner: str = "core") -> Undo:
        """Call `listener(old, new)` inline when one of the entities (None: any) changes; what returns ends it."""
        keys: list[str | None] = [None] if entity_ids is None else [entity_id.lower() for entity_id in entity_ids]
        entry = (listener, owner)
        for key in keys:
            self._listeners.setdefault(key, []).append(entry)

        def undo() -> None:
            for key in keys:
                with suppress(KeyError, ValueError):
                    self._listeners[key].remove(entry)
                    if not self._listeners[key]:
                        del self._listeners[key]

        return undo

    def listener_owners(self) -> list[str]:
        """The owner of each listener."""
        return [owner for entries in self._listeners.values() for _, owner in entries]

    def _changed(
        self, entity_id: str, old: State | None, new: State | None, context: EventContext | None = None
    ) -> None:
        if self._listeners:
            for key in (entity_id, None):
                for listener, owner in tuple(self._listeners.get(key, ())):
                    try:
                        listener(old, new)
                    except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary that names a failing listener
                        self._on_fault(owner, error, f"listener to {entity_id}")
        context = new.context if new is not None else context
        self._bus.fire(STATE_CHANGED, {"entity_id": entity_id, "old_state": old, "new_state": new}, context)


def _checked_id(entity_id: str) -> str:
    entity_id = entity_id.lower()
    if not is_entity_id(entity_id):
        raise InvalidData(f"{entity_id!r} is no entity id: it wants the form domain.object_id, of a-z, 0-9 and _")
    return entity_id
