"""Spotify's exports: every play with its end, and the name of the album artist instead of the artist."""

from collections.abc import Mapping
from typing import Any

from regie_music_tracker.importers.faults import Skip
from regie_music_tracker.importers.rows import Read, Target, kept
from regie_music_tracker.submission import Evidence, Stamp
from regie_music_tracker.values import moment, number, text

PRIVATE = ("ip_addr", "ip_addr_decrypted", "user_agent_decrypted", "username")


def read_extended(raw: Any, target: Target) -> Read:
    """A row of the extended streaming history; `ts` is the end of the play."""
    if not isinstance(raw, Mapping):
        return Skip.MALFORMED
    title, artist = text(raw.get("master_metadata_track_name")), text(raw.get("master_metadata_album_artist_name"))
    if not title and text(raw.get("episode_name")):
        return Skip.PODCAST
    if not title and text(raw.get("audiobook_title")):
        return Skip.AUDIOBOOK
    return target.row(
        "spotify-extended",
        moment(raw.get("ts")),
        artist,
        title,
        album=text(raw.get("master_metadata_album_album_name")),
        album_artist=artist,
        played_s=_seconds(raw.get("ms_played")),
        stamp=Stamp.END,
        evidence=Evidence.EXPORT,
        source_key=text(raw.get("spotify_track_uri")),
        raw=kept(raw, *PRIVATE),
    )


def read_account(raw: Any, target: Target) -> Read:
    """A row of the account data of the last year; `endTime` is the minute of the end."""
    if not isinstance(raw, Mapping):
        return Skip.MALFORMED
    return target.row(
        "spotify-account",
        moment(raw.get("endTime"), "%Y-%m-%d %H:%M"),
        text(raw.get("artistName")),
        text(raw.get("trackName")),
        played_s=_seconds(raw.get("msPlayed")),
        stamp=Stamp.END,
        precision_s=60,
        evidence=Evidence.EXPORT,
        raw=kept(raw),
    )


def _seconds(milliseconds: Any) -> float | None:
    found = number(milliseconds)
    return found / 1000 if found else None
