"""What plays now, and what is loved."""

from hypothesis import given
from hypothesis import strategies as st

from regie_music_tracker.loved import Opinion, Opinions, Score
from regie_music_tracker.now_playing import NowPlayingBoard
from regie_music_tracker.submission import Submission

NOON = 1_700_000_000


def song(title: str = "Song", *, length_s: float | None = None) -> Submission:
    return Submission("ada", "s", NOON, "Queen", title, length_s=length_s)


def test_what_plays_is_over_when_the_track_is() -> None:
    board = NowPlayingBoard()
    board.start(song(length_s=200), "phone", NOON)
    board.start(song("Other"), "radio", NOON)
    assert len(board.playing("ada", NOON + 199)) == 2
    assert [one.title for one in board.playing("ada", NOON + 200)] == ["Other"]
    assert board.playing("ada", NOON + 600) == []


def test_the_next_track_of_a_client_replaces_its_last() -> None:
    board = NowPlayingBoard()
    board.start(song(), "phone", NOON)
    board.start(song("Other"), "phone", NOON + 5)
    assert [one.title for one in board.playing("ada", NOON + 6)] == ["Other"]
    assert board.playing("eve", NOON) == []


def test_its_own_listen_clears_it_and_another_does_not() -> None:
    board = NowPlayingBoard()
    board.start(song("Song (feat. X)"), "phone", NOON)
    board.listened(song("Other"), "phone")
    assert board.playing("ada", NOON)
    board.listened(song("Song"), "phone")
    assert not board.playing("ada", NOON)


opinions = st.builds(
    Opinion, st.integers(0, 5), st.sampled_from("ab"), st.just("ada"), st.sampled_from("xy"), st.sampled_from(Score)
)


@given(st.lists(opinions), st.randoms(use_true_random=False))
def test_the_order_of_opinions_does_not_matter(given_: list[Opinion], random: object) -> None:
    one, other = Opinions(), Opinions()
    for opinion in given_:
        one.hear(opinion)
    random.shuffle(given_)  # type: ignore[attr-defined]
    for opinion in given_:
        other.hear(opinion)
    assert list(one.of("ada")) == list(other.of("ada"))
    assert not any(map(one.hear, given_))
