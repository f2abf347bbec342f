"""Which work a release is, and which episodes."""

import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_kiosk import Episode, Match, NoMatch, WantedIndex, Work, WorkKind, match, parse_release_name
from regie_kiosk.works import compact, normalised


def found(name: str, *works: Work, **ids: str) -> Match | NoMatch:
    return match(parse_release_name(name), WantedIndex(works), ids)


def code(result: Match | NoMatch) -> str:
    return result.reason.code


@pytest.mark.parametrize(
    ("name", "episode"),
    [
        ("Le.Phare.S02E03.1080p.WEB.h264-GRP", (2, 3)),
        ("le phare 2x03 720p", (2, 3)),
        ("The.Lighthouse.S02E03.1080p.WEB", (2, 3)),
        ("Le.Phare.2019.S02E03.1080p.WEB", (2, 3)),
        ("Le.Phare.FR.S02E03.1080p.WEB", (2, 3)),
    ],
)
def test_a_series_is_found_by_each_of_its_names(phare: Work, name: str, episode: tuple[int, int]) -> None:
    french = Work("fr", WorkKind.SERIES, "Le Phare FR", year=2019)
    works = (phare, french) if ".FR." in name else (phare,)
    result = found(name, *works)
    assert isinstance(result, Match)
    assert result.episodes == {Episode(*episode)}


@pytest.mark.parametrize(
    ("name", "episode"),
    [
        ("[Kumo] Hikari no Tou - 07 [1080p]", (1, 7)),
        ("[Kumo] Hikari no Tou - 30 [1080p]", (2, 6)),
        ("[Kumo] Hikari no Tou S2 - 06 [1080p]", (2, 6)),
        ("[Kumo] Hikari no Tou 2nd Season - 06 [1080p]", (2, 6)),
        ("[Kumo] Hikari no Tou S02E06 [1080p]", (2, 6)),
        ("[Kumo] Hikari no Tou: Saishuu-shou - 03 [1080p]", (2, 15)),
        ("[Kumo] Tower of Light 2nd Season - 06 [1080p]", (2, 6)),
        ("[Kumo] Tower of Light S2 30 [1080p]", (2, 30)),
        ("Hikari.no.Tou.E30.VOSTFR.1080p", (2, 6)),
        ("Hikari no Tou 102 VOSTFR [1080p]", None),
    ],
)
def test_anime_numbers_find_their_season(hikari: Work, name: str, episode: tuple[int, int] | None) -> None:
    result = found(name, hikari)
    if episode is None:
        assert not isinstance(result, Match) or Episode(1, 2) not in result.episodes
    else:
        assert isinstance(result, Match)
        assert result.episodes == {Episode(*episode)}


def test_two_works_of_one_name_are_told_apart_by_year(phare: Work) -> None:
    older = Work("older", WorkKind.SERIES, "Le Phare", year=1988)
    newer = found("Le.Phare.2019.S02E03.1080p", phare, older)
    assert isinstance(newer, Match)
    assert newer.work is phare
    old = found("Le.Phare.1988.S02E03.1080p", phare, older)
    assert isinstance(old, Match)
    assert old.work is older
    assert code(found("Le.Phare.S02E03.1080p", phare, older)) == "ambiguous_title"


def test_an_id_settles_only_what_the_title_leaves_open(phare: Work) -> None:
    older = Work("older", WorkKind.SERIES, "Le Phare", year=1988, ids={"tvdb": "7"})
    result = found("Le.Phare.S02E03.1080p", phare, older, tvdb="7")
    assert isinstance(result, Match)
    assert result.work is older


def test_a_wrong_id_never_wins_over_a_clearly_other_title(phare: Work) -> None:
    other = Work("other", WorkKind.SERIES, "La Montagne", ids={"tvdb": "8"})
    result = found("Le.Phare.S02E03.1080p", phare, other, tvdb="8")
    assert isinstance(result, Match)
    assert result.work is phare
    assert code(found("Tout.Autre.Chose.S02E03.1080p", phare, tvdb="100")) == "other_title"


def test_an_id_helps_a_title_that_is_nearly_right(phare: Work) -> None:
    result = found("Le.Phar.S02E03.1080p", phare, tvdb="100")
    assert code(result) == "matched_id"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Le.Phare.1988.S02E03.1080p", "other_year"),
        ("Le.Phare.(US).S02E03.1080p", "other_country"),
        ("Le.Phare.2019.1080p.BluRay", "other_kind"),
        ("La.Montagne.S02E03.1080p", "unknown_title"),
        ("S02E03", "unreadable"),
        ("Le.Phare.2024.03.15.1080p", "unknown_numbering"),
    ],
)
def test_a_refusal_says_why(phare: Work, name: str, why: str) -> None:
    assert code(found(name, phare)) == why


def test_the_year_behind_the_number_is_that_of_the_season(phare: Work) -> None:
    assert isinstance(found("Le.Phare.S02E03.2024.1080p", phare), Match)


def test_a_film_is_found_by_title_and_year() -> None:
    film = Work("film", WorkKind.FILM, "L'Île", year=2022)
    remake = Work("remake", WorkKind.FILM, "L'Île", year=1988)
    result = found("L.Ile.2022.MULTi.1080p.BluRay.x264-GRP", film, remake)
    assert isinstance(result, Match)
    assert result.work is film
    assert code(found("L.Ile.2005.1080p.BluRay", film)) == "other_year"
    assert code(found("L.Ile.S01E02.1080p", film)) == "other_kind"


def test_a_daily_is_found_by_its_date(phare: Work) -> None:
    daily = Work(
        "daily",
        WorkKind.SERIES,
        "The Late Hour",
        air_dates={parse_release_name("a.2024.03.15").air_date: Episode(4, 9)},
    )  # type: ignore[dict-item]
    result = found("The.Late.Hour.2024.03.15.Guest.1080p", daily, phare)
    assert isinstance(result, Match)
    assert result.episodes == {Episode(4, 9)}


def test_a_season_is_matched_whole(phare: Work) -> None:
    result = found("Le.Phare.S02.MULTi.1080p.WEB.h264-GRP", phare)
    assert isinstance(result, Match)
    assert (result.seasons, result.episodes) == ((2,), frozenset())


@given(st.text(max_size=60))
def test_a_normalised_title_stays_as_it_is(title: str) -> None:
    assert normalised(normalised(title)) == normalised(normalised(normalised(title)))
    assert " " not in compact(title)


@given(st.permutations(["Le Phare", "The Lighthouse", "Pharos"]))
def test_the_order_of_aliases_makes_no_difference(titles: list[str]) -> None:
    work = Work("w", WorkKind.SERIES, titles[0], aliases=tuple(titles[1:]))
    assert isinstance(found("Pharos.S01E02.1080p", work), Match)


def test_five_thousand_series_are_searched_in_a_tenth_of_a_millisecond() -> None:
    rng = random.Random(5)
    works = [
        Work(str(n), WorkKind.SERIES, " ".join("".join(rng.choices(string.ascii_lowercase, k=6)) for _ in range(3)))
        for n in range(5000)
    ]
    index = WantedIndex(works)
    releases = [parse_release_name(f"{work.title} S01E02 1080p WEB") for work in works[:500]]
    best = min(_seconds(releases, index) for _ in range(5))
    assert best / len(releases) < 0.0001


def _seconds(releases: list[object], index: WantedIndex) -> float:
    start = time.thread_time()
    for release in releases:
        assert isinstance(match(release, index), Match)  # type: ignore[arg-type]
    return time.thread_time() - start


def test_a_counted_special_is_no_numbered_episode() -> None:
    work = Work("kaze", WorkKind.ANIME, "Kaze no Uta")
    result = found("[Group] Kaze no Uta - OVA 1 [1080p]", work)
    assert isinstance(result, Match)
    assert result.episodes == frozenset({Episode(0, 1)})
