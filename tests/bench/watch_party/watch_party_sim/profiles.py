"""The networks and players of each profile, drawn from a seed."""

import random
from dataclasses import dataclass, field, replace

DURATION_S = 600.0


@dataclass(frozen=True, slots=True)
class Profile:
    """Ranges from which each client's link, clocks and player are drawn."""

    name: str
    rtt_s: tuple[float, float]
    jitter: float = 0.05  # mean of the gamma jitter of one direction, as a share of the round trip
    jitter_floor_s: float = 0.001
    asymmetry: float = 0.06  # the up direction's share of the round trip is 0.5 +- this
    bloat_every_s: float = 0.0
    bloat_s: tuple[float, float] = (0.05, 0.25)
    loss: float = 0.0
    stall_every_s: float = 0.0
    stall_median_s: float = 1.0


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("lan", rtt_s=(0.001, 0.005), jitter_floor_s=0.0005),
        Profile("jitter", rtt_s=(0.05, 0.3), bloat_every_s=75.0, loss=0.005),
        Profile("wan", rtt_s=(0.05, 0.3), bloat_every_s=75.0, loss=0.005, stall_every_s=240.0),
        Profile("bad", rtt_s=(0.1, 0.5), bloat_every_s=45.0, loss=0.02, stall_every_s=90.0),
    )
}


@dataclass(frozen=True, slots=True)
class PlayerModel:
    """One player as it is built: latencies, noise, and what it cannot do."""

    start_s: float = 0.1
    seek_s: float = 0.3
    start_spread_s: float = 0.015
    seek_spread: float = 0.2
    pause_s: float = 0.01
    noise_s: float = 0.006
    drift: float = 0.0
    refresh_s: float = 0.0  # a position that changes only this often (VLC: four times a second)
    has_rate: bool = True
    ignores_rate: bool = False
    refuses_seek: bool = False
    gesture_s: float = 0.0  # autoplay is refused before this time


@dataclass(frozen=True, slots=True)
class ClientModel:
    """One member's link, clocks, player, and what befalls it."""

    up_s: float
    down_s: float
    jitter_s: float
    loss: float
    mono_offset_s: float
    mono_drift: float
    wall_offset_s: float
    player: PlayerModel
    bloats: tuple[tuple[float, float, float, bool], ...] = ()  # begin, end, extra delay, on the way up
    stalls: tuple[tuple[float, float], ...] = ()  # begin, length
    cuts: tuple[tuple[float, float], ...] = ()  # begin, end of a partition
    wall_steps: tuple[tuple[float, float], ...] = ()  # time, step
    hidden: tuple[tuple[float, float], ...] = ()  # begin, end of a hidden tab
    joins_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Event:
    """One press of a button: `play`, `pause` or `seek` by a client."""

    at_s: float
    client: int
    kind: str
    position_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that happens to a party, whatever the policy."""

    profile: str
    seed: int
    clients: tuple[ClientModel, ...]
    script: tuple[Event, ...]
    duration_s: float = DURATION_S
    server_outages: tuple[tuple[float, float], ...] = field(default=())

    def with_client(self, index: int, **changes: object) -> "Scenario":
        """The same party with one client changed."""
        clients = list(self.clients)
        clients[index] = replace(clients[index], **changes)  # type: ignore[arg-type]
        return replace(self, clients=tuple(clients))


def scenario(profile: Profile, *, clients: int, seed: int, duration_s: float = DURATION_S) -> Scenario:
    """Draw a party: a late joiner, two seeks and two pauses, at times that the seed decides."""
    rng = random.Random(f"{profile.name}/{clients}/{seed}")
    models = [_client(profile, random.Random(f"{profile.name}/{seed}/client {i}"), duration_s) for i in range(clients)]
    late = clients - 1
    if clients > 2:
        models[late] = replace(models[late], joins_s=rng.uniform(60.0, 90.0))
    models[0] = replace(models[0], joins_s=0.0)
    return Scenario(profile.name, seed, tuple(models), tuple(_script(rng, duration_s)), duration_s)


def _client(profile: Profile, rng: random.Random, duration_s: float) -> ClientModel:
    rtt = rng.uniform(*profile.rtt_s)
    share = 0.5 + rng.uniform(-profile.asymmetry, profile.asymmetry)
    player = PlayerModel(start_s=rng.uniform(0.03, 0.25), seek_s=rng.uniform(0.1, 0.6), drift=rng.uniform(-6e-5, 6e-5))
    return ClientModel(
        up_s=rtt * share,
        down_s=rtt * (1.0 - share),
        jitter_s=profile.jitter_floor_s + profile.jitter * rtt,
        loss=profile.loss,
        mono_offset_s=rng.uniform(0.0, 1e5),
        mono_drift=rng.uniform(-4e-5, 4e-5),
        wall_offset_s=rng.uniform(-3.0, 3.0),
        player=player,
        bloats=tuple(_bloats(profile, rng, duration_s)),
        stalls=tuple(_stalls(profile, rng, duration_s)),
        joins_s=rng.uniform(1.5, 2.5),
    )


def _bloats(profile: Profile, rng: random.Random, duration_s: float) -> list[tuple[float, float, float, bool]]:
    windows, at_s = [], 0.0
    while profile.bloat_every_s:
        at_s += rng.expovariate(1.0 / profile.bloat_every_s)
        if at_s >= duration_s:
            break
        length = rng.uniform(2.0, 8.0)
        windows.append((at_s, at_s + length, rng.uniform(*profile.bloat_s), rng.random() < 0.5))
        at_s += length
    return windows


def _stalls(profile: Profile, rng: random.Random, duration_s: float) -> list[tuple[float, float]]:
    stalls, at_s = [], 10.0
    while profile.stall_every_s:
        at_s += rng.expovariate(1.0 / profile.stall_every_s)
        if at_s >= duration_s:
            break
        length = min(8.0, profile.stall_median_s * rng.lognormvariate(0.0, 0.6))
        stalls.append((at_s, length))
        at_s += length
    return stalls


def _script(rng: random.Random, duration_s: float) -> list[Event]:
    """The first member, who is the host, presses; not before everybody but the late joiner is there."""
    steps = (("seek", 0.2), ("pause", 0.35), ("seek", 0.55), ("pause", 0.75))
    events = [Event(5.0, 0, "play")]
    for kind, share in steps:
        at_s = duration_s * (share + rng.uniform(-0.04, 0.04))
        if kind == "seek":
            events.append(Event(at_s, 0, "seek", rng.uniform(100.0, 5000.0)))
        else:
            events.append(Event(at_s, 0, "pause"))
            events.append(Event(at_s + rng.uniform(4.0, 10.0), 0, "play"))
    return events
