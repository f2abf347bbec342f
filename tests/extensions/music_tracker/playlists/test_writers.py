"""Playlists as files."""

import csv
import io
import json
from datetime import date
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from regie_music_tracker.playlists.assemble import Pick, Playlist
from regie_music_tracker.playlists.library import LibraryTrack
from regie_music_tracker.playlists.writers import jspf, m3u8, table, xspf

PLACED = LibraryTrack(
    "1", "Song & Dance", "Queen", "Record", 3, 200.4, recording_mbid="m1", location="/music/a song.flac"
)
LOST = LibraryTrack("2", "Lost\nSong", "Bowie")
ODD = LibraryTrack("3", "Odd", "Eno", location="#odd.mp3", length_s=1)
PLAYLIST = Playlist("Mine", (Pick(PLACED, "played once"), Pick(LOST, "owned"), Pick(ODD, "x")), date(2024, 6, 5))
XSPF = "{http://xspf.org/ns/0/}"


def test_m3u8_has_paths_and_reports_what_has_none() -> None:
    written = m3u8(PLAYLIST)
    assert written.text.splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:Mine",
        "#EXTINF:200,Queen - Song & Dance",
        "/music/a song.flac",
        "# not in the library: Bowie - Lost Song",
        "#EXTINF:1,Eno - Odd",
        "./#odd.mp3",
    ]
    assert written.unmatched == (LOST,)


def test_xspf_names_every_track() -> None:
    written = xspf(PLAYLIST)
    tracks = ET.fromstring(written.text).findall(f"{XSPF}trackList/{XSPF}track")  # noqa: S314
    assert [track.findtext(f"{XSPF}creator") for track in tracks] == ["Queen", "Bowie", "Eno"]
    assert tracks[0].findtext(f"{XSPF}duration") == "200400"
    assert tracks[0].findtext(f"{XSPF}identifier") == "https://musicbrainz.org/recording/m1"
    assert tracks[0].findtext(f"{XSPF}location") == "file:///music/a%20song.flac"
    assert tracks[1].find(f"{XSPF}location") is None
    assert written.unmatched == (LOST,)


def test_jspf_has_what_listenbrainz_imports() -> None:
    written = jspf(PLAYLIST, creator="ada")
    playlist = json.loads(written.text)["playlist"]
    assert playlist["title"] == "Mine"
    assert playlist["extension"]["https://musicbrainz.org/doc/jspf#playlist"]["public"] is False
    assert playlist["track"][0]["identifier"] == ["https://musicbrainz.org/recording/m1"]
    assert written.unmatched == (LOST, ODD)


def test_csv_explains() -> None:
    rows = list(csv.DictReader(io.StringIO(table(PLAYLIST).text)))
    assert [row["why"] for row in rows] == ["played once", "owned", "x"]
    assert rows[1]["title"] == "Lost\nSong"


@given(st.text(), st.text(), st.text())
def test_any_text_makes_files_that_parse(title: str, artist: str, location: str) -> None:
    pick = Pick(LibraryTrack("1", title, artist, location=location), title)
    playlist = Playlist(title, (pick,), date(2024, 6, 5))
    assert ET.fromstring(xspf(playlist).text.encode()) is not None  # noqa: S314
    assert json.loads(jspf(playlist).text)["playlist"]["title"] == title
    lines = m3u8(playlist).text.split("\n")
    assert len(lines) == (5 if location else 4)
