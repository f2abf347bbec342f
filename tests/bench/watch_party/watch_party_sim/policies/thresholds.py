"""Simple thresholds: under 250 ms fine, to 750 ms by speed, beyond by a seek; starts a fixed second ahead."""

from dataclasses import dataclass
from typing import Literal

from watch_party_sim.policies.wallclock import TimeRequest, TimeResponse, WallClockSync
from watch_party_sim.world import Client, World

PING_INTERVALS_S = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 10.0)
SMOOTHING = 0.4
PLAY_LEAD_S = 1.0
OTHER_LEAD_S = 0.3
FINE_S = 0.25
SEEK_S = 0.75
SPEED = 0.05
CHECK_EVERY_S = 0.5
SEEK_PAUSE_S = 2.0
STALL_REPORTED_S = 0.5
WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the room is from a time on."""

    position_s: float
    at_s: float
    playing: bool

    def position(self, server_now: float) -> float:
        """The position at a server time."""
        return self.position_s + (max(0.0, server_now - self.at_s) if self.playing else 0.0)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client says."""

    kind: Literal["join", "play", "pause", "seek", "stalled", "recovered"]
    position_s: float = 0.0


class ThresholdServer:
    """Keeps the plan; a stalled host stops the room for two seconds at most."""

    def __init__(self, world: World, clients: list[Client]) -> None:
        self._world = world
        self._clients = clients
        self._plan = Plan(0.0, 0.0, playing=False)
        self._waits = 0
        self._waiting = False

    def receive(self, client: int, message: TimeRequest | Wish) -> None:
        """A member's message has come in."""
        now = self._world.now
        if isinstance(message, TimeRequest):
            self._clients[client].deliver(TimeResponse(message.sent_s, now))
        elif message.kind == "join":
            self._clients[client].deliver(self._plan)
        elif message.kind in {"stalled", "recovered"}:
            if client == 0:
                self._host_stall(message.kind)
        else:
            self._waiting = False
            self._announce(self._wished(message, now))

    def _wished(self, message: Wish, now: float) -> Plan:
        here = self._plan.position(now)
        if message.kind == "play":
            return Plan(here, now + PLAY_LEAD_S, playing=True)
        if message.kind == "pause":
            return Plan(self._plan.position(now + OTHER_LEAD_S), now + OTHER_LEAD_S, playing=False)
        return Plan(message.position_s, now + OTHER_LEAD_S, self._plan.playing)

    def _host_stall(self, kind: str) -> None:
        now = self._world.now
        if kind == "stalled" and self._plan.playing:
            self._waiting = True
            self._waits += 1
            self._announce(Plan(self._plan.position(now), now, playing=False))
            self._world.at(now + WAIT_S, self._go_on, self._waits)
        elif kind == "recovered":
            self._go_on(self._waits)

    def _go_on(self, wait: int) -> None:
        if self._waiting and wait == self._waits:
            self._waiting = False
            self._announce(Plan(self._plan.position_s, self._world.now + OTHER_LEAD_S, playing=True))

    def _announce(self, plan: Plan) -> None:
        self._plan = plan
        for client in self._clients:
            if client.present:
                client.deliver(plan)


class ThresholdAgent:
    """Follows the plan by the wall clock."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._clock = WallClockSync(client, PING_INTERVALS_S, SMOOTHING)
        self._plan: Plan | None = None
        self._checked_s = 0.0
        self._seek_again_s = 0.0
        self._stalled_since_s: float | None = None
        self._reported = False

    def joined(self) -> None:
        """Measure the clock, and join."""
        self._clock.begin()
        self._client.send(Wish("join"))

    def press(self, kind: Literal["play", "pause", "seek"], position_s: float) -> None:
        """Ask the server."""
        self._client.send(Wish(kind, position_s))

    def receive(self, message: TimeResponse | Plan) -> None:
        """A message of the server has come in."""
        if isinstance(message, TimeResponse):
            self._clock.take(message)
            return
        self._plan = message
        wait_s = message.at_s - self._clock.server_time() if self._clock.ready else 0.0
        self._client.world.at(self._client.world.now + max(0.0, wait_s), self._enter, message)

    def tick(self) -> None:
        """Report stalls, and hold the thresholds."""
        now = self._client.world.now
        reading = self._client.player.read(now)
        self._report(now, stalled=reading.stalled)
        if self._plan is None or not self._clock.ready or now - self._checked_s < CHECK_EVERY_S:
            return
        self._checked_s = now
        server_now = self._clock.server_time()
        settled = self._plan.playing and server_now > self._plan.at_s + 1.0
        if settled and not (reading.paused or reading.stalled or reading.seeking):
            self._hold(now, self._plan.position(server_now), reading.position_s)

    def _enter(self, plan: Plan) -> None:
        """The plan's time has come."""
        if self._plan is not plan:
            return
        player = self._client.player
        target = plan.position(self._clock.server_time())
        if not plan.playing:
            player.pause()
        if abs(player.position() - target) > FINE_S:
            player.seek(target)
        if plan.playing:
            player.play()

    def _hold(self, now: float, target_s: float, position_s: float) -> None:
        behind = target_s - position_s
        player = self._client.player
        if abs(behind) > SEEK_S:
            player.set_rate(1.0)
            if now >= self._seek_again_s:
                self._seek_again_s = now + SEEK_PAUSE_S
                player.seek(target_s)
        elif abs(behind) > FINE_S:
            player.set_rate(1.0 + SPEED if behind > 0 else 1.0 - SPEED)
        else:
            player.set_rate(1.0)

    def _report(self, now: float, *, stalled: bool) -> None:
        if not stalled:
            self._stalled_since_s = None
            if self._reported:
                self._reported = False
                self._client.send(Wish("recovered"))
        elif self._stalled_since_s is None:
            self._stalled_since_s = now
        elif not self._reported and now - self._stalled_since_s >= STALL_REPORTED_S:
            self._reported = True
            self._client.send(Wish("stalled"))


def thresholds(world: World, clients: list[Client]) -> ThresholdServer:
    """The simple policy."""
    for client in clients:
        client.agent = ThresholdAgent(client)
    return ThresholdServer(world, clients)
