"""What goes wrong on purpose: a cut host, a dead node, stepped clocks, and players with a will of their own."""

from dataclasses import replace

from watch_party_sim.oracle import Result
from watch_party_sim.policies.ours import RoomServer, ours
from watch_party_sim.profiles import PROFILES, Event, Scenario, scenario
from watch_party_sim.run import simulate
from watch_party_sim.world import Client, World

FAULT_S = 120.0
CUT_S = 20.0
OUTAGE_S = 5.0
LENGTH_S = 240.0
# Of the others, with the fault and after it.
SPREAD_P95_MS = 40.0


def quiet(seed: int, *, profile: str = "jitter", clients: int = 5) -> Scenario:
    """A party in which only one thing happens: somebody presses play. Nobody comes late."""
    drawn = scenario(PROFILES[profile], clients=clients, seed=seed, duration_s=LENGTH_S)
    models = tuple(replace(model, joins_s=min(model.joins_s, 2.5)) for model in drawn.clients)
    return replace(drawn, clients=models, script=(Event(5.0, 0, "play"),))


def host_cut(seed: int) -> Result:
    """The host's network is gone for twenty seconds."""
    party = quiet(seed).with_client(0, cuts=((FAULT_S, FAULT_S + CUT_S),))
    return simulate(party, "ours", ours, excluded=frozenset({0}))


def node_crash(seed: int) -> Result:
    """The node that owns the room dies, and another takes over five seconds later."""

    def build(world: World, clients: list[Client]) -> RoomServer:
        server = ours(world, clients)
        world.at(FAULT_S, server.crash)
        world.at(FAULT_S + OUTAGE_S, server.recover)
        return server

    return simulate(quiet(seed), "ours", build)


def clock_step(seed: int) -> Result:
    """Two members' wall clocks are set, by five seconds either way."""
    party = (
        quiet(seed).with_client(1, wall_steps=((FAULT_S, 5.0),)).with_client(2, wall_steps=((FAULT_S + 20.0, -5.0),))
    )
    return simulate(party, "ours", ours)


FAULTS = {"host_cut_20_s": host_cut, "owner_node_crash": node_crash, "wall_clock_step_5_s": clock_step}
