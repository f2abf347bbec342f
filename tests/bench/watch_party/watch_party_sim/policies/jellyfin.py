"""Jellyfin SyncPlay's rules, written anew; correction is off by default, and on in `jellyfin+`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from watch_party_sim.policies.wallclock import TimeRequest, TimeResponse, WallClockSync
from watch_party_sim.world import Client, World

PING_INTERVALS_S = (1.0, 1.0, 1.0, 60.0)
START_DELAY_MIN_S = 0.5
BUFFERING_REPORTED_S = 3.0
CHECK_EVERY_S = 0.25
SPEED_FROM_S = 0.06
SPEED_TO_S = 3.0
SPEED_FOR_S = 1.0
SPEED_PAUSE_S = 1.5
SPEED_MIN = 0.2


@dataclass(frozen=True, slots=True)
class Order:
    """A command for a time: where to be then."""

    kind: Literal["unpause", "pause", "seek"]
    position_s: float
    when_s: float


@dataclass(frozen=True, slots=True)
class Report:
    """What a client says: it wants something, it buffers, or it is ready."""

    kind: Literal["join", "play", "pause", "seek", "buffering", "ready"]
    position_s: float = 0.0


class JellyfinServer:
    """Idle, waiting for all to be ready, paused, or playing."""

    def __init__(self, world: World, clients: list[Client]) -> None:
        self._world = world
        self._clients = clients
        self._joined: set[int] = set()
        self._unready: set[int] = set()
        self._pings: dict[int, float] = {}
        self._playing = False
        self._resumes = False
        self._position = 0.0
        self._since = 0.0

    def receive(self, client: int, message: TimeRequest | Report) -> None:
        """A member's message has come in."""
        if isinstance(message, TimeRequest):
            self._pings[client] = message.rtt_s
            self._clients[client].deliver(TimeResponse(message.sent_s, self._world.now))
            return
        if message.kind == "join":
            self._join(client)
        elif message.kind == "play":
            self._unpause(self._joined)
        elif message.kind == "pause":
            self._halt()
            self._resumes = False
            self._order(self._joined, "pause", self._world.now)
        elif message.kind == "seek":
            self._seek(message.position_s)
        elif message.kind == "buffering":
            self._wait_for(client)
        else:
            self._ready(client)

    def _join(self, client: int) -> None:
        self._joined.add(client)
        if self._playing:
            self._wait_for(client)
        self._order({client}, "seek", self._world.now)

    def _wait_for(self, client: int) -> None:
        """Everybody else is paused until this one is ready."""
        if self._playing:
            self._halt()
            self._resumes = True
            self._order(self._joined - {client}, "pause", self._world.now)
        if self._resumes:
            self._unready.add(client)

    def _seek(self, position_s: float) -> None:
        self._resumes = self._playing or self._resumes
        self._halt()
        self._position = position_s
        self._unready = set(self._joined)
        self._order(self._joined, "seek", self._world.now)

    def _ready(self, client: int) -> None:
        """The last one to be ready lets all go on; one that recovered from buffering is told nothing new."""
        self._unready.discard(client)
        if not self._unready and self._resumes and not self._playing:
            self._unpause(self._joined)

    def _halt(self) -> None:
        if self._playing:
            self._position += max(0.0, self._world.now - self._since)
        self._playing = False

    def _unpause(self, members: set[int]) -> None:
        delay = max(START_DELAY_MIN_S, 2.0 * max(self._pings.values(), default=0.0))
        self._since = self._world.now + delay
        self._playing, self._resumes = True, False
        self._order(members, "unpause", self._since)

    def _order(self, members: set[int], kind: Literal["unpause", "pause", "seek"], when_s: float) -> None:
        for index in sorted(members):
            self._clients[index].deliver(Order(kind, self._position, when_s))


class JellyfinAgent:
    """Carries out orders at their time, by its wall clock; corrects by speed if that is on."""

    def __init__(self, client: Client, *, corrects: bool) -> None:
        self._client = client
        self._corrects = corrects
        self._clock = WallClockSync(client, PING_INTERVALS_S)
        self._last: Order | None = None
        self._stalled_since_s: float | None = None
        self._reported = False
        self._awaits_ready = False
        self._speed_again_s = 0.0
        self._checked_s = 0.0

    def joined(self) -> None:
        """Measure the clock, and join."""
        self._clock.begin()
        self._client.send(Report("join"))

    def press(self, kind: Literal["play", "pause", "seek"], position_s: float) -> None:
        """Ask the server."""
        self._client.send(Report(kind, position_s))

    def receive(self, message: TimeResponse | Order) -> None:
        """A message of the server has come in."""
        if isinstance(message, TimeResponse):
            self._clock.take(message)
            return
        self._last = message
        player = self._client.player
        wait_s = message.when_s - self._clock.server_time()
        if message.kind == "pause":
            player.pause()
            player.seek(message.position_s)
        elif message.kind == "seek":
            player.pause()
            player.seek(message.position_s)
            self._awaits_ready = True
        elif wait_s > 0:
            self._client.world.at(self._client.world.now + wait_s, self._start, message)
        else:
            player.play()
            player.seek(message.position_s - wait_s)

    def tick(self) -> None:
        """Report stalls and readiness, and correct."""
        now = self._client.world.now
        reading = self._client.player.read(now)
        self._report(now, stalled=reading.stalled)
        if self._awaits_ready and not reading.seeking and not reading.stalled:
            self._awaits_ready = False
            self._client.send(Report("ready"))
        if self._corrects and not reading.paused and now - self._checked_s >= CHECK_EVERY_S:
            self._checked_s = now
            self._correct(now, reading.position_s)

    def _start(self, order: Order) -> None:
        if self._last is order:
            self._client.player.play()

    def _report(self, now: float, *, stalled: bool) -> None:
        if not stalled:
            self._stalled_since_s = None
            if self._reported:
                self._reported = False
                self._client.send(Report("ready"))
        elif self._stalled_since_s is None:
            self._stalled_since_s = now
        elif not self._reported and now - self._stalled_since_s >= BUFFERING_REPORTED_S:
            self._reported = True
            self._client.send(Report("buffering"))

    def _correct(self, now: float, position_s: float) -> None:
        order = self._last
        if order is None or order.kind != "unpause" or now < self._speed_again_s:
            return
        behind = order.position_s + self._clock.server_time() - order.when_s - position_s
        player = self._client.player
        if SPEED_FROM_S <= abs(behind) < SPEED_TO_S:
            length = max(SPEED_FOR_S, -behind / (1.0 - SPEED_MIN))
            player.set_rate(1.0 + behind / length)
            self._client.world.at(now + length, player.set_rate, 1.0)
            self._speed_again_s = now + max(length, SPEED_PAUSE_S)
        elif abs(behind) >= SPEED_TO_S:
            player.seek(position_s + behind)
            self._speed_again_s = now + SPEED_PAUSE_S


def policy(*, corrects: bool) -> Callable[[World, list[Client]], JellyfinServer]:
    """Jellyfin's group playback, with or without its optional correction."""

    def build(world: World, clients: list[Client]) -> JellyfinServer:
        for client in clients:
            client.agent = JellyfinAgent(client, corrects=corrects)
        return JellyfinServer(world, clients)

    return build
