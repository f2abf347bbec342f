"""The endpoint: takes clients in, and sends them away when their token ends or the hub stops."""

import asyncio
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, web

from regie.web.router import Router
from regie.web.security import is_same_origin
from regie.web.websocket.commands import Commands
from regie.web.websocket.connection import Connection

if TYPE_CHECKING:
    from regie.hub import Hub

HEARTBEAT_S = 55.0
MAX_MESSAGE = 4 * 1024 * 1024
STOP_S = 2.0


class WebSocketApi:
    """`/api/websocket`."""

    def __init__(self, hub: "Hub", router: Router) -> None:
        self._hub = hub
        self._commands = Commands(hub, router)
        self._connections: set[Connection] = set()
        self._undo = hub.auth.on_end(self._ended)

    def __len__(self) -> int:
        return len(self._connections)

    def register(self, router: Router) -> None:
        """Add the route: clients sign in with their first message."""
        router.add("GET", "/api/websocket", self.connect, "public", is_anonymous=True)

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve a client until it goes."""
        if is_same_origin(request) is False:
            raise web.HTTPForbidden(text="WebSockets are for our own pages and for programs")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MAX_MESSAGE, compress=False)
        await socket.prepare(request)
        connection = Connection(self._hub, socket, request, self._commands.find)
        self._connections.add(connection)
        try:
            await connection.run()
        except ConnectionError:
            pass
        finally:
            self._connections.discard(connection)
        return socket

    async def stop(self) -> None:
        """Tell all clients to come back in a moment."""
        self._undo()
        farewells = [
            asyncio.ensure_future(one.close(WSCloseCode.SERVICE_RESTART, "The hub stops")) for one in self._connections
        ]
        if farewells:
            await asyncio.wait(farewells, timeout=STOP_S)

    def _ended(self, ids: frozenset[str]) -> None:
        for connection in self._connections:
            if connection.credential is not None and connection.credential.id in ids:
                self._hub.create_task(
                    connection.close(WSCloseCode.POLICY_VIOLATION, "Signed out"), "websocket sign-out"
                )
