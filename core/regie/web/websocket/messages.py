"""Frames: what goes over the wire, encoded once and shared."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from regie.states import State
from regie.web.codec import encode

PING_RESULT = b'{"id":%d,"type":"pong"}'


def head(length: int) -> bytes:
    """What RFC 6455, section 5.2, puts before an unmasked and whole text of so many bytes."""
    if length < 126:
        return bytes((0x81, length))
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")


def result(message_id: int, value: Any = None) -> bytes:
    """The answer to a command."""
    return b'{"id":%d,"type":"result","success":true,"result":%s}' % (message_id, encode(value))


def error(message_id: Any, code: str, text: str) -> bytes:
    """A refusal; the id as it was received, or None."""
    failure = {"code": code, "message": text}
    return encode({"id": message_id, "type": "result", "success": False, "error": failure})


def pong(message_id: int) -> bytes:
    """The answer to a ping."""
    return PING_RESULT % message_id


class SharedEvent:
    """One event for many clients: its JSON is made once, and one frame for each subscription id in use."""

    __slots__ = ("_body", "_frames", "_make")

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._body: bytes | None = None
        self._frames: dict[int, bytes] = {}

    def frame(self, subscription_id: int) -> bytes:
        """The frame for a subscription."""
        frame = self._frames.get(subscription_id)
        if frame is None:
            if self._body is None:
                self._body = encode(self._make())
            frame = b'{"id":%d,"type":"event","event":%s}' % (subscription_id, self._body)
            self._frames[subscription_id] = frame
        return frame


def event(subscription_id: int, value: Any) -> bytes:
    """An event for one client."""
    return SharedEvent(lambda: value).frame(subscription_id)


def added(states: Iterable[State]) -> dict[str, Any]:
    """States as `subscribe_entities` first tells them."""
    return {"a": {state.entity_id: state.compressed() for state in states}}


def changes(pairs: Iterable[tuple[State | None, State | None]]) -> dict[str, Any]:
    """What became of entities, from their old states to their new ones, as `subscribe_entities` tells it."""
    told: dict[str, Any] = {}
    for old, new in pairs:
        if new is None:
            if old is not None:
                told.setdefault("r", []).append(old.entity_id)
        elif old is None:
            told.setdefault("a", {})[new.entity_id] = new.compressed()
        else:
            told.setdefault("c", {})[new.entity_id] = difference(old, new)
    return told


def difference(old: State, new: State) -> dict[str, Any]:
    """Only what changed: `+` holds new values, `-` the names of attributes that are gone."""
    more: dict[str, Any] = {}
    if old.state != new.state:
        more["s"] = new.state
    if old.last_changed != new.last_changed:
        more["lc"] = new.last_changed
    elif old.last_updated != new.last_updated:
        more["lu"] = new.last_updated
    more |= _context_difference(old, new)
    attributes = {key: value for key, value in new.attributes.items() if _is_new(old.attributes, key, value)}
    if attributes:
        more["a"] = attributes
    told: dict[str, Any] = {"+": more}
    if gone := [key for key in old.attributes if key not in new.attributes]:
        told["-"] = {"a": gone}
    return told


def _is_new(attributes: Mapping[str, Any], key: str, value: Any) -> bool:
    return key not in attributes or attributes[key] != value


def _context_difference(old: State, new: State) -> dict[str, Any]:
    if old.context is new.context:
        return {}
    before, after = old.context.as_dict(), new.context.as_dict()
    changed = {key: value for key, value in after.items() if before[key] != value}
    if not changed:
        return {}
    return {"c": changed["id"] if set(changed) == {"id"} else changed}
