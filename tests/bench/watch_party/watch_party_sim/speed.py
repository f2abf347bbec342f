"""How long the hot paths take: a tick of the controller, and a command to a room of fifty."""

import math
import statistics
import time
from collections.abc import Callable

from regie_watch_party.controller import Controller
from regie_watch_party.player import Reading, SetRate
from regie_watch_party.protocol import Chat, Item, Mode, Options, PlayerEvent
from regie_watch_party.room import Room
from regie_watch_party.seats import Joining, Refusal
from regie_watch_party.timeline import Timeline

TICKS = 20_000
COMMANDS = 2_000
MEMBERS = 50
LIMITS_US = {"controller_tick_us": 10.0, "room_command_us": 200.0, "room_chat_us": 200.0}


def speeds() -> dict[str, float]:
    """Medians in microseconds of five runs each."""
    return {
        "controller_tick_us": _median(_ticks),
        "room_command_us": _median(lambda: _commands(PlayerEvent("seek", 100.0))),
        "room_chat_us": _median(lambda: _commands(Chat("hello"))),
    }


def _median(measure: Callable[[], float]) -> float:
    return round(statistics.median(measure() for _ in range(5)), 2)


def _ticks() -> float:
    """A player that drifts fast enough to be corrected all the time."""
    controller = Controller()
    controller.follow(Timeline(epoch=1, item="film", playing=True))
    position, rate, spent = 0.0, 1.0, 0.0
    for number in range(TICKS):
        now = number * 0.1
        reading = Reading(now, position, paused=False)
        begin = time.perf_counter()
        commands = controller.tick(now, now, reading)
        spent += time.perf_counter() - begin
        for command in commands:
            rate = command.rate if isinstance(command, SetRate) else rate
        position += 0.1 * rate * (1.0 + 0.01 * math.sin(now / 30.0))
    return spent / TICKS * 1e6


def _commands(message: PlayerEvent | Chat) -> float:
    """Everybody is in the room; time passes so that no limit is hit."""
    tokens = iter(f"{number:032x}" for number in range(10 * MEMBERS))
    room = Room("party", now=0.0, new_token=lambda: next(tokens), options=Options(mode=Mode.FREE_PLAY, max_members=200))
    room.load(0.0, Item("film"))
    ids = []
    for number in range(MEMBERS):
        seated, _ = room.join(0.0, Joining(f"user {number}", f"Member {number}", "bench"))
        if isinstance(seated, Refusal):
            raise TypeError(seated.message)
        seated.has_say = True
        ids.append(seated.id)
    spent = 0.0
    for number in range(COMMANDS):
        begin = time.perf_counter()
        room.receive(10.0 * number, ids[0], message)
        spent += time.perf_counter() - begin
    return spent / COMMANDS * 1e6
