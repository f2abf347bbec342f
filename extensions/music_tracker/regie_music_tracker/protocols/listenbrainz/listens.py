"""The rules for what a ListenBrainz client may submit; one bad item refuses the whole request."""

import json
import re
from collections.abc import Mapping
from typing import Any

from regie_music_tracker.protocols.listenbrainz.calls import ApiError, ListenType, SubmittedListen
from regie_music_tracker.submission import CLOCK_SKEW_S, EARLIEST
from regie_music_tracker.values import MBID

MOST_LISTENS = 1000
MOST_LISTEN_BYTES = 10_240
MOST_BODY_BYTES = MOST_LISTENS * MOST_LISTEN_BYTES
MOST_TAGS = 50
MOST_TAG_CHARACTERS = 64
LONGEST_S = 24 * 86_400

_ID_FIELDS = ("recording_mbid", "release_mbid", "release_group_mbid", "track_mbid")
_ID_LISTS = ("artist_mbids", "work_mbids")
# As JSON writes it; one more backslash before it makes it a text about it.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def read_json(body: bytes) -> Any:
    """The JSON of a body, whatever content type it claims."""
    if len(body) > MOST_BODY_BYTES:
        raise ApiError(400, "Payload too large.")
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, f"Cannot parse JSON document: {error}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def read_listens(document: Any, now: int) -> tuple[ListenType, tuple[SubmittedListen, ...]]:
    """The listens of a submission, checked."""
    if not isinstance(document, Mapping):
        raise ApiError(400, "Invalid JSON document submitted. Must be an object.")
    try:
        kind = ListenType(document.get("listen_type"))  # type: ignore[arg-type]
    except ValueError:
        raise ApiError(400, "JSON document requires a valid listen_type key.") from None
    payload = document.get("payload")
    if not isinstance(payload, list) or not payload:
        raise ApiError(400, "JSON document must contain payload, a list of listens that is not empty.")
    if kind is not ListenType.IMPORT and len(payload) > 1:
        raise ApiError(400, f"A submission of type {kind} takes one listen, not {len(payload)}.")
    if len(payload) > MOST_LISTENS:
        raise ApiError(400, f"Too many listens. You may submit {MOST_LISTENS} at once.")
    return kind, tuple(_listen(item, kind, now) for item in payload)


def _listen(item: Any, kind: ListenType, now: int) -> SubmittedListen:
    if not isinstance(item, Mapping):
        raise ApiError(400, "A listen must be an object.")
    _check_text(item)
    if unknown := item.keys() - {"listened_at", "track_metadata"}:
        raise ApiError(400, f"A listen has keys that are not allowed: {', '.join(sorted(unknown))}.")
    metadata = item.get("track_metadata")
    if not isinstance(metadata, Mapping):
        raise ApiError(400, "A listen must contain track_metadata, an object.")
    return SubmittedListen(
        _listened_at(item, kind, now),
        _required(metadata, "artist_name"),
        _required(metadata, "track_name"),
        _release(metadata),
        read_info(metadata.get("additional_info")),
    )


def _check_text(item: Mapping[str, Any]) -> None:
    try:
        text = json.dumps(item, ensure_ascii=False)
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ApiError(400, "A listen contains half a character.") from None
    except RecursionError:
        raise ApiError(400, "A listen is nested too deeply.") from None
    if size > MOST_LISTEN_BYTES:
        raise ApiError(400, f"A listen is larger than {MOST_LISTEN_BYTES} bytes.")
    if _NUL.search(text):
        raise ApiError(400, "A listen contains a NUL character.")


def _listened_at(item: Mapping[str, Any], kind: ListenType, now: int) -> int | None:
    if kind is ListenType.PLAYING_NOW:
        if "listened_at" in item:
            raise ApiError(400, "A playing_now submission must not contain listened_at.")
        return None
    stamp = timestamp(item.get("listened_at"))
    if stamp is None:
        raise ApiError(400, "A listen must contain listened_at, a Unix time.")
    if stamp < EARLIEST:
        raise ApiError(400, "Value of listened_at is too low: listens begin in October 2002.")
    if stamp >= now + CLOCK_SKEW_S:
        raise ApiError(400, "Value of listened_at is in the future.")
    return stamp


def timestamp(value: Any) -> int | None:
    """A Unix time from a number or a numeric string."""
    if isinstance(value, str):
        digits = value.strip()
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 18 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if abs(value) < 10**17 else None


def _required(metadata: Mapping[str, Any], name: str) -> str:
    value = metadata.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ApiError(400, f"track_metadata requires {name}, a text that is not empty.")
    return value.strip()


def _release(metadata: Mapping[str, Any]) -> str:
    value = metadata.get("release_name")
    if value is not None and not isinstance(value, str):
        raise ApiError(400, "release_name must be a text.")
    return (value or "").strip()


def read_info(info: Any) -> dict[str, Any]:
    """The additional information of a listen: known keys checked, empty ids dropped, unknown keys kept."""
    if info is None:
        return {}
    if not isinstance(info, Mapping):
        raise ApiError(400, "additional_info must be an object.")
    kept = {name: value for name, value in info.items() if name not in (*_ID_FIELDS, *_ID_LISTS)}
    kept |= {name: _mbid(name, info[name]) for name in _ID_FIELDS if info.get(name) not in (None, "")}
    kept |= {name: ids for name in _ID_LISTS if (ids := _mbids(name, info.get(name)))}
    _check_tags(info.get("tags"))
    _check_duration(info)
    return kept


def _mbid(name: str, value: Any) -> str:
    if not isinstance(value, str) or not MBID.fullmatch(value):
        raise ApiError(400, f"{name} is not a valid MusicBrainz id.")
    return value.lower()


def _mbids(name: str, value: Any) -> list[str]:
    if value in (None, ""):
        return []
    if not isinstance(value, list):
        raise ApiError(400, f"{name} must be a list.")
    return [_mbid(name, one) for one in value if one not in (None, "")]


def _check_tags(tags: Any) -> None:
    if tags is None:
        return
    if not isinstance(tags, list) or len(tags) > MOST_TAGS:
        raise ApiError(400, f"tags must be a list of {MOST_TAGS} at most.")
    if any(not isinstance(tag, str) or len(tag) > MOST_TAG_CHARACTERS for tag in tags):
        raise ApiError(400, f"A tag must be a text of {MOST_TAG_CHARACTERS} characters at most.")


def _check_duration(info: Mapping[str, Any]) -> None:
    if "duration" in info and "duration_ms" in info:
        raise ApiError(400, "Give duration or duration_ms, not both.")
    for name, most in (("duration", LONGEST_S), ("duration_ms", LONGEST_S * 1000)):
        value = info.get(name)
        if value is None:
            continue
        number = timestamp(value)
        if number is None or not 0 < number <= most:
            raise ApiError(400, f"Value for {name} is invalid: a number above 0, of 24 days at most.")
