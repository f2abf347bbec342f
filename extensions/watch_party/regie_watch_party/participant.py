"""One member's side of the protocol: clock, controller and reports in one, without a socket or a player."""

import math
from dataclasses import dataclass

from regie_watch_party.clock import ClockEstimator, PingSchedule
from regie_watch_party.controller import Controller
from regie_watch_party.echo import EchoGuard
from regie_watch_party.player import Command, Latencies, Reading, Traits
from regie_watch_party.protocol import (
    POSITION_LIMIT_S,
    Buffering,
    ErrorMessage,
    Inbound,
    JoinRoom,
    Outbound,
    Ping,
    PlayerEvent,
    PlayerState,
    PlayState,
    Pong,
    Ready,
    Resume,
    StateUpdate,
    TimelineChanged,
    Welcome,
)
from regie_watch_party.quorum import REPORT_AFTER_S
from regie_watch_party.timeline import Timeline

SERVER_SILENCE_S = 12.0
# A new member shows often where it is, to be given a say soon; later the pings carry it.
EAGER_FOR_S = 4.0
EAGER_INTERVAL_S = 0.5
# The viewer's own press is left alone until the room has answered, or has not.
PRESS_GRACE_S = 1.5


@dataclass(frozen=True, slots=True)
class Step:
    """What to tell the player, and what to send."""

    commands: tuple[Command, ...]
    messages: tuple[Inbound, ...]


IDLE = Step((), ())


class Participant:
    """Feed it messages and readings at the player's interval; do what its steps say.

    `wake_at_s` asks for a tick at an exact local time. All times are local and monotonic.
    """

    def __init__(
        self, traits: Traits | None = None, latencies: Latencies | None = None, password: str | None = None
    ) -> None:
        self.clock = ClockEstimator()
        self.controller = Controller(traits, latencies)
        self.member_id: str | None = None
        self.resume_token: str | None = None
        self._join = JoinRoom(password=password)
        self._pings = PingSchedule()
        self._echo = EchoGuard()
        self._outbox: list[Inbound] = []
        self._heard_s = 0.0
        self._eager_until_s = 0.0
        self._eager_next_s = 0.0
        self._grace_until_s = 0.0
        self._stalled_since_s: float | None = None
        self._stall_reported = False
        self._ready_for: str | None = None

    @property
    def wake_at_s(self) -> float | None:
        """When the controller wants the next tick, besides the regular ones."""
        return self.controller.wake_at_s

    def is_cut_off(self, now: float) -> bool:
        """Whether the server has been silent for so long that the socket must be dead."""
        return now - self._heard_s >= SERVER_SILENCE_S

    def connected(self, now: float) -> tuple[Inbound, ...]:
        """The socket stands: what to say first."""
        self._heard_s = now
        self._pings.burst(now)
        return (Resume(self.resume_token) if self.resume_token else self._join,)

    def woke(self, now: float) -> None:
        """The page is visible again, the machine woke up, or the network changed: measure anew."""
        self._pings.burst(now)
        self.controller.disturbed()

    def receive(self, now: float, message: Outbound) -> None:
        """Take a message of the room."""
        self._heard_s = now
        match message:
            case Pong():
                self._take_pong(now, message)
            case TimelineChanged():
                self._take_timeline(message)
            case Welcome():
                self._take_welcome(now, message)
            case ErrorMessage():
                self._take_error(now, message)

    def tick(self, now: float, reading: Reading) -> Step:
        """Look at the player once."""
        known = math.isfinite(reading.position_s)
        if not known or self.controller.timeline is None or not self.clock.synchronised:
            if self._pings.due(now):
                self._outbox.append(self._ping(now, None))
            return self._step(())
        server_now = self.clock.server_time(now)
        self._report(now, server_now, reading)
        commands: tuple[Command, ...] = ()
        if now >= self._grace_until_s:
            commands = self.controller.tick(now, server_now, reading)
            if commands:
                self._echo.commanded(now, commands)
        return self._step(commands)

    def _step(self, commands: tuple[Command, ...]) -> Step:
        if not commands and not self._outbox:
            return IDLE
        messages, self._outbox = tuple(self._outbox), []
        return Step(commands, messages)

    def _report(self, now: float, server_now: float, reading: Reading) -> None:
        press = self._echo.see(now, reading)
        if press is not None:
            self._grace_until_s = now + PRESS_GRACE_S
            self._outbox.append(PlayerEvent(press, _sendable(reading.position_s) if press == "seek" else None))
        if reading.stalled or self._stalled_since_s is not None:
            self._report_stall(now, reading)
        timeline = self.controller.timeline
        if timeline is not None and timeline.item != self._ready_for:
            self._report_ready(timeline, reading)
        if self._pings.due(now):
            self._outbox.append(self._ping(now, _state(server_now, now, reading)))
        elif now < self._eager_until_s and now >= self._eager_next_s:
            self._eager_next_s = now + EAGER_INTERVAL_S
            self._outbox.append(StateUpdate(_state(server_now, now, reading)))

    def _report_stall(self, now: float, reading: Reading) -> None:
        if not reading.stalled:
            self._stalled_since_s = None
            if self._stall_reported:
                self._stall_reported = False
                self._outbox.append(Buffering(on=False))
        elif self._stalled_since_s is None:
            self._stalled_since_s = now
        elif not self._stall_reported and now - self._stalled_since_s >= REPORT_AFTER_S:
            self._stall_reported = True
            self._outbox.append(Buffering(on=True))

    def _report_ready(self, timeline: Timeline, reading: Reading) -> None:
        if reading.stalled or reading.seeking:
            return
        if timeline.playing or self.controller.is_aligned(reading):
            self._ready_for = timeline.item
            self._outbox.append(Ready(timeline.epoch))

    def _ping(self, now: float, state: PlayerState | None) -> Ping:
        rtt = self.clock.rtt_p95_s()
        return Ping(now, min(rtt, 60.0) if self.clock.synchronised else None, state)

    def _take_pong(self, now: float, pong: Pong) -> None:
        if self.clock.add(pong.sent_s, pong.server_s, now):
            self.woke(now)

    def _take_timeline(self, change: TimelineChanged) -> None:
        self._grace_until_s = 0.0
        if change.reason == "item":
            self._ready_for = None
        if self.controller.follow(change.timeline) and change.forced:
            self.controller.force()

    def _take_welcome(self, now: float, welcome: Welcome) -> None:
        if welcome.member != self.member_id:
            # Another seat, and maybe another room of that name: its epochs begin anew.
            self.controller.timeline = None
        self.member_id, self.resume_token = welcome.member, welcome.resume_token
        self._eager_until_s, self._eager_next_s = now + EAGER_FOR_S, now
        self._ready_for = None
        self._stall_reported = False
        self.controller.follow(welcome.timeline)

    def _take_error(self, now: float, error: ErrorMessage) -> None:
        if error.code == "not_in_agreement":
            self._eager_until_s = now + EAGER_FOR_S
        elif error.code == "unknown_token":
            self.resume_token = None
            self._outbox.append(self._join)


def _sendable(position_s: float) -> float:
    """Players of live streams count from 1970, others a little from before the beginning."""
    return max(0.0, min(POSITION_LIMIT_S, position_s))


def _state(server_now: float, now: float, reading: Reading) -> PlayerState:
    play_state: PlayState = "playing"
    if reading.ended:
        play_state = "ended"
    elif reading.paused:
        play_state = "paused"
    elif reading.stalled or reading.seeking:
        play_state = "stalled"
    return PlayerState(_sendable(reading.position_s), server_now - (now - reading.at_s), play_state)
