"""What a ListenBrainz server answers, typed, and as bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any, NamedTuple

from regie_music_tracker.protocols.listenbrainz.calls import ApiError, GetListens, SubmittedListen, recording_msid
from regie_music_tracker.protocols.wire import CORS, Answer, json_answer


@dataclass(frozen=True, slots=True)
class ListenItem:
    """One listen as read back; `listened_at` is None for what plays now."""

    listened_at: int | None
    artist: str
    track: str
    release: str = ""
    additional_info: Mapping[str, Any] = field(default_factory=dict)
    inserted_at: int = 0

    @classmethod
    def of(cls, listen: SubmittedListen, inserted_at: int = 0) -> "ListenItem":
        """A listen as it was submitted."""
        return cls(listen.listened_at, listen.artist, listen.track, listen.release, listen.additional_info, inserted_at)

    @property
    def msid(self) -> str:
        """The recording's stable id."""
        return recording_msid(self.artist, self.track, self.release)


@dataclass(frozen=True, slots=True)
class Ok:
    """Done."""


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """Whose token it is; None for nobody's."""

    user: str | None


@dataclass(frozen=True, slots=True)
class ListenPage:
    """Listens, newest first, and the bounds of the whole history."""

    user: str
    listens: Sequence[ListenItem]
    latest_ts: int = 0
    oldest_ts: int = 0


@dataclass(frozen=True, slots=True)
class ListenCount:
    """How many listens there are."""

    count: int


@dataclass(frozen=True, slots=True)
class PlayingNow:
    """What plays now, if anything does."""

    user: str
    listen: ListenItem | None


@dataclass(frozen=True, slots=True)
class FeedbackItem:
    """What a user thinks of one recording."""

    score: int
    created: int
    recording_mbid: str = ""
    recording_msid: str = ""


@dataclass(frozen=True, slots=True)
class FeedbackPage:
    """A page of feedback of `total` in all."""

    user: str
    feedback: Sequence[FeedbackItem]
    total: int
    offset: int


@dataclass(frozen=True, slots=True)
class LatestImport:
    """Up to when was imported."""

    user: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The most played; each row holds the keys that the API names for its entity. No rows: not calculated."""

    user: str
    entity: str
    span: str
    rows: Sequence[Mapping[str, Any]]
    total: int
    offset: int = 0
    from_ts: int = 0
    to_ts: int = 0


class Allowance(NamedTuple):
    """How much a client may still ask: on every answer, because clients sleep when it is missing or 0."""

    limit: int = 1000
    remaining: int = 999
    reset_in_s: int = 10
    reset_at: int = 0


def encode(answer: object, allowance: Allowance | None = None) -> Answer:
    """An answer, or the ApiError that takes its place, as bytes."""
    given = allowance or Allowance()
    names = ("Limit", "Remaining", "Reset-In", "Reset")
    headers = {f"X-RateLimit-{name}": str(value) for name, value in zip(names, given, strict=True)}
    if isinstance(answer, Stats) and not answer.rows:
        return Answer(204, b"", "application/json", CORS | headers)
    status = answer.status if isinstance(answer, ApiError) else 200
    return json_answer(_payload(answer), status, headers)


@singledispatch
def _payload(answer: object) -> dict[str, Any]:
    raise TypeError(f"{answer!r} is no answer of this protocol")


@_payload.register
def _(answer: ApiError) -> dict[str, Any]:
    return {"code": answer.status, "error": answer.message}


@_payload.register
def _(_: Ok) -> dict[str, Any]:
    return {"status": "ok"}


@_payload.register
def _(answer: TokenOwner) -> dict[str, Any]:
    if answer.user is None:
        return {"code": 200, "message": "Token invalid.", "valid": False}
    return {"code": 200, "message": "Token valid.", "valid": True, "user_name": answer.user}


@_payload.register
def _(answer: ListenPage) -> dict[str, Any]:
    listens = [_item(listen, answer.user) for listen in answer.listens]
    bounds = {"latest_listen_ts": answer.latest_ts, "oldest_listen_ts": answer.oldest_ts}
    return {"payload": {"count": len(listens), "user_id": answer.user, "listens": listens, **bounds}}


@_payload.register
def _(answer: ListenCount) -> dict[str, Any]:
    return {"payload": {"count": answer.count}}


@_payload.register
def _(answer: PlayingNow) -> dict[str, Any]:
    listens = [{"playing_now": True, "track_metadata": _metadata(answer.listen)}] if answer.listen else []
    return {"payload": {"count": len(listens), "user_id": answer.user, "playing_now": True, "listens": listens}}


@_payload.register
def _(answer: FeedbackPage) -> dict[str, Any]:
    feedback = [
        {
            "created": item.created,
            "recording_mbid": item.recording_mbid or None,
            "recording_msid": item.recording_msid or None,
            "score": item.score,
            "user_id": answer.user,
        }
        for item in answer.feedback
    ]
    return {"feedback": feedback, "count": len(feedback), "total_count": answer.total, "offset": answer.offset}


@_payload.register
def _(answer: LatestImport) -> dict[str, Any]:
    return {"musicbrainz_id": answer.user, "latest_import": answer.timestamp}


@_payload.register
def _(answer: Stats) -> dict[str, Any]:
    entity = answer.entity.replace("-", "_")
    singular = entity.removesuffix("s")
    return {
        "payload": {
            entity: [dict(row) for row in answer.rows],
            "count": len(answer.rows),
            f"total_{singular}_count": answer.total,
            "user_id": answer.user,
            "offset": answer.offset,
            "range": answer.span,
            "from_ts": answer.from_ts,
            "to_ts": answer.to_ts,
        }
    }


def _item(listen: ListenItem, user: str) -> dict[str, Any]:
    return {
        "listened_at": listen.listened_at,
        "inserted_at": listen.inserted_at,
        "recording_msid": listen.msid,
        "user_name": user,
        "track_metadata": _metadata(listen),
    }


def _metadata(listen: ListenItem) -> dict[str, Any]:
    metadata: dict[str, Any] = {"artist_name": listen.artist, "track_name": listen.track}
    if listen.release:
        metadata["release_name"] = listen.release
    # An object, never null: clients look into it.
    return metadata | {"additional_info": dict(listen.additional_info) | {"recording_msid": listen.msid}}


def page(listens: Sequence[ListenItem], call: GetListens) -> list[ListenItem]:
    """The page of a history (any order) that a call asks for, newest first.

    With `min_ts` it is the listens right after it: that is how a client pages forwards.
    """
    low = float("-inf") if call.min_ts is None else call.min_ts
    high = float("inf") if call.max_ts is None else call.max_ts
    inside = [one for one in listens if one.listened_at is not None and low < one.listened_at < high]
    inside.sort(key=lambda one: one.listened_at or 0, reverse=True)
    if call.min_ts is not None:
        return inside[max(len(inside) - call.count, 0) :]
    return inside[: call.count]
