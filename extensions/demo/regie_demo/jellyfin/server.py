"""The stub server: its switches, its listening socket, and its clockwork."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from . import webhooks
from .api import STATE, Api
from .socket import Subscriber
from .state import PlaybackEvent, ServerState

HOST = "127.0.0.1"
TICK_S = 1.0
PAGE = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>It works</body></html>"


@dataclass
class Faults:
    """Switches by which the server misbehaves."""

    refuse_upgrade: int = 0
    """The status that answers a websocket upgrade: 308 as a proxy redirects, 404, 401."""
    cuts_sockets: bool = False
    """Each websocket is closed as soon as it opens."""
    answers_html: bool = False
    is_starting: bool = False
    stall: asyncio.Event | None = None
    """Every answer waits for it."""


class StubServer:
    """A Jellyfin server on a port of the loopback interface."""

    def __init__(self, state: ServerState, *, base_path: str = "", port: int = 0) -> None:
        self.state = state
        self.faults = Faults()
        self.webhook_url: str | None = None
        self.base_path = base_path
        self.requests: list[str] = []
        self._port = port
        self._runner: web.AppRunner | None = None
        self._subscribers: set[Subscriber] = set()
        self._posts: set[asyncio.Task[None]] = set()
        state.listeners.append(self._push)
        state.event_listeners.append(self._post_webhook)

    @property
    def url(self) -> str:
        """The address that a person would type."""
        return f"http://{HOST}:{self._port}{self.base_path}"

    @property
    def subscribers(self) -> frozenset[Subscriber]:
        """The connected websockets."""
        return frozenset(self._subscribers)

    async def start(self) -> None:
        """Listen; the second time on the same port as before."""
        app = web.Application(middlewares=[self._misbehave])
        app[STATE] = self.state
        inner = web.Application() if self.base_path else app
        inner[STATE] = self.state
        Api(self.state, self._serve_socket).register(inner.router)
        if self.base_path:
            app.add_subapp(self.base_path, inner)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection and the port."""
        await self.drop_sockets()
        runner, self._runner = self._runner, None
        if runner:
            await runner.cleanup()
        await asyncio.gather(*self._posts, return_exceptions=True)

    async def restart(self) -> None:
        """What an administrator's restart looks like from outside: a word, silence, and no sessions afterwards."""
        for subscriber in self._subscribers:
            subscriber.send("ServerRestarting")
        await self.stop()
        self.state.forget()
        await self.start()

    async def drop_sockets(self) -> None:
        """Cut the websockets, as a proxy's timeout does."""
        for subscriber in list(self._subscribers):
            await subscriber.close()

    async def tick(self) -> None:
        """One second of the server's clockwork: idle sessions end, progress is pushed, lost sockets close."""
        self.state.stop_idle()
        now = self.state.clock()
        for subscriber in list(self._subscribers):
            if subscriber.is_lost(now):
                await subscriber.close()
            else:
                subscriber.push_if_due(now)

    async def run(self, each_tick: Callable[[], None]) -> None:
        """Keep ticking until cancelled; `each_tick` moves the household."""
        while True:
            each_tick()
            await self.tick()
            await asyncio.sleep(TICK_S)

    def _push(self) -> None:
        for subscriber in self._subscribers:
            subscriber.push()

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        subscriber = Subscriber(self.state, socket)
        if self.faults.cuts_sockets:
            await subscriber.close()
        self._subscribers.add(subscriber)
        try:
            await subscriber.serve()
        finally:
            self._subscribers.discard(subscriber)
        return socket

    @web.middleware
    async def _misbehave(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path}")
        if self.faults.stall:
            await self.faults.stall.wait()
        if self.faults.is_starting:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"}, text=PAGE)
        if self.faults.answers_html:
            return web.Response(text=PAGE, content_type="text/html")
        if self.faults.refuse_upgrade and request.headers.get("Upgrade", "").lower() == "websocket":
            headers = {"Location": f"https://{HOST}/socket"} if self.faults.refuse_upgrade == 308 else {}
            return web.Response(status=self.faults.refuse_upgrade, headers=headers)
        return await handler(request)

    def _post_webhook(self, event: PlaybackEvent) -> None:
        if self.webhook_url and event.name != "PlaybackProgress":
            body = webhooks.playback(self.state, event)
            task = asyncio.get_running_loop().create_task(self._post(self.webhook_url, body), name="stub webhook")
            self._posts.add(task)
            task.add_done_callback(self._posts.discard)

    async def _post(self, url: str, body: bytes) -> None:
        with suppress(OSError, ClientError):
            async with ClientSession(timeout=ClientTimeout(total=10)) as http:
                await http.post(url, data=body, headers={"Content-Type": "text/plain; charset=utf-8"})
