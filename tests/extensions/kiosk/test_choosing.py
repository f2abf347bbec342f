"""Decisions: who is refused and why, who is first and why."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_kiosk import (
    FRENCH,
    Candidate,
    Decision,
    Episode,
    Existing,
    File,
    Grab,
    Library,
    Profile,
    Queued,
    Season,
    Source,
    Wanted,
    WantedIndex,
    Work,
    WorkKind,
    choose,
    parse_release_name,
)

Make = Callable[..., Candidate]
GOOD = "Le.Phare.S02E03.MULTi.1080p.WEB-DL.x265-GRP"


def codes(decision: Decision) -> list[str]:
    assert len(decision.verdicts) == 1
    return [why.code for why in decision.verdicts[0].reasons]


def test_a_good_release_is_taken(candidate: Make, wanted: Wanted, now: datetime) -> None:
    decision = choose([candidate(GOOD)], wanted, FRENCH, Library(), now)
    assert decision.chosen
    assert decision.chosen.rank == 1
    assert decision.chosen.sentences("fr") == ["87 points, 70 exigés.", "Rien ne le suit."]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("La.Montagne.S02E03.MULTi.1080p.WEB-DL.x265-GRP", "unknown_title"),
        ("Le.Phare.1988.S02E03.MULTi.1080p.WEB-DL.x265-GRP", "other_year"),
        ("Le.Phare.S02E04.MULTi.1080p.WEB-DL.x265-GRP", "other_episode"),
        ("Le.Phare.S02E03.VOSTFR.720p.HDTV.x264-GRP", "below_floor"),
        ("Le.Phare.S02E03.GERMAN.2160p.HDR.BluRay.x265-GRP", "foreign_dub"),
        ("Le.Phare.S02E03.HC.MULTi.1080p.WEB-DL.x265-GRP", "hardcoded_subtitles"),
        ("Le.Phare.S02E03.MULTi.1080p.WEB-DL.x265-GRP.exe", "dangerous_file"),
        ("Le.Phare.S01-S03.MULTi.1080p.WEB-DL.x265-GRP", "several_seasons"),
        ("Le.Phare.S02.Extras.MULTi.1080p.WEB-DL.x265-GRP", "extras_only"),
        ("Le.Phare.S02.Part.1.MULTi.1080p.WEB-DL.x265-GRP", "partial_pack_unknown"),
    ],
)
def test_a_name_is_refused_for_this(candidate: Make, wanted: Wanted, now: datetime, name: str, code: str) -> None:
    assert code in codes(choose([candidate(name)], wanted, FRENCH, Library(), now))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"seeders": 4}, "few_seeders"),
        ({"megabytes": 90}, "too_small"),
        ({"megabytes": 90_000}, "too_large"),
        ({"megabytes": 0}, "unknown_size"),
        ({"files": (File("a.mkv", 1), File("b.lnk", 1))}, "dangerous_file"),
        ({"files": (File("a.rar", 1),)}, "no_video"),
        ({"hash": "DEAD"}, "blocklisted"),
        ({"hash": "BEEF"}, "already_queued"),
    ],
)
def test_an_offer_is_refused_for_this(
    candidate: Make, wanted: Wanted, now: datetime, change: dict[str, object], code: str
) -> None:
    library = Library(blocked=frozenset({"dead"}), queue=(Queued("another", 0, hash="beef"),))
    assert code in codes(choose([candidate(GOOD, **change)], wanted, FRENCH, library, now))


def test_all_reasons_are_told_at_once(candidate: Make, wanted: Wanted, now: datetime) -> None:
    bad = candidate("Le.Phare.S02E04.VO.720p.HDTV.x264-GRP", seeders=1, megabytes=3)
    assert {"other_episode", "few_seeders", "too_small", "below_floor"} <= set(
        codes(choose([bad], wanted, FRENCH, Library(), now))
    )


def test_a_fake_before_the_air_time_is_refused(
    candidate: Make, wanted: Wanted, air_at: datetime, now: datetime
) -> None:
    early = candidate(GOOD, published_at=air_at - timedelta(days=3))
    leak = candidate(GOOD, published_at=air_at - timedelta(hours=5))
    assert codes(choose([early], wanted, FRENCH, Library(), now)) == ["before_air"]
    assert choose([leak], wanted, FRENCH, Library(), now).chosen


def test_a_sample_is_refused(candidate: Make, wanted: Wanted, now: datetime) -> None:
    sample = candidate("Le.Phare.S02E03.MULTi.1080p.WEB-DL.x265-GRP-sample", megabytes=30)
    assert "sample" in codes(choose([sample], wanted, FRENCH, Library(), now))


def test_the_disk_holds_what_is_queued_as_well(candidate: Make, wanted: Wanted, now: datetime) -> None:
    library = Library(free_bytes=10_000_000_000, queue=(Queued("other", 0, left_bytes=7_000_000_000),))
    assert codes(choose([candidate(GOOD)], wanted, FRENCH, library, now)) == ["disk_full"]
    assert choose([candidate(GOOD)], wanted, FRENCH, replace(library, queue=()), now).chosen


def test_what_is_on_its_way_and_as_good_is_not_doubled(candidate: Make, wanted: Wanted, now: datetime) -> None:
    library = Library(queue=(Queued("other", 80, frozenset({Episode(2, 3)})),))
    assert codes(choose([candidate(GOOD)], wanted, FRENCH, library, now)) == ["queued_as_good"]


def test_later_less_is_enough(candidate: Make, wanted: Wanted, now: datetime) -> None:
    subtitled = candidate("Le.Phare.S02E03.VOSTFR.1080p.WEB-DL.x264-GRP")
    assert codes(choose([subtitled], wanted, FRENCH, Library(), now)) == ["below_floor"]
    later = choose([subtitled], wanted, FRENCH, Library(), now + timedelta(hours=12))
    assert codes(later) == ["accepted_fallback", "last"]


def test_waiting_may_help_where_a_reason_does_not_last(candidate: Make, wanted: Wanted, now: datetime) -> None:
    weak = candidate("Le.Phare.S02E03.VOSTFR.1080p.WEB-DL.x264-GRP", seeders=1)
    assert [why.lasting for why in choose([weak], wanted, FRENCH, Library(), now).verdicts[0].reasons] == [False, False]


class TestPacks:
    def test_a_pack_for_one_episode_comes_last(self, candidate: Make, wanted: Wanted, now: datetime) -> None:
        pack = candidate("Le.Phare.S02.MULTi.2160p.HDR.BluRay.x265-GRP", megabytes=40_000)
        single = candidate("Le.Phare.S02E03.MULTi.1080p.HDTV.x264-GRP")
        decision = choose([pack, single], wanted, FRENCH, Library(), now)
        assert [verdict.candidate for verdict in decision.accepted] == [single, pack]
        assert [why.code for why in decision.accepted[0].reasons] == ["accepted", "ahead_single"]
        assert "pack_for_single" in [why.code for why in decision.accepted[1].reasons]

    def test_a_whole_season_before_its_end_is_a_lie(self, candidate: Make, wanted: Wanted, now: datetime) -> None:
        running = replace(wanted, seasons={2: Season(8, 3)})
        pack = candidate("Le.Phare.S02.MULTi.1080p.BluRay.x265-GRP", megabytes=16_000)
        assert codes(choose([pack], running, FRENCH, Library(), now)) == ["season_unfinished"]

    def test_the_size_of_a_pack_counts_for_each_episode(self, candidate: Make, wanted: Wanted, now: datetime) -> None:
        pack = candidate("Le.Phare.S02.MULTi.1080p.BluRay.x265-GRP", megabytes=900)
        assert codes(choose([pack], wanted, FRENCH, Library(), now)) == ["too_small"]

    def test_the_files_of_a_part_tell_what_it_holds(self, candidate: Make, wanted: Wanted, now: datetime) -> None:
        files = tuple(File(f"Le.Phare.S02E0{n}.mkv", 1) for n in (1, 2, 3))
        part = candidate("Le.Phare.S02.Part.1.MULTi.1080p.WEB-DL.x265-GRP", megabytes=6000, files=files)
        decision = choose([part], wanted, FRENCH, Library(), now)
        assert decision.chosen
        assert decision.chosen.episodes == {Episode(2, 1), Episode(2, 2), Episode(2, 3)}
        other = replace(wanted, episodes=frozenset({Episode(2, 7)}))
        assert codes(choose([part], other, FRENCH, Library(), now)) == ["other_episode"]

    def test_more_of_what_is_wanted_is_better(self, candidate: Make, wanted: Wanted, now: datetime) -> None:
        several = replace(wanted, episodes=frozenset({Episode(2, 3), Episode(2, 4)}))
        both = candidate("Le.Phare.S02E03-E04.MULTi.1080p.WEB-DL.x265-GRP", megabytes=4000)
        decision = choose([candidate(GOOD), both], several, FRENCH, Library(), now)
        assert decision.chosen
        assert decision.chosen.candidate is both
        assert decision.chosen.reasons[-1].code == "ahead_coverage"


class TestAlreadyThere:
    HAVE = Existing("Le.Phare.S02E03.MULTi.1080p.WEB-DL.x265-GRP", 77, frozenset({Episode(2, 3)}), group="GRP")

    def test_the_same_quality_is_not_taken_again(self, candidate: Make, wanted: Wanted, now: datetime) -> None:
        other = candidate("Le.Phare.S02E03.MULTi.1080p.WEB-DL.x265-OTHER")
        assert codes(choose([other], wanted, FRENCH, Library((self.HAVE,)), now)) == ["already_have", "small_gain"]

    def test_clearly_better_is_an_upgrade(self, candidate: Make, wanted: Wanted, now: datetime) -> None:
        poor = replace(self.HAVE, name="x", points=52)
        assert choose([candidate(GOOD)], wanted, FRENCH, Library((poor,)), now).chosen

    @pytest.mark.parametrize(("group", "taken"), [("GRP", True), ("OTHER", False)])
    def test_a_repack_mends_its_own_group_only(
        self, candidate: Make, wanted: Wanted, now: datetime, group: str, *, taken: bool
    ) -> None:
        repack = candidate(f"Le.Phare.S02E03.REPACK.MULTi.1080p.WEB-DL.x265-{group}")
        decision = choose([repack], wanted, FRENCH, Library((self.HAVE,)), now)
        assert bool(decision.chosen) is taken
        assert taken or codes(decision) == ["repack_of_other"]

    def test_a_proper_of_anyone_replaces(self, candidate: Make, wanted: Wanted, now: datetime) -> None:
        proper = candidate("Le.Phare.S02E03.PROPER.MULTi.1080p.WEB-DL.x265-OTHER")
        assert choose([proper], wanted, FRENCH, Library((self.HAVE,)), now).chosen

    @pytest.mark.parametrize(("days", "taken"), [(7, True), (8, False)])
    def test_a_correction_replaces_a_young_file_only(
        self, candidate: Make, wanted: Wanted, now: datetime, days: int, *, taken: bool
    ) -> None:
        proper = candidate("Le.Phare.S02E03.PROPER.MULTi.1080p.WEB-DL.x265-OTHER")
        aged = replace(self.HAVE, history=(Grab(now - timedelta(days=days), self.HAVE.name),))
        decision = choose([proper], wanted, FRENCH, Library((aged,)), now)
        assert bool(decision.chosen) is taken
        assert taken or codes(decision) == ["late_correction", "small_gain"]

    def test_a_correction_is_not_taken_twice(self, candidate: Make, wanted: Wanted, now: datetime) -> None:
        repack = candidate("Le.Phare.S02E03.REPACK.MULTi.1080p.WEB-DL.x265-GRP")
        known = replace(self.HAVE, name=repack.name)
        assert codes(choose([repack], wanted, FRENCH, Library((known,)), now)) == ["already_have", "grabbed_before"]

    def test_a_file_of_two_episodes_is_not_replaced_by_one(
        self, candidate: Make, wanted: Wanted, now: datetime
    ) -> None:
        double = Existing("x", 10, frozenset({Episode(2, 3), Episode(2, 4)}))
        assert codes(choose([candidate(GOOD)], wanted, FRENCH, Library((double,)), now)) == [
            "already_have",
            "not_all_covered",
        ]


class TestOrder:
    def test_the_preferred_french_version_decides_between_equals(
        self, candidate: Make, wanted: Wanted, now: datetime
    ) -> None:
        names = [f"Le.Phare.S02E03.MULTi.{flavour}.1080p.WEB-DL.x265-GRP" for flavour in ("VFQ", "VFF", "VF2")]
        decision = choose(map(candidate, names), wanted, FRENCH, Library(), now)
        assert [verdict.candidate.release.french_tags[1] for verdict in decision.accepted] == ["VFF", "VF2", "VFQ"]
        quebec = replace(FRENCH, flavours=("VFQ", "VFF"))
        chosen = choose(map(candidate, names), wanted, quebec, Library(), now).chosen
        assert chosen
        assert chosen.candidate.name == names[0]

    def test_the_points_decide_first(self, candidate: Make, wanted: Wanted, now: datetime) -> None:
        better = candidate("Le.Phare.S02E03.MULTi.2160p.HDR.WEB-DL.x265-GRP", megabytes=5000)
        decision = choose([candidate(GOOD), better], wanted, FRENCH, Library(), now)
        assert decision.accepted[0].sentences()[-1] == "Ahead of the next by 10 points."

    def test_another_work_of_the_same_name_is_recognised(self, candidate: Make, wanted: Wanted, now: datetime) -> None:
        older = Work("older", WorkKind.SERIES, "Le Phare", year=1988)
        index = WantedIndex([wanted.work, older])
        old = candidate("Le.Phare.1988.S02E03.MULTi.1080p.WEB-DL.x265-GRP")
        assert codes(choose([old], wanted, FRENCH, Library(), now, index=index)) == ["other_work"]

    def test_a_film_is_chosen_like_the_rest(self, candidate: Make, now: datetime) -> None:
        film = Wanted(Work("f", WorkKind.FILM, "L'Île", year=2022), runtime_min=100)
        decision = choose(
            [candidate("L.Ile.2022.MULTi.1080p.BluRay.x265-GRP", megabytes=8000)], film, FRENCH, Library(), now
        )
        assert decision.chosen


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        (replace(FRENCH, refused_words=("x265",)), "refused_word"),
        (replace(FRENCH, required_words=("remux",)), "missing_word"),
        (replace(FRENCH, refused_sources=frozenset({Source.WEB_DL})), "refused_source"),
        (replace(FRENCH, refused_audio=frozenset({parse_release_name(GOOD).audio_class})), "refused_audio"),
    ],
)
def test_a_profile_refuses_what_it_likes(
    candidate: Make, wanted: Wanted, now: datetime, profile: Profile, code: str
) -> None:
    assert codes(choose([candidate(GOOD)], wanted, profile, Library(), now)) == [code]


AUDIOS = ["MULTi", "MULTi.VFF", "VFF", "VFQ", "VOSTFR", "FRENCH", "GERMAN"]
TAILS = ["2160p.HDR.BluRay.x265", "1080p.WEB-DL.x265", "1080p.WEB-DL.x264", "720p.HDTV.x264", "HDCAM.MD"]
NUMBERS = ["S02E03", "S02E04", "S02", "S02E03-E04", "S01-S03", "S02.Part.1"]
OFFERS = st.builds(
    lambda number, audio, tail, seeders, size, mark: Candidate(
        parse_release_name(f"Le.Phare.{number}.{audio}.{tail}-GRP"), seeders, size * 1_000_000, mark
    ),
    st.sampled_from(NUMBERS),
    st.sampled_from(AUDIOS),
    st.sampled_from(TAILS),
    st.sampled_from([0, 5, 11, 12, 60, 500]),
    st.sampled_from([0, 900, 2000, 2050, 20_000]),
    st.sampled_from([None, "a", "b"]),
)


@given(st.lists(OFFERS, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_the_input_makes_no_difference(offers: list[Candidate], rng: random.Random) -> None:
    work = Work("phare", WorkKind.SERIES, "Le Phare", year=2019, original_language="fr")
    asked = Wanted(work, frozenset({Episode(2, 3)}), runtime_min=50, seasons={2: Season(8, 8)})
    now = datetime.fromisoformat("2024-03-15T23:00:00+00:00")
    shuffled = offers.copy()
    rng.shuffle(shuffled)
    first, second = (choose(each, asked, FRENCH, Library(), now) for each in (offers, shuffled))
    assert first == second
    assert len(first.verdicts) == len(offers)
    assert all(verdict.reasons for verdict in first.verdicts)
    assert [verdict.rank for verdict in first.accepted] == list(range(1, len(first.accepted) + 1))
    assert all(Episode(2, 3) in verdict.episodes for verdict in first.accepted)
    assert all(verdict.score and verdict.score.points >= FRENCH.floor for verdict in first.accepted)
