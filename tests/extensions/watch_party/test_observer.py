"""The observer follows the player through noise, changes of rate, stalls and coarse positions."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_watch_party.observer import WINDOW, Observer


def test_the_first_reading_alone_says_nothing() -> None:
    observer = Observer()
    assert not observer.add(0.0, 5.0)
    assert observer.add(0.1, 5.1)
    assert observer.count == 1
    assert observer.estimate(0.2) == pytest.approx(5.2)


def test_a_change_of_rate_is_no_error() -> None:
    observer = Observer()
    for number in range(20):
        observer.add(number * 0.1, number * 0.1)
    observer.set_rate(1.9, 1.1)
    for number in range(1, 20):
        observer.add(1.9 + number * 0.1, 1.9 + number * 0.11)
    assert observer.estimate(3.8) == pytest.approx(1.9 + 1.9 * 1.1, abs=1e-6)


def test_standing_still_empties_it() -> None:
    observer = Observer()
    for number in range(5):
        observer.add(number * 0.1, number * 0.1)
    observer.add(1.1, 0.41)
    assert observer.count == 0


def test_a_jump_of_the_player_starts_afresh() -> None:
    observer = Observer()
    for number in range(20):
        observer.add(number * 0.1, number * 0.1)
    assert not observer.add(2.0, 12.0)
    assert observer.count == 0
    assert observer.add(2.1, 12.1)
    assert observer.estimate(2.1) == pytest.approx(12.1)


def test_a_position_that_changes_four_times_a_second_is_used_at_its_changes() -> None:
    observer = Observer()
    for number in range(60):
        at_s = number * 0.1
        edge_s = at_s // 0.25 * 0.25
        observer.add(edge_s, edge_s)
    assert observer.estimate(5.9) == pytest.approx(5.9, abs=1e-6)
    assert observer.count == WINDOW


def test_readings_too_close_together_are_left_out() -> None:
    observer = Observer()
    observer.add(0.0, 0.0)
    assert not observer.add(0.01, 0.0)
    assert observer.add(0.1, 0.1)


@given(st.integers(0, 2**32), st.floats(0.001, 0.02))
def test_the_mean_is_closer_than_the_noise(seed: int, noise_s: float) -> None:
    rng = random.Random(seed)
    observer = Observer()
    for number in range(40):
        observer.add(number * 0.1, number * 0.1 + rng.uniform(-noise_s, noise_s))
    assert abs(observer.estimate(4.0) - 4.0) < noise_s
