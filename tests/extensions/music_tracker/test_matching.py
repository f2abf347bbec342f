"""Which rows are one listen, rule by rule."""

from collections.abc import Sequence
from typing import Any

import pytest

from regie_music_tracker.history import History
from regie_music_tracker.listen import Listen
from regie_music_tracker.matching import TimeRule, TrackRule
from regie_music_tracker.submission import Submission

NOON = 1_700_000_000
MBID = "0383dadf-2a4e-4d10-a46a-e9e041da8eb3"


def row(source: str, after_s: int = 0, title: str = "Song", artist: str = "Queen", **given: Any) -> Submission:
    return Submission("u", source, NOON + after_s, artist, title, **given)


def listens(*rows: Submission) -> Sequence[Listen]:
    history = History()
    history.load(rows)
    return list(history.listens())


@pytest.mark.parametrize(
    ("one", "other", "track", "time"),
    [
        (row("a"), row("b", 29), TrackRule.TITLE, TimeRule.CLOSE),
        (row("a"), row("b", 60, precision_s=60), TrackRule.TITLE, TimeRule.CLOSE),
        (row("a", length_s=200), row("b", 150), TrackRule.TITLE, TimeRule.INSIDE),
        (row("a"), row("b", 150, length_s=200), TrackRule.TITLE, TimeRule.INSIDE),
        (row("a", length_s=200), row("b", 209), TrackRule.TITLE, TimeRule.END_STAMP),
        (row("a"), row("a", 29), TrackRule.TITLE, TimeRule.SAME_SOURCE),
        (row("a", length_s=200), row("a", 99), TrackRule.TITLE, TimeRule.SAME_SOURCE),
        (row("a", title="Song (2011 Remaster)"), row("b"), TrackRule.TITLE, TimeRule.CLOSE),
        (row("a", artist="Queen & David Bowie"), row("b"), TrackRule.TITLE, TimeRule.CLOSE),
        (row("a", title="A Long Songtitle"), row("b", 9, "A Long Songtitel"), TrackRule.SIMILAR, TimeRule.CLOSE),
        (
            row("a", recording_mbid=MBID),
            row("b", 5, "Lied", recording_mbid=MBID.upper()),
            TrackRule.RECORDING,
            TimeRule.CLOSE,
        ),
        (
            row("a", isrc="GBUM71029604"),
            row("b", 5, "Lied", "Abba", isrc="gbum71029604"),
            TrackRule.ISRC,
            TimeRule.CLOSE,
        ),
        (row("a", artist="Various Artists"), row("b"), TrackRule.TITLE, TimeRule.CLOSE),
    ],
)
def test_one_listen(one: Submission, other: Submission, track: TrackRule, time: TimeRule) -> None:
    (listen,) = listens(one, other)
    (merge,) = listen.merges
    assert (merge.judgement.track, merge.judgement.time) == (track, time)
    assert merge.judgement.gap_s == abs(one.start - other.start)
    assert {merge.row, merge.into} == {one.key, other.key}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (row("a"), row("b", 30)),
        (row("a"), row("b", 75, precision_s=60)),
        (row("a", length_s=200), row("b", 211)),
        (row("a"), row("a", 30)),
        (row("a", length_s=200), row("a", 100)),
        (row("a", length_s=900), row("a", 240)),
        (row("a", title="Song (Live)"), row("b")),
        (row("a", title="A Long Songtitle 1"), row("b", 0, "A Long Songtitle 2")),
        (row("a", title="A Long Songtitle"), row("b", 11, "A Long Songtitel")),
        (row("a", title="A Rather Long Song Title Live"), row("b", 0, "A Rather Long Song Title")),
        (row("a", artist="Abba"), row("b")),
        (row("a", recording_mbid="unknown"), row("b", 5, "Lied", recording_mbid="unknown")),
        (row("a", isrc="0"), row("b", 5, "Lied", isrc="0")),
        (row("a", artist_mbids=("1",)), row("b", artist_mbids=("2",))),
    ],
)
def test_two_listens(one: Submission, other: Submission) -> None:
    assert len(listens(one, other)) == 2


def test_repeat_one_seen_by_two_sources_stays_as_many_plays() -> None:
    seen = [row(source, 200 * n + late, length_s=200) for n in range(5) for source, late in (("a", 0), ("b", -4))]
    assert len(listens(*seen)) == 5


def test_repeat_one_seen_by_a_source_that_stamps_ends() -> None:
    starts = [row("a", 200 * n, length_s=200) for n in range(4)]
    ends = [row("b", 200 * n + 200) for n in range(4)]
    found = listens(*starts, *ends)
    assert [listen.start for listen in found] == [one.at for one in starts]


def test_the_nearest_candidate_is_taken() -> None:
    first, second = listens(row("a", 0, length_s=200), row("a", 105, length_s=200), row("b", 103))
    assert first.sources == ("a",)
    assert second.sources == ("a", "b")


def test_different_tracks_never_cancel_each_other() -> None:
    assert len(listens(row("a", 0, "One", length_s=900), row("b", 1, "Two", length_s=900), row("c", 2, "Three"))) == 3


def test_the_result_has_the_best_of_all_rows() -> None:
    (listen,) = listens(
        row("import", -20, precision_s=60, album="Unknown Album"),
        row("scrobbler", 4, artist="Queen feat. David Bowie", album="Hot Space", loved=True),
        row("player", 2, length_s=248.0),
    )
    assert listen.start == NOON + 2
    assert [credit.name for credit in listen.credits] == ["Queen", "David Bowie"]
    assert listen.album
    assert listen.album.title == "Hot Space"
    assert listen.is_loved
    assert listen.sources == ("import", "player", "scrobbler")
    assert listen.length_s == 248.0
    assert len(listen.merges) == 2


def test_a_chain_of_near_rows_does_not_drift() -> None:
    found = listens(row("a", 0), row("b", 29), row("c", 58))
    assert sorted(len(listen.rows) for listen in found) == [1, 2]


def test_a_listen_keeps_its_id_when_a_worse_row_joins() -> None:
    (alone,) = listens(row("a"))
    (joined,) = listens(row("a"), row("b", 5))
    assert alone.id == joined.id
