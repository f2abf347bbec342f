"""Last.fm histories as the known export tools write them, and Libre.fm's own."""

from collections.abc import Mapping
from typing import Any

from regie_music_tracker.importers.faults import Skip
from regie_music_tracker.importers.rows import Read, Target, kept
from regie_music_tracker.values import moment, part, text, whole


def read_csv(raw: Any, target: Target) -> Read:
    """A row under the header `uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid`."""
    return target.row(
        "lastfm-csv",
        whole(raw.get("uts")),
        text(raw.get("artist")),
        text(raw.get("track")),
        artist_mbids=_ids(raw.get("artist_mbid")),
        album=text(raw.get("album")),
        release_mbid=text(raw.get("album_mbid")),
        recording_mbid=text(raw.get("track_mbid")),
        raw=kept(raw),
    )


def read_json(raw: Any, target: Target) -> Read:
    """A track of a page of the API; what played while the page was fetched has no date."""
    if not isinstance(raw, Mapping):
        return Skip.MALFORMED
    if raw.get("date") is None and part(raw, "@attr", "nowplaying"):
        return Skip.NOW_PLAYING
    return target.row(
        "lastfm-json",
        whole(part(raw, "date", "uts")),
        text(part(raw, "artist", "#text")) or text(part(raw, "artist", "name")),
        text(raw.get("name")),
        artist_mbids=_ids(part(raw, "artist", "mbid")),
        album=text(part(raw, "album", "#text")),
        release_mbid=text(part(raw, "album", "mbid")),
        recording_mbid=text(raw.get("mbid")),
        loved=raw.get("loved") == "1",
        raw=kept(raw, "image", "url", "streamable"),
    )


def read_plain(raw: Any, target: Target) -> Read:
    """A row without header: artist, album, track, time to the minute."""
    if len(raw) != 4:
        return Skip.MALFORMED
    artist, album, track, time = raw
    at = moment(time, "%d %b %Y %H:%M")
    return target.row(
        "lastfm-plain", at, text(artist), text(track), album=text(album), precision_s=60, raw={"row": list(raw)}
    )


def read_librefm(raw: Any, target: Target) -> Read:
    """A row of Libre.fm under a header with time, artist, track and album."""
    return target.row(
        "librefm",
        whole(raw.get("time")) or moment(raw.get("time")),
        text(raw.get("artist")),
        text(raw.get("track")),
        album=text(raw.get("album")),
        recording_mbid=text(raw.get("trackmbid")) or text(raw.get("mbid")),
        raw=kept(raw),
    )


def _ids(value: Any) -> tuple[str, ...]:
    found = text(value)
    return (found,) if found else ()
