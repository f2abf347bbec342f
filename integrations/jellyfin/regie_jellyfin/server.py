"""A Jellyfin server in the role of `MediaServer`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from regie.api import NotFound, ServiceError
from regie.roles import (
    Library,
    MediaItem,
    MediaUser,
    Observation,
    Outage,
    PlaybackSignal,
    ServerStatus,
    Session,
    Snapshot,
)

from .client import JellyfinClient, ServerInfo
from .conversation import Pace
from .supervisor import Supervisor

PAGE = 500
"""Items asked for at once: large enough to be quick, small enough to leave the server room for players."""
REACTION_S = 6.0
"""A player answers a command with a report of its own; one that has not by then is told once more."""

_log = structlog.get_logger("regie.jellyfin")

Listener = Callable[[Observation], None]
StatusListener = Callable[[ServerStatus], None]


class JellyfinServer:
    """One configured server: observed by its supervisor, asked and told through its client."""

    def __init__(
        self,
        info: ServerInfo,
        entry_id: str,
        client: JellyfinClient,
        *,
        pace: Pace | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        reaction_s: float = REACTION_S,
    ) -> None:
        self.id = info.id
        self.name = info.name
        self.version = info.version
        self.entry_id = entry_id
        self._client = client
        self._reaction_s = reaction_s
        self._listeners: list[Listener] = []
        self._status_listeners: list[StatusListener] = []
        self._newest: Snapshot | None = None
        self._supervisor = Supervisor(client, self._publish, self._tell_status, pace=pace, clock=clock)

    @property
    def status(self) -> ServerStatus:
        """How we are connected now."""
        return self._supervisor.status

    @property
    def sessions(self) -> Sequence[Session]:
        """The sessions of the newest snapshot."""
        return self._newest.sessions if self._newest else ()

    async def run(self) -> None:
        """Keep the server observed; ends only with `AuthFailed`."""
        await self._supervisor.run()

    def observe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each observation, the newest snapshot at once; what returns ends it."""
        self._listeners.append(listener)
        if self._newest:
            # Whoever comes late has seen nothing before: to them, this is the first one after an outage.
            listener(replace(self._newest, after_outage=True))
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def on_status(self, listener: StatusListener) -> Callable[[], None]:
        """Call `listener` with each change of the connection, the present one at once; what returns ends it."""
        self._status_listeners.append(listener)
        listener(self.status)
        return lambda: self._status_listeners.remove(listener) if listener in self._status_listeners else None

    def report(self, signal: PlaybackSignal) -> None:
        """Pass on what a webhook said."""
        self._publish(signal)

    async def users(self) -> Sequence[MediaUser]:
        """All accounts."""
        return await self._client.users()

    async def libraries(self) -> Sequence[Library]:
        """All libraries."""
        return await self._client.libraries()

    async def items(
        self, library_id: str, *, since: datetime | None = None, start: int = 0
    ) -> AsyncIterator[Sequence[MediaItem]]:
        """The items of a library in pages, from position `start`, or those saved since a moment."""
        while True:
            page, sent = await self._client.items(library_id, start=start, limit=PAGE, since=since)
            if page:
                yield page
            if sent < PAGE:
                return
            start += sent

    async def message(self, session_id: str, text: str, *, header: str = "", timeout_s: float = 10) -> None:
        """Show a text on the player."""
        session = self._controllable(session_id)
        await self._client.message(session.id, text, header=header or self.name, timeout_s=timeout_s)

    async def pause(self, session_id: str) -> None:
        """Pause the player."""
        await self._command(session_id, "Pause", lambda session: session is None or session.is_paused)

    async def stop(self, session_id: str) -> None:
        """Stop the player."""
        await self._command(session_id, "Stop", lambda session: session is None)

    async def image(self, item_id: str, *, kind: str = "Primary", width: int = 300, tag: str = "") -> tuple[bytes, str]:
        """An artwork's bytes and content type."""
        return await self._client.image(item_id, kind, width=width, tag=tag)

    def _controllable(self, session_id: str) -> Session:
        session = self._session(session_id)
        if session is None:
            raise NotFound("This stream is over.")
        if not session.can_be_controlled:
            raise ServiceError(f"{session.client} on {session.device} takes no messages and no commands.")
        return session

    def _session(self, session_id: str) -> Session | None:
        return next((session for session in self.sessions if session.id == session_id), None)

    async def _command(self, session_id: str, name: str, is_done: Callable[[Session | None], bool]) -> None:
        """Give a command and look whether it was heeded: the server accepts it even when the player does not."""
        session = self._controllable(session_id)
        for _ in range(2):
            await self._client.command(session_id, name)
            if await self._comes_about(lambda: is_done(self._session(session_id))):
                return
        raise ServiceError(f"{session.client} on {session.device} did not react.")

    async def _comes_about(self, condition: Callable[[], bool]) -> bool:
        seen = asyncio.Event()
        undo = self.observe(lambda _: seen.set() if condition() else None)
        try:
            async with asyncio.timeout(self._reaction_s):
                await seen.wait()
        except TimeoutError:
            return False
        finally:
            undo()
        return True

    def _publish(self, observation: Observation) -> None:
        if isinstance(observation, Snapshot):
            self._newest = observation
        elif isinstance(observation, Outage):
            self._newest = None
        for listener in list(self._listeners):
            try:
                listener(observation)
            except Exception:  # noqa: BLE001 - one failing listener must not blind the others
                _log.exception("A listener to the server failed", server=self.name)

    def _tell_status(self, status: ServerStatus) -> None:
        for listener in list(self._status_listeners):
            listener(status)
