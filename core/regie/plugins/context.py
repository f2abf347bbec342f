"""The context of a plugin, or of one of its entries: the one way to register anything, undone at unload."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import structlog
import voluptuous as vol
from aiohttp import ClientSession, web
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from regie.bus import EventContext
from regie.bus.bus import Listener, Undo
from regie.config.entries import ConfigEntry
from regie.jobs.job import Handler as JobHandler
from regie.plugins.commands import Command, CommandHandler
from regie.plugins.scope import Scope
from regie.plugins.timers import every, supervise
from regie.services import Handler, Permission, Service
from regie.states import Entity, State
from regie.states.machine import ChangeListener
from regie.storage.live import LiveStore, Watcher

if TYPE_CHECKING:
    from regie.hub import Hub

RoleType = TypeVar("RoleType")

FRAME_SLUG = "regie"


class PluginContext:
    """All that a plugin may do with the hub."""

    def __init__(self, hub: Hub, slug: str, entry: ConfigEntry | None = None) -> None:
        self._hub = hub
        self.slug = slug
        self.entry = entry
        self.scope = Scope(slug, hub.faults.report)
        self.log = structlog.get_logger(f"regie.{slug}").bind(plugin=slug, **({"entry": entry.title} if entry else {}))
        self.bus = ContextBus(hub, self.scope)
        self.states = ContextStates(hub, self.scope)
        self.services = ContextServices(hub, self.scope)
        self.entities = ContextEntities(hub, self.scope, entry)
        self.jobs = ContextJobs(hub, self.scope)
        self.store = ContextStore(hub, slug)
        self.live = ContextLive(hub, self.scope)
        self.ws = ContextCommands(hub, self.scope)

    @property
    def hub_version(self) -> str:
        """The version of the host."""
        return self._hub.version

    @property
    def hub(self) -> Hub:
        """The core itself: for the panel's frame alone, which shows all of it."""
        if self.slug != FRAME_SLUG:
            raise AttributeError("ctx.hub is for the panel's frame; everything else has a call on ctx")
        return self._hub

    @property
    def time_zone(self) -> ZoneInfo:
        """The house's time zone."""
        return self._hub.time_zone

    @property
    def is_demo(self) -> bool:
        """Whether the hub shows a simulated household."""
        return self._hub.settings.demo

    @property
    def data_dir(self) -> Path:
        """A folder of the plugin's own, made on demand."""
        folder = self._hub.settings.data_dir / "plugins" / self.slug
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def http(self) -> ClientSession:
        """The shared client session; give each request a timeout of its own if the default is too long."""
        return self._hub.http

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._hub.db.dialect

    def session(self) -> AbstractAsyncContextManager[AsyncSession]:
        """One write transaction, committed at the end; on SQLite they run one after the other, so keep them short."""
        return self._hub.db.write()

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection that only reads."""
        return self._hub.db.read()

    def provide(self, role: type, implementation: object) -> Undo:
        """Offer an implementation of a role of `regie.roles`."""
        return self.scope.keep(self._hub.roles.provide(role, implementation))

    def roles(self, role: type[RoleType]) -> list[RoleType]:
        """The implementations of a role that are there now."""
        return self._hub.roles.all(role)

    def on_role(self, role: type[RoleType], listener: Callable[[RoleType], Undo | None]) -> Undo:
        """Call `listener` with each present and future implementation; the undo it returns runs when that one goes."""
        return self.scope.keep(self._hub.roles.follow(role, listener, self.slug))

    def create_task(self, coroutine: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Run a coroutine as a task that ends with this context."""
        return self.scope.create_task(coroutine, name)

    def supervise(self, name: str, factory: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[Any]:
        """Keep a long task running: restarted with back-off and jitter (1 s to 5 min) when it fails."""
        return self.scope.create_task(supervise(self.scope, name, factory), name)

    def every(self, seconds: float, function: Callable[[], Any], *, name: str) -> Undo:
        """Call a function (plain or coroutine) each so many seconds, never twice at once."""
        return _end_of(self.scope.create_task(every(self.scope, seconds, function, name), name))

    def at(self, moment: datetime, function: Callable[[], Any], *, name: str) -> Undo:
        """Call a function once, at a moment; at once if it has passed."""
        delay_s = max(0.0, (moment - datetime.now(UTC)).total_seconds())
        return _end_of(self.scope.create_task(every(self.scope, delay_s, function, name, once=True), name))

    def on_unload(self, function: Callable[[], Any]) -> Undo:
        """Call a function (plain or coroutine) at unload."""
        return self.scope.keep(function)

    def publish(self, topic: str, data: Mapping[str, Any] | None = None) -> None:
        """Tell the pages that follow the topic `<slug>/<topic>`."""
        self._hub.topics.publish(f"{self.slug}/{topic}", data)

    async def render(self, request: web.Request, template: str, variables: Mapping[str, Any]) -> str:
        """A template as text, with the frame's globals."""
        return await self._hub.web.render(request, template, variables)

    def url(self, path: str) -> str:
        """The address of a path of ours as a person should type it."""
        return self._hub.url(path)

    async def update_entry(
        self,
        entry: ConfigEntry,
        *,
        data: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        title: str | None = None,
    ) -> None:
        """Keep changed data of an entry."""
        await self._hub.entries.update(entry.id, data=data, options=options, title=title)

    async def reload_entry(self, entry_id: str) -> None:
        """Unload an entry and set it up again."""
        await self._hub.entries.reload(entry_id)

    def start_reauth(self, entry: ConfigEntry, reason: str) -> None:
        """Say that an entry's credentials were refused: it is unloaded and waits for a person."""
        self._hub.create_task(self._hub.entries.set_needs_sign_in(entry, reason), f"sign-in of {entry.title}")

    async def ensure_entry(self, plugin: str, *, unique_id: str, title: str, data: Mapping[str, Any]) -> ConfigEntry:
        """Make an entry of another plugin, or bring the one with this unique id up to date."""
        known = self._hub.entries.by_unique_id(plugin, unique_id)
        if known is None:
            return await self._hub.entries.add(plugin, title=title, data=data, unique_id=unique_id, source="import")
        await self._hub.entries.update(known.id, data=data)
        return await self._hub.entries.reload(known.id)


def _end_of(task: asyncio.Task[Any]) -> Undo:
    def undo() -> None:
        task.cancel()

    return undo


class ContextBus:
    """The bus, as a plugin sees it."""

    def __init__(self, hub: Hub, scope: Scope) -> None:
        self._hub = hub
        self._scope = scope

    def on(self, event_type: str, listener: Listener) -> Undo:
        """Call `listener` with each event of a type, a pattern, or all (`*`)."""
        undo = self._hub.bus.on(event_type, listener, owner=self._scope.owner, spawn=self._scope.create_task)
        return self._scope.keep(undo)

    def fire(self, event_type: str, data: Mapping[str, Any] | None = None, context: EventContext | None = None) -> None:
        """Tell that something happened."""
        self._hub.bus.fire(event_type, data, context)


class ContextStates:
    """The states, as a plugin sees them."""

    def __init__(self, hub: Hub, scope: Scope) -> None:
        self._hub = hub
        self._scope = scope

    def get(self, entity_id: str) -> State | None:
        """The state of an entity, if it has one."""
        return self._hub.states.get(entity_id)

    def on_change(self, entity_ids: Iterable[str] | None, listener: ChangeListener) -> Undo:
        """Call `listener(old, new)` inline when one of the entities (None: any) changes."""
        return self._scope.keep(self._hub.states.on_change(entity_ids, listener, owner=self._scope.owner))


class ContextServices:
    """The services, as a plugin sees them."""

    def __init__(self, hub: Hub, scope: Scope) -> None:
        self._hub = hub
        self._scope = scope

    def register(
        self,
        name: str,
        handler: Handler,
        *,
        schema: vol.Schema | None = None,
        permission: Permission = "user",
        description: str = "",
        fields: Mapping[str, Mapping[str, Any]] | None = None,
        response: Literal[False, "optional", "only"] = False,
    ) -> Undo:
        """Offer the service `<slug>.<name>`."""
        service = Service(
            domain=self._scope.owner,
            name=name,
            handler=handler,
            schema=schema,
            permission=permission,
            description=description,
            fields=fields or {},
            response=response,
            owner=self._scope.owner,
        )
        return self._scope.keep(self._hub.services.register(service))

    async def call(
        self,
        domain: str,
        name: str,
        data: Mapping[str, Any] | None = None,
        *,
        context: EventContext | None = None,
        return_response: bool = False,
    ) -> Mapping[str, Any] | None:
        """Call any service and wait for it."""
        return await self._hub.services.call(domain, name, data, context=context, return_response=return_response)


class ContextEntities:
    """The entities, as a plugin sees them."""

    def __init__(self, hub: Hub, scope: Scope, entry: ConfigEntry | None) -> None:
        self._hub = hub
        self._scope = scope
        self._entry = entry

    def add(self, *entities: Entity) -> Undo:
        """Bind entities to their ids; what returns takes them away again."""
        config_entry_id = self._entry.id if self._entry else None
        undos = [
            self._scope.keep(self._hub.entities.add(self._scope.owner, entity, config_entry_id=config_entry_id))
            for entity in entities
        ]

        def undo() -> None:
            for one in undos:
                one()

        return undo


class ContextJobs:
    """The jobs, as a plugin sees them."""

    def __init__(self, hub: Hub, scope: Scope) -> None:
        self._hub = hub
        self._scope = scope

    def register(self, name: str, handler: JobHandler) -> Undo:
        """Work the jobs `<slug>.<name>`; the handler is called at least once a job and must be idempotent."""
        return self._scope.keep(self._hub.jobs.register(f"{self._scope.owner}.{name}", handler))

    async def enqueue(
        self,
        name: str,
        args: Mapping[str, Any] | None = None,
        *,
        unique: str | None = None,
        at: datetime | None = None,
        priority: int = 0,
        session: AsyncSession | None = None,
    ) -> str:
        """Queue a job, in the caller's transaction if a session is given; one with a waiting `unique` is not queued again."""
        kind = f"{self._scope.owner}.{name}"
        return await self._hub.jobs.enqueue(kind, args or {}, unique=unique, at=at, priority=priority, session=session)


class ContextStore:
    """Documents of a plugin."""

    def __init__(self, hub: Hub, slug: str) -> None:
        self._hub = hub
        self._slug = slug

    async def load(self, key: str) -> dict[str, Any] | None:
        """A document, if there is one."""
        return await self._hub.documents.load(f"{self._slug}.{key}")

    async def save(self, key: str, data: Mapping[str, Any], session: AsyncSession | None = None) -> None:
        """Keep a document, in the caller's transaction if one is given."""
        await self._hub.documents.save(f"{self._slug}.{key}", data, session)

    def save_soon(self, key: str, data: Mapping[str, Any]) -> None:
        """Keep a document within a second; many calls make one write."""
        self._hub.documents.save_soon(f"{self._slug}.{key}", data)


class ContextLive:
    """The live store below the plugin's own prefix."""

    def __init__(self, hub: Hub, scope: Scope) -> None:
        self._store: LiveStore = hub.live
        self._scope = scope
        self._prefix = f"{scope.owner}:"

    async def put(self, key: str, value: Mapping[str, Any], *, ttl_s: float | None = None) -> None:
        """Set a value; it is gone after `ttl_s` seconds unless put again."""
        await self._store.put(self._prefix + key, value, ttl_s=ttl_s)

    async def get(self, key: str) -> Mapping[str, Any] | None:
        """A value, if there is one."""
        return await self._store.get(self._prefix + key)

    async def delete(self, key: str) -> None:
        """Forget a value."""
        await self._store.delete(self._prefix + key)

    async def items(self, prefix: str = "") -> dict[str, Mapping[str, Any]]:
        """All values whose key starts with a prefix, by key."""
        found = await self._store.items(self._prefix + prefix)
        return {key.removeprefix(self._prefix): value for key, value in found.items()}

    def watch(self, prefix: str, watcher: Watcher) -> Undo:
        """Call `watcher(key, value or None)` for each change below a prefix."""

        @functools.wraps(watcher)
        def below(key: str, value: Mapping[str, Any] | None) -> Any:
            return watcher(key.removeprefix(self._prefix), value)

        return self._scope.keep(self._store.watch(self._prefix + prefix, below))


class ContextCommands:
    """WebSocket commands of a plugin."""

    def __init__(self, hub: Hub, scope: Scope) -> None:
        self._hub = hub
        self._scope = scope

    def command(
        self, name: str, handler: CommandHandler, *, schema: vol.Schema | None = None, permission: Permission = "user"
    ) -> Undo:
        """Answer the command `<slug>/<name>`."""
        command = Command(
            name=f"{self._scope.owner}/{name}",
            handler=handler,
            schema=schema,
            permission=permission,
            owner=self._scope.owner,
        )
        return self._scope.keep(self._hub.commands.register(command))
