"""What waits to be written to one client: bounded, and for a slow one only the newest value of each entity."""

from collections import deque

from regie.states import State
from regie.web.websocket import messages

MAX_MESSAGES = 1024
MAX_BYTES = 4 * 1024 * 1024
COALESCE_FROM = 256
"""A backlog from which state changes no longer queue one by one."""
BATCH_BYTES = 64 * 1024


class Outbox:
    """A queue of frames. `is_full` says that the client cannot follow and must be cut off."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._largest = 0
        self._pending: dict[int, dict[str, tuple[State | None, State | None]]] = {}

    def __len__(self) -> int:
        return len(self._frames) + len(self._pending)

    @property
    def is_full(self) -> bool:
        """Whether more waits than a client may let wait; one large answer, which it asked for, does not count."""
        return len(self._frames) > MAX_MESSAGES or self._bytes - self._largest > MAX_BYTES

    def put(self, frame: bytes) -> None:
        """Queue a frame."""
        self._frames.append(frame)
        self._bytes += len(frame)
        self._largest = max(self._largest, len(frame))

    def put_change(
        self, subscription_id: int, old: State | None, new: State | None, shared: messages.SharedEvent
    ) -> None:
        """Queue a state change; behind a backlog it replaces the entity's earlier one."""
        pending = self._pending.get(subscription_id)
        if pending is None:
            if len(self._frames) < COALESCE_FROM:
                self.put(shared.frame(subscription_id))
                return
            pending = self._pending[subscription_id] = {}
        state = new or old
        if state is not None:
            first = pending[state.entity_id][0] if state.entity_id in pending else old
            pending[state.entity_id] = (first, new)

    def drop(self, subscription_id: int) -> None:
        """Forget the changes that wait for a subscription that ended."""
        self._pending.pop(subscription_id, None)

    def take(self) -> list[bytes]:
        """The next frames to write, about a batch; empty when nothing waits."""
        if not self._frames and self._pending:
            subscription_id = next(iter(self._pending))
            told = messages.changes(self._pending.pop(subscription_id).values())
            return [messages.event(subscription_id, told)] if told else self.take()
        taken: list[bytes] = []
        size = 0
        while self._frames and size < BATCH_BYTES:
            frame = self._frames.popleft()
            taken.append(frame)
            size += len(frame)
        self._bytes -= size
        if not self._frames:
            self._largest = 0
        return taken
