"""Keeps one server observed: by websocket, by polling where that is refused, and again after every loss."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, Protocol

import aiohttp
import msgspec
import structlog

from regie.api import AuthFailed, NotReady, RegieError
from regie.roles import Observation, Outage, ServerStatus, Session, Snapshot, Source

from . import decode
from .conversation import SUBSCRIBE, Conversation, Pace, PollInstead
from .errors import UpgradeRefused

REFUSALS = {
    308: "a proxy before the server redirects the websocket: enter the address it redirects to",
    401: "the server refuses our key on the websocket (servers before 10.11 do so)",
    403: "a proxy before the server forbids the websocket",
    404: "the websocket is not found: does the proxy pass on /socket?",
}

SHORT_S = 5.0
CUTS = 3
"""So many conversations, each shorter than `SHORT_S`, mean that something before the server cuts them."""

State = Literal["connecting", "live", "polling", "down"]

_log = structlog.get_logger("regie.jellyfin")


class SessionsSource(Protocol):
    """What the supervisor needs of the client."""

    async def sessions(self) -> tuple[tuple[Session, ...], int]:
        """The sessions that play something, and how many could not be read."""

    async def socket(self) -> aiohttp.ClientWebSocketResponse:
        """Open the websocket."""


class Supervisor:
    """Runs until cancelled or until the server refuses our credentials (`AuthFailed`)."""

    def __init__(
        self,
        client: SessionsSource,
        publish: Callable[[Observation], None],
        on_status: Callable[[ServerStatus], None],
        *,
        pace: Pace | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._publish = publish
        self._on_status = on_status
        self._pace = pace or Pace()
        self._clock = clock
        self._chance = chance
        self._failures = 0
        self._lost = True
        self._busy = False
        self._cut_short = 0
        self._unreadable = 0
        self.status = ServerStatus("connecting", since=clock())

    async def run(self) -> None:
        """Observe; come back after every loss, later and later."""
        while True:
            try:
                await self._observe()
            except AuthFailed as error:
                self._lose(str(error))
                raise
            except (RegieError, aiohttp.ClientError, OSError) as error:
                self._lose(str(error) or type(error).__name__)
                await asyncio.sleep(self._back_off())

    async def _observe(self) -> None:
        try:
            await self._listen()
        except UpgradeRefused as refusal:
            await self._poll(REFUSALS.get(refusal.status, str(refusal)))
        except PollInstead as error:
            await self._poll(str(error))

    async def _listen(self) -> None:
        async with await self._client.socket() as socket:
            await socket.send_json(SUBSCRIBE)
            await self._ask()
            self._become("live")
            await self._converse(Conversation(socket, self._pace, self._check, self._receive))

    async def _converse(self, conversation: Conversation) -> None:
        """Hold a conversation; when several in a row are cut short, coming back again and again helps nobody."""
        loop = asyncio.get_running_loop()
        opened = loop.time()
        try:
            await conversation.hold()
        except NotReady as error:
            self._cut_short = self._cut_short + 1 if loop.time() - opened < SHORT_S else 0
            if self._cut_short >= CUTS and not isinstance(error, PollInstead):
                raise PollInstead(
                    "the websocket is closed as soon as it opens: look at the proxy before the server"
                ) from error
            raise

    async def _poll(self, reason: str) -> None:
        """Ask now and then; returns when it is time to try the websocket again."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._pace.socket_again
        while loop.time() < until:
            await self._check()
            self._become("polling", reason)
            await asyncio.sleep(self._pace.poll_busy if self._busy else self._pace.poll_idle)

    async def _ask(self) -> None:
        self._snapshot(*await self._client.sessions(), source="polling")

    async def _check(self) -> None:
        await self._ask()
        self._failures = 0

    def _receive(self, data: msgspec.Raw) -> None:
        try:
            sessions, unreadable = decode.sessions(data)
        except msgspec.MsgspecError:
            _log.warning("A session list of the server could not be read")
            return
        self._failures = 0
        self._snapshot(sessions, unreadable, source="websocket")

    def _snapshot(self, sessions: tuple[Session, ...], unreadable: int, *, source: Source) -> None:
        if unreadable > self._unreadable:
            _log.warning("Some sessions of the server could not be read", sessions=unreadable)
        self._unreadable = unreadable
        now = self._clock()
        after_outage, self._lost = self._lost, False
        self._busy = bool(sessions)
        self.status = ServerStatus(self.status.state, self.status.reason, self.status.since, now)
        self._publish(Snapshot(now, sessions, source, after_outage=after_outage))

    def _lose(self, reason: str) -> None:
        if not self._lost:
            self._publish(Outage(self._clock(), reason))
        self._lost = True
        self._become("down", reason)

    def _become(self, state: State, reason: str = "") -> None:
        if (state, reason) == (self.status.state, self.status.reason):
            return
        since = self.status.since if state == self.status.state else self._clock()
        self.status = ServerStatus(state, reason, since, self.status.last_event)
        _log.info("The server's connection changed", state=state, reason=reason)
        self._on_status(self.status)

    def _back_off(self) -> float:
        """1, 2, 4 … s, each shortened by chance so that many hubs do not return at one moment."""
        self._failures += 1
        pause = min(self._pace.longest_pause, 2.0 ** min(self._failures - 1, 16))
        return pause * (0.5 + self._chance() / 2)
