"""One member's side: what it says first, reports, and never reports."""

import math
from typing import Any

import pytest

from regie_watch_party.envelope import Envelope, read_inbound, write
from regie_watch_party.participant import EAGER_FOR_S, SERVER_SILENCE_S, Participant
from regie_watch_party.player import Pause, Play, Reading, Seek
from regie_watch_party.protocol import (
    Buffering,
    ErrorMessage,
    JoinRoom,
    Options,
    Ping,
    PlayerEvent,
    Pong,
    Ready,
    Resume,
    StateUpdate,
    TimelineChanged,
    Welcome,
)
from regie_watch_party.timeline import Timeline

OFFSET_S = 1000.0


class Seat:
    """A participant whose clock is a thousand seconds behind the server's, on a path without delay."""

    def __init__(self, timeline: Timeline | None = None, password: str | None = None) -> None:
        self.participant = Participant(password=password)
        self.now = 0.0
        self.sent: list[Any] = list(self.participant.connected(self.now))
        if timeline is not None:
            self.welcome(timeline)

    def welcome(self, timeline: Timeline) -> None:
        welcome = Welcome(
            "m1", "t" * 32, timeline, Options(), locked=False, members=(), queue=(), chat=(), server_s=0.0
        )
        self.participant.receive(self.now, welcome)

    def tick(self, position_s: float = 0.0, *, paused: bool = True, **reading: Any) -> tuple[Any, ...]:
        self.now += 0.1
        step = self.participant.tick(self.now, Reading(self.now, position_s, paused=paused, **reading))
        for message in step.messages:
            self.sent.append(message)
            if isinstance(message, Ping):
                self.participant.receive(self.now, Pong(message.sent_s, message.sent_s + OFFSET_S))
        return step.commands

    def sent_of(self, kind: type) -> list[Any]:
        return [message for message in self.sent if isinstance(message, kind)]


def standing(epoch: int = 1, position_s: float = 0.0) -> Timeline:
    return Timeline(epoch=epoch, item="film", position_s=position_s)


def running(epoch: int = 2, at_s: float = OFFSET_S) -> Timeline:
    return Timeline(epoch=epoch, item="film", at_s=at_s, playing=True)


def test_it_joins_first_and_resumes_later() -> None:
    seat = Seat(standing(), password="open")
    assert seat.sent == [JoinRoom(password="open")]
    assert seat.participant.connected(5.0) == (Resume("t" * 32),)
    seat.participant.receive(5.0, ErrorMessage("unknown_token", ""))
    seat.tick()
    assert seat.sent_of(JoinRoom) == [JoinRoom(password="open")] * 2


def test_it_pings_before_it_knows_anything() -> None:
    seat = Seat()
    seat.tick()
    assert len(seat.sent_of(Ping)) == 1
    assert seat.participant.clock.synchronised
    assert seat.participant.clock.server_time(0.0) == OFFSET_S


def test_it_is_ready_once_it_stands_where_the_room_does() -> None:
    seat = Seat(standing(position_s=50.0))
    seat.tick()
    assert any(isinstance(command, Seek) for command in seat.tick(0.0))
    assert seat.sent_of(Ready) == []
    seat.tick(50.0)
    seat.tick(50.0)
    assert seat.sent_of(Ready) == [Ready(1)]


def test_it_is_eager_at_first_and_quiet_later() -> None:
    seat = Seat(standing())
    for _ in range(300):
        seat.tick()
    updates = seat.sent_of(StateUpdate)
    assert 4 <= len(updates) <= 2 * EAGER_FOR_S + 1
    assert all(ping.state is not None for ping in seat.sent_of(Ping)[1:])
    before = len(seat.sent)
    for _ in range(600):
        seat.tick()
    assert len(seat.sent) - before <= 60 / 5 + 1


def test_a_stall_is_reported_after_four_tenths_and_its_end_at_once() -> None:
    seat = Seat(running())
    for tick in range(10):
        seat.tick(tick * 0.1, paused=False)
    for _ in range(3):
        seat.tick(1.0, paused=False, stalled=True)
    assert seat.sent_of(Buffering) == []
    for _ in range(3):
        seat.tick(1.0, paused=False, stalled=True)
    assert seat.sent_of(Buffering) == [Buffering(on=True)]
    seat.tick(1.1, paused=False)
    assert seat.sent_of(Buffering) == [Buffering(on=True), Buffering(on=False)]


def test_a_hiccup_is_its_own_business() -> None:
    seat = Seat(running())
    for tick in range(30):
        seat.tick(tick * 0.1, paused=False, stalled=tick % 3 == 0)
    assert seat.sent_of(Buffering) == []


def test_a_viewer_s_pause_is_told_and_left_alone_until_answered() -> None:
    seat = Seat(running())
    for tick in range(20):
        seat.tick(0.1 + tick * 0.1, paused=False)
    assert seat.tick(2.1, paused=True) == ()
    assert seat.sent_of(PlayerEvent) == [PlayerEvent("pause")]
    assert seat.tick(2.1, paused=True) == ()
    seat.participant.receive(seat.now, TimelineChanged(running(), "sync"))
    assert any(isinstance(command, Play) for command in seat.tick(2.1, paused=True))


def test_a_viewer_s_jump_is_told_with_its_place() -> None:
    seat = Seat(running())
    for tick in range(20):
        seat.tick(0.1 + tick * 0.1, paused=False)
    seat.tick(300.0, paused=False)
    assert seat.sent_of(PlayerEvent) == [PlayerEvent("seek", 300.0)]


def test_the_room_s_commands_are_not_reported_as_the_viewer_s() -> None:
    seat = Seat(standing())
    seat.tick()
    seat.participant.receive(seat.now, TimelineChanged(running(2, OFFSET_S + seat.now + 0.3), "play"))
    commands: list[Any] = []
    paused, position = True, 0.0
    for _ in range(30):
        for command in seat.tick(position, paused=paused):
            commands.append(command)
            paused = False if isinstance(command, Play) else True if isinstance(command, Pause) else paused
        position += 0.0 if paused else 0.1
    assert any(isinstance(command, Play) for command in commands)
    assert seat.sent_of(PlayerEvent) == []


def test_an_old_timeline_is_dropped() -> None:
    seat = Seat(running(5))
    seat.participant.receive(seat.now, TimelineChanged(standing(4), "pause"))
    assert seat.participant.controller.timeline == running(5)


def test_another_seat_s_epochs_begin_anew() -> None:
    seat = Seat(running(5))
    fresh = Welcome("m2", "u" * 32, standing(1), Options(), locked=False, members=(), queue=(), chat=(), server_s=0.0)
    seat.participant.receive(seat.now, fresh)
    assert seat.participant.controller.timeline == standing(1)


def test_a_forced_resync_reaches_the_controller() -> None:
    seat = Seat(running())
    for tick in range(20):
        seat.tick(0.15 + tick * 0.1, paused=False)
    seat.participant.receive(seat.now, TimelineChanged(running(3), "resync", forced=True))
    commands = [command for tick in range(20, 24) for command in seat.tick(0.15 + tick * 0.1, paused=False)]
    assert any(isinstance(command, Seek) for command in commands)


@pytest.mark.parametrize("odd_s", [math.nan, math.inf, -math.inf])
def test_a_player_that_does_not_know_its_place_is_left_alone(odd_s: float) -> None:
    seat = Seat(running())
    position_s = 0.0
    for _ in range(50):
        seat.tick(position_s, paused=False)
        position_s += 0.1
    asked = len(seat.sent_of(Ping))
    for _ in range(100):
        assert seat.tick(odd_s, paused=False) == ()
        position_s += 0.1
    assert len(seat.sent_of(Ping)) > asked
    assert seat.sent_of(PlayerEvent) == []
    for _ in range(20):
        seat.tick(position_s, paused=False)
        position_s += 0.1
    assert seat.participant.controller.error_s == pytest.approx(0.0, abs=0.2)


def test_a_live_stream_s_place_fits_a_message() -> None:
    seat = Seat(standing())
    for _ in range(10):
        seat.tick(1.7e9)
    states = [ping.state for ping in seat.sent_of(Ping) if ping.state]
    assert states
    assert all(read_inbound(write(Envelope(Ping(1.0, state=state)))).message.state == state for state in states)


def test_a_dead_socket_is_noticed() -> None:
    seat = Seat(standing())
    assert not seat.participant.is_cut_off(SERVER_SILENCE_S - 0.1)
    assert seat.participant.is_cut_off(SERVER_SILENCE_S)


def test_it_plays_on_while_cut_off() -> None:
    seat = Seat(running())
    for tick in range(20):
        seat.tick(0.1 + tick * 0.1, paused=False)
    seat.participant.receive = lambda *_: None  # type: ignore[method-assign]
    commands = [command for tick in range(20, 220) for command in seat.tick(0.1 + tick * 0.1, paused=False)]
    assert not any(isinstance(command, Pause | Seek) for command in commands)


def test_refused_for_lack_of_agreement_it_shows_itself_again() -> None:
    seat = Seat(standing())
    for _ in range(100):
        seat.tick()
    before = len(seat.sent_of(StateUpdate))
    seat.participant.receive(seat.now, ErrorMessage("not_in_agreement", ""))
    for _ in range(50):
        seat.tick()
    assert len(seat.sent_of(StateUpdate)) - before >= 4
