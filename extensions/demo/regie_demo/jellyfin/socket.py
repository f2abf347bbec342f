"""The server's websocket: keep-alives, subscriptions to the sessions, and when they are pushed."""

import asyncio
import json
import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from aiohttp import WSMsgType, web

from . import shapes
from .state import ServerState

KEEP_ALIVE_S = 60
DEFAULT_INTERVAL = timedelta(milliseconds=1000)


class Subscriber:
    """One connected websocket. Each `SessionsStart` adds a subscription: sent twice, everything arrives twice."""

    def __init__(self, state: ServerState, socket: web.WebSocketResponse) -> None:
        self._state = state
        self._socket = socket
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self.intervals: list[timedelta] = []
        self.kept_alive = asyncio.Event()
        """Set by each keep-alive of the client, for tests that wait for one."""
        self._pushed_at = state.clock()
        self._alive_at = state.clock()

    async def serve(self) -> None:
        """Answer frames until the client leaves."""
        self._alive_at = self._state.clock()
        self.send("ForceKeepAlive", KEEP_ALIVE_S)
        writer = asyncio.create_task(self._write(), name="stub websocket writer")
        try:
            async for frame in self._socket:
                if frame.type is WSMsgType.TEXT:
                    self._receive(json.loads(frame.data))
        finally:
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer

    def send(self, kind: str, data: Any = None) -> None:
        """Queue one message."""
        message = {"MessageType": kind, "MessageId": uuid.uuid4().hex}
        self._outbox.put_nowait(json.dumps(message if data is None else message | {"Data": data}))

    def push(self) -> None:
        """Send the session list, once a subscription."""
        if not self.intervals:
            return
        self._pushed_at = self._state.clock()
        listed = [shapes.session(self._state, session) for session in self._state.sessions.values()]
        for _ in self.intervals:
            self.send("Sessions", listed)

    def push_if_due(self, now: datetime) -> None:
        """What the server's own auto-progress causes: at most one list an interval, and only while something moves."""
        moving = any(s.playing and not s.playing.paused_since for s in self._state.sessions.values())
        if moving and self.intervals and now - self._pushed_at >= min(self.intervals):
            self.push()

    def is_lost(self, now: datetime) -> bool:
        """Whether the client has sent no keep-alive in time; the twelfth version closes such a socket."""
        return self._state.is_12 and now - self._alive_at > timedelta(seconds=KEEP_ALIVE_S)

    async def close(self) -> None:
        """Cut the connection."""
        await self._socket.close(code=1001)

    def _receive(self, message: dict[str, Any]) -> None:
        kind = message.get("MessageType")
        if kind == "KeepAlive":
            self._alive_at = self._state.clock()
            self.kept_alive.set()
            self.send("KeepAlive")
        elif kind == "SessionsStart":
            self.intervals.append(_interval(str(message.get("Data", ""))))
        elif kind == "SessionsStop":
            self.intervals.clear()

    async def _write(self) -> None:
        while True:
            text = await self._outbox.get()
            with suppress(ConnectionError):
                await self._socket.send_str(text)


def _interval(data: str) -> timedelta:
    """The second number of `initial delay,interval`, in milliseconds."""
    _, _, interval = data.partition(",")
    return timedelta(milliseconds=int(interval)) if interval.isdigit() else DEFAULT_INTERVAL
