"""A viewer's hand is told from the controller's."""

from regie_watch_party.echo import PENDING_S, EchoGuard
from regie_watch_party.player import Pause, Play, Reading, Seek


def reading(at_s: float, position_s: float, *, paused: bool = False, seeking: bool = False) -> Reading:
    return Reading(at_s, position_s, paused=paused, seeking=seeking)


def test_what_was_commanded_is_not_a_press() -> None:
    guard = EchoGuard()
    assert guard.see(0.0, reading(0.0, 0.0, paused=True)) is None
    guard.commanded(0.0, (Play(), Seek(50.0)))
    assert guard.see(0.1, reading(0.1, 50.0, seeking=True)) is None
    assert guard.see(0.5, reading(0.5, 50.1)) is None
    guard.commanded(0.5, (Pause(),))
    assert guard.see(0.6, reading(0.6, 50.2, paused=True)) is None


def test_a_pause_by_hand_is_a_press() -> None:
    guard = EchoGuard()
    guard.see(0.0, reading(0.0, 10.0))
    assert guard.see(0.1, reading(0.1, 10.1, paused=True)) == "pause"
    assert guard.see(0.2, reading(0.2, 10.1, paused=True)) is None
    assert guard.see(0.3, reading(0.3, 10.1)) == "play"


def test_a_jump_by_hand_is_a_press_and_a_nudge_is_not() -> None:
    guard = EchoGuard()
    guard.see(0.0, reading(0.0, 10.0))
    assert guard.see(0.1, reading(0.1, 10.3)) is None
    assert guard.see(0.2, reading(0.2, 95.0)) == "seek"
    assert guard.see(0.3, reading(0.3, 80.0)) == "seek"


def test_a_seek_that_takes_long_stays_ours() -> None:
    guard = EchoGuard()
    guard.see(0.0, reading(0.0, 10.0))
    guard.commanded(0.0, (Seek(900.0),))
    now = 0.0
    while now < 3 * PENDING_S:
        now += 0.1
        assert guard.see(now, reading(now, 10.0, seeking=True)) is None
    assert guard.see(now + 0.1, reading(now + 0.1, 900.0)) is None


def test_a_play_that_the_browser_refuses_is_not_the_viewer_s_pause() -> None:
    guard = EchoGuard()
    guard.see(0.0, reading(0.0, 0.0, paused=True))
    guard.commanded(0.0, (Play(),))
    for tick in range(60):
        assert guard.see(tick * 0.1, reading(tick * 0.1, 0.0, paused=True)) is None


def test_a_start_that_is_seen_late_is_not_a_jump() -> None:
    guard = EchoGuard()
    guard.see(0.0, reading(0.0, 10.0, paused=True))
    guard.commanded(0.0, (Play(),))
    assert guard.see(60.0, reading(60.0, 69.9)) is None


def test_a_throttled_tab_s_long_interval_is_not_a_jump() -> None:
    guard = EchoGuard()
    guard.see(0.0, reading(0.0, 10.0))
    assert guard.see(60.0, reading(60.0, 70.1)) is None
