"""The notifications of Jellyfin's webhook plugin."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from regie_music_tracker.submission import Evidence, Stamp, Submission
from regie_music_tracker.values import moment, number, text
from regie_music_tracker.webhooks.plays import Event, PlayClock, Stopped

SOURCE = "jellyfin"
TICKS_A_SECOND = 10_000_000


@dataclass(slots=True)
class JellyfinWebhook:
    """Notifications in, plays out. Only music counts; the class name `Audio` is how the plugin writes a song."""

    _clock: PlayClock = field(default_factory=PlayClock)

    def receive(self, payload: Any, now: float) -> list[Event]:
        """What one notification tells; nothing if it is about something else."""
        if not isinstance(payload, Mapping) or text(payload.get("ItemType")) != "Audio":
            return []
        at = moment(payload.get("UtcTimestamp")) or int(now)
        kind = text(payload.get("NotificationType"))
        if kind == "PlaybackStart":
            return self._clock.start(_client(payload), _submission(payload, at), at)
        if kind == "PlaybackProgress":
            return self._progress(payload, at)
        if kind == "PlaybackStop":
            return self._stop(payload, at)
        return _saved(payload, at) if kind == "UserDataSaved" else []

    def _progress(self, payload: Mapping[str, Any], at: int) -> list[Event]:
        client, position = _client(payload), _position(payload)
        running = self._clock.playing(client)
        if running is None or running.source_key != text(payload.get("ItemId")):
            started = at - round(position or 0)
            return self._clock.start(client, _submission(payload, started), started)
        is_paused = _is_true(payload.get("IsPaused"))
        return self._clock.pause(client, at) if is_paused else self._clock.resume(client, at)

    def _stop(self, payload: Mapping[str, Any], at: int) -> list[Event]:
        client, position = _client(payload), _position(payload)
        told = _submission(payload, at)
        running = self._clock.playing(client)
        if running is not None and running.source_key == told.source_key:
            return list(self._clock.stop(client, at))
        # The start was not heard: it lies as far back as the position at the end.
        if _is_true(payload.get("PlayedToCompletion")):
            position = told.length_s or position
        return [Stopped(client, replace(told, stamp=Stamp.END, played_s=position or 0.0))] if position else []


def _saved(payload: Mapping[str, Any], at: int) -> list[Event]:
    """A client that was offline marks a track as played: all that is known is that it was, and until when."""
    if text(payload.get("SaveReason")) != "TogglePlayed" or not _is_true(payload.get("Played")):
        return []
    ended = moment(payload.get("LastPlayedDate")) or at
    told = replace(_submission(payload, ended), stamp=Stamp.END, evidence=Evidence.SCROBBLE, precision_s=60)
    return [Stopped(_client(payload), told)]


def _submission(payload: Mapping[str, Any], at: int) -> Submission:
    return Submission(
        text(payload.get("NotificationUsername")),
        SOURCE,
        at,
        text(payload.get("Artist")),
        text(payload.get("Name")),
        album=text(payload.get("Album")),
        recording_mbid=text(payload.get("Provider_musicbrainzrecording")),
        release_mbid=text(payload.get("Provider_musicbrainzalbum")),
        length_s=_ticks(payload.get("RunTimeTicks")),
        evidence=Evidence.PLAYER,
        loved=_is_true(payload.get("Favorite")),
        source_key=text(payload.get("ItemId")),
    )


def _client(payload: Mapping[str, Any]) -> str:
    parts = ("NotificationUsername", "DeviceId", "DeviceName", "ClientName")
    return "\x1f".join(text(payload.get(part)) for part in parts)


def _position(payload: Mapping[str, Any]) -> float | None:
    return _ticks(payload.get("PlaybackPositionTicks"))


def _ticks(value: Any) -> float | None:
    found = number(value)
    return found / TICKS_A_SECOND if found else None


def _is_true(value: Any) -> bool:
    return value is True or text(value).lower() == "true"
