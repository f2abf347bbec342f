"""Runs and prints the comparison."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from watch_party_sim.faults import FAULTS, SPREAD_P95_MS
from watch_party_sim.oracle import summary
from watch_party_sim.policies.registry import POLICIES
from watch_party_sim.profiles import PROFILES, scenario
from watch_party_sim.run import simulate
from watch_party_sim.speed import LIMITS_US, speeds
from watch_party_sim.targets import misses, targets_of

SEEDS = "1000-1019"
CLIENTS = 5
CROWD = 20
COLUMNS = {
    "p50_ms": "p50 ms",
    "p95_ms": "p95 ms",
    "p99_ms": "p99 ms",
    "over_100_ms_percent": ">100 ms %",
    "over_500_ms_percent": ">500 ms %",
    "convergence_p50_s": "conv p50 s",
    "convergence_p95_s": "conv p95 s",
    "seeks_per_client": "seeks",
    "rate_changes_per_min": "rates/min",
    "rate_deviation_percent": "|rate-1| %",
    "room_pause_s": "pause s",
    "messages_per_s": "msg/s",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 if our policy misses what it must reach."""
    options = _options(arguments)
    full = not (options.profile or options.policy or options.clients)
    seeds = _seeds(options.seeds)
    report: dict[str, Any] = {"seeds": options.seeds, "runs": [], "missed": []}
    for profile in [options.profile] if options.profile else list(PROFILES):
        for policy in [options.policy] if options.policy else list(POLICIES):
            _run(report, profile, policy, options.clients or CLIENTS, seeds)
    if full:
        _run(report, "jitter", "ours", CROWD, seeds)
        _run_faults(report, seeds)
        _run_speed(report)
    print(json.dumps(report, indent=2) if options.json else _text(report))
    return 1 if report["missed"] else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare ways of keeping players in sync, in a simulated world.")
    parser.add_argument("--profile", choices=sorted(PROFILES), help="one network only")
    parser.add_argument("--policy", choices=sorted(POLICIES), help="one policy only")
    parser.add_argument("--clients", type=_count, help=f"members of each party ({CLIENTS})")
    parser.add_argument("--seeds", default=SEEDS, type=_range, help=f"first and last seed ({SEEDS})")
    parser.add_argument("--json", action="store_true", help="print figures for programs")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    count = int(text)
    if not 2 <= count <= 200:
        raise argparse.ArgumentTypeError("a party has 2 to 200 members")
    return count


def _range(text: str) -> str:
    first, _, last = text.partition("-")
    if not (first.isdigit() and last.isdigit() and int(first) <= int(last)):
        raise argparse.ArgumentTypeError("seeds are given as FIRST-LAST, such as 1000-1019")
    return text


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last) + 1)


def _run(report: dict[str, Any], profile: str, policy: str, clients: int, seeds: range) -> None:
    print(f"{profile}, {policy}, {clients} clients …", file=sys.stderr)
    parties = [scenario(PROFILES[profile], clients=clients, seed=seed) for seed in seeds]
    figures = summary([simulate(party, policy, POLICIES[policy]) for party in parties])
    report["runs"].append({"profile": profile, "policy": policy, "clients": clients, **figures})
    if policy == "ours":
        report["missed"].extend(misses(profile, clients, figures))


def _run_faults(report: dict[str, Any], seeds: range) -> None:
    print("faults …", file=sys.stderr)
    report["faults"] = {}
    for name, fault in FAULTS.items():
        p95 = summary([fault(seed) for seed in seeds])["p95_ms"]
        report["faults"][name] = p95
        if p95 > SPREAD_P95_MS:
            report["missed"].append(f"{name}: p95 of the others is {p95} ms, {SPREAD_P95_MS:g} is allowed")


def _run_speed(report: dict[str, Any]) -> None:
    report["speed"] = speeds()
    for name, limit in LIMITS_US.items():
        if report["speed"][name] > limit:
            report["missed"].append(f"{name} is {report['speed'][name]}, {limit:g} is allowed")


def _text(report: dict[str, Any]) -> str:
    lines = [f"Watch party, 10 minutes a party, seeds {report['seeds']}; a convergence of 120 s means never."]
    for profile in dict.fromkeys((run["profile"], run["clients"]) for run in report["runs"]):
        runs = [run for run in report["runs"] if (run["profile"], run["clients"]) == profile]
        lines += ["", f"{profile[0]}, {profile[1]} clients", *_table(runs), *_targets(*profile, runs)]
    if "faults" in report:
        lines += ["", f"Faults: p95 spread of the others, {SPREAD_P95_MS:g} ms allowed"]
        lines += [f"  {name:<22}{p95:>8} ms" for name, p95 in report["faults"].items()]
    if "speed" in report:
        lines += ["", "Hot paths (medians)"]
        lines += [f"  {name:<22}{report['speed'][name]:>8}  of {limit:g}" for name, limit in LIMITS_US.items()]
    return "\n".join([*lines, "", *(report["missed"] or ["Nothing is missed."])])


def _table(runs: list[dict[str, Any]]) -> list[str]:
    head = f"  {'policy':<12}" + "".join(f"{title:>12}" for title in COLUMNS.values())
    rows = [f"  {run['policy']:<12}" + "".join(f"{run[key]:>12}" for key in COLUMNS) for run in runs]
    return [head, *rows]


def _targets(profile: str, clients: int, runs: list[dict[str, Any]]) -> list[str]:
    our = [run for run in runs if run["policy"] == "ours"]
    if not our:
        return []
    return [
        f"  {target.figure:<28}{our[0][target.figure]:>8}  must {target.must:g}"
        + (f", stretch {target.stretch:g}" if target.stretch is not None else "")
        for target in targets_of(profile, clients)
    ]
