"""When a play counts, and when it began."""

import pytest

from regie_music_tracker.submission import EARLIEST, Evidence, Stamp, Submission
from regie_music_tracker.thresholds import Rejection, enough, rejection

NOON = 1_700_000_000


@pytest.mark.parametrize(
    ("length", "played", "counts"),
    [(200, 100, True), (200, 99, False), (1000, 240, True), (30, 30, False), (31, 16, True), (None, 30, True), (None, 29, False)],
)  # fmt: skip
def test_half_or_four_minutes(length: float | None, played: float, *, counts: bool) -> None:
    assert enough(length, played) is counts


def play(**given: object) -> Submission:
    return Submission(**{"user": "u", "source": "s", "at": NOON, "artist": "A", "title": "T", **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("submission", "reason"),
    [
        (play(), None),
        (play(at=EARLIEST - 1), Rejection.TOO_OLD),
        (play(at=NOON + 3600), Rejection.TOO_NEW),
        (play(artist=" "), Rejection.NO_ARTIST),
        (play(artist="", artists=("A", "B")), None),
        (play(title=""), Rejection.NO_TITLE),
        (play(length_s=20), None),
        (play(length_s=20, played_s=20, evidence=Evidence.PLAYER), Rejection.TOO_SHORT),
        (play(length_s=200, played_s=20, evidence=Evidence.PLAYER), Rejection.NOT_ENOUGH_PLAYED),
        (play(played_s=31, evidence=Evidence.EXPORT), None),
    ],
)
def test_rejections_have_a_reason(submission: Submission, reason: Rejection | None) -> None:
    assert rejection(submission, NOON) is reason


def test_a_library_may_count_short_tracks() -> None:
    short = play(length_s=20, played_s=10, evidence=Evidence.PLAYER)
    assert rejection(short, count_short=True) is None
    assert rejection(play(length_s=20, played_s=9, evidence=Evidence.PLAYER), count_short=True)


def test_an_end_stamp_is_brought_back_to_the_start() -> None:
    assert play(stamp=Stamp.END, length_s=200, played_s=150).start == NOON - 150
    assert play(stamp=Stamp.END, length_s=200).start == NOON - 200
    assert play(stamp=Stamp.END).start == NOON
    assert play(played_s=150).start == NOON
