"""Each playlist rule, and what holds for all of them."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regie_music_tracker.playlists import RULES, Brief, Playlist, make
from regie_music_tracker.playlists.library import LibraryTrack

TODAY = date(2024, 6, 5)  # a Wednesday
NOW = datetime(2024, 6, 5, 18, 30, tzinfo=UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def on(year: int, day: int) -> datetime:
    return datetime(year, 6, day, tzinfo=UTC)


def track(id_: str, artist: str = "Queen", **given_: Any) -> LibraryTrack:
    return LibraryTrack(id_, f"Song {id_}", artist, **given_)


def proposed(rule: str, library: Any, **brief: Any) -> dict[str, str]:
    """The ids and reasons that a rule proposes, without what fills up."""
    found = RULES[rule].propose(library, Brief(TODAY, **brief))
    return {one.track.id: one.why for one in found}


def ids(playlist: Playlist) -> list[str]:
    return [pick.track.id for pick in playlist.picks]


def test_top_of_a_period(library: Any) -> None:
    library.add(track("a"), ago(1), ago(2), ago(400))
    library.add(track("b"), ago(3))
    library.add(track("c"), ago(400))
    assert proposed("top", library) == {
        "a": "played 2 times in the last 365 days",
        "b": "played once in the last 365 days",
    }
    assert ids(make(RULES["top"], library, Brief(TODAY, length=2))) == ["a", "b"]


def test_forgotten_favourites(library: Any) -> None:
    library.add(track("old", plays=42), ago(600))
    library.add(track("new", plays=42), ago(10))
    for number in range(20):
        library.add(track(f"x{number}"), ago(600))
    assert proposed("forgotten", library) == {"old": "played 42 times, last in 2022-10"}


def test_on_this_day(library: Any) -> None:
    library.add(track("a"), on(2020, 5), on(2022, 5), on(2021, 6))
    library.add(track("b"), NOW)
    assert proposed("on_this_day", library) == {"a": "played on this day in 2020, 2022"}


def test_this_hour_of_this_weekday(library: Any) -> None:
    library.add(track("a"), ago(7), ago(14))
    library.add(track("b"), ago(8))
    library.add(track("c"), ago(7.25))
    assert proposed("this_hour", library, subject="19") == {"a": "played 2 times around 19:00 on a Wednesday"}


def test_rising(library: Any) -> None:
    library.add(track("a"), ago(1), ago(2), ago(3), ago(100))
    library.add(track("b"), ago(1), *(ago(30 + number) for number in range(50)))
    assert proposed("rising", library) == {"a": "played 3 times in four weeks, 1 before"}


def test_one_hit_wonders_and_deep_cuts(library: Any) -> None:
    library.add(track("hit", "One", plays=9), ago(9))
    library.add(track("other", "One"))
    library.add(track("big", plays=90), ago(9))
    library.add(track("small", plays=3), ago(9))
    assert proposed("one_hits", library) == {"hit": "the only track of One you play: played 9 times, last in 2024-05"}
    assert set(proposed("deep_cuts", library)) == {"small", "other"}


def test_discovery_gaps(library: Any) -> None:
    library.add(track("owned", "New", album="Debut", is_owned=True))
    library.add(track("played", plays=30, album="First"), ago(9))
    library.add(track("same album", album="First"))
    library.add(track("unheard", album="Second"))
    library.add(track("stranger", "Else", album="Third"))
    assert proposed("gaps", library) == {
        "owned": "you own Debut and never played it",
        "unheard": "you never played Second by Queen",
    }


def test_a_chain_of_similar_artists_stays_in_the_library(library: Any) -> None:
    library.alike = {"Queen": {"Bowie": 0.9, "Nobody": 1.0}, "Bowie": {"Eno": 0.5, "Queen": 0.9}, "Eno": {"Cluster": 1}}
    for name in ("Queen", "Bowie", "Eno", "Abba"):
        library.add(track(name, name))
    found = proposed("chain", library, subject="queen")
    assert found == {"Queen": "by Queen", "Bowie": "by Bowie, close to queen", "Eno": "by Eno, close to queen"}
    assert proposed("chain", library, subject="Nobody") == {}


def test_decades_genres_and_loved(library: Any) -> None:
    library.add(track("a", year=1985, genres=frozenset({"Post-Punk"})))
    library.add(track("b", year=2012, is_loved=True), ago(3))
    assert set(proposed("decade", library, subject="80s")) == {"a"}
    assert set(proposed("decade", library, subject="2010s")) == {"b"}
    assert proposed("decade", library, subject="soon") == {}
    assert set(proposed("genre", library, subject="post punk")) == {"a"}
    assert proposed("loved", library) == {"b": "loved, played once, last in 2024-06"}


def test_albums_run_whole_and_in_order(library: Any) -> None:
    for artist in ("Queen", "Bowie"):
        for number in (3, 1, 2, 4, 5):
            library.add(track(f"{artist} {number}", artist, album="Record", number=number))
    found = ids(make(RULES["album_runs"], library, Brief(TODAY, length=10, most_per_artist=2)))
    assert [name.split()[1] for name in found] == ["1", "2", "3", "4", "5"] * 2
    assert len({name.split()[0] for name in found[:5]}) == 1


def test_a_new_day_or_seed_gives_another_list(library: Any) -> None:
    for number in range(60):
        library.add(track(f"{number:02}", f"Artist {number}", is_loved=True))
    lists = [
        ids(make(RULES["loved"], library, Brief(day, seed, length=20)))
        for day, seed in ((TODAY, ""), (TODAY, ""), (TODAY, "x"), (TODAY + timedelta(days=1), ""))
    ]
    assert lists[0] == lists[1]
    assert len({tuple(found) for found in lists}) == 3


def test_no_repeats_within_days(library: Any) -> None:
    for number in range(10):
        library.add(track(f"{number}", f"Artist {number}", is_loved=True))
    library.past = {TODAY - timedelta(days=3): ["0", "1", "2"], TODAY - timedelta(days=30): ["3"]}
    found = ids(make(RULES["loved"], library, Brief(TODAY, days_without_repeat=7)))
    assert set(found) == set(map(str, range(3, 10)))


def test_no_repeats_ever(library: Any) -> None:
    library.add(track("a", is_loved=True))
    assert ids(make(RULES["loved"], library, Brief(TODAY, days_without_repeat=10**9))) == ["a"]


def test_what_is_missing_is_filled_up_and_says_so(library: Any) -> None:
    library.add(track("loved", "Queen", is_loved=True))
    for number in range(5):
        library.add(track(f"{number}"))
    playlist = make(RULES["loved"], library, Brief(TODAY, length=6, most_per_artist=1))
    assert len(playlist.picks) == 6
    assert playlist.picks[0].why == "loved, never played"
    assert playlist.picks[1].why == "to fill up: never played"


tracks = st.builds(
    LibraryTrack,
    id=st.integers(0, 30).map(str),
    title=st.text(max_size=5),
    artist=st.sampled_from(["Queen", "Bowie", "Eno", "!!!", ""]),
    album=st.sampled_from(["", "Record", "Second"]),
    number=st.none() | st.integers(1, 9),
    year=st.none() | st.integers(1950, 2024),
    genres=st.sampled_from([frozenset(), frozenset({"rock"})]),
    plays=st.integers(0, 50),
    is_loved=st.booleans(),
    is_owned=st.booleans(),
)
moments = st.integers(1_577_836_800, 1_735_603_200).map(lambda stamp: datetime.fromtimestamp(stamp, UTC))
briefs = st.builds(
    Brief,
    day=st.dates(date(2024, 1, 1), date(2024, 12, 31)),
    seed=st.sampled_from(["", "x"]),
    length=st.integers(-3, 12),
    most_per_artist=st.integers(0, 3),
    subject=st.sampled_from(["", "80s", "rock", "Queen", "7", "2010"]),
)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(known=st.lists(tracks, unique_by=lambda one: one.id), brief=briefs, data=st.data())
def test_every_rule_is_deterministic_clamped_and_explained(
    rule: Any, library: Any, known: list[LibraryTrack], brief: Brief, data: st.DataObject
) -> None:
    library.known, library.heard = [], []
    for one in known:
        stamps = data.draw(st.lists(moments, max_size=2))
        library.add(one, *stamps)
    playlist = make(rule, library, brief)
    library.known.reverse()
    assert make(rule, library, brief) == playlist
    assert len(playlist.picks) == min(max(brief.length, 1), len(known))
    assert len(set(ids(playlist))) == len(playlist.picks)
    assert all(pick.why for pick in playlist.picks)
    crowd = Counter(pick.track.artist for pick in playlist.picks)
    enough = sum(min(count, max(brief.most_per_artist, 1)) for count in library.counts().values())
    if enough >= brief.clamped_length and not rule.keeps_albums:
        assert max(crowd.values(), default=0) <= max(brief.most_per_artist, 1)
