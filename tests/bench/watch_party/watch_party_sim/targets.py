"""What our policy must reach, and aims at."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """One figure of one profile; lower is better."""

    profile: str
    clients: int
    figure: str
    must: float
    stretch: float | None = None


TARGETS = (
    Target("jitter", 5, "p50_ms", 30, 19),
    Target("jitter", 5, "p95_ms", 40, 32),
    Target("jitter", 5, "p99_ms", 90, 72),
    Target("jitter", 5, "over_100_ms_percent", 1, 0.6),
    Target("jitter", 5, "convergence_p95_s", 6, 4.1),
    Target("jitter", 5, "rate_changes_per_min", 4, 1.7),
    Target("jitter", 20, "p95_ms", 60, 41),
    Target("wan", 5, "p50_ms", 30, 20),
    Target("wan", 5, "p95_ms", 130, 101),
    Target("wan", 5, "convergence_p50_s", 3, 2.3),
    Target("wan", 5, "convergence_p95_s", 8, 6.7),
    Target("wan", 5, "seeks_per_client", 7, 5.5),
    Target("wan", 5, "rate_deviation_percent", 0.2, 0.1),
    Target("wan", 5, "room_pause_s", 4, 1.7),
    Target("bad", 5, "p95_ms", 300, 241),
    Target("bad", 5, "rate_changes_per_min_worst", 8),
    Target("bad", 5, "seeks_in_20_s", 3),
)


def targets_of(profile: str, clients: int) -> tuple[Target, ...]:
    """The targets that a run can be judged by."""
    return tuple(target for target in TARGETS if (target.profile, target.clients) == (profile, clients))


def misses(profile: str, clients: int, figures: Mapping[str, float]) -> list[str]:
    """Which must figures were not reached, in words."""
    return [
        f"{profile}, {clients} clients: {target.figure} is {figures[target.figure]}, {target.must:g} is allowed"
        for target in targets_of(profile, clients)
        if figures[target.figure] > target.must
    ]
