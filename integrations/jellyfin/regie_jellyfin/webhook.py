"""What the server's webhook plugin posts: any text in, a notification out. Pure."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from regie.roles import MediaItem, MediaUser, PlaybackSignal, Session, StreamShape, Track

from . import decode

SignalKind = Literal["start", "progress", "stop"]
SIGNALS: dict[str, SignalKind] = {"PlaybackStart": "start", "PlaybackProgress": "progress", "PlaybackStop": "stop"}


LONGEST = 500
"""Characters of a text in an event: descriptions of films can be long."""


class BrokenWebhook(ValueError):
    """A body that is no notification; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One post of the plugin: its type and fields, and the signal when it speaks of playback."""

    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    signal: PlaybackSignal | None = None

    def brief(self) -> dict[str, Any]:
        """The fields as an event carries them: plain values, long texts cut."""
        return {
            key: value[:LONGEST] if isinstance(value, str) else value
            for key, value in self.fields.items()
            if value is None or isinstance(value, str | bool | int | float)
        }


def parse(body: bytes, now: datetime) -> Notification:
    """Read a body, whatever its content type; raises BrokenWebhook."""
    try:
        fields = json.loads(body.decode("utf-8-sig"), strict=False)
    except UnicodeDecodeError as error:
        raise BrokenWebhook(f"not UTF-8: {error.reason} at byte {error.start}") from error
    except RecursionError as error:
        raise BrokenWebhook("not JSON that we read: too deeply nested") from error
    except ValueError as error:
        raise BrokenWebhook(f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise BrokenWebhook("JSON, but not an object: choose “Send All Properties” in the plugin")
    fields = {key: _unescaped(value) for key, value in fields.items()}
    kind = _text(fields, "NotificationType")
    if not kind:
        raise BrokenWebhook("no NotificationType: choose “Send All Properties” in the plugin")
    signal = _signal(SIGNALS[kind], fields, now) if kind in SIGNALS else None
    return Notification(kind, fields, signal)


def _signal(kind: SignalKind, fields: dict[str, Any], now: datetime) -> PlaybackSignal:
    for needed in ("ItemId", "UserId"):
        if not _text(fields, needed):
            raise BrokenWebhook(f"{fields['NotificationType']} without {needed}")
    stamp = _text(fields, "UtcTimestamp")
    at = decode.moment(stamp) or decode.moment(_text(fields, "Timestamp")) or now.astimezone(UTC)
    return PlaybackSignal(at, kind, _session(fields), completed=_flag(fields, "PlayedToCompletion"), stamp=stamp)


def _session(fields: dict[str, Any]) -> Session:
    client = _text(fields, "ClientName") or _text(fields, "Client")
    device_id = _text(fields, "DeviceId")
    given = _text(fields, "Id")
    return Session(
        id=decode.guid(given) if given else decode.session_id(client, device_id),
        user=MediaUser(decode.guid(_text(fields, "UserId")), _text(fields, "NotificationUsername")),
        client=client,
        device=_text(fields, "DeviceName"),
        device_id=device_id,
        item=_item(fields),
        position_s=_seconds(fields, "PlaybackPositionTicks"),
        is_paused=bool(_flag(fields, "IsPaused")),
        address=decode.address(_text(fields, "RemoteEndPoint")),
        last_check_in=decode.moment(_text(fields, "LastPlaybackCheckIn")),
        shape=_shape(fields),
    )


def _item(fields: dict[str, Any]) -> MediaItem:
    kind = decode.KINDS.get(_text(fields, "ItemType"), "video")
    series_id = _text(fields, "SeriesId")
    providers = {
        key.removeprefix("Provider_").lower(): str(value)
        for key, value in fields.items()
        if key.startswith("Provider_") and value
    }
    return MediaItem(
        id=decode.guid(_text(fields, "ItemId")),
        kind=kind,
        title=_text(fields, "Name"),
        runtime_s=_seconds(fields, "RunTimeTicks") or None,
        year=_number(fields, "Year"),
        series_id=decode.guid(series_id) if series_id else None,
        series=_text(fields, "SeriesName") or None,
        season=_number(fields, "SeasonNumber"),
        episode=_number(fields, "EpisodeNumber"),
        album=_text(fields, "Album") or None,
        artist=_text(fields, "Artist") or None,
        provider_ids=providers,
    )


def _shape(fields: dict[str, Any]) -> StreamShape:
    """What a webhook knows of the stream: the file and the player's claim, nothing of the encoder."""
    video = audio = None
    if codec := _text(fields, "Video_0_Codec"):
        video = Track(codec, _number(fields, "Video_0_Width"), _number(fields, "Video_0_Height"))
    if codec := _text(fields, "Audio_0_Codec"):
        language = _text(fields, "Audio_0_Language") or None
        audio = Track(codec, channels=_number(fields, "Audio_0_Channels"), language=language)
    return StreamShape(method=decode.METHODS.get(_text(fields, "PlayMethod")), video=video, audio=audio)


def _unescaped(value: Any) -> Any:
    """The plugin escapes quotation marks twice."""
    return value.replace('\\"', '"') if isinstance(value, str) else value


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _number(fields: dict[str, Any], name: str) -> int | None:
    """A whole number; templates write some as text."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def _seconds(fields: dict[str, Any], name: str) -> float | None:
    ticks = _number(fields, name)
    return decode.seconds(ticks) if ticks is not None and abs(ticks) < 2**63 else None


def _flag(fields: dict[str, Any], name: str) -> bool | None:
    value = fields.get(name)
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None
