"""Talks to Jellyfin servers: observes their sessions, passes on their webhooks, and tells their players what to do."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aiohttp import web

from regie.api import (
    AuthFailed,
    ConfigEntry,
    ConfigError,
    ConfigFlow,
    Integration,
    Manifest,
    Panel,
    PluginContext,
    Route,
    Secret,
    hookimpl,
)
from regie.roles import MediaServer

from . import pages, services, webhook
from .client import JellyfinClient
from .entities import ServerEntities
from .flow import JellyfinFlow, address_of
from .inbox import WebhookInbox
from .runtime import Running
from .server import JellyfinServer

NOTIFICATION = "jellyfin_notification"
"""Event of each webhook that speaks of something else than playback: `{entry_id, server, type, data}`."""


class Jellyfin(Integration):
    """The Jellyfin integration."""

    manifest = Manifest(name="Jellyfin", icon="play")

    def __init__(self) -> None:
        self._running: dict[str, Running] = {}

    @hookimpl
    def config_flow(self) -> type[ConfigFlow]:
        """Add a server by its address and a key or a password."""
        return JellyfinFlow

    @hookimpl
    def panels(self) -> Sequence[Panel]:
        """How each server is connected, and what to enter in its webhook plugin."""
        return [
            Panel(
                path="servers",
                title="Servers",
                icon="play",
                template="jellyfin/servers.html",
                handler=self._page,
                permission="admin",
                in_navigation=False,
            )
        ]

    @hookimpl
    def routes(self) -> Sequence[Route]:
        """The address that the server's webhook plugin posts to."""
        return [
            Route(
                "POST",
                "webhook/{secret}",
                self._webhook,
                permission="public",
                api=True,
                max_body=pages.LARGEST_WEBHOOK,
            )
        ]

    @hookimpl
    async def setup(self, ctx: PluginContext) -> None:
        """Offer the services."""
        services.register(ctx, self._servers)

    @hookimpl
    async def setup_entry(self, ctx: PluginContext, entry: ConfigEntry) -> None:
        """Connect to a server and keep it observed."""
        if "webhook_secret" not in entry.data:
            await ctx.update_entry(entry, data={**entry.data, "webhook_secret": Secret(secrets.token_urlsafe(18))})
        client = JellyfinClient(address_of(entry.data, ctx.hub_version))
        ctx.on_unload(client.close)
        info = await client.check_token()
        if entry.unique_id not in {None, info.id}:
            raise ConfigError(f"Another server, {info.name}, answers at {entry.data['url']}: change the address.")
        server = JellyfinServer(info, entry.id, client)
        entities = ServerEntities(server, ctx.entities.add)
        running = _assemble(ctx, entry, server, entities)
        ctx.on_unload(server.observe(entities.follow))
        ctx.on_unload(server.on_status(entities.follow_status))
        ctx.supervise("webhooks", running.inbox.work)
        ctx.supervise("sessions", lambda: self._observe(ctx, entry, server))
        ctx.provide(MediaServer, server)
        self._running[entry.id] = running
        ctx.on_unload(lambda: self._running.pop(entry.id, None))

    @hookimpl
    async def diagnostics(self) -> Mapping[str, Any]:
        """What support asks for."""
        return {"servers": [pages.reported(running) for running in self._servers()]}

    @hookimpl
    async def health(self) -> Mapping[str, Any]:
        """How each server is connected."""
        return {
            running.server.name: {"state": running.server.status.state, "reason": running.server.status.reason}
            for running in self._servers()
        }

    def _servers(self) -> Collection[Running]:
        return self._running.values()

    async def _page(self, _: web.Request) -> Mapping[str, Any]:
        return {"servers": [pages.shown(running) for running in self._servers()], "types": pages.TYPES}

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        return await pages.receive(request, self._servers())

    async def _observe(self, ctx: PluginContext, entry: ConfigEntry, server: JellyfinServer) -> None:
        try:
            await server.run()
        except AuthFailed as error:
            ctx.start_reauth(entry, str(error))


def _assemble(ctx: PluginContext, entry: ConfigEntry, server: JellyfinServer, entities: ServerEntities) -> Running:
    def handle(notification: webhook.Notification) -> None:
        if notification.signal:
            server.report(notification.signal)
        else:
            named = {"entry_id": entry.id, "server": server.name, "type": notification.kind}
            ctx.bus.fire(NOTIFICATION, {**named, "data": notification.brief()})

    secret = entry.data["webhook_secret"].reveal()
    url = ctx.url(f"/api/x/{ctx.slug}/webhook/{secret}")
    return Running(server, entities, WebhookInbox(handle), secret, url)
