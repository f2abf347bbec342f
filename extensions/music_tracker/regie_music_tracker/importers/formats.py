"""Every format that can be read, and how it is told from its first bytes."""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from regie_music_tracker.importers import lastfm, listenbrainz, servers, spotify
from regie_music_tracker.importers.faults import ImportFault
from regie_music_tracker.importers.guard import GuardedStream
from regie_music_tracker.importers.layouts import headed, json_items, json_lines, separated
from regie_music_tracker.importers.rows import Read, Target

OWN_MARK = "regie_submission"
_MINUTE = re.compile(r"\d{1,2} [A-Za-z]{3} \d{4} \d{1,2}:\d{2}")


@dataclass(frozen=True, slots=True)
class Head:
    """The first bytes of a file, as text."""

    text: str

    @property
    def is_array(self) -> bool:
        """Whether it is a JSON array."""
        return self.text.lstrip()[:1] == "["

    @property
    def is_object(self) -> bool:
        """Whether it is one JSON object, or lines of them."""
        return self.text.lstrip()[:1] == "{"

    def has(self, *keys: str) -> bool:
        """Whether these JSON keys are in it."""
        return all(f'"{key}"' in self.text for key in keys)

    @property
    def columns(self) -> list[str]:
        """The fields of its first line."""
        try:
            return next(csv.reader([self.text.partition("\n")[0].strip()]), [])
        except csv.Error:
            return []

    @property
    def names(self) -> set[str]:
        """The same, as the names of a header."""
        return {column.strip().lower() for column in self.columns}


@dataclass(frozen=True, slots=True)
class Format:
    """One format: how to know it, how its rows lie, how to read one."""

    name: str
    recognise: Callable[[Head], bool]
    rows: Callable[[GuardedStream], Iterator[Any]]
    read: Callable[[Any, Target], Read]


def _is_plain(head: Head) -> bool:
    columns = head.columns
    return len(columns) == 4 and bool(_MINUTE.fullmatch(columns[3].strip()))


_array = partial(json_items, prefix="item")

FORMATS = (
    Format("own", lambda head: head.is_object and head.has(OWN_MARK), json_lines, servers.read_own),
    Format(
        "spotify-extended",
        lambda head: head.is_array and head.has("ts", "ms_played", "master_metadata_track_name"),
        _array,
        spotify.read_extended,
    ),
    Format(
        "spotify-account",
        lambda head: head.is_array and head.has("endTime", "msPlayed", "trackName"),
        _array,
        spotify.read_account,
    ),
    Format(
        "listenbrainz-lines",
        lambda head: head.is_object and head.has("track_metadata", "listened_at"),
        json_lines,
        listenbrainz.read_listen,
    ),
    Format(
        "listenbrainz-array",
        lambda head: head.is_array and head.has("track_metadata", "listened_at"),
        _array,
        listenbrainz.read_listen,
    ),
    Format(
        "listenbrainz-feedback",
        lambda head: (
            head.is_object and head.has("score") and (head.has("recording_mbid") or head.has("recording_msid"))
        ),
        json_lines,
        listenbrainz.read_feedback,
    ),
    Format(
        "maloja",
        lambda head: head.is_object and head.has("scrobbles") and (head.has("maloja") or head.has("artists", "title")),
        partial(json_items, prefix="scrobbles.item"),
        servers.read_maloja,
    ),
    Format(
        "koito",
        lambda head: head.is_object and head.has("listens", "exported_at"),
        partial(json_items, prefix="listens.item"),
        servers.read_koito,
    ),
    Format("pano", lambda head: head.is_object and head.has("timeMs", "track"), json_lines, servers.read_pano),
    Format(
        "lastfm-json",
        lambda head: head.is_array and head.has("track", "#text"),
        partial(json_items, prefix="item.track.item"),
        lastfm.read_json,
    ),
    Format("lastfm-csv", lambda head: {"uts", "artist", "track"} <= head.names, headed, lastfm.read_csv),
    Format("librefm", lambda head: {"time", "artist", "track"} <= head.names, headed, lastfm.read_librefm),
    Format("lastfm-plain", _is_plain, separated, lastfm.read_plain),
    Format(
        "rockbox",
        lambda head: head.text.startswith("#AUDIOSCROBBLER"),
        partial(separated, delimiter="\t"),
        servers.read_rockbox,
    ),
)


def recognise(first: bytes) -> Format | None:
    """The format of a file that begins like this, whatever its name says."""
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ImportFault("The file is in UTF-16: save it as UTF-8.")
    head = Head(first.decode("utf-8", "replace"))
    return next((format_ for format_ in FORMATS if format_.recognise(head)), None)
