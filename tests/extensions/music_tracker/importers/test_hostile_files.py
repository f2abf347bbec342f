"""Damaged, truncated and hostile files: a clear error, what was good before it, no memory eaten."""

import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_music_tracker.importers import ImportFault, read_import
from regie_music_tracker.importers.guard import MEGABYTE
from regie_music_tracker.importers.rows import Target

ADA = Target("ada")
SPOTIFY = {
    "ts": "2023-11-14T22:13:20Z",
    "ms_played": 200_000,
    "master_metadata_track_name": "Song",
    "master_metadata_album_artist_name": "Queen",
    "ip_addr": "203.0.113.9",
}


def spotify(count: int) -> bytes:
    return json.dumps([SPOTIFY | {"reason_end": f"trackdone{number}"} for number in range(count)]).encode()


def read(data: bytes) -> tuple[int, str]:
    """How many rows came, and the complaint after them."""
    count = 0
    try:
        for chunk in read_import(io.BytesIO(data), ADA, rows=100):
            count += len(chunk.submissions)
    except ImportFault as fault:
        return count, str(fault)
    return count, ""


def test_a_truncated_file_gives_what_was_complete() -> None:
    data = spotify(1000)
    count, complaint = read(data[: len(data) // 2])
    assert 400 < count < 600
    assert "cut off" in complaint


def test_a_damaged_file_gives_what_was_before() -> None:
    data = spotify(1000)
    count, complaint = read(data[:20_000] + b"\x00}}" + data[20_000:])
    assert 0 < count < 1000
    assert complaint


@pytest.mark.parametrize(
    "data",
    [
        spotify(1)[:-1] + b", " + b"[" * 50_000,
        spotify(1)[:-1] + b', {"a": ' * 50_000,
        spotify(1)[:-1] + b", " + b"[" * 50_000 + b"]" * 50_000 + b"]",
        spotify(1)[:-1] + b', "' + b"x" * (17 * MEGABYTE),
        b'{"track_metadata": 1, "listened_at": 2}\n' + b"x" * (2 * MEGABYTE),
        b"time,artist,track\n" + b'"' + b"x" * (2 * MEGABYTE),
        spotify(1)[:-1] + b", 1" + b"0" * 400 + b"]",
        spotify(1)[:-1] + b', "\xff\xfe"]',
    ],
    ids=["deep", "deep objects", "deep and closed", "long text", "long line", "open quote", "big number", "no UTF-8"],
)
def test_hostile_content_is_refused(data: bytes) -> None:
    count, complaint = read(data)
    assert count <= 1
    assert complaint


def test_brackets_in_many_titles_are_no_nesting() -> None:
    rows = "".join(f"{1_700_000_000 + number},Queen,Song [Live ({{\n" for number in range(30_000))
    assert read(f"time,artist,track\n{rows}".encode()) == (30_000, "")


def test_an_archive_that_breaks_off_gives_what_was_complete() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", spotify(20_000))
    data = bytearray(written.getvalue())
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    count, complaint = read(bytes(data))
    assert 0 < count < 20_000
    assert complaint


def test_unusual_packings_are_refused() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.json", spotify(1))
    assert "unusual" in read(written.getvalue())[1]


def test_deep_lines_are_rows_that_are_no_rows() -> None:
    good = b'{"track_metadata": {"artist_name": "A", "track_name": "T"}, "listened_at": 1700000000}\n'
    assert read(good + b"[" * 5000 + b"]" * 5000 + b"\n" + good) == (2, "")


def bomb(count: int, size: int) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"{number}.json", b"[" + b" " * size)
    return written.getvalue()


def test_an_archive_of_too_many_files_is_refused() -> None:
    assert "501 files" in read(bomb(501, 1))[1]


def test_an_archive_that_lies_about_its_size_is_refused() -> None:
    good = io.BytesIO()
    with zipfile.ZipFile(good, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", spotify(10)[:-1] + b" " * (20 * MEGABYTE) + b"]")
    told = good.getvalue().replace((20 * MEGABYTE + len(spotify(10))).to_bytes(4, "little"), b"\x10\x00\x00\x00")
    count, complaint = read(told)
    assert count <= 10
    assert complaint


def test_a_file_that_unpacks_to_more_than_is_allowed_is_refused_unread() -> None:
    data = bomb(1, 1)
    told = data.replace(b"\x02\x00\x00\x00\x06", (600 * MEGABYTE).to_bytes(4, "little") + b"\x06")
    assert "more than 500 MB" in read(told)[1]


def test_a_locked_or_broken_archive_is_refused() -> None:
    data = bytearray(bomb(2, 100))
    middle = data.index(b"PK\x01\x02")
    locked = bytes(data[: middle + 8]) + b"\x01" + bytes(data[middle + 9 :])
    assert "locked" in read(locked)[1]
    assert read(bytes(data[:40] + b"\xff" * 10 + data[50:]))[1]


@given(st.binary(max_size=400), st.sampled_from([b"", b"[", b"{", b"#AUDIOSCROBBLER/1.1\n", b"time,artist,track\n"]))
def test_any_bytes_are_read_or_refused(data: bytes, start: bytes) -> None:
    assert read(start + data)


@given(st.integers(0, 2**32))
def test_any_damage_is_survived(seed: int) -> None:
    chance, data = random.Random(seed), bytearray(spotify(20))
    for _ in range(chance.randrange(1, 8)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    assert read(bytes(data))[0] <= 20


def test_memory_does_not_grow_with_the_file() -> None:
    data = spotify(1000)
    long = b"[" + b",".join([data[1:-1]] * 20) + b"]"
    peaks = []
    for content in (data, long):
        tracemalloc.start()
        for _ in _discarding(content):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2 * MEGABYTE


def _discarding(content: bytes) -> Iterator[int]:
    for chunk in read_import(io.BytesIO(content), ADA, rows=500):
        yield len(chunk.submissions)
