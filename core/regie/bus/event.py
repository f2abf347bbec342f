"""An event and its context."""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALPHABET = frozenset(_CROCKFORD)
_ULID_LENGTH = 26
_PAIRS = [high + low for high in _CROCKFORD for low in _CROCKFORD]


def ulid(at: float | None = None) -> str:
    """A 26-character ULID: 48 bits of milliseconds, 80 random bits; sorts by time.

    Source: the ULID specification (github.com/ulid/spec), canonical string representation.
    """
    value = (int((time.time() if at is None else at) * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in range(120, -1, -10)])


def is_ulid(text: str) -> bool:
    """Whether a text has the form of a ULID."""
    return len(text) == _ULID_LENGTH and set(text) <= _ALPHABET


class EventContext:
    """Who caused something: a user, or another context (`parent_id`) through an automation. The id is made when first read."""

    __slots__ = ("_id", "parent_id", "user_id")

    def __init__(self, user_id: str | None = None, parent_id: str | None = None, id_: str | None = None) -> None:
        self.user_id = user_id
        self.parent_id = parent_id
        self._id = id_

    @property
    def id(self) -> str:
        """A ULID."""
        if self._id is None:
            self._id = ulid()
        return self._id

    def child(self) -> "EventContext":
        """A context of what this one causes."""
        return EventContext(self.user_id, self.id)

    def as_dict(self) -> dict[str, str | None]:
        """The shape that clients read."""
        return {"id": self.id, "parent_id": self.parent_id, "user_id": self.user_id}


class Event:
    """Something that happened. `fired_at` is epoch seconds; the context is made when first read."""

    __slots__ = ("_context", "data", "fired_at", "origin", "type")

    def __init__(
        self,
        type_: str,
        data: Mapping[str, Any],
        context: EventContext | None = None,
        fired_at: float = 0.0,
        origin: str = "LOCAL",
    ) -> None:
        self.type = type_
        self.data = data
        self._context = context
        self.fired_at = fired_at
        self.origin = origin

    @property
    def context(self) -> EventContext:
        """Who caused it."""
        if self._context is None:
            self._context = EventContext()
        return self._context

    @property
    def time_fired(self) -> datetime:
        """The moment, in UTC."""
        return datetime.fromtimestamp(self.fired_at, UTC)

    def as_dict(self) -> dict[str, Any]:
        """The shape that clients read."""
        data = {key: value.as_dict() if hasattr(value, "as_dict") else value for key, value in self.data.items()}
        return {
            "event_type": self.type,
            "data": data,
            "origin": self.origin,
            "time_fired": self.time_fired.isoformat(),
            "context": self.context.as_dict(),
        }

    def __repr__(self) -> str:
        return f"<Event {self.type} {dict(self.data)!r}>"
