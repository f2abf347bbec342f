"""Playlists as files for players: M3U8, XSPF, JSPF, CSV. What a file cannot name is reported, never dropped silently."""

import csv
import io
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from regie_music_tracker.markup import Node, to_xml
from regie_music_tracker.playlists.assemble import Pick, Playlist
from regie_music_tracker.playlists.library import LibraryTrack

RECORDING = "https://musicbrainz.org/recording/"
JSPF_EXTENSION = "https://musicbrainz.org/doc/jspf#playlist"


@dataclass(frozen=True, slots=True)
class Written:
    """A file's text, and the tracks that its readers will not find."""

    text: str
    unmatched: tuple[LibraryTrack, ...] = ()


def m3u8(playlist: Playlist) -> Written:
    """Paths for players; a track that lies nowhere is a comment."""
    lines = ["#EXTM3U", f"#PLAYLIST:{_line(playlist.title)}"]
    for pick in playlist.picks:
        track = pick.track
        name = f"{_line(track.artist)} - {_line(track.title)}"
        if track.location:
            lines += [f"#EXTINF:{round(track.length_s or -1)},{name}", _path(track.location)]
        else:
            lines.append(f"# not in the library: {name}")
    return Written("\n".join(lines) + "\n", tuple(pick.track for pick in playlist.picks if not pick.track.location))


def xspf(playlist: Playlist) -> Written:
    """The XML format; every track is named, those without a place can be looked up by readers."""
    tracks = Node("trackList", children=tuple(_xspf_track(pick) for pick in playlist.picks))
    attributes: dict[str, str | int] = {"version": "1", "xmlns": "http://xspf.org/ns/0/"}
    children = (Node("title", playlist.title), Node("date", f"{playlist.day}T00:00:00Z"), tracks)
    text = to_xml(Node("playlist", attributes=attributes, children=children))
    missing = tuple(pick.track for pick in playlist.picks if not pick.track.location and not pick.track.recording_mbid)
    return Written(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n', missing)


def _xspf_track(pick: Pick) -> Node:
    track = pick.track
    identifier = f"{RECORDING}{track.recording_mbid}" if track.recording_mbid else ""
    # The order of elements is the format's own.
    parts = {
        "location": _uri(track.location),
        "identifier": identifier,
        "title": track.title,
        "creator": track.artist,
        "annotation": pick.why,
        "album": track.album,
        "trackNum": track.number or "",
        "duration": round(track.length_s * 1000) if track.length_s else "",
    }
    return Node("track", children=tuple(Node(name, value) for name, value in parts.items() if value != ""))


def jspf(playlist: Playlist, *, creator: str = "", is_public: bool = False) -> Written:
    """The JSON format as ListenBrainz imports it: tracks by recording id."""
    document: dict[str, Any] = {
        "title": playlist.title,
        "creator": creator,
        "date": f"{playlist.day}T00:00:00+00:00",
        "track": [_jspf_track(pick) for pick in playlist.picks],
        "extension": {JSPF_EXTENSION: {"public": is_public}},
    }
    text = json.dumps({"playlist": document}, ensure_ascii=False, indent=1)
    return Written(f"{text}\n", tuple(pick.track for pick in playlist.picks if not pick.track.recording_mbid))


def _jspf_track(pick: Pick) -> dict[str, Any]:
    track = pick.track
    found: dict[str, Any] = {"title": track.title, "creator": track.artist, "annotation": pick.why}
    if track.album:
        found["album"] = track.album
    if track.length_s:
        found["duration"] = round(track.length_s * 1000)
    if track.recording_mbid:
        found["identifier"] = [f"{RECORDING}{track.recording_mbid}"]
    return found


def table(playlist: Playlist) -> Written:
    """A CSV table, for spreadsheets and other programs."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(("position", "artist", "title", "album", "duration_s", "recording_mbid", "location", "why"))
    for position, pick in enumerate(playlist.picks, 1):
        track = pick.track
        length = round(track.length_s) if track.length_s else ""
        names = (track.artist, track.title, track.album)
        rows.writerow((position, *names, length, track.recording_mbid, track.location, pick.why))
    return Written(written.getvalue())


def _line(text: str) -> str:
    return " ".join(text.split())


def _uri(location: str) -> str:
    """A path as the address that the format asks for."""
    return location if not location or "://" in location else f"file://{quote(location, errors='surrogateescape')}"


def _path(location: str) -> str:
    """A path on one line; one that begins like a comment is made relative to its own folder."""
    line = location.replace("\r", "").replace("\n", "")
    return f"./{line}" if line.startswith("#") else line
