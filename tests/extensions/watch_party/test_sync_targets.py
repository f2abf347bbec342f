"""What the spec demands of the sync, on seeds that nothing was tuned on."""

import json
from dataclasses import replace

import pytest
from watch_party_sim.faults import FAULTS, SPREAD_P95_MS, quiet
from watch_party_sim.oracle import most_within, summary
from watch_party_sim.policies.ours import RoomAgent, RoomServer, ours
from watch_party_sim.policies.registry import POLICIES
from watch_party_sim.profiles import PROFILES, Event, scenario
from watch_party_sim.run import simulate
from watch_party_sim.targets import misses
from watch_party_sim.world import Client, World

SEEDS = range(2000, 2005)
# What is judged there is stalls, of which five parties hold too few.
BAD_SEEDS = range(2000, 2020)


@pytest.mark.parametrize(
    ("profile", "clients", "seeds"),
    [("jitter", 5, SEEDS), ("jitter", 20, SEEDS), ("wan", 5, SEEDS), ("bad", 5, BAD_SEEDS)],
)
def test_the_must_column_holds(profile: str, clients: int, seeds: range) -> None:
    parties = [scenario(PROFILES[profile], clients=clients, seed=seed) for seed in seeds]
    figures = summary([simulate(party, "ours", ours) for party in parties])
    assert misses(profile, clients, figures) == []
    assert figures["seeks_in_20_s"] <= 3
    assert figures["rate_changes_per_min_worst"] < 8


def test_a_local_network_is_within_two_frames_half_of_the_time() -> None:
    figures = summary([simulate(scenario(PROFILES["lan"], clients=5, seed=seed), "ours", ours) for seed in SEEDS])
    assert figures["p50_ms"] < 20
    assert figures["p95_ms"] < 40


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_leaves_the_others_together(name: str) -> None:
    assert summary([FAULTS[name](seed) for seed in SEEDS])["p95_ms"] < SPREAD_P95_MS


@pytest.mark.parametrize("profile", ["jitter", "wan"])
def test_every_other_policy_is_worse(profile: str) -> None:
    party = scenario(PROFILES[profile], clients=5, seed=SEEDS[0])
    p95 = {name: summary([simulate(party, name, policy)])["p95_ms"] for name, policy in POLICIES.items()}
    assert min(p95, key=lambda name: p95[name]) == "ours"


def test_syncplay_without_a_network_is_as_far_off_as_the_real_one() -> None:
    profile = replace(PROFILES["lan"], rtt_s=(0.0001, 0.0002), jitter_floor_s=0.00001)
    results = [simulate(scenario(profile, clients=3, seed=seed), "syncplay", POLICIES["syncplay"]) for seed in SEEDS]
    assert 50 < summary(results)["p50_ms"] < 300


@pytest.mark.parametrize("policy", POLICIES)
def test_a_seed_repeats_to_the_byte(policy: str) -> None:
    party = scenario(PROFILES["bad"], clients=3, seed=7, duration_s=120.0)
    first, second = (simulate(party, policy, POLICIES[policy]) for _ in range(2))
    assert repr(first) == repr(second)


def test_seeds_differ() -> None:
    first, second = (scenario(PROFILES["wan"], clients=5, seed=seed) for seed in (1, 2))
    assert first.script != second.script
    assert first.clients != second.clients


def judged(party: object, name: str = "ours", excluded: frozenset[int] = frozenset()) -> dict[str, float]:
    return summary([simulate(party, name, ours, excluded=excluded)])  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_player_without_speed_stays_within_its_band_and_disturbs_nobody(seed: int) -> None:
    party = quiet(seed)
    model = party.clients[2].player
    party = party.with_client(2, player=replace(model, has_rate=False), stalls=((60.0, 1.5),))
    assert judged(party, excluded=frozenset({2}))["p95_ms"] < SPREAD_P95_MS
    assert judged(party)["p95_ms"] < 1100


@pytest.mark.parametrize("seed", SEEDS)
def test_a_coarse_player_keeps_up_without_hunting(seed: int) -> None:
    party = quiet(seed)
    party = party.with_client(2, player=replace(party.clients[2].player, refresh_s=0.25))
    figures = judged(party)
    assert figures["p95_ms"] < 60
    assert figures["rate_changes_per_min_worst"] < 8


@pytest.mark.parametrize("seed", SEEDS)
def test_a_hidden_tab_comes_back_into_line(seed: int) -> None:
    party = quiet(seed).with_client(3, hidden=((60.0, 180.0),))
    assert judged(party)["p95_ms"] < 60


@pytest.mark.parametrize("seed", SEEDS)
def test_a_refused_autoplay_disturbs_nobody(seed: int) -> None:
    party = quiet(seed)
    party = party.with_client(1, player=replace(party.clients[1].player, gesture_s=30.0))
    assert judged(party, excluded=frozenset({1}))["p95_ms"] < SPREAD_P95_MS
    assert judged(party)["convergence_p95_s"] < 30.0


def test_a_pause_stops_everybody_within_a_second() -> None:
    for seed in SEEDS:
        party = replace(quiet(seed), script=(Event(5.0, 0, "play"), Event(60.0, 0, "pause")))
        moving: list[float] = []

        def build(world: World, clients: list[Client], moving: list[float] = moving) -> RoomServer:
            def look() -> None:
                moving.extend(world.now for client in clients if client.player.advancing)
                world.at(world.now + 0.05, look)

            world.at(60.0, look)
            return ours(world, clients)

        simulate(party, "ours", build)
        assert max(moving) < 61.0


def test_our_own_corrections_are_never_reported_as_a_viewer_s() -> None:
    for profile in ("wan", "bad"):
        agents: list[RoomAgent] = []

        def build(world: World, clients: list[Client], agents: list[RoomAgent] = agents) -> RoomServer:
            server = ours(world, clients)
            agents.extend(client.agent for client in clients if isinstance(client.agent, RoomAgent))
            return server

        simulate(scenario(PROFILES[profile], clients=5, seed=SEEDS[0]), "ours", build)
        assert agents
        assert sum(agent.presses_seen for agent in agents) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_member_that_was_cut_off_sees_no_jump(seed: int) -> None:
    clients: list[Client] = []

    def build(world: World, built: list[Client]) -> RoomServer:
        clients.extend(built)
        return ours(world, built)

    result = simulate(quiet(seed).with_client(2, cuts=((60.0, 80.0),)), "ours", build)
    assert clients[2].player.seek_times == []
    assert summary([result])["p95_ms"] < SPREAD_P95_MS + 10


def test_the_bench_prints_figures_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    from watch_party_sim.report import main

    assert main(["--profile", "lan", "--policy", "ours", "--clients", "2", "--seeds", "2000-2000", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [(run["policy"], run["clients"]) for run in report["runs"]] == [("ours", 2)]
    assert report["runs"][0]["p95_ms"] < 40


def test_the_bench_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    from watch_party_sim.report import main

    assert main(["--profile", "wan", "--clients", "2", "--seeds", "2000-2000"]) == 0
    table = capsys.readouterr().out
    assert all(policy in table for policy in POLICIES)
    assert "Nothing is missed." in table


def test_windows_are_counted_right() -> None:
    assert most_within([0.0, 1.0, 2.0, 30.0], 20.0) == 3
    assert most_within([], 20.0) == 0
