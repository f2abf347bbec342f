"""Histories for elsewhere, as streams of text: listens in three common formats, raw rows in our own."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from regie_music_tracker.credits import Role
from regie_music_tracker.importers.formats import OWN_MARK
from regie_music_tracker.listen import Listen
from regie_music_tracker.submission import Submission

OWN_VERSION = 1
CSV_COLUMNS = ("uts", "utc_time", "artist", "artist_mbid", "album", "album_mbid", "track", "track_mbid")


def own(submissions: Iterable[Submission]) -> Iterator[str]:
    """Raw rows, one JSON object a line, with all that we know of each; what a player's own row said included."""
    names = [field.name for field in fields(Submission) if field.name not in {"user", "import_id"}]
    for submission in submissions:
        given = {name: value for name in names if (value := getattr(submission, name)) not in ("", (), None, {})}
        yield _line({OWN_MARK: OWN_VERSION} | given)


def listenbrainz(listens: Iterable[Listen]) -> Iterator[str]:
    """Listens as in a ListenBrainz export, one JSON object a line."""
    for listen in listens:
        names = [credit.name for credit in listen.credits]
        ids = {"recording_mbid": _recording(listen), "release_mbid": _release(listen)}
        info: dict[str, Any] = {"artist_names": names} | {name: value for name, value in ids.items() if value}
        if listen.length_s:
            info["duration_ms"] = round(listen.length_s * 1000)
        metadata = {"artist_name": artist_line(listen), "track_name": listen.title, "additional_info": info}
        if listen.album:
            metadata["release_name"] = listen.album.title
        yield _line({"listened_at": listen.start, "track_metadata": metadata})


def table(listens: Iterable[Listen]) -> Iterator[str]:
    """Listens as CSV, under the header that Last.fm's export tools use."""
    yield _row(CSV_COLUMNS)
    for listen in listens:
        time = datetime.fromtimestamp(listen.start, UTC).strftime("%d %b %Y, %H:%M")
        artist_mbid = listen.credits[0].mbid
        album = listen.album.title if listen.album else ""
        names = (artist_line(listen), artist_mbid, album, _release(listen), listen.title, _recording(listen))
        yield _row((str(listen.start), time, *names))


def maloja(listens: Iterable[Listen], now: int) -> Iterator[str]:
    """Listens as one JSON document of Maloja."""
    yield f'{{"maloja": {{"export_time": {now}}}, "scrobbles": [\n'
    separator = ""
    for listen in listens:
        album = listen.album and {"albumtitle": listen.album.title, "artists": [listen.album.artist]}
        length = round(listen.length_s) if listen.length_s else None
        artists = [credit.name for credit in listen.credits]
        track = {"artists": artists, "title": listen.title, "album": album, "length": length}
        scrobble = {"time": listen.start, "track": track, "duration": None, "origin": f"regie:{listen.sources[0]}"}
        yield separator + json.dumps(scrobble, ensure_ascii=False)
        separator = ",\n"
    yield "\n]}\n"


def artist_line(listen: Listen) -> str:
    """The artists of a listen in one line, guests after "feat."."""
    primary = ", ".join(credit.name for credit in listen.credits if credit.role is Role.PRIMARY)
    guests = ", ".join(credit.name for credit in listen.credits if credit.role is Role.FEATURED)
    return f"{primary} feat. {guests}" if primary and guests else primary or guests


def _recording(listen: Listen) -> str:
    return next((mbid for row in listen.rows if (mbid := row.submission.recording_mbid)), "")


def _release(listen: Listen) -> str:
    return next((mbid for row in listen.rows if (mbid := row.submission.release_mbid)), "")


def _line(value: dict[str, Any]) -> str:
    return f"{json.dumps(value, ensure_ascii=False)}\n"


def _row(columns: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(columns)
    return written.getvalue()
