"""Upgrades: enough gain over the frozen score, and never in circles."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_kiosk import (
    FRENCH,
    Candidate,
    Episode,
    Existing,
    Grab,
    Offer,
    Reason,
    Upgrade,
    UpgradeRule,
    parse_release_name,
    score,
    upgrade,
    upgraded,
)

NOW = datetime(2024, 3, 15, tzinfo=UTC)
ONE = frozenset({Episode(2, 3)})
RULE = UpgradeRule()
Make = Callable[..., Candidate]


def offer(candidate: Candidate, episodes: frozenset[Episode] = ONE) -> Offer:
    return Offer(candidate, score(candidate.release, FRENCH, candidate.seeders), episodes)


def frozen(name: str, **other: object) -> Existing:
    return Existing(name, score(parse_release_name(name), FRENCH).lasting_points, ONE, **other)  # type: ignore[arg-type]


POOR = frozen("Le.Phare.S02E03.VOSTFR.1080p.WEB-DL.x264-GRP")


def test_vostfr_gives_way_to_multi(candidate: Make) -> None:
    result = upgrade(POOR, offer(candidate("Le.Phare.S02E03.MULTi.1080p.WEB-DL.x264-GRP")), RULE, NOW)
    assert isinstance(result, Upgrade)
    assert (result.gain, result.before, result.after) == (20, 52, 72)


def test_eighteen_points_are_not_twenty(candidate: Make) -> None:
    existing = frozen("Le.Phare.S02E03.VFF.1080p.WEB-DL.x264-GRP")
    better = offer(candidate("Le.Phare.S02E03.MULTi.1080p.BluRay.x265-GRP"))
    result = upgrade(existing, better, RULE, NOW)
    assert isinstance(result, Reason)
    assert result.sentence("fr") == "18 points de mieux ; il en faut au moins 20."
    assert isinstance(upgrade(existing, better, replace(RULE, least_gain=15), NOW), Upgrade)


def test_seeders_are_no_gain(candidate: Make) -> None:
    same = offer(candidate("Le.Phare.S02E03.VOSTFR.1080p.WEB-DL.x264-OTHER", seeders=9000))
    result = upgrade(POOR, same, RULE, NOW)
    assert isinstance(result, Reason)
    assert dict(result.values) == {"gain": 0, "limit": 20}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "Le.Phare.S02E03.MULTi.1080p.WEB-DL.x265-GRP"}, "grabbed_before"),
        ({"hash": "ABC"}, "grabbed_before"),
        ({"history": (Grab(NOW, "old", "abc"),)}, "grabbed_before"),
        ({"history": (Grab(NOW, "le.phare.s02e03.multi.1080p.web-dl.x265-grp"),)}, "grabbed_before"),
        ({"episodes": frozenset({Episode(2, 3), Episode(2, 4)})}, "not_all_covered"),
        ({"history": tuple(Grab(NOW - timedelta(days=n), str(n)) for n in (3, 2, 1))}, "too_many_upgrades"),
    ],
)
def test_an_upgrade_is_refused_for_this(candidate: Make, change: dict[str, object], code: str) -> None:
    better = offer(candidate("Le.Phare.S02E03.MULTi.1080p.WEB-DL.x265-GRP", hash="abc"))
    result = upgrade(replace(POOR, **change), better, RULE, NOW)  # type: ignore[arg-type]
    assert isinstance(result, Reason)
    assert result.code == code


def test_few_seeders_and_a_switched_off_rule_refuse_too(candidate: Make) -> None:
    better = candidate("Le.Phare.S02E03.MULTi.1080p.WEB-DL.x265-GRP", seeders=9)
    few = upgrade(POOR, offer(better), RULE, NOW)
    off = upgrade(POOR, offer(better), replace(RULE, enabled=False), NOW)
    assert [why.code for why in (few, off) if isinstance(why, Reason)] == ["few_seeders", "upgrades_off"]


def test_old_upgrades_are_forgotten(candidate: Make) -> None:
    old = tuple(Grab(NOW - timedelta(days=days), str(days)) for days in (90, 60, 31))
    better = offer(candidate("Le.Phare.S02E03.MULTi.1080p.WEB-DL.x265-GRP"))
    assert isinstance(upgrade(replace(POOR, history=old), better, RULE, NOW), Upgrade)


NAMES = st.builds(
    "Le.Phare.S02E03.{}.{}.{}-{}".format,
    st.sampled_from(["MULTi", "VFF", "VOSTFR", "ENGLISH"]),
    st.sampled_from(["2160p.HDR.x265", "1080p.x265", "1080p.x264", "720p.x264"]),
    st.sampled_from(["BluRay", "WEB-DL", "WEBRip", "HDTV"]),
    st.sampled_from(["A", "B"]),
)


@given(st.lists(st.tuples(NAMES, st.integers(0, 10)), max_size=40), st.integers(0, 40))
def test_upgrades_end(offers: list[tuple[str, int]], least_gain: int) -> None:
    rule = replace(RULE, least_gain=max(1, least_gain))
    existing, now = POOR, NOW
    taken: list[tuple[datetime, str]] = []
    for name, days in offers:
        now += timedelta(days=days)
        new = offer(Candidate(parse_release_name(name), seeders=50, hash=name))
        if isinstance(upgrade(existing, new, rule, now), Upgrade):
            assert new.score.lasting_points >= existing.points + rule.least_gain
            existing = upgraded(existing, new, now)
            taken.append((now, name))
    assert len({name for _, name in taken}) == len(taken)
    moments = [at for at, _ in taken[1:]]
    for at in moments:
        assert len([other for other in moments if timedelta() <= at - other < timedelta(days=30)]) <= rule.most_upgrades
