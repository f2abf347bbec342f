"""Paths: the file speaks, its folders fill in."""

import pytest

from regie_kiosk import parse_release_name


@pytest.mark.parametrize(
    ("path", "title", "season", "episodes"),
    [
        ("/media/Le Phare/Saison 2/03 - La crue.mkv", "Le Phare", 2, (3,)),
        ("/media/Le Phare/Season 2/Episode 3 - La crue.mkv", "Le Phare", 2, (3,)),
        ("/media/Le Phare (2019)/Season 02/Le Phare - S02E03 - La crue.mkv", "Le Phare", 2, (3,)),
        (r"D:\tv\Le.Phare.S02E03.1080p.WEB.h264-GRP\a81bc81b.mkv", "Le Phare", 2, (3,)),
        ("downloads/Le.Phare.S02.1080p.WEB.h264-GRP/le.phare.203.mkv", "Le Phare", 2, ()),
        ("/x/Hikari no Tou 01-12 [1080p]/07.mkv", "Hikari no Tou", None, ()),
    ],
)
def test_folders_fill_in_what_the_file_leaves_open(
    path: str, title: str, season: int | None, episodes: tuple[int, ...]
) -> None:
    release = parse_release_name(path)
    assert (release.title.casefold(), release.season, release.episodes) == (title.casefold(), season, episodes)


def test_the_quality_comes_from_the_folder_too() -> None:
    release = parse_release_name("/media/Le.Phare.2022.MULTi.VFF.1080p.BluRay.x265-GRP/phare.mkv")
    assert (release.resolution, release.group, release.audio_class) == ("1080p", "GRP", "MULTI")
    assert release.french_tags == ("MULTI", "VFF")


def test_spans_point_into_the_whole_path() -> None:
    path = "/media/Le.Phare.S02E03.1080p.WEB.h264-GRP/zz.mkv"
    release = parse_release_name(path)
    assert [path[start:end] for start, end in release.spans["episodes"]] == ["S02E03"]
    assert [path[start:end] for start, end in release.spans["group"]] == ["GRP"]


def test_a_name_written_backwards_is_turned() -> None:
    name = "Le.Phare.S02E03.720p.HDTV.x264"[::-1] + ".mkv"
    release = parse_release_name(name)
    assert (release.title, release.season, release.episodes) == ("Le Phare", 2, (3,))
    start, end = release.spans["episodes"][0]
    assert name[start:end][::-1] == "S02E03"


def test_a_slash_between_titles_is_no_path() -> None:
    release = parse_release_name("Маяк / Le Phare / S02E1-8 of 8 [2020, WEB-DL 1080p]")
    assert (release.title, release.season, release.kind) == ("Le Phare", 2, "season")
