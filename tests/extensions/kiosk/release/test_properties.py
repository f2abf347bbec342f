"""Whatever stands in a name, the parser answers, quickly, and points at the text that it read."""

import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regie_kiosk import Doubt, Kind, ReleaseName, parse_release_name

NAMES = [
    json.loads(line)["name"]
    for line in (Path(__file__).parent / "names.jsonl").read_text(encoding="utf-8").splitlines()
]
PIECES = [
    "S01E02",
    "-",
    ".",
    " ",
    "[",
    "]",
    "(",
    ")",
    "1080p",
    "x264",
    "FRENCH",
    "MULTi",
    "第",
    "話",
    "2019",
    "/",
    "\\",
    "12",
    "v2",
    "İ",
    "ß",
    "\x00",
    "～",
]
HOSTILE = ["(" * 400, "[a" * 250, "- " * 256, "1" * 512, "S01E01" + "-E02" * 120, "Eng " * 128, "aka " * 128, "01-" * 170, "第1" * 256, "." * 600 + "mkv", "2012." * 100, " - 01" * 100, "a.-b" * 128, "Le (" + "Eng " * 120 + "S01E01", "Le " + "FR." * 150 + "12"]  # fmt: skip


def mutated(rng: random.Random) -> str:
    letters = list(rng.choice(NAMES))
    for _ in range(rng.randint(1, 8)):
        place = rng.randrange(len(letters) + 1)
        match rng.randrange(5):
            case 0:
                letters[place:place] = list(rng.choice(PIECES))
            case 1:
                del letters[place : place + rng.randint(1, 4)]
            case 2:
                letters[place:place] = letters[place : place + 20] * rng.randint(1, 20)
            case 3:
                letters[place:place] = list(rng.choice(NAMES))
            case _:
                letters[place:place] = [rng.choice(rng.choice(PIECES))] * rng.randint(1, 100)
    return "".join(letters)


def assert_sound(release: ReleaseName, name: str) -> None:
    assert release.name == name
    assert all(0 <= start <= end <= len(name) for places in release.spans.values() for start, end in places)
    assert release.season == (release.seasons[0] if release.seasons else None)
    assert list(release.seasons) == sorted(set(release.seasons))
    assert all(number >= 0 for number in (*release.episodes, *release.absolute))
    assert len(release.episodes) <= 1000
    if not release.title:
        assert release.doubts


@given(st.text(max_size=200))
@settings(max_examples=400, deadline=None)
def test_any_text_is_answered(name: str) -> None:
    assert_sound(parse_release_name(name), name)


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
@settings(max_examples=400, deadline=None)
def test_any_heap_of_tags_is_answered(name: str) -> None:
    assert_sound(parse_release_name(name), name)


def test_mutated_names_are_answered() -> None:
    rng = random.Random(4)
    for _ in range(10_000):
        name = mutated(rng)
        assert_sound(parse_release_name(name), name)


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: name[:8])
def test_no_pattern_runs_away(name: str) -> None:
    best = min(_seconds(name) for _ in range(3))
    assert best < 0.02


def _seconds(name: str) -> float:
    start = time.thread_time()
    parse_release_name(name)
    return time.thread_time() - start


@pytest.mark.parametrize("name", NAMES)
def test_the_spans_hold_what_was_read(name: str) -> None:
    release = parse_release_name(name)
    for field in ("group", "hash", "edition"):
        value = getattr(release, field)
        if value and "/" not in name and "\\" not in name:
            start, end = release.spans[field][0]
            assert (
                "".join(name[start:end].split(".")).casefold() == value.replace(" ", "").casefold()
                or name[start:end] == value
            )
    if release.resolution and "resolution" in release.spans:
        assert any(character.isalnum() for start, end in release.spans["resolution"] for character in name[start:end])
    if release.title and "title" in release.spans:
        start, end = release.spans["title"][0]
        assert release.title[0].casefold() in name[start:end].casefold() or not name.isascii()


@given(
    st.integers(0, 99),
    st.integers(0, 999),
    st.sampled_from(
        [
            "S{0:02}E{1:02}",
            "s{0}e{1}",
            "{0}x{1:02}",
            "Season {0} Episode {1}",
            "Saison {0} Épisode {1}",
            "S{0:02}.E{1:02}",
        ]
    ),
    st.sampled_from([".", " ", "_"]),
)
def test_season_and_episode_survive_every_spelling(season: int, episode: int, spelling: str, separator: str) -> None:
    name = f"Le Phare {spelling.format(season, episode)} 1080p WEB x264-GRP".replace(" ", separator)
    release = parse_release_name(name)
    assert (release.title, release.season, release.episodes) == ("Le Phare", season, (episode,))
    assert release.resolution == "1080p"


@given(st.integers(1, 1999).filter(lambda number: not number >= 1900), st.integers(1, 4))
def test_an_absolute_number_survives(number: int, version: int) -> None:
    mark = f"v{version}" if version > 1 else ""
    release = parse_release_name(f"[Kumo] Hikari no Tou - {number:02}{mark} [1080p]")
    assert (release.title, release.absolute, release.season, release.version) == (
        "Hikari no Tou",
        (number,),
        None,
        version,
    )


@given(
    st.integers(1960, 2035),
    st.lists(st.sampled_from(["1080p", "BluRay", "x264", "MULTi", "VFF", "DTS"]), min_size=1, unique=True),
)
def test_the_tags_of_a_film_may_stand_in_any_order(year: int, tags: list[str]) -> None:
    release = parse_release_name(".".join(["Le", "Phare", str(year), *tags]))
    assert (release.title, release.year, release.kind) == ("Le Phare", year, Kind.FILM)
    assert (release.resolution == "1080p") == ("1080p" in tags)
    assert (release.source is not None) == ("BluRay" in tags)


def test_a_long_name_is_cut_and_says_so() -> None:
    assert Doubt.TRUNCATED in parse_release_name("Le Phare " + "x" * 600).doubts


def test_a_date_that_reads_two_ways_is_no_date() -> None:
    release = parse_release_name("The.Late.Hour.07.08.2023.720p")
    assert (release.title, release.air_date, release.doubts) == ("The Late Hour", None, (Doubt.AMBIGUOUS_DATE,))
