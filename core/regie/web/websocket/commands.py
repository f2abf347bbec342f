"""The commands of the core."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from regie.auth import allows
from regie.auth.permissions import Permission
from regie.bus import EventContext
from regie.bus.bus import MATCH_ALL, MAX_TYPE_LENGTH
from regie.errors import NotFound, Unauthorized
from regie.plugins.commands import Command as PluginCommand
from regie.web import shapes
from regie.web.websocket import messages
from regie.web.websocket.connection import ANSWERED, CommandRefused, Connection
from regie.web.websocket.feeds import EntityFilter, StateFeed, event_feed, topic_feed

if TYPE_CHECKING:
    from regie.auth import User
    from regie.hub import Hub
    from regie.web.router import Router

PUBLIC_EVENTS = frozenset(
    {
        "area_registry_updated",
        "component_loaded",
        "core_config_updated",
        "device_registry_updated",
        "entity_registry_updated",
        "panels_updated",
        "service_registered",
        "service_removed",
        "state_changed",
    }
)
"""What people who are no admins may listen to; anything else may tell of others."""

Handler = Callable[[Connection, int, Mapping[str, Any]], Any]

_NAMES = [vol.All(str, vol.Length(max=255))]
_FILTER = vol.Schema({"entities": _NAMES, "domains": _NAMES, "entity_globs": _NAMES})
_EVENT_TYPE = vol.All(str, vol.Length(min=1, max=MAX_TYPE_LENGTH))
_TARGET = {vol.Any("entity_id", "device_id", "area_id", "floor_id", "label_id"): object}


@dataclass(frozen=True, slots=True)
class CoreCommand:
    """A command of the core. `handler(connection, message id, data)` is plain or a coroutine function."""

    name: str
    handler: Handler
    schema: vol.Schema
    permission: Permission

    async def run(self, connection: Connection, message_id: int, data: Mapping[str, Any]) -> Any:
        """The result, or ANSWERED."""
        result = self.handler(connection, message_id, data)
        return await result if inspect.isawaitable(result) else result


@dataclass(frozen=True, slots=True)
class AddedCommand:
    """A command that a plugin added."""

    command: PluginCommand

    @property
    def name(self) -> str:
        """`<slug>/<name>`."""
        return self.command.name

    @property
    def permission(self) -> Permission:
        """As the plugin declared."""
        return self.command.permission

    @property
    def schema(self) -> vol.Schema | None:
        """As the plugin declared; without one, no parameters are taken."""
        return self.command.schema or vol.Schema({})

    async def run(self, connection: Connection, _message_id: int, data: Mapping[str, Any]) -> Any:
        """What the plugin answers."""
        return await self.command.handler(_user(connection), data)


class Commands:
    """All commands, found by name."""

    def __init__(self, hub: "Hub", router: "Router") -> None:
        self._hub = hub
        self._router = router
        self._states = StateFeed(hub.states)
        self._events = event_feed(hub.bus)
        self._topics = topic_feed(hub.topics)
        self._commands: dict[str, CoreCommand] = {}
        self._add_reads()
        self._add_subscriptions()
        self._add_acts()

    def find(self, name: str) -> CoreCommand | AddedCommand | None:
        """A command by its type."""
        if name in self._commands:
            return self._commands[name]
        added = self._hub.commands.find(name)
        return AddedCommand(added) if added else None

    def _add(
        self, name: str, handler: Handler, schema: dict[Any, Any] | None = None, *, permission: Permission = "user"
    ) -> None:
        self._commands[name] = CoreCommand(name, handler, vol.Schema(schema or {}), permission)

    def _add_reads(self) -> None:
        hub = self._hub
        self._add("get_states", lambda *_: hub.states.all())
        self._add("get_config", lambda *_: shapes.config(hub), permission="guest")
        self._add("get_services", lambda *_: shapes.services(hub))
        self._add("auth/current_user", self._current_user, permission="guest")
        entities = {vol.Optional("type_filter"): object, vol.Optional("domain"): str}
        self._add("config_entries/get", self._entries, entities, permission="admin")
        self._add("config/entity_registry/list", lambda *_: [shapes.registry_entry(one) for one in hub.entities.all()])
        self._add("config/entity_registry/get", self._registry_entry, {vol.Required("entity_id"): str})
        self._add("config/area_registry/list", lambda *_: [])

    def _add_subscriptions(self) -> None:
        self._add("subscribe_events", self._subscribe_events, {vol.Optional("event_type"): _EVENT_TYPE})
        entities = {
            vol.Optional("entity_ids"): _NAMES,
            vol.Optional("include"): _FILTER,
            vol.Optional("exclude"): _FILTER,
        }
        self._add("subscribe_entities", self._subscribe_entities, entities)
        topic = {vol.Required("topic"): vol.All(str, vol.Length(min=1, max=200)), vol.Optional("after"): int}
        self._add("regie/subscribe", self._subscribe_topic, topic, permission="guest")
        self._add("unsubscribe_events", self._unsubscribe, {vol.Required("subscription"): int}, permission="guest")

    def _add_acts(self) -> None:
        self._add("ping", self._ping, permission="guest")
        self._add("supported_features", self._features, {vol.Required("features"): {str: int}}, permission="guest")
        call = {
            vol.Required("domain"): str,
            vol.Required("service"): str,
            vol.Optional("service_data"): vol.Any(None, dict),
            vol.Optional("target"): vol.Any(None, _TARGET),
            vol.Optional("return_response"): bool,
        }
        self._add("call_service", self._call_service, call, permission="guest")
        event = {vol.Required("event_type"): _EVENT_TYPE, vol.Optional("event_data"): vol.Any(None, dict)}
        self._add("fire_event", self._fire_event, event, permission="admin")
        token = {
            vol.Required("lifespan"): int,
            vol.Required("client_name"): str,
            vol.Optional("client_icon"): vol.Any(None, str),
        }
        self._add("auth/long_lived_access_token", self._create_token, token)

    def _ping(self, connection: Connection, message_id: int, _: Mapping[str, Any]) -> Any:
        connection.send(messages.pong(message_id))
        return ANSWERED

    def _features(self, connection: Connection, _: int, data: Mapping[str, Any]) -> None:
        connection.may_join = bool(data["features"].get("coalesce_messages"))

    def _current_user(self, connection: Connection, *_: Any) -> dict[str, Any]:
        user = _user(connection)
        return {
            "id": user.id,
            "name": user.name,
            "is_owner": user.is_admin,
            "is_admin": user.is_admin,
            "credentials": [{"auth_provider_type": "regie", "auth_provider_id": None}],
            "mfa_modules": [],
        }

    def _entries(self, _: Connection, __: int, data: Mapping[str, Any]) -> list[Any]:
        return self._hub.entries.all(data.get("domain"))

    def _registry_entry(self, _: Connection, __: int, data: Mapping[str, Any]) -> dict[str, Any]:
        entry = self._hub.entities.find(data["entity_id"])
        extended = ("capabilities", "device_class", "original_device_class", "original_icon")
        return shapes.registry_entry(entry) | {"aliases": []} | dict.fromkeys(extended)

    def _subscribe_events(self, connection: Connection, message_id: int, data: Mapping[str, Any]) -> Any:
        event_type = data.get("event_type", MATCH_ALL)
        if event_type not in PUBLIC_EVENTS and not _user(connection).is_admin:
            raise Unauthorized("Only admins may listen to this event")
        return connection.subscribed(message_id, self._events.subscribe((connection, message_id), event_type))

    def _subscribe_entities(self, connection: Connection, message_id: int, data: Mapping[str, Any]) -> Any:
        named = data.get("entity_ids")
        entity_ids = frozenset(one.lower() for one in named) if named is not None else None
        wanted = EntityFilter(entity_ids, data.get("include"), data.get("exclude"))
        connection.subscribed(message_id, self._states.subscribe((connection, message_id), wanted))
        present = [state for state in self._hub.states.all() if wanted.wants(state.entity_id)]
        connection.send(messages.event(message_id, messages.added(present)))
        return ANSWERED

    def _subscribe_topic(self, connection: Connection, message_id: int, data: Mapping[str, Any]) -> Any:
        topic = data["topic"]
        if not self._may_follow(_user(connection), topic):
            raise Unauthorized("This topic is not for your account")
        sequence = self._hub.topics.sequence(topic)
        undo = self._topics.subscribe((connection, message_id), topic)
        missed = "after" in data and data["after"] != sequence
        return connection.subscribed(message_id, undo, {"sequence": sequence, "missed": missed})

    def _may_follow(self, user: "User", topic: str) -> bool:
        """A plugin's topics are for whoever may open one of its pages; the core's are for admins."""
        slug, slash, _ = topic.partition("/")
        if user.is_admin or not slash:
            return user.is_admin
        return any(allows(permission, user) for permission in self._router.page_permissions(slug))

    def _unsubscribe(self, connection: Connection, _: int, data: Mapping[str, Any]) -> None:
        if not connection.unsubscribe(data["subscription"]):
            raise NotFound("Subscription not found.")

    async def _call_service(self, connection: Connection, _: int, data: Mapping[str, Any]) -> dict[str, Any]:
        domain, name, is_asked = data["domain"], data["service"], data.get("return_response", False)
        service = self._hub.services.find(domain, name)
        if is_asked and not service.response:
            raise CommandRefused("service_validation_error", f"{domain}.{name} gives no response")
        if not is_asked and service.response == "only":
            raise CommandRefused("service_validation_error", f"{domain}.{name} only answers: ask for its response")
        user = _user(connection)
        context = EventContext(user.id)
        values = {**(data.get("target") or {}), **(data.get("service_data") or {})}
        response = await self._hub.services.call(
            domain, name, values, context=context, user=user, return_response=is_asked
        )
        answer: dict[str, Any] = {"context": context.as_dict()}
        return answer | {"response": response} if is_asked else answer

    def _fire_event(self, connection: Connection, _: int, data: Mapping[str, Any]) -> dict[str, Any]:
        context = EventContext(_user(connection).id)
        self._hub.bus.fire(data["event_type"], data.get("event_data") or {}, context)
        return {"context": context.as_dict()}

    async def _create_token(self, connection: Connection, _: int, data: Mapping[str, Any]) -> str:
        return await self._hub.auth.create_token(_user(connection), data["client_name"], days=data["lifespan"])


def _user(connection: Connection) -> "User":
    if connection.credential is None:
        raise Unauthorized("Unauthorized")
    return connection.credential.user
