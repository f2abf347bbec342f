"""Random parties, simulated whole: nobody plays past a pause, epochs only grow, and peace brings everybody together."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from watch_party_sim.policies.ours import RoomAgent, RoomServer, ours
from watch_party_sim.profiles import PROFILES, Event, scenario
from watch_party_sim.run import simulate
from watch_party_sim.world import Client, World

from regie_watch_party.protocol import Mode, Options

LENGTH_S = 90.0
QUIET_FROM_S = 60.0
CLIENTS = 3
LOOK_S = 0.05

presses = st.lists(
    st.builds(
        Event,
        at_s=st.floats(4.0, QUIET_FROM_S - 1.0),
        client=st.integers(0, CLIENTS - 1),
        kind=st.sampled_from(["play", "pause", "seek"]),
        position_s=st.floats(0.0, 3000.0),
    ),
    max_size=12,
)
stalls = st.lists(st.tuples(st.floats(5.0, QUIET_FROM_S - 5.0), st.floats(0.1, 4.0)), max_size=4)
cuts = st.lists(st.floats(10.0, QUIET_FROM_S - 25.0).map(lambda begin: (begin, begin + 20.0)), max_size=1)


class Watch:
    """Looks at a party twenty times a second."""

    def __init__(self, world: World, clients: list[Client], server: RoomServer) -> None:
        self._world = world
        self._clients = clients
        self._server = server
        self._stands_since_s = 0.0
        self._epochs = [0] * len(clients)
        self.late_errors_s: list[float] = []
        world.at(LOOK_S, self._look)

    def _look(self) -> None:
        now = self._world.now
        self._world.at(now + LOOK_S, self._look)
        timeline = self._server.room.timeline
        if timeline.playing:
            self._stands_since_s = now
        for client in self._clients:
            self._look_at(client)
            cut_off = any(begin <= now < end + 3.0 for begin, end in client.model.cuts)
            if not cut_off and now - self._stands_since_s > 1.0:
                assert not client.player.advancing, f"member {client.index} plays past a pause at {now}"
            if now > LENGTH_S - 5.0 and timeline.playing and now > timeline.at_s + 20.0:
                self.late_errors_s.append(abs(timeline.position(now) - client.player.position()))

    def presses_reported(self) -> int:
        """How many of the controllers' own corrections were taken for a viewer's hand."""
        return sum(client.agent.presses_seen for client in self._clients if isinstance(client.agent, RoomAgent))

    def _look_at(self, client: Client) -> None:
        assert isinstance(client.agent, RoomAgent)
        timeline = client.agent.participant.controller.timeline
        if timeline is not None:
            assert timeline.epoch >= self._epochs[client.index]
            assert timeline.epoch <= self._server.room.timeline.epoch
            self._epochs[client.index] = timeline.epoch


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), script=presses, stalled=stalls, cut=cuts, victim=st.integers(0, CLIENTS - 1))
def test_a_random_party_keeps_its_promises(
    *,
    seed: int,
    script: list[Event],
    stalled: list[tuple[float, float]],
    cut: list[tuple[float, float]],
    victim: int,
) -> None:
    party = scenario(PROFILES["jitter"], clients=CLIENTS, seed=seed, duration_s=LENGTH_S)
    models = tuple(replace(model, joins_s=min(model.joins_s, 2.5)) for model in party.clients)
    ordered = tuple(sorted([Event(3.0, 0, "play"), *script], key=lambda event: event.at_s))
    party = replace(party, clients=models, script=ordered)
    party = party.with_client(victim, stalls=tuple(stalled), cuts=tuple(cut))
    watches: list[Watch] = []

    def build(world: World, clients: list[Client]) -> RoomServer:
        server = ours(world, clients, Options(mode=Mode.FREE_PLAY))
        watches.append(Watch(world, clients, server))
        return server

    simulate(party, "ours", build)
    assert all(error < 0.1 for error in watches[0].late_errors_s)
    assert watches[0].presses_reported() == 0
