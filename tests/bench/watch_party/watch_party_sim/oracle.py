"""What is judged: the members' true positions against one another, whatever the policy believes."""

import math
from dataclasses import dataclass
from typing import Any

from watch_party_sim.profiles import Event, Scenario
from watch_party_sim.world import Client, World

SAMPLE_S = 0.1
CONVERGED_S = 0.1
CONVERGED_FOR_S = 1.0
CAP_S = 120.0
# A command's own lead is not a pause of the room.
COMMAND_GRACE_S = 3.0


@dataclass(slots=True)
class Result:
    """The figures of one party."""

    profile: str
    policy: str
    seed: int
    spreads_s: list[float]
    convergences_s: list[float]
    seeks_per_client: float
    rate_changes_per_min: float
    rate_changes_per_min_worst: float
    rate_deviation: float
    room_pause_s: float
    messages_per_s: float
    seeks_in_20_s: int

    def to_json(self) -> dict[str, Any]:
        """The figures of this party alone, rounded."""
        return summary([self])


class Oracle:
    """Samples the true spread of all members ten times a second while anybody's picture moves.

    Members whose network starves them count too, although no policy can move them.
    """

    def __init__(self, world: World, scenario: Scenario, clients: list[Client], excluded: frozenset[int]) -> None:
        self._world = world
        self._clients = [client for client in clients if client.index not in excluded]
        self.spreads_s: list[float] = []
        self._pending: list[tuple[float, float | None]] = []
        self.convergences_s: list[float] = []
        self.room_pause_s = 0.0
        self._wanted = False
        self._quiet_from_s = 0.0
        for event in scenario.script:
            world.at(event.at_s, self._pressed, event)
        for client in clients:
            world.at(client.model.joins_s, self._joined)
        world.at(SAMPLE_S, self._sample)

    def finish(self) -> None:
        """What has not converged by the end never did."""
        self._abandon()

    def _pressed(self, event: Event) -> None:
        self._abandon()
        self._quiet_from_s = self._world.now + COMMAND_GRACE_S
        if event.kind != "seek":
            self._wanted = event.kind == "play"
        if self._wanted:
            self._pending.append((self._world.now, None))

    def _joined(self) -> None:
        if self._wanted:
            self._pending.append((self._world.now, None))

    def _abandon(self) -> None:
        self.convergences_s.extend(CAP_S for _ in self._pending)
        self._pending.clear()

    def _sample(self) -> None:
        world = self._world
        now = world.now
        world.at(now + SAMPLE_S, self._sample)
        players = [client.player for client in self._clients if client.present]
        moving = sum(player.advancing for player in players)
        if not moving:
            if self._wanted and now > self._quiet_from_s:
                self.room_pause_s += SAMPLE_S
            close = False
        else:
            positions = [player.position() for player in players]
            spread = max(positions) - min(positions)
            if len(positions) > 1:
                self.spreads_s.append(spread)
            close = moving == len(players) and spread < CONVERGED_S
        if self._pending:
            self._pending = [kept for entry in self._pending if (kept := self._judge(entry, now, close=close))]

    def _judge(
        self, entry: tuple[float, float | None], now: float, *, close: bool
    ) -> tuple[float, float | None] | None:
        began, close_since = entry
        if not close:
            return (began, None)
        if close_since is None:
            return (began, now)
        if now - close_since < CONVERGED_FOR_S:
            return entry
        self.convergences_s.append(min(CAP_S, close_since - began))
        return None


def percentile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1 if share else 0)]


def most_within(times: list[float], window_s: float) -> int:
    """The largest number of times that fall into any window."""
    most = first = 0
    for last, at_s in enumerate(times):
        while at_s - times[first] > window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def summary(results: list[Result]) -> dict[str, Any]:
    """The figures of several parties: percentiles over all samples, means over parties."""
    spreads = sorted(spread for result in results for spread in result.spreads_s)
    convergences = [value for result in results for value in result.convergences_s]
    count = len(results)

    def over(limit_s: float) -> float:
        return round(100.0 * sum(spread > limit_s for spread in spreads) / max(1, len(spreads)), 2)

    def mean(name: str) -> float:
        return sum(getattr(result, name) for result in results) / count

    return {
        "p50_ms": round(1000 * percentile(spreads, 0.5), 1),
        "p95_ms": round(1000 * percentile(spreads, 0.95), 1),
        "p99_ms": round(1000 * percentile(spreads, 0.99), 1),
        "over_100_ms_percent": over(0.1),
        "over_500_ms_percent": over(0.5),
        "convergence_p50_s": round(percentile(convergences, 0.5), 2),
        "convergence_p95_s": round(percentile(convergences, 0.95), 2),
        "seeks_per_client": round(mean("seeks_per_client"), 2),
        "rate_changes_per_min": round(mean("rate_changes_per_min"), 2),
        "rate_changes_per_min_worst": round(max(result.rate_changes_per_min_worst for result in results), 2),
        "rate_deviation_percent": round(100 * mean("rate_deviation"), 3),
        "room_pause_s": round(mean("room_pause_s"), 2),
        "messages_per_s": round(mean("messages_per_s"), 2),
        "seeks_in_20_s": max(result.seeks_in_20_s for result in results),
    }
