"""The server's clock is known to within half of what the two directions differ by."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_watch_party.clock import BURST, DRIFT_LIMIT, STEADY_INTERVAL_S, ClockEstimator, PingSchedule


def ping(clock: ClockEstimator, at_s: float, *, offset_s: float, up_s: float, down_s: float) -> bool:
    return clock.add(at_s, at_s + up_s + offset_s, at_s + up_s + down_s)


def test_a_symmetric_path_gives_the_exact_offset() -> None:
    clock = ClockEstimator()
    ping(clock, 10.0, offset_s=500.0, up_s=0.1, down_s=0.1)
    assert clock.server_time(20.0) == pytest.approx(520.0)
    assert clock.local_time(520.0) == pytest.approx(20.0)


def test_nothing_is_known_before_the_first_pong() -> None:
    clock = ClockEstimator()
    assert not clock.synchronised
    assert clock.rtt_p95_s() == 0.0


def test_the_fastest_way_of_each_direction_is_believed() -> None:
    clock = ClockEstimator()
    ping(clock, 0.0, offset_s=0.0, up_s=0.05, down_s=0.30)
    ping(clock, 1.0, offset_s=0.0, up_s=0.40, down_s=0.05)
    assert clock.server_time(1.0) == pytest.approx(1.0, abs=1e-9)


def test_a_stale_fast_sample_is_forgotten() -> None:
    clock = ClockEstimator()
    ping(clock, 0.0, offset_s=0.0, up_s=0.05, down_s=0.01)
    for second in range(100, 110):
        ping(clock, float(second), offset_s=0.0, up_s=0.05, down_s=0.05)
    assert clock.server_time(110.0) == pytest.approx(110.0, abs=1e-9)


@pytest.mark.parametrize("drift", [-200e-6, -40e-6, 80e-6])
def test_drift_is_found_and_carried_forward(drift: float) -> None:
    clock = ClockEstimator()
    for number in range(18):
        at_s = 5.0 * number
        ping(clock, at_s, offset_s=3.0 + drift * at_s, up_s=0.02, down_s=0.02)
    assert clock.drift == pytest.approx(drift, rel=0.05)
    assert clock.server_time(145.0) == pytest.approx(148.0 + drift * 145.0, abs=0.001)


def test_an_absurd_drift_is_clamped() -> None:
    clock = ClockEstimator()
    for number in range(30):
        at_s = 5.0 * number
        ping(clock, at_s, offset_s=1e-3 * at_s, up_s=0.02, down_s=0.02)
    assert abs(clock.drift) <= DRIFT_LIMIT


def test_a_step_of_the_local_clock_is_noticed_and_survived() -> None:
    clock = ClockEstimator()
    for second in range(10):
        assert not ping(clock, float(second), offset_s=0.0, up_s=0.05, down_s=0.06)
    assert ping(clock, 10.0, offset_s=3600.0, up_s=0.05, down_s=0.05)
    assert clock.server_time(10.0) == pytest.approx(3610.0)


def test_a_pong_from_the_future_is_dropped() -> None:
    clock = ClockEstimator()
    assert not clock.add(10.0, 5.0, 9.0)
    assert not clock.synchronised


@given(
    st.integers(0, 2**32),
    st.floats(-1e6, 1e6),
    st.floats(0.001, 0.5),
    st.floats(0.001, 0.5),
    st.floats(-100e-6, 100e-6),
)
def test_the_error_stays_within_the_asymmetry_and_what_queues_add(
    seed: int, offset_s: float, up_s: float, down_s: float, drift: float
) -> None:
    rng = random.Random(seed)
    clock = ClockEstimator()
    queue_s = 0.05
    for number in range(40):
        at_s = 2.0 * number
        true_offset = offset_s + drift * at_s
        up, down = up_s + rng.uniform(0, queue_s), down_s + rng.uniform(0, queue_s)
        assert not ping(clock, at_s, offset_s=true_offset, up_s=up, down_s=down)
    error = clock.server_time(80.0) - (80.0 + offset_s + drift * 80.0)
    assert abs(error) <= abs(up_s - down_s) / 2 + queue_s / 2 + 80.0 * 3e-4


@given(st.lists(st.floats(0, 3.0), min_size=1, max_size=60))
def test_the_p95_round_trip_is_one_of_those_measured(rtts: list[float]) -> None:
    clock = ClockEstimator()
    for number, rtt in enumerate(rtts):
        ping(clock, float(number), offset_s=0.0, up_s=rtt / 2, down_s=rtt / 2)
    assert min(rtts) - 1e-9 <= clock.rtt_p95_s() <= max(rtts) + 1e-9


def test_pings_burst_then_slow_down_and_burst_again() -> None:
    schedule = PingSchedule()
    schedule.burst(0.0)
    sent = [tick / 20 for tick in range(20 * 60) if schedule.due(tick / 20)]
    gaps = [round(later - earlier, 2) for earlier, later in itertools.pairwise(sent)]
    assert gaps[: len(BURST)] == list(BURST)
    assert set(gaps[len(BURST) :]) == {STEADY_INTERVAL_S}
    schedule.burst(60.0)
    assert schedule.due(60.0)
    assert not schedule.due(60.2)
    assert schedule.due(60.25)
