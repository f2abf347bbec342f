"""The JSON around a message: `{type, room, client, payload, ts, v, seq, epoch}`."""

import json
import types
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, get_args

from regie_watch_party.protocol import (
    MAX_MESSAGE_BYTES,
    MAX_ROOM_MESSAGE_BYTES,
    VERSION,
    Identifier,
    Inbound,
    Outbound,
)
from regie_watch_party.timeline import Count
from regie_watch_party.validation import ProtocolError, check, decode, encode

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Envelope(Generic[M]):
    """A message and where it belongs; `seq` counts what a room has said, `epoch` is the timeline last known."""

    message: M
    room: str | None = None
    client: str | None = None
    ts: float = 0.0
    seq: int = 0
    epoch: int = 0


def read_inbound(text: str | bytes) -> Envelope[Inbound]:
    """What a member sent; raises ProtocolError."""
    return _read(text, _by_type(Inbound), MAX_MESSAGE_BYTES)


def read_outbound(text: str | bytes) -> Envelope[Outbound]:
    """What a room sent; raises ProtocolError."""
    return _read(text, _by_type(Outbound), MAX_ROOM_MESSAGE_BYTES)


def write(envelope: Envelope[Any]) -> str:
    """The envelope as JSON; what is absent is left out."""
    content = {
        "type": envelope.message.TYPE,
        "room": envelope.room,
        "client": envelope.client,
        "payload": encode(envelope.message),
        "ts": envelope.ts,
        "v": VERSION,
        "seq": envelope.seq,
        "epoch": envelope.epoch,
    }
    kept = {name: value for name, value in content.items() if value is not None}
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _read(text: str | bytes, kinds: dict[str, type], limit_bytes: int) -> Envelope[Any]:
    content = _parse(text, limit_bytes)
    if not isinstance(content, dict):
        raise ProtocolError("invalid_json", "A message is a JSON object.")
    if content.get("v", VERSION) != VERSION:
        raise ProtocolError("unsupported_version", f"This side speaks version {VERSION}.")
    name = content.get("type")
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ProtocolError("unknown_type", f"There is no message of type {str(name)[:64]!r} in this direction.")
    return Envelope(
        message=decode(kind, content.get("payload", {})),
        room=check(Identifier | None, content.get("room"), "room"),
        client=check(Identifier | None, content.get("client"), "client"),
        ts=check(float, content.get("ts", 0.0), "ts"),
        seq=check(Count, content.get("seq", 0), "seq"),
        epoch=check(Count, content.get("epoch", 0), "epoch"),
    )


def _parse(text: str | bytes, limit_bytes: int) -> Any:
    size = len(text) if isinstance(text, bytes) else len(text.encode(errors="surrogatepass"))
    if size > limit_bytes:
        raise ProtocolError("too_large", f"A message has at most {limit_bytes} bytes.")
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("invalid_json", "This is not JSON.") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


@cache
def _by_type(union: types.UnionType) -> dict[str, type]:
    return {kind.TYPE: kind for kind in get_args(union)}
