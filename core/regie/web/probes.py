"""What monitoring asks: alive, ready, and the figures."""

import asyncio
import time
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text

from regie.auth import allows
from regie.web.requests import json_response
from regie.web.router import Router
from regie.web.security import is_local

if TYPE_CHECKING:
    from regie.hub import Hub

DATABASE_S = 2.0
CACHED_S = 5.0


class Probes:
    """`/health`, `/ready` and `/metrics`."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._database_ok = False
        self._asked_at = float("-inf")
        self._lock = asyncio.Lock()

    def register(self, router: Router) -> None:
        """Add the routes."""
        router.add("GET", "/health", self.health, "public", is_anonymous=True)
        router.add("GET", "/ready", self.ready, "public", is_anonymous=True)
        router.add("GET", "/metrics", self.metrics, "public")

    async def health(self, _: web.Request) -> web.Response:
        """The process and its loop live; no engine is touched."""
        return json_response({"status": "ok"})

    async def ready(self, _: web.Request) -> web.Response:
        """Whether we can work: started, and the database answers."""
        is_ready = self._hub.state == "RUNNING" and await self._database_answers()
        return json_response({"status": "ready" if is_ready else "not ready"}, 200 if is_ready else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """The figures, for an admin's token or a program on this machine."""
        if not is_local(request) and not allows("admin", request["user"]):
            raise web.HTTPUnauthorized
        self._hub.metrics.look(self._hub)
        figures = await asyncio.to_thread(self._hub.metrics.text)
        return web.Response(body=figures, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _database_answers(self) -> bool:
        async with self._lock:
            if time.monotonic() - self._asked_at > CACHED_S:
                self._database_ok = await self._ask_database()
                self._asked_at = time.monotonic()
        return self._database_ok

    async def _ask_database(self) -> bool:
        async def ask() -> None:
            async with self._hub.db.read() as connection:
                await connection.execute(text("SELECT 1"))

        # Waiting, not cancelling: a frozen database also hangs the cancellation of its query.
        task = asyncio.ensure_future(ask())
        done, _ = await asyncio.wait({task}, timeout=DATABASE_S)
        if not done:
            task.cancel()
        return bool(done) and task.exception() is None
