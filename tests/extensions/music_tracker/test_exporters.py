"""What is exported comes back."""

import io
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_music_tracker import exporters
from regie_music_tracker.history import History
from regie_music_tracker.importers import read_import
from regie_music_tracker.importers.rows import Target
from regie_music_tracker.listen import Listen
from regie_music_tracker.submission import Evidence, Stamp, Submission
from regie_music_tracker.values import text

NOON = 1_700_000_000
ROWS = [
    Submission("ada", "a", NOON, 'Queen "&" Co, Ltd', "Song\tone", album="Record", length_s=200, recording_mbid="m1"),
    Submission("ada", "b", NOON + 900, "Queen", "Live = Life (feat. David Bowie)"),
]


def back(lines: Iterable[str]) -> list[Submission]:
    data = "".join(lines).encode()
    return [row for chunk in read_import(io.BytesIO(data), Target("ada")) for row in chunk.submissions]


def listens() -> list[Listen]:
    history = History()
    history.load(ROWS)
    return list(history.listens())


@pytest.mark.parametrize(
    "export", [exporters.listenbrainz, exporters.table, lambda given_: exporters.maloja(given_, NOON)]
)
def test_listens_come_back(export: Callable[[Iterable[Listen]], Iterator[str]]) -> None:
    again = History()
    again.load(back(export(listens())))
    assert [(one.start, one.title) for one in again.listens()] == [(one.start, one.title) for one in listens()]
    for one, other in zip(again.listens(), listens(), strict=True):
        assert {credit.key for credit in one.credits} == {credit.key for credit in other.credits}
        assert one.album == other.album


names = st.text(min_size=1).map(text).filter(bool)
submissions = st.builds(
    Submission,
    user=st.just("ada"),
    source=names,
    at=st.integers(NOON, NOON + 10**6),
    artist=names,
    title=names,
    artists=st.lists(names, max_size=3).map(tuple),
    album=st.just("") | names,
    length_s=st.none() | st.floats(1, 1000),
    stamp=st.sampled_from(Stamp),
    precision_s=st.sampled_from([1, 60]),
    evidence=st.sampled_from(Evidence),
    loved=st.booleans(),
    raw=st.just({"x": [1, {"y": "z"}]}),
)


@given(st.lists(submissions, min_size=1, max_size=5))
def test_raw_rows_come_back_as_they_were(given_: list[Submission]) -> None:
    returned = back(exporters.own(given_))
    assert returned == given_
    assert all(row.raw == {"x": [1, {"y": "z"}]} for row in returned)


def test_an_empty_history_is_an_empty_file_of_its_format() -> None:
    assert "".join(exporters.maloja([], NOON)).endswith("]}\n")
    assert len(list(exporters.table([]))) == 1
    assert not list(exporters.own([]))
