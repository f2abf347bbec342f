"""The web server: one socket, one gate, the routes of the core and of whichever plugins run."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from regie.errors import ConfigError
from regie.plugins.manifest import Panel, Route
from regie.web import security
from regie.web.flows import FlowApi
from regie.web.middleware import Gate
from regie.web.probes import Probes
from regie.web.rest import RestApi
from regie.web.router import MAX_BODY, Router
from regie.web.websocket.server import WebSocketApi

if TYPE_CHECKING:
    from regie.hub import Hub
    from regie.web.rendering import Renderer

HUB: web.AppKey[Hub] = web.AppKey("hub")
"""Where handlers find the hub: `request.app[HUB]`."""

FIRST_HEAD_S = 15.0
"""How long a new connection may take to send the head of its first request."""
KEEP_ALIVE_S = 75.0
LINGER_S = 2.0
"""How long the rest of a refused body is read away, so that the client sees the answer."""
SHUTDOWN_S = 5.0


class WebServer:
    """Serves pages and APIs. `mount` and `unmount` work while it runs."""

    def __init__(self, hub: Hub, pages: Renderer) -> None:
        self.hub = hub
        self.pages = pages
        self.port = hub.settings.port
        self._seen_at = ""
        self._undo_pages: dict[str, Any] = {}
        self._waiting: dict[RequestHandler, asyncio.TimerHandle] = {}
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._app = web.Application(middlewares=[Gate(self).handle], client_max_size=MAX_BODY)
        self._app[HUB] = hub
        self._app.on_response_prepare.append(_on_prepare)
        self.router = Router(self._app, self.page)
        self.websocket = WebSocketApi(hub, self.router)
        for api in (Probes(hub), RestApi(hub), FlowApi(hub), self.websocket):
            api.register(self.router)

    async def start(self) -> None:
        """Bind and answer; raises ConfigError when the port is taken."""
        settings = self.hub.settings
        self._runner = web.AppRunner(
            self._app,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=KEEP_ALIVE_S,
            lingering_time=LINGER_S,
            shutdown_timeout=SHUTDOWN_S,
        )
        await self._runner.setup()
        try:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._accept, settings.host, settings.port, backlog=512)
        except OSError as error:
            await self._runner.cleanup()
            raise ConfigError(_bind_complaint(error, settings.host, settings.port)) from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop accepting, tell WebSocket clients to come back, and let running requests end."""
        if self._server is not None:
            self._server.close()
        await self.websocket.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()

    @property
    def address(self) -> str:
        """Where people find us: as set, as last seen by somebody signed in, or as bound."""
        return self.hub.settings.url.rstrip("/") or self._seen_at or f"http://{self.local_host}:{self.port}"

    @property
    def local_host(self) -> str:
        """The host by which programs on this machine reach us."""
        host = self.hub.settings.host
        if host in ("127.0.0.1", "0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
            return "127.0.0.1"
        return f"[{host}]" if ":" in host else host

    def seen_at(self, request: web.Request) -> None:
        """Note by which address a signed-in browser reaches us; strangers could put anything into the header."""
        self._seen_at = f"{request.scheme}://{request.host}"

    def mount(self, slug: str, panels: Sequence[Panel], routes: Sequence[Route], folder: Path | None) -> None:
        """Add a plugin's pages, routes, templates and static files; raises ValueError naming a route that cannot be."""
        self.unmount(slug)
        self.router.mount(slug, panels, routes, folder / "static" if folder else None)
        if folder is not None:
            self._undo_pages[slug] = self.pages.mount(slug, folder)
        self.hub.bus.fire("panels_updated")

    def unmount(self, slug: str) -> None:
        """Take all that away."""
        self.router.unmount(slug)
        if undo := self._undo_pages.pop(slug, None):
            undo()
            self.hub.bus.fire("panels_updated")

    async def render(self, request: web.Request, template: str, variables: Mapping[str, Any]) -> str:
        """A template as text."""
        return await self.pages.render(request, template, variables)

    async def page(
        self, request: web.Request, template: str, variables: Mapping[str, Any], *, status: int = 200
    ) -> web.Response:
        """A template as a response."""
        return await self.pages.page(request, template, variables, status=status)

    def arrived(self, request: web.Request) -> None:
        """The head of a request is complete: its connection is no longer a slow one."""
        timer = self._waiting.pop(request.protocol, None)
        if timer is not None:
            timer.cancel()

    def _accept(self) -> RequestHandler:
        """A protocol for a new connection, which is closed unless a whole head arrives soon."""
        if self._runner is None or self._runner.server is None:
            raise RuntimeError("The server is not running")
        handler: RequestHandler = self._runner.server()
        self._waiting[handler] = asyncio.get_running_loop().call_later(FIRST_HEAD_S, self._give_up, handler)
        return handler

    def _give_up(self, handler: RequestHandler) -> None:
        del self._waiting[handler]
        handler.force_close()


async def _on_prepare(request: web.Request, response: web.StreamResponse) -> None:
    security.add_security_headers(request, response)
    request.app[HUB].metrics.answered(response.status)


def _bind_complaint(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use: stop the other program, or choose another port with REGIE_PORT"
    if error.errno == errno.EACCES:
        return f"Port {port} is for the system: choose one above 1023 with REGIE_PORT"
    return f"Cannot listen on {host}, port {port}: {error.strerror or error}. Check REGIE_HOST and REGIE_PORT"
