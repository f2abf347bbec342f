"""Position is a function of the server's clock, and the epoch only grows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_watch_party.timeline import (
    LEAD_MAX_S,
    LEAD_MIN_S,
    SEEK_LEAD_S,
    Timeline,
    first_epoch,
    start_lead_s,
)


def test_everybody_waits_at_the_position_until_the_start() -> None:
    timeline = Timeline(epoch=1, position_s=30.0).play(100.0, 0.5)
    assert timeline.position(100.2) == 30.0
    assert timeline.position(101.5) == pytest.approx(31.0)


def test_a_pause_stands_where_the_film_was() -> None:
    timeline = Timeline(epoch=1).play(0.0, 0.5).pause(10.5)
    assert timeline.position(99.0) == pytest.approx(10.0)
    assert not timeline.playing


def test_a_seek_while_playing_leaves_time_to_seek() -> None:
    timeline = Timeline(epoch=1).play(0.0, 0.3).seek(10.0, 600.0, 0.3)
    assert timeline.at_s == pytest.approx(10.0 + 0.3 + SEEK_LEAD_S)
    assert timeline.position(10.1) == 600.0


def test_a_change_of_rate_leaves_no_jump() -> None:
    before = Timeline(epoch=1).play(0.0, 0.3)
    after = before.change_rate(20.0, 1.5)
    assert after.position(20.0) == pytest.approx(before.position(20.0))
    assert after.position(22.0) == pytest.approx(before.position(20.0) + 3.0)


def test_another_owner_s_first_epoch_is_above_all_of_the_last_one() -> None:
    old = Timeline(epoch=first_epoch(1) + 1_000_000, playing=True, position_s=5.0)
    new = old.under(2)
    assert new.epoch > old.epoch
    assert new.position(50.0) == old.position(50.0)
    assert first_epoch(2**20) < 2**53


@pytest.mark.parametrize(("rtt_s", "lead_s"), [(0.0, LEAD_MIN_S), (0.4, 0.45), (9.0, LEAD_MAX_S)])
def test_the_lead_follows_the_slowest_member_within_limits(rtt_s: float, lead_s: float) -> None:
    assert start_lead_s(rtt_s) == pytest.approx(lead_s)


calls = st.lists(
    st.tuples(
        st.sampled_from(["play", "pause", "seek", "rate", "repeat"]), st.floats(0.0, 10.0), st.floats(0.0, 5000.0)
    ),
    max_size=30,
)


@given(calls)
def test_positions_never_go_back_between_commands_and_epochs_always_grow(
    script: list[tuple[str, float, float]],
) -> None:
    timeline, now = Timeline(epoch=1), 0.0
    for kind, wait_s, value in script:
        now += wait_s
        before = timeline
        changes: dict[str, Any] = {
            "play": lambda at, _, t=before: t.play(at, 0.3),
            "pause": lambda at, _, t=before: t.pause(at),
            "seek": lambda at, value, t=before: t.seek(at, value, 0.3),
            "rate": lambda at, value, t=before: t.change_rate(at, 0.5 + value / 5000.0),
            "repeat": lambda _at, _, t=before: t.repeat(),
        }
        timeline = changes[kind](now, value)
        assert timeline.epoch == before.epoch + 1
        if kind != "seek":
            assert timeline.position(now) == pytest.approx(before.position(now))
        positions = [timeline.position(now + step) for step in (0.0, 0.1, 0.5, 1.0, 10.0)]
        assert positions == sorted(positions)
