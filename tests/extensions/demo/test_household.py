"""The household lives: it starts, pauses, transcodes, ends, and obeys; the same for the same seed."""

from collections import Counter
from datetime import timedelta

from regie_demo.household import Household
from regie_demo.jellyfin import HandClock, ServerState
from regie_demo.jellyfin.state import Command
from regie_demo.people import PEOPLE


def _evening(seed: int, minutes: int) -> list[tuple[str, str, float]]:
    clock = HandClock()
    state = ServerState(clock, people=PEOPLE)
    events: list[tuple[str, str, float]] = []
    state.event_listeners.append(
        lambda event: events.append(
            (event.name + (" paused" if event.playing.paused_since else ""), event.playing.method, event.position_s)
        )
    )
    household = Household(state, seed)
    for _ in range(minutes * 60):
        clock.forward(1)
        household.step()
    return events


def test_everything_happens_in_an_hour() -> None:
    events = _evening(seed=1, minutes=60)
    names = Counter(name for name, _, _ in events)
    assert names["PlaybackStart"] > 10
    assert names["PlaybackStop"] > 5
    assert names["PlaybackProgress paused"] > 10
    assert {method for _, method, _ in events} == {"DirectPlay", "Transcode"}


def test_the_same_seed_lives_the_same_life() -> None:
    assert _evening(seed=5, minutes=10) == _evening(seed=5, minutes=10) != _evening(seed=6, minutes=10)


def test_four_streams_run_at_once_from_the_beginning(state: ServerState) -> None:
    Household(state, seed=1).step()
    assert sum(1 for session in state.sessions.values() if session.playing) == 4


def test_a_viewer_obeys_the_remote_control(state: ServerState, clock: HandClock) -> None:
    household = Household(state, seed=1)
    household.step()
    session = next(s for s in state.sessions.values() if s.playing)
    assert session.playing
    clock.forward(5)
    state.command(Command(session.id, "Pause"))
    assert session.playing.paused_since == clock()
    state.command(Command(session.id, "Stop"))
    assert session.playing is None


def test_a_report_comes_every_ten_seconds(state: ServerState, clock: HandClock) -> None:
    household = Household(state, seed=1)
    household.step()
    for _ in range(300):
        clock.forward(1)
        household.step()
        silences = [clock() - s.playing.check_in for s in state.sessions.values() if s.playing]
        assert max(silences) <= timedelta(seconds=11)
