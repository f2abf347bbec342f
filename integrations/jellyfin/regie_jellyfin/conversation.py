"""One open websocket: its keep-alives, its silences, its session lists, and how much they weigh."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
import msgspec

from regie.api import NotReady

from . import wire

SUBSCRIBE = {"MessageType": "SessionsStart", "Data": "0,1500"}
"""Sent once a connection: each one adds a subscription."""
KEEP_ALIVE = {"MessageType": "KeepAlive"}
WEIGHED_S = 10.0
"""The stretch over which the lists' weight is averaged."""

_FRAME = msgspec.json.Decoder(wire.Frame)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things happen, in seconds; tests hurry."""

    keep_alive: float = 30
    """The server forgets a socket that is silent for 60 s."""
    check: float = 60
    """Silence may mean that nothing plays, or that the subscription died: ask now and then."""
    silence: float = 90
    """Keep-alives are answered, so a longer silence means that nobody is there."""
    poll_busy: float = 5
    poll_idle: float = 15
    socket_again: float = 300
    """While polling, how long until the websocket is tried again."""
    longest_pause: float = 60
    bytes_per_second: float = 2_000_000
    """Above this the server is asked now and then instead: full lists grow with the square of the streams."""


class PollInstead(NotReady):
    """The websocket works, but asking now and then serves better; the text says why."""


class Conversation:
    """Talks over one websocket until it is lost, which raises `NotReady`."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        pace: Pace,
        ask: Callable[[], Awaitable[None]],
        receive: Callable[[msgspec.Raw], None],
    ) -> None:
        self._socket = socket
        self._pace = pace
        self._ask = ask
        self._receive = receive
        self._now = asyncio.get_running_loop().time
        now = self._now()
        self._keep_alive_at, self._check_at, self._heard_at = now + pace.keep_alive, now + pace.check, now
        self._weights: deque[tuple[float, int]] = deque()

    async def hold(self) -> None:
        """Answer, ask and listen."""
        while True:
            due_s = min(self._keep_alive_at, self._check_at) - self._now()
            message = await self._next(max(0.0, due_s))
            if message is not None and message.message_type == "Sessions":
                self._receive(await self._newest(message.data))
            await self._do_what_is_due()

    async def _newest(self, sessions: msgspec.Raw) -> msgspec.Raw:
        """The newest of several waiting lists: the others are out of date already."""
        while (message := await self._next(0.0)) is not None:
            if message.message_type == "Sessions":
                sessions = message.data
        return sessions

    async def _next(self, wait_s: float) -> wire.Frame | None:
        """The next message, or None when none came in time; what is already there comes even with no time at all."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                frame = await self._socket.receive()
            return self._understood(frame)
        return None

    def _understood(self, frame: aiohttp.WSMessage) -> wire.Frame:
        if frame.type is not aiohttp.WSMsgType.TEXT:
            raise NotReady("The server closed the websocket.")
        self._heard_at = self._now()
        self._weigh(len(frame.data))
        try:
            message = _FRAME.decode(frame.data)
        except msgspec.MsgspecError:
            return wire.Frame(message_type="")
        if message.message_type in {"ServerRestarting", "ServerShuttingDown"}:
            raise NotReady(
                "The server is restarting." if "Re" in message.message_type else "The server is shutting down."
            )
        if message.message_type == "ForceKeepAlive":
            self._keep_alive_at = self._now()
        return message

    async def _do_what_is_due(self) -> None:
        now = self._now()
        if now - self._heard_at > self._pace.silence:
            raise NotReady("The websocket has fallen silent.")
        if now >= self._keep_alive_at:
            self._keep_alive_at = now + self._pace.keep_alive
            await self._socket.send_json(KEEP_ALIVE)
        if now >= self._check_at:
            self._check_at = now + self._pace.check
            await self._ask()

    def _weigh(self, size: int) -> None:
        now = self._now()
        self._weights.append((now, size))
        while now - self._weights[0][0] > WEIGHED_S:
            self._weights.popleft()
        if sum(weight for _, weight in self._weights) > self._pace.bytes_per_second * WEIGHED_S:
            raise PollInstead("so many streams at once that the server is asked every few seconds instead")
