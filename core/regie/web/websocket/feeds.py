"""Feeds: one listener on the hub for all clients, so that an event is turned into JSON once."""

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from regie.bus import Bus
from regie.states import State, StateMachine
from regie.topics import Topics
from regie.web.websocket import messages

if TYPE_CHECKING:
    from regie.web.websocket.connection import Connection

Undo = Callable[[], None]
Client = tuple["Connection", int]
"""A connection and the id of its subscription."""


@dataclass(frozen=True, slots=True)
class EntityFilter:
    """Which entities a client follows: those named, or all but what include and exclude leave out."""

    entity_ids: frozenset[str] | None = None
    include: Mapping[str, Any] | None = None
    exclude: Mapping[str, Any] | None = None

    def wants(self, entity_id: str) -> bool:
        """Whether an entity is followed."""
        if self.entity_ids is not None:
            return entity_id in self.entity_ids
        if self.include and not _is_named(self.include, entity_id):
            return False
        return not (self.exclude and _is_named(self.exclude, entity_id))


class StateFeed:
    """State changes to the clients of `subscribe_entities`."""

    def __init__(self, states: StateMachine) -> None:
        self._states = states
        self._by_entity: dict[str, dict[Client, None]] = {}
        self._broad: dict[Client, EntityFilter] = {}
        self._undo: Undo | None = None

    def subscribe(self, client: Client, wanted: EntityFilter) -> Undo:
        """Tell a client of changes; what returns ends it."""
        if self._undo is None:
            self._undo = self._states.on_change(None, self._changed)
        if wanted.entity_ids is None:
            self._broad[client] = wanted
        for entity_id in wanted.entity_ids or ():
            self._by_entity.setdefault(entity_id, {})[client] = None
        return lambda: self._unsubscribe(client, wanted.entity_ids or ())

    def _unsubscribe(self, client: Client, entity_ids: Iterable[str]) -> None:
        self._broad.pop(client, None)
        for entity_id in entity_ids:
            clients = self._by_entity.get(entity_id, {})
            clients.pop(client, None)
            if not clients:
                self._by_entity.pop(entity_id, None)
        if not self._broad and not self._by_entity and self._undo is not None:
            self._undo()
            self._undo = None

    def _changed(self, old: State | None, new: State | None) -> None:
        state = new or old
        if state is None:
            return
        shared = messages.SharedEvent(lambda: messages.changes([(old, new)]))
        for connection, subscription_id in tuple(self._by_entity.get(state.entity_id, ())):
            connection.send_change(subscription_id, old, new, shared)
        for (connection, subscription_id), wanted in tuple(self._broad.items()):
            if wanted.wants(state.entity_id):
                connection.send_change(subscription_id, old, new, shared)


class Feed:
    """Events of a name, or messages of a topic, to the clients that follow it."""

    def __init__(self, listen: Callable[[str, Callable[[Any], None]], Undo], shape: Callable[[Any], Any]) -> None:
        self._listen = listen
        self._shape = shape
        self._clients: dict[str, dict[Client, None]] = {}
        self._undos: dict[str, Undo] = {}

    def subscribe(self, client: Client, name: str) -> Undo:
        """Tell a client; what returns ends it."""
        if name not in self._clients:
            self._clients[name] = {}
            self._undos[name] = self._listen(name, partial(self._tell, name))
        self._clients[name][client] = None
        return lambda: self._unsubscribe(client, name)

    def _unsubscribe(self, client: Client, name: str) -> None:
        clients = self._clients.get(name, {})
        clients.pop(client, None)
        if not clients and name in self._undos:
            del self._clients[name]
            self._undos.pop(name)()

    def _tell(self, name: str, told: Any) -> None:
        # As elsewhere, reports that nothing changed are only for who asks for them by name.
        if name == "*" and told.type == "state_reported":
            return
        shared = messages.SharedEvent(partial(self._shape, told))
        for connection, subscription_id in tuple(self._clients[name]):
            connection.send_event(subscription_id, shared)


def event_feed(bus: Bus) -> Feed:
    """Events to the clients of `subscribe_events`."""
    return Feed(bus.on, lambda event: event.as_dict())


def topic_feed(topics: Topics) -> Feed:
    """Messages to the clients of `regie/subscribe`."""
    return Feed(
        topics.subscribe,
        lambda message: {"topic": message.topic, "sequence": message.sequence, "data": message.data},
    )


def _is_named(names: Mapping[str, Any], entity_id: str) -> bool:
    return (
        entity_id in names.get("entities", ())
        or entity_id.partition(".")[0] in names.get("domains", ())
        or any(fnmatch.fnmatchcase(entity_id, pattern) for pattern in names.get("entity_globs", ()))
    )
