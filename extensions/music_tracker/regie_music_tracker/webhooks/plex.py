"""Plex's webhook: the `payload` field of its multipart request, which carries no time of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from regie_music_tracker.submission import Evidence, Stamp, Submission
from regie_music_tracker.values import number, part, text, whole
from regie_music_tracker.webhooks.plays import Event, PlayClock, Stopped

SOURCE = "plex"
# Plex tells `media.scrobble` at nine tenths: too late to be our rule, good to know when all else was missed.
SCROBBLE_SHARE = 0.9


@dataclass(slots=True)
class PlexWebhook:
    """Notifications in, plays out."""

    _clock: PlayClock = field(default_factory=PlayClock)

    def receive(self, payload: bytes | str, now: float) -> list[Event]:
        """What one notification tells; nothing if it is damaged or about something else."""
        try:
            told = json.loads(payload)
        except (ValueError, RecursionError):
            return []
        if text(part(told, "Metadata", "type")) != "track":
            return []
        client = "\x1f".join(text(part(told, *names)) for names in (("Account", "title"), ("Player", "uuid")))
        return self._act(text(told.get("event")), client, told, now)

    def _act(self, event: str, client: str, told: Mapping[str, Any], now: float) -> list[Event]:
        submission, running = _submission(told, int(now)), self._clock.playing(client)
        is_known = running is not None and running.source_key == submission.source_key
        if event == "media.play" or (event == "media.resume" and not is_known):
            return self._clock.start(client, submission, now)
        if is_known and event in {"media.pause", "media.resume"}:
            return self._clock.pause(client, now) if event == "media.pause" else self._clock.resume(client, now)
        if is_known:
            return list(self._clock.stop(client, now)) if event == "media.stop" else []
        played_s = {"media.stop": _offset(told), "media.scrobble": (submission.length_s or 0.0) * SCROBBLE_SHARE}
        return [_unheard(client, submission, played)] if (played := played_s.get(event)) else []


def _unheard(client: str, submission: Submission, played_s: float) -> Stopped:
    """A play whose start was not heard: it lies as far back as was played."""
    return Stopped(client, replace(submission, stamp=Stamp.END, played_s=played_s))


def _submission(told: Mapping[str, Any], at: int) -> Submission:
    track = told["Metadata"]
    album_artist, artist = text(track.get("grandparentTitle")), text(track.get("originalTitle"))
    milliseconds = number(track.get("duration"))
    return Submission(
        text(part(told, "Account", "title")),
        SOURCE,
        at,
        artist or album_artist,
        text(track.get("title")),
        album=text(track.get("parentTitle")),
        album_artist=album_artist,
        recording_mbid=_mbid(track.get("Guid")),
        track_number=whole(track.get("index")),
        length_s=milliseconds / 1000 if milliseconds else None,
        evidence=Evidence.PLAYER,
        source_key=text(track.get("ratingKey")),
    )


def _mbid(guids: Any) -> str:
    ids = [text(part(one, "id")) for one in guids] if isinstance(guids, list) else []
    return next((one.removeprefix("mbid://") for one in ids if one.startswith("mbid://")), "")


def _offset(told: Mapping[str, Any]) -> float | None:
    milliseconds = number(part(told, "Metadata", "viewOffset"))
    return milliseconds / 1000 if milliseconds else None
