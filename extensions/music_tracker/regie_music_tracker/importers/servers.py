"""Histories of other programs: Maloja, Koito, Pano Scrobbler, Rockbox, and our own."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from regie_music_tracker.importers.faults import Skip, ZoneNeeded
from regie_music_tracker.importers.rows import Read, Target, kept
from regie_music_tracker.submission import Evidence, Stamp
from regie_music_tracker.values import moment, number, part, text, texts, whole

MOST_SECONDS = 10**15


def read_maloja(raw: Any, target: Target) -> Read:
    """A scrobble of Maloja; the album may be null."""
    if not isinstance(raw, Mapping):
        return Skip.MALFORMED
    artists = texts(part(raw, "track", "artists"))
    album = part(raw, "track", "album")
    return target.row(
        "maloja",
        whole(raw.get("time")),
        ", ".join(artists),
        text(part(raw, "track", "title")),
        artists=artists,
        album=text(part(album, "albumtitle")) or text(part(album, "name")),
        album_artist=", ".join(texts(part(album, "artists"))),
        length_s=number(part(raw, "track", "length")),
        played_s=number(raw.get("duration")),
        raw=kept(raw),
    )


def read_koito(raw: Any, target: Target) -> Read:
    """A listen of Koito: everything has aliases, of which one is the name."""
    if not isinstance(raw, Mapping):
        return Skip.MALFORMED
    people = raw.get("artists")
    people = people if isinstance(people, list) else []
    named = [(name, text(part(one, "mbid"))) for one in people if (name := _primary(one))]
    return target.row(
        "koito",
        moment(raw.get("listened_at")),
        ", ".join(name for name, _ in named),
        _primary(raw.get("track")),
        artists=tuple(name for name, _ in named),
        artist_mbids=tuple(mbid for _, mbid in named) if all(mbid for _, mbid in named) else (),
        album=_primary(raw.get("album")),
        album_artist="Various Artists" if part(raw, "album", "various_artists") is True else "",
        recording_mbid=text(part(raw, "track", "mbid")),
        release_mbid=text(part(raw, "album", "mbid")),
        length_s=number(part(raw, "track", "duration")),
        raw=kept(raw),
    )


def _primary(entity: Any) -> str:
    aliases = part(entity, "aliases")
    aliases = aliases if isinstance(aliases, list) else []
    names = [(part(one, "is_primary") is True, text(part(one, "alias"))) for one in aliases]
    return next((name for is_primary, name in names if is_primary), next((name for _, name in names), ""))


def read_pano(raw: Any, target: Target) -> Read:
    """A line of Pano Scrobbler; `timeMs` is the start."""
    milliseconds, length = whole(part(raw, "timeMs")), number(part(raw, "durationMs"))
    if not isinstance(raw, Mapping):
        return Skip.MALFORMED
    return target.row(
        "pano",
        milliseconds // 1000 if milliseconds else None,
        text(raw.get("artist")),
        text(raw.get("track")),
        album=text(raw.get("album")),
        album_artist=text(raw.get("albumArtist")),
        length_s=length / 1000 if length else None,
        raw=kept(raw),
    )


def read_rockbox(raw: Sequence[str], target: Target) -> Read:
    """A row of a player's log: artist, album, title, number, length, L or S, time, id; comments tell the zone."""
    # Artists may begin with # as well: their rows have a time.
    if raw[0].startswith("#") and not (len(raw) >= 7 and whole(raw[6])):
        if raw[0].strip().upper() == "#TZ/UNKNOWN" and target.zone is None:
            raise ZoneNeeded("The player wrote its own local time: say in which time zone it was.")
        return Skip.OTHER_FILE
    if len(raw) < 7:
        return Skip.MALFORMED
    artist, album, title, track_number, length, rating, time = (text(field) for field in raw[:7])
    if rating == "S":
        return Skip.SKIPPED
    at = whole(time)
    return target.row(
        "rockbox",
        at and _as_utc(at, target),
        artist,
        title,
        album=album,
        track_number=whole(track_number),
        length_s=number(length),
        recording_mbid=text(raw[7]) if len(raw) > 7 else "",
        raw={"row": list(raw)},
    )


def _as_utc(at: int, target: Target) -> int | None:
    """Local seconds as if they were UTC, to real ones."""
    try:
        return int(datetime.fromtimestamp(at, UTC).replace(tzinfo=target.zone or UTC).timestamp())
    except (ValueError, OverflowError, OSError):
        return None


def read_own(raw: Any, target: Target) -> Read:
    """A raw row of our own export, under the source it first came from."""
    if not isinstance(raw, Mapping):
        return Skip.MALFORMED
    at = raw.get("at")
    return target.row(
        text(raw.get("source")) or "regie",
        at if isinstance(at, int) and not isinstance(at, bool) and abs(at) < MOST_SECONDS else None,
        text(raw.get("artist")),
        text(raw.get("title")),
        **_own_details(raw),
    )


def _own_details(raw: Mapping[str, Any]) -> dict[str, Any]:
    names = ("album", "album_artist", "recording_mbid", "release_mbid", "isrc", "source_key")
    extra = raw.get("raw")
    return {name: text(raw.get(name)) for name in names} | {
        "artists": texts(raw.get("artists")),
        "artist_mbids": texts(raw.get("artist_mbids")),
        "track_number": whole(raw.get("track_number")),
        "length_s": number(raw.get("length_s")),
        "played_s": number(raw.get("played_s")),
        "stamp": Stamp.END if raw.get("stamp") == Stamp.END else Stamp.START,
        "precision_s": whole(raw.get("precision_s")) or 1,
        "evidence": next((one for one in Evidence if one == raw.get("evidence")), Evidence.SCROBBLE),
        "loved": raw.get("loved") is True,
        "raw": kept(extra) if isinstance(extra, Mapping) else {},
    }
