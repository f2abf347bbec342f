"""The points of the first plan, its whole table of what can reach 70, and profiles as data."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_kiosk import BUILT_IN, FRENCH, VO, VOSTFR, Profile, ProfileError, parse_release_name, score
from regie_kiosk.profiles import from_data, to_data

AUDIO = {"MULTI": "MULTi", "VF": "VFF", "VOSTFR": "VOSTFR", "VO": ""}
VIDEO = {
    "4K HDR": "2160p HDR x265",
    "4K": "2160p x265",
    "1080p HEVC": "1080p x265",
    "1080p": "1080p x264",
    "720p": "720p x264",
}
SOURCES = ("BluRay", "WEB-DL", "WEBRip", "HDTV")
# The least reliability that reaches 70, by picture and source; a dash where none does.
TABLE = {
    "MULTI": ("2 2 2 2", "2 2 2 2", "2 2 2 2", "2 2 2 5", "5 10 10 -"),
    "VF": ("2 2 2 2", "2 2 2 5", "2 5 5 10", "5 10 10 -", "- - - -"),
    "VOSTFR": ("2 5 5 10", "5 10 10 -", "10 - - -", "- - - -", "- - - -"),
    "VO": ("10 - - -", "- - - -", "- - - -", "- - - -", "- - - -"),
}
CASES = [
    (audio, video, source, needed)
    for audio, rows in TABLE.items()
    for video, row in zip(VIDEO, rows, strict=True)
    for source, needed in zip(SOURCES, row.split(), strict=True)
]
SEEDERS = {2: 5, 5: 11, 7: 21, 10: 51}


@pytest.mark.parametrize(("audio", "video", "source", "needed"), CASES)
def test_the_french_profile_is_the_table_of_the_plan(audio: str, video: str, source: str, needed: str) -> None:
    release = parse_release_name(f"Le Phare 2022 {AUDIO[audio]} {VIDEO[video]} {source}")
    reaching = [steps for steps, seeders in SEEDERS.items() if score(release, FRENCH, seeders).points >= FRENCH.floor]
    assert str(min(reaching, default="-")) == needed


@pytest.mark.parametrize(
    ("seeders", "points"), [(5, 2), (10, 2), (11, 5), (20, 5), (21, 7), (50, 7), (51, 10), (9000, 10)]
)
def test_ten_seeders_are_not_more_than_ten(seeders: int, points: int) -> None:
    parts = {part.name: part.points for part in score(parse_release_name("Le.Phare.2022"), FRENCH, seeders).parts}
    assert parts["reliability"] == points


@pytest.mark.parametrize("tag", ["HDCAM", "CAM", "HDTS", "TELESYNC", "HDTC", "DVDSCR", "WEBRip.MD", "HDTV.LD"])
def test_what_was_recorded_in_a_cinema_is_never_taken(tag: str) -> None:
    best = score(parse_release_name(f"Le.Phare.2022.MULTi.2160p.HDR.{tag}.x265-GRP"), FRENCH, 1000)
    assert best.points < 40


def test_what_a_name_does_not_say_scores_nothing() -> None:
    parts = {part.name: part.points for part in score(parse_release_name("Le.Phare.2022"), FRENCH, 0).parts}
    assert parts == {"audio": 10, "video": 0, "source": 0, "reliability": 2}


def test_seeders_do_not_last() -> None:
    release = parse_release_name("Le.Phare.2022.MULTi.1080p.BluRay.x265-GRP")
    assert score(release, FRENCH, 5).lasting_points == score(release, FRENCH, 500).lasting_points == 80


def test_every_part_has_a_sentence_in_both_languages() -> None:
    points = score(parse_release_name("Le.Phare.2022.MULTi.VFF.1080p.WEBRip.MD.x265-GRP"), FRENCH, 30)
    assert "40 for the audio: MULTI (VFF)." in points.sentences("en")
    assert "40 pour l'audio : MULTI (VFF)." in points.sentences("fr")
    assert len(points.sentences("fr")) == len(points.parts) == 4


@pytest.mark.parametrize(
    ("profile", "best", "worst"), [(FRENCH, "MULTi", "VOSTFR"), (VOSTFR, "VOSTFR", "VFF"), (VO, "", "VFF")]
)
def test_each_profile_prefers_its_own(profile: Profile, best: str, worst: str) -> None:
    first, last = (
        score(parse_release_name(f"Le Phare 2022 {tag} 1080p WEB-DL x264"), profile, 60) for tag in (best, worst)
    )
    assert first.points > last.points


def test_anime_in_vostfr_passes_with_its_own_profile() -> None:
    release = parse_release_name("[Kumo] Hikari no Tou - 07 VOSTFR [1080p WEB-DL x264 AAC]")
    assert score(release, VOSTFR, 25).points >= VOSTFR.floor > score(release, FRENCH, 25).points


def test_after_some_hours_less_is_enough() -> None:
    assert [FRENCH.floor_after(hours) for hours in (None, 0, 11.9, 12, 40)] == [70, 70, 70, 40, 40]


@pytest.mark.parametrize("profile", BUILT_IN.values(), ids=BUILT_IN)
def test_a_profile_survives_the_way_to_data_and_back(profile: Profile) -> None:
    assert from_data(to_data(profile)) == profile


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "name"),
        ({"name": "x"}, "audio"),
        ({"name": "x", "audio": {"VF": 1}, "colour": 1}, "colour"),
        ({"name": "x", "audio": {"VX": 1}}, "VX"),
        ({"name": "x", "audio": 4}, "audio"),
        ({"name": "x", "audio": {"VF": "many"}}, "many"),
        ({"name": "x", "audio": {"VF": 1}, "fallback": [1, 2, 3]}, "fallback"),
        ({"name": "x", "audio": {"VF": 1}, "limits": {"4K": [1]}}, "limits"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(data: dict[str, Any], said: str) -> None:
    with pytest.raises(ProfileError, match=said):
        from_data(data)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_more_seeders_never_score_less(few: int, many: int) -> None:
    release = parse_release_name("Le.Phare.2022.MULTi.1080p.BluRay.x265-GRP")
    few, many = sorted((few, many))
    assert score(release, FRENCH, few).points <= score(release, FRENCH, many).points


@given(
    st.sampled_from(list(AUDIO.values())),
    st.sampled_from(list(VIDEO.values())),
    st.sampled_from(SOURCES),
    st.integers(0, 100),
)
def test_the_sum_is_that_of_the_parts(audio: str, video: str, source: str, seeders: int) -> None:
    points = score(parse_release_name(f"Le Phare 2022 {audio} {video} {source}"), FRENCH, seeders)
    assert points.points == sum(part.points for part in points.parts) <= 100
