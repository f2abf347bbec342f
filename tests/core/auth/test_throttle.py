from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.auth.throttle import MAX_KEYS, Throttle, TooManyAttempts


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_ten_attempts_pass_and_the_eleventh_waits_for_the_first_to_age() -> None:
    clock = Clock()
    throttle = Throttle(clock=clock)
    for _ in range(10):
        throttle.admit("address 1", "account a")
        clock.now += 1
    for keys in (("address 1", "account b"), ("address 2", "account a")):
        with pytest.raises(TooManyAttempts) as caught:
            throttle.admit(*keys)
        assert caught.value.retry_after_s == 290
    throttle.admit("address 2", "account b")
    clock.now += 290
    throttle.admit("address 1", "account b")


def test_a_good_attempt_is_taken_back() -> None:
    throttle = Throttle(limit=2, clock=Clock())
    for _ in range(5):
        throttle.admit("a")
        throttle.forgive("a")
    throttle.admit("a")
    throttle.admit("a")
    with pytest.raises(TooManyAttempts):
        throttle.admit("a")


def test_strangers_cannot_fill_the_memory() -> None:
    throttle = Throttle(clock=Clock())
    for number in range(MAX_KEYS + 10):
        throttle.admit(f"address {number}")
    assert len(throttle._attempts) == MAX_KEYS


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from("abc")), max_size=80))
def test_no_window_ever_holds_more_than_the_limit(steps: list[tuple[float, str]]) -> None:
    clock = Clock()
    throttle = Throttle(limit=3, window_s=60, clock=clock)
    admitted: list[tuple[float, str]] = []
    for pause, key in steps:
        clock.now += pause
        with suppress(TooManyAttempts):
            throttle.admit(key)
            admitted.append((clock.now, key))
        recent = [at for at, who in admitted if who == key and at > clock.now - 60]
        assert len(recent) <= 3
