"""Plays from elsewhere: what strangers' data must look like, and how it becomes records."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Literal, get_args

import voluptuous as vol

from regie.api import InvalidData
from regie.roles import MediaItem, MediaKind, MediaUser, Method, StreamShape, Track

from .plays import HistorySettings, counts
from .store import PlayRecord

MOST_PLAYS = 5000

Text = vol.All(str, vol.Length(max=2000))
Id = vol.All(str, vol.Length(min=1, max=300))
Key = vol.All(str, vol.Length(min=1, max=64))
Number = vol.All(vol.Any(int, float), vol.Range(min=0, max=1e9))
Whole = vol.All(int, vol.Range(min=0, max=2**31 - 1))
Small = vol.All(int, vol.Range(min=-1, max=32_000))


def _moment(value: Any) -> datetime:
    """A moment with its zone."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise vol.Invalid("expected a date and time in ISO 8601") from error
    if moment.tzinfo is None:
        raise vol.Invalid("expected a date and time with its zone, such as 2026-03-01T20:00:00+00:00")
    if not datetime(1990, 1, 1, tzinfo=moment.tzinfo) < moment < datetime(2200, 1, 1, tzinfo=moment.tzinfo):
        raise vol.Invalid("expected a moment of these times")
    return moment


def _optional(**keys: Any) -> dict[Any, Any]:
    return {vol.Optional(key): vol.Maybe(check) for key, check in keys.items()}


_TRACK = vol.Schema(
    _optional(
        codec=Text, width=Whole, height=Whole, channels=Small, language=Text, dynamic_range=Text, frame_rate=Number
    )
)
_SHAPE = vol.Schema(
    _optional(
        container=Text,
        target_container=Text,
        hardware=Text,
        method=vol.In(get_args(Method)),
        reasons=vol.All(vol.Any(list, tuple), [vol.All(str, vol.Length(max=200))]),
        **dict.fromkeys(("video", "audio", "subtitle", "target_video", "target_audio"), _TRACK),
    )
)
_ITEM = vol.Schema(
    {vol.Required("id"): Key, vol.Required("kind"): vol.In(get_args(MediaKind)), vol.Required("title"): Text}
    | _optional(
        runtime_s=Number,
        year=Small,
        season=Small,
        episode=Whole,
        library_id=Key,
        series_id=Key,
        provider_ids=vol.Schema({str: str}),
        **dict.fromkeys(("series", "album", "artist", "library", "image_tag", "extra_type"), Text),
    )
)
_PLAY = vol.Schema(
    {
        vol.Required("id"): Id,
        vol.Required("user_id"): Key,
        vol.Required("user_name"): Text,
        vol.Required("client"): vol.All(str, vol.Length(max=200)),
        vol.Required("device"): Text,
        vol.Required("started"): _moment,
        vol.Required("stopped"): _moment,
        vol.Required("item"): _ITEM,
    }
    | _optional(
        device_id=Id,
        address=vol.All(str, vol.Length(max=64)),
        watched=bool,
        method=vol.In(get_args(Method)),
        bitrate_kbps=Whole,
        shape=_SHAPE,
        **dict.fromkeys(("watch_s", "paused_s", "position_start_s", "position_end_s"), Number),
    )
)


SCHEMA = vol.Schema(
    {
        vol.Required("server_id"): Key,
        vol.Optional("server_name"): Text,
        vol.Required("source"): Id,
        vol.Required("plays"): vol.All(list, vol.Length(min=1, max=MOST_PLAYS), [dict]),
    }
)
"""The outline of a call; each play is checked by `record_of_import`, a few at a time, for thousands take a while."""


def record_of_import(
    data: Mapping[str, Any], number: int, settings: HistorySettings
) -> PlayRecord | Literal["too_short", "kind"]:
    """A play of a call as a record, or the reason why it does not count; raises InvalidData naming its field."""
    play = _checked(data["plays"][number], number)
    item = MediaItem(**_known(MediaItem, play["item"]))
    if not counts(item):
        return "kind"
    span = (play["stopped"] - play["started"]).total_seconds()
    paused = min(span, play.get("paused_s") or 0)
    asked = play.get("watch_s")
    watch = min(span, span - paused if asked is None else asked)
    if watch < settings.shortest_s:
        return "too_short"
    position0 = play.get("position_start_s") or 0
    position = play.get("position_end_s")
    position = position0 + watch if position is None else position
    watched = play.get("watched")
    if watched is None and item.runtime_s:
        watched = position >= settings.watched * item.runtime_s
    return PlayRecord(
        uid=_uid(data["server_id"], data["source"], play["id"]),
        user=MediaUser(play["user_id"], play["user_name"]),
        item=item,
        client=play["client"],
        device=play["device"],
        device_id=play.get("device_id") or play["device"],
        address=play.get("address"),
        started=play["started"].timestamp(),
        stopped=play["stopped"].timestamp(),
        watch_s=watch,
        paused_s=paused,
        position0_s=position0,
        position_s=position,
        watched=watched,
        kbps=play.get("bitrate_kbps"),
        shape=_shape(play),
    )


def _checked(plain: Any, number: int) -> dict[str, Any]:
    try:
        play: dict[str, Any] = _PLAY(plain)
    except vol.Invalid as error:
        first = error.errors[0] if isinstance(error, vol.MultipleInvalid) else error
        field = "".join(f".{part}" for part in first.path)
        raise InvalidData(f"{first.error_message} at plays[{number}]{field}") from error
    if play["stopped"] < play["started"]:
        raise InvalidData(f"stopped is before started at plays[{number}].stopped")
    return play


def _shape(play: Mapping[str, Any]) -> StreamShape:
    given = _known(StreamShape, play.get("shape") or {})
    for name in ("video", "audio", "subtitle", "target_video", "target_audio"):
        if name in given:
            given[name] = Track(**_known(Track, given[name]))
    given["reasons"] = tuple(given.get("reasons", ()))
    given["method"] = play.get("method") or given.get("method") or "direct_play"
    return StreamShape(**given)


def _known(kind: type, plain: Mapping[str, Any]) -> dict[str, Any]:
    """What is not None of a dataclass's fields."""
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in plain.items() if name in names and value is not None}


def _uid(server_id: str, source: str, play_id: str) -> int:
    text = f"import\n{server_id}\n{source}\n{play_id}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1
