"""Takes webhooks at once and works them off afterwards: the server waits for the answer inside its own event loop."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from .webhook import BrokenWebhook, Notification, parse

ROOM = 20_000
SHOWN = 4_000
"""So much of a body is kept to be shown."""

_log = structlog.get_logger("regie.jellyfin")


@dataclass(frozen=True, slots=True)
class Receipt:
    """One post, as the set-up page shows it."""

    at: datetime
    kind: str = ""
    error: str = ""
    body: str = ""
    """The beginning of a body that could not be read."""


class WebhookInbox:
    """The posts of one server, in order of arrival."""

    def __init__(
        self,
        handle: Callable[[Notification], None],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._handle = handle
        self._clock = clock
        self._waiting: asyncio.Queue[tuple[datetime, bytes]] = asyncio.Queue(ROOM)
        self.received = 0
        self.last: Receipt | None = None
        self.last_broken: Receipt | None = None

    def put(self, body: bytes) -> bool:
        """Take a body; False when there is no room left."""
        try:
            self._waiting.put_nowait((self._clock(), body))
        except asyncio.QueueFull:
            return False
        self.received += 1
        return True

    async def work(self) -> None:
        """Work off what comes, one at a time, until cancelled."""
        while True:
            at, body = await self._waiting.get()
            self._work_off(at, body)
            self._waiting.task_done()
            # A burst would otherwise hold the loop until it is done.
            await asyncio.sleep(0)

    async def worked_off(self) -> None:
        """Wait until nothing waits."""
        await self._waiting.join()

    def _work_off(self, at: datetime, body: bytes) -> None:
        try:
            notification = parse(body, at)
        except BrokenWebhook as error:
            text = body[:SHOWN].decode(errors="replace")
            if self.last_broken is None or self.last_broken.error != str(error):
                _log.warning("A webhook could not be read", reason=str(error))
            self.last = self.last_broken = Receipt(at, error=str(error), body=text)
            return
        self.last = Receipt(at, notification.kind)
        try:
            self._handle(notification)
        except Exception:  # noqa: BLE001 - one odd notification must not end the work
            _log.exception("A webhook could not be worked off", type=notification.kind)
