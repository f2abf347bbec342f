"""Every format, from its bytes to submissions."""

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import timedelta, timezone
from typing import Any

import pytest

from regie_music_tracker.history import History
from regie_music_tracker.importers import Chunk, Cursor, ImportFault, Skip, read_import
from regie_music_tracker.importers.faults import ZoneNeeded
from regie_music_tracker.importers.reader import TAKEN
from regie_music_tracker.importers.rows import Target
from regie_music_tracker.submission import Submission
from regie_music_tracker.thresholds import Rejection

ADA = Target("ada", "import-1")
NOON = 1_700_000_000


def chunks(data: bytes | str, target: Target = ADA, **given: Any) -> Sequence[Chunk]:
    raw = data.encode() if isinstance(data, str) else data
    return list(read_import(io.BytesIO(raw), target, **given))


def rows(data: bytes | str, target: Target = ADA) -> list[Submission]:
    return [row for chunk in chunks(data, target) for row in chunk.submissions]


def archive(**files: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(name.replace("__", "/"), content)
    return written.getvalue()


def spotify(**given: Any) -> dict[str, Any]:
    return {
        "ts": "2023-11-14T22:13:20Z",
        "ms_played": 200_000,
        "ip_addr": "203.0.113.9",
        "master_metadata_track_name": "Song",
        "master_metadata_album_artist_name": "Queen",
        "master_metadata_album_album_name": "Record",
        "spotify_track_uri": "spotify:track:1",
        "episode_name": None,
        **given,
    }


def test_spotify_extended_history() -> None:
    data = [
        spotify(),
        spotify(),
        spotify(ms_played=5000),
        spotify(master_metadata_track_name=None, episode_name="Talk"),
        spotify(master_metadata_track_name=None, audiobook_title="Book"),
        spotify(ts="yesterday"),
        7,
    ]
    (chunk,) = chunks(json.dumps(data))
    first = chunk.submissions[0]
    assert (first.start, first.played_s, first.album, first.source) == (NOON - 200, 200, "Record", "spotify-extended")
    assert "ip_addr" not in first.raw
    assert chunk.format == "spotify-extended"
    assert chunk.counts == {
        TAKEN: 2,
        Rejection.NOT_ENOUGH_PLAYED.value: 1,
        Skip.PODCAST.value: 1,
        Skip.AUDIOBOOK.value: 1,
        Skip.BAD_TIME.value: 1,
        Skip.MALFORMED.value: 1,
    }
    history = History()
    assert history.load(chunk.submissions) == 2
    assert len(list(history.listens())) == 1


def test_spotify_account_data() -> None:
    data = [{"endTime": "2023-11-14 22:13", "artistName": "Queen", "trackName": "Song", "msPlayed": 200_000}]
    (row,) = rows(json.dumps(data))
    assert (row.start, row.precision_s) == (NOON - 20 - 200, 60)


def test_one_play_in_both_spotify_exports_is_one_listen() -> None:
    account = [{"endTime": "2023-11-14 22:13", "artistName": "Queen", "trackName": "Song", "msPlayed": 200_000}]
    history = History()
    history.load([*rows(json.dumps([spotify()])), *rows(json.dumps(account))])
    (listen,) = history.listens()
    assert listen.start == NOON - 200


def test_lastfm_csv() -> None:
    header = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
    data = header + f'{NOON},"14 Nov 2023, 22:13",Queen,a1,"Record, The",r1,"Song ""x""",t1\nx,,A,,,,T,\n'
    (chunk,) = chunks("\ufeff" + data)
    (row,) = chunk.submissions
    assert (row.at, row.album, row.title, row.artist_mbids) == (NOON, "Record, The", 'Song "x"', ("a1",))
    assert chunk.counts == {TAKEN: 1, Skip.BAD_TIME.value: 1}


def test_lastfm_json() -> None:
    track = {"artist": {"#text": "Queen", "mbid": "a1"}, "album": {"#text": "Record"}, "name": "Song"}
    pages = [
        {"track": [track | {"@attr": {"nowplaying": "true"}}, track | {"date": {"uts": str(NOON)}}]},
        {"track": [track | {"date": {"uts": str(NOON + 300)}}]},
    ]
    (chunk,) = chunks(json.dumps(pages))
    assert [row.at for row in chunk.submissions] == [NOON, NOON + 300]
    assert chunk.counts[Skip.NOW_PLAYING.value] == 1


def test_lastfm_without_header() -> None:
    (row,) = rows('Queen,"Record","Song",14 Nov 2023 22:13\n')
    assert (row.at, row.precision_s, row.album) == (NOON - 20, 60, "Record")


def listenbrainz(at: float = NOON, **given: Any) -> str:
    info = {"artist_names": ["Queen", "Bowie"], "duration_ms": 200_500, "recording_msid": "x"}
    metadata = {"artist_name": "Queen & Bowie", "track_name": "Song", "additional_info": info, "mbid_mapping": {"a": 1}}
    return json.dumps({"listened_at": at, "track_metadata": metadata, **given})


def test_listenbrainz_archive() -> None:
    feedback = json.dumps({"recording_mbid": "m1", "score": 1, "created": 5})
    found = chunks(
        archive(
            **{
                "listens__2023__11.jsonl": f"{listenbrainz(NOON + 0.5)}\nbroken\n",
                "feedback.jsonl": f"{feedback}\n",
                "user.json": '{"user_id": 1, "username": "ada"}',
            }
        )
    )
    (row,) = [row for chunk in found for row in chunk.submissions]
    assert (row.at, row.artists, row.length_s) == (NOON, ("Queen", "Bowie"), 200.5)
    assert "mbid_mapping" not in str(row.raw)
    assert "recording_msid" not in str(row.raw)
    assert [one.recording_mbid for chunk in found for one in chunk.feedback] == ["m1"]
    counted = sum((chunk.counts for chunk in found), start=found[0].counts.__class__())
    assert counted == {TAKEN: 2, Skip.MALFORMED.value: 1, Skip.OTHER_FILE.value: 1}


def test_listenbrainz_array() -> None:
    assert [row.at for row in rows(f"[{listenbrainz()}, {listenbrainz(NOON + 300)}]")] == [NOON, NOON + 300]


def test_maloja() -> None:
    track = {"artists": ["Queen", "Bowie"], "title": "Song", "album": {"albumtitle": "Record"}, "length": 200}
    scrobbles = [
        {"time": NOON, "track": track, "duration": 150, "origin": "client:x"},
        {"time": NOON + 300, "track": track | {"album": None, "length": None}},
    ]
    one, other = rows(json.dumps({"maloja": {"export_time": 1}, "scrobbles": scrobbles}))
    assert (one.artists, one.album, one.length_s, one.played_s) == (("Queen", "Bowie"), "Record", 200, 150)
    assert (other.album, other.length_s) == ("", None)


def test_koito() -> None:
    def alias(name: str) -> list[dict[str, Any]]:
        return [{"alias": "other", "is_primary": False}, {"alias": name, "is_primary": True}]

    listen = {
        "listened_at": "2023-11-14T22:13:20Z",
        "track": {"mbid": "t1", "duration": 200, "aliases": alias("Song")},
        "album": {"mbid": None, "aliases": alias("Record"), "various_artists": True},
        "artists": [{"mbid": "a1", "is_primary": True, "aliases": alias("Queen")}],
    }
    (row,) = rows(json.dumps({"version": "1", "exported_at": "x", "user": "ada", "listens": [listen]}))
    assert (row.at, row.artist, row.title, row.album) == (NOON, "Queen", "Song", "Record")
    assert (row.album_artist, row.length_s, row.artist_mbids) == ("Various Artists", 200, ("a1",))


def test_pano() -> None:
    line = json.dumps({"timeMs": NOON * 1000 + 7, "artist": "Queen", "track": "Song", "durationMs": 200_000})
    (row,) = rows(f"{line}\n{line[:-5]}\n")
    assert (row.at, row.length_s) == (NOON, 200)


ROCKBOX = '#AUDIOSCROBBLER/1.1\n#TZ/{zone}\n#CLIENT/Rockbox\nQueen\tRecord\tSong "x\t3\t200\tL\t{at}\tm1\nQueen\tR\tT\t1\t9\tS\t{at}\t\n'


def test_rockbox_tells_or_asks_its_zone() -> None:
    (row,) = rows(ROCKBOX.format(zone="UTC", at=NOON))
    assert (row.at, row.title, row.track_number, row.recording_mbid) == (NOON, 'Song "x', 3, "m1")
    unknown = ROCKBOX.format(zone="UNKNOWN", at=NOON)
    with pytest.raises(ZoneNeeded):
        rows(unknown)
    (row,) = rows(unknown, Target("ada", zone=timezone(timedelta(hours=2))))
    assert row.at == NOON - 7200


def test_librefm() -> None:
    (row,) = rows(f"Time,Artist,Track,Album,TrackMBID\n{NOON},Queen,Song,Record,m1\n")
    assert (row.at, row.album, row.recording_mbid) == (NOON, "Record", "m1")


def test_what_is_no_history_is_told() -> None:
    for data in ("", "hello", '{"a": 1}', "[]", "<html>", archive(readme="hello"), "ÿþ".encode("latin-1")):
        with pytest.raises(ImportFault):
            chunks(data)


def test_an_import_is_resumed_behind_any_chunk() -> None:
    lines = [listenbrainz(NOON + 300 * number) for number in range(25)]
    data = archive(**{"listens__1.jsonl": "\n".join(lines[:15]), "listens__2.jsonl": "\n".join(lines[15:])})
    whole = chunks(data, rows=4)
    for done in range(len(whole)):
        rest = chunks(data, after=whole[done].cursor, rows=4)
        seen = [row.at for chunk in [*whole[: done + 1], *rest] for row in chunk.submissions]
        assert seen == [NOON + 300 * number for number in range(25)]
    assert chunks(data, after=Cursor(1, 10)) == []


def test_rockbox_knows_artists_from_comments() -> None:
    header = "#AUDIOSCROBBLER/1.1\n#TZ/UTC\n#ARTIST\t#ALBUM\t#TITLE\t#TRACKNUM\t#LENGTH\t#RATING\t#TIMESTAMP\t#ID\n"
    (row,) = rows(f"{header}#1 Dads\tRecord\tSong\t3\t200\tL\t{NOON}\t\n")
    assert row.artist == "#1 Dads"
