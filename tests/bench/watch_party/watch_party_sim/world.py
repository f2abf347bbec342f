"""The simulated world: a heap of events, links, clocks and players; true time is the server's clock."""

import heapq
import itertools
import random
from collections.abc import Callable
from typing import Any, Protocol

from watch_party_sim.profiles import ClientModel, PlayerModel, Scenario

from regie_watch_party.player import Reading

TICK_S = 0.1
HIDDEN_TICK_S = 1.0
RETRANSMIT_MIN_S = 0.2
NEVER = float("inf")


class World:
    """Runs callbacks in the order of their times; equal times in the order they were asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = itertools.count()

    def at(self, at_s: float, call: Callable[..., None], *arguments: Any) -> None:
        """Call something at a time."""
        heapq.heappush(self._heap, (at_s, next(self._order), call, arguments))

    def run(self, until_s: float) -> None:
        """Advance to a time."""
        heap = self._heap
        while heap and heap[0][0] <= until_s:
            self.now, _, call, arguments = heapq.heappop(heap)
            call(*arguments)
        self.now = until_s


class Direction:
    """One direction of a link: ordered like TCP, so that one lost packet holds up all behind it."""

    def __init__(self, model: ClientModel, rng: random.Random, *, up: bool) -> None:
        self._model = model
        self._rng = rng
        self._base_s = model.up_s if up else model.down_s
        self._retransmit_s = max(RETRANSMIT_MIN_S, 1.5 * (model.up_s + model.down_s))
        self._bloats = tuple(window for window in model.bloats if window[3] is up)
        self._last_s = 0.0

    def arrival(self, now: float) -> float:
        """When something sent now arrives; infinite within a partition."""
        if any(begin <= now < end for begin, end in self._model.cuts):
            return NEVER
        random_share = self._rng.gammavariate(1.5, self._model.jitter_s / 1.5)
        delay = self._base_s + random_share
        for begin, end, extra, _ in self._bloats:
            if begin <= now < end:
                delay += extra
        if self._rng.random() < self._model.loss:
            delay += self._retransmit_s
        self._last_s = max(self._last_s, now + delay)
        return self._last_s


class Player:
    """A player in true time: it starts late, seeks slowly, stalls, drifts, and tells its position inexactly."""

    def __init__(self, world: World, model: PlayerModel, rng: random.Random) -> None:
        self._world = world
        self.model = model
        self._rng = rng
        self._position = 0.0
        self._at = 0.0
        self._rate = 1.0
        self.paused = True
        self._starts_at = 0.0
        self._lands_at = 0.0
        self._stalls_until = 0.0
        self._blocked_until = 0.0
        self.seeks = 0
        self.rate_changes = 0
        self.rate_change_times: list[float] = []
        self.seek_times: list[float] = []
        self.played_s = 0.0
        self.deviation_s = 0.0
        # Called when it runs dry, has recovered, or has landed: real players have events for these.
        self.listener: Callable[[], None] = lambda: None

    def play(self) -> None:
        """Begin to start; refused before a gesture where the browser wants one."""
        now = self._world.now
        if not self.paused or now < self.model.gesture_s:
            return
        self._settle(now)
        self.paused = False
        latency = max(0.0, self._rng.gauss(self.model.start_s, self.model.start_spread_s))
        self._starts_at = now + latency
        self._block()

    def pause(self) -> None:
        """Stop, a moment later."""
        if self.paused:
            return
        now = self._world.now
        self._settle(now)
        if now >= self._blocked_until:
            self._position += self.model.pause_s * self._rate
        self.paused = True

    def seek(self, position_s: float) -> None:
        """Go to a position; motion goes on from there after the seek's latency."""
        now = self._world.now
        self._settle(now)
        self.seeks += 1
        self.seek_times.append(now)
        latency = self.model.seek_s * max(0.3, self._rng.gauss(1.0, self.model.seek_spread))
        if self.model.refuses_seek:
            return
        self._position = max(0.0, position_s)
        # A starved player has nothing of the new place yet, so a seek takes its time after the stall (as in Chromium).
        self._lands_at = max(now, self._stalls_until) + latency
        self._block()
        self._world.at(self._lands_at, self.listener)

    def set_rate(self, rate: float) -> None:
        """Run at another speed, if it can."""
        if rate == self._rate:
            return
        self.rate_changes += 1
        self.rate_change_times.append(self._world.now)
        if self.model.has_rate and not self.model.ignores_rate:
            self._settle(self._world.now)
            self._rate = rate

    def stall(self, length_s: float) -> None:
        """The network starves it."""
        now = self._world.now
        self._settle(now)
        self._stalls_until = max(self._stalls_until, now + length_s)
        self._block()
        self._world.at(now, self.listener)
        self._world.at(now + length_s, self.listener)

    def position(self) -> float:
        """The true position."""
        self._settle(self._world.now)
        return self._position

    @property
    def advancing(self) -> bool:
        """Whether the picture moves."""
        return not self.paused and self._world.now >= self._blocked_until

    @property
    def rate(self) -> float:
        """The speed in force."""
        return self._rate

    @property
    def stalled(self) -> bool:
        """Whether it waits for the network."""
        return self._world.now < self._stalls_until

    def read(self, local_now: float) -> Reading:
        """What an application sees."""
        now = self._world.now
        self._settle(now)
        position, at_s = self._position, local_now
        if self.model.refresh_s and self.advancing:
            position, at_s = self._last_refresh(now, local_now)
        elif not self.paused:
            position += self._rng.gauss(0.0, self.model.noise_s)
        return Reading(
            at_s=at_s,
            position_s=position,
            paused=self.paused,
            seeking=now < self._lands_at,
            stalled=now < self._stalls_until,
        )

    def _last_refresh(self, now: float, local_now: float) -> tuple[float, float]:
        """An adapter that polls quickly sees the change up to 25 ms late and stamps it with that time."""
        age = min(now % self.model.refresh_s, now - self._blocked_until)
        lag = min(age, 0.025 * self._rng.random())
        return self._position - self._rate * (1.0 + self.model.drift) * age, local_now - age + lag

    def _settle(self, now: float) -> None:
        begin = max(self._at, self._blocked_until)
        if not self.paused and now > begin:
            elapsed = now - begin
            self._position += elapsed * self._rate * (1.0 + self.model.drift)
            self.played_s += elapsed
            self.deviation_s += elapsed * abs(self._rate - 1.0)
        self._at = now

    def _block(self) -> None:
        self._blocked_until = max(self._starts_at, self._lands_at, self._stalls_until)


class Agent(Protocol):
    """A policy's side at one member."""

    def joined(self) -> None:
        """The connection stands, for the first time or again."""

    def receive(self, message: Any) -> None:
        """A message of the server has come in."""

    def tick(self) -> None:
        """The interval is over."""

    def press(self, kind: str, position_s: float) -> None:
        """The person presses play, pause or seek."""


class Server(Protocol):
    """A policy's server."""

    def receive(self, client: int, message: Any) -> None:
        """A member's message has come in."""


class Client:
    """One member: its link, its clocks, its player, and the policy's agent."""

    def __init__(self, world: World, model: ClientModel, index: int, seed: str) -> None:
        self.world = world
        self.model = model
        self.index = index
        self.player = Player(world, model.player, random.Random(f"{seed}/player {index}"))
        self.rng = random.Random(f"{seed}/agent {index}")
        self.up = Direction(model, random.Random(f"{seed}/up {index}"), up=True)
        self.down = Direction(model, random.Random(f"{seed}/down {index}"), up=False)
        self.messages = 0
        self.present = False
        self.server: Server | None = None
        self.agent: Agent | None = None
        self.player.listener = self._notice

    def monotonic(self) -> float:
        """The member's monotonic clock."""
        return self.model.mono_offset_s + self.world.now * (1.0 + self.model.mono_drift)

    def wall(self) -> float:
        """The member's wall clock, which drifts and may be stepped."""
        stepped = sum(step for at_s, step in self.model.wall_steps if self.world.now >= at_s)
        return self.world.now * (1.0 + self.model.mono_drift) + self.model.wall_offset_s + stepped

    def at_monotonic(self, local_s: float, call: Callable[..., None], *arguments: Any) -> None:
        """Call something when the member's monotonic clock shows a time."""
        at_s = (local_s - self.model.mono_offset_s) / (1.0 + self.model.mono_drift)
        self.world.at(max(self.world.now, at_s), call, *arguments)

    def send(self, message: Any) -> None:
        """Send to the server."""
        self.messages += 1
        arrival = self.up.arrival(self.world.now)
        if arrival < NEVER and self.server is not None:
            self.world.at(arrival, self._arrive, message)

    def deliver(self, message: Any) -> None:
        """The server sends to this member."""
        self.messages += 1
        arrival = self.down.arrival(self.world.now)
        if arrival < NEVER:
            self.world.at(arrival, self._receive, message)

    def _arrive(self, message: Any) -> None:
        if self.server is not None:
            self.server.receive(self.index, message)

    def _receive(self, message: Any) -> None:
        if self.agent is not None:
            self.agent.receive(message)

    def _notice(self) -> None:
        if self.agent is not None and self.present:
            self.agent.tick()

    def hidden(self) -> bool:
        """Whether the tab is hidden, so that timers come once a second."""
        return any(begin <= self.world.now < end for begin, end in self.model.hidden)


def members(world: World, scenario: Scenario) -> list[Client]:
    """The members of a scenario."""
    seed = f"{scenario.profile}/{scenario.seed}"
    return [Client(world, model, index, seed) for index, model in enumerate(scenario.clients)]
