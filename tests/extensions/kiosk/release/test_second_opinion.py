"""guessit speaks only where the own rules have no number, and only if it is there."""

import sys

import pytest

from regie_kiosk import parse_release_name
from regie_kiosk.release.second_opinion import _guess, with_second_opinion


@pytest.fixture(autouse=True)
def _fresh() -> None:
    _guess.cache_clear()


def test_what_the_own_rules_number_is_not_asked() -> None:
    name = "Le.Phare.S02E03.1080p.WEB.h264-GRP"
    assert with_second_opinion(name) == parse_release_name(name)
    assert _guess.cache_info().misses == 0


def test_a_compact_number_is_left_to_the_second_opinion() -> None:
    name = "Le.Phare.203.La.Crue"
    assert not parse_release_name(name).numbered
    asked = with_second_opinion(name)
    assert (asked.title, asked.season, asked.episodes) == ("Le Phare", 2, (3,))


def test_without_guessit_the_own_reading_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "guessit", None)
    name = "Le.Phare.203.La.Crue"
    assert with_second_opinion(name) == parse_release_name(name)
