"""Past plays: plausible, repeatable, and in the form that the monitor's import takes."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from regie.roles import MediaItem, StreamShape
from regie_demo.history import generate

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_half_a_year_has_all_methods_kinds_and_people() -> None:
    plays = list(generate(1, 180, NOW))
    assert 1500 < len(plays) < 4000
    assert {play["method"] for play in plays} == {"direct_play", "remux", "direct_stream", "transcode"}
    assert {play["item"]["kind"] for play in plays} == {"movie", "episode", "track"}
    assert len({play["user_id"] for play in plays}) == 7
    evening = Counter(datetime.fromisoformat(play["started"]).hour for play in plays)
    assert evening[21] > 4 * evening[9]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), days=st.integers(0, 40), zone=st.sampled_from(["UTC", "Europe/Paris"]))
def test_plays_are_well_formed_and_nobody_is_twice_at_once(seed: int, days: int, zone: str) -> None:
    now = NOW.astimezone(ZoneInfo(zone))
    plays = list(generate(seed, days, now))
    assert plays == list(generate(seed, days, now))
    assert len({play["id"] for play in plays}) == len(plays)
    last_end: dict[str, datetime] = defaultdict(lambda: now - timedelta(days=days + 1))
    for play in plays:
        started, stopped = datetime.fromisoformat(play["started"]), datetime.fromisoformat(play["stopped"])
        assert last_end[play["user_id"]] <= started < stopped <= now
        assert 0 <= play["position_start_s"] < play["position_end_s"] <= play["item"]["runtime_s"]
        assert play["watch_s"] + play["paused_s"] <= (stopped - started).total_seconds() + 1
        last_end[play["user_id"]] = stopped


def test_items_and_shapes_use_the_words_of_the_roles() -> None:
    play = next(iter(generate(1, 5, NOW)))
    item = {key: value for key, value in play["item"].items() if key != "library"}
    assert MediaItem(**item).title == play["item"]["title"]
    assert StreamShape(**play["shape"]).container in {"mkv", "flac"}
