"""One party under one policy."""

from collections.abc import Callable

from watch_party_sim.oracle import Oracle, Result, most_within
from watch_party_sim.profiles import Event, Scenario
from watch_party_sim.world import HIDDEN_TICK_S, TICK_S, Client, Server, World, members

Policy = Callable[[World, list[Client]], Server]


def simulate(scenario: Scenario, name: str, policy: Policy, *, excluded: frozenset[int] = frozenset()) -> Result:
    """Play a scenario through under a policy; members in `excluded` play but are not judged."""
    world = World()
    clients = members(world, scenario)
    server = policy(world, clients)
    oracle = Oracle(world, scenario, clients, excluded)
    for client in clients:
        client.server = server
        _prepare(world, client)
    for event in scenario.script:
        world.at(event.at_s, _press, clients[event.client], event)
    world.run(scenario.duration_s)
    oracle.finish()
    judged = [client for client in clients if client.index not in excluded]
    return _result(scenario, name, oracle, judged)


def _prepare(world: World, client: Client) -> None:
    world.at(client.model.joins_s, _join, client)
    for begin, length in client.model.stalls:
        world.at(begin, client.player.stall, length)
    for _, end in client.model.cuts:
        if end >= client.model.joins_s:
            world.at(end, _rejoin, client)


def _join(client: Client) -> None:
    client.present = True
    _rejoin(client)
    _tick(client)


def _rejoin(client: Client) -> None:
    if client.agent is not None:
        client.agent.joined()


def _tick(client: Client) -> None:
    if client.agent is not None:
        client.agent.tick()
    interval = HIDDEN_TICK_S if client.model.hidden and client.hidden() else TICK_S
    client.world.at(client.world.now + interval, _tick, client)


def _press(client: Client, event: Event) -> None:
    if client.agent is not None:
        client.agent.press(event.kind, event.position_s)


def _result(scenario: Scenario, name: str, oracle: Oracle, clients: list[Client]) -> Result:
    players = [client.player for client in clients]
    minutes = scenario.duration_s / 60.0
    played = sum(player.played_s for player in players)
    changes = [player.rate_changes / minutes for player in players]
    return Result(
        profile=scenario.profile,
        policy=name,
        seed=scenario.seed,
        spreads_s=oracle.spreads_s,
        convergences_s=oracle.convergences_s,
        seeks_per_client=sum(player.seeks for player in players) / len(players),
        rate_changes_per_min=sum(changes) / len(changes),
        rate_changes_per_min_worst=max(changes),
        rate_deviation=sum(player.deviation_s for player in players) / played if played else 0.0,
        room_pause_s=oracle.room_pause_s,
        messages_per_s=sum(client.messages for client in clients) / len(clients) / scenario.duration_s,
        seeks_in_20_s=max(most_within(player.seek_times, 20.0) for player in players),
    )
