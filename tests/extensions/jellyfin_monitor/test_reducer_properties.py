"""No order, repetition or outage doubles, loses or stretches a play."""

import json
from dataclasses import dataclass, replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule
from tests.extensions.jellyfin_monitor.conftest import Tale, moment

from regie.roles import MediaItem, MediaUser, Observation, Outage, PlaybackSignal, Session, Snapshot, StreamShape
from regie_jellyfin_monitor.codec import from_plain, to_plain
from regie_jellyfin_monitor.plays import Play
from regie_jellyfin_monitor.reducer import State, resumed

ITEMS = [
    MediaItem("film", "movie", "Night Signal", runtime_s=900),
    MediaItem("song", "track", "Low Tide", runtime_s=120),
    MediaItem("tv", "live_tv", "News"),
]


@dataclass
class Viewer:
    """A person before a player that reports every ten seconds and at each change."""

    number: int
    item: MediaItem | None = None
    position: float = 0
    paused_since: float | None = None
    check_in: float = 0
    reported: float = 0
    truth: float = 0

    def session(self, now: float) -> Session:
        assert self.item is not None
        guessed = 0 if self.paused_since is not None else now - self.check_in
        return Session(
            f"s{self.number}",
            MediaUser(f"u{self.number}", f"User {self.number}"),
            "Jellyfin Web",
            "Firefox",
            f"d{self.number}",
            self.item,
            position_s=self.reported + guessed,
            is_paused=self.paused_since is not None,
            paused_since=None if self.paused_since is None else moment(self.paused_since),
            last_check_in=moment(self.check_in),
            shape=StreamShape("direct_play"),
        )

    def report(self, now: float) -> None:
        self.check_in, self.reported = now, self.position

    def advance(self, start: float, seconds: int) -> None:
        if self.item is not None and self.paused_since is None:
            self.truth += seconds
            self.position += seconds
            if seconds >= 10:
                left = seconds % 10
                self.check_in, self.reported = start + seconds - left, self.position - left


def watch_of(tale: Tale, number: int) -> float:
    plays = [*tale.closed, *tale.state.open.values()]
    return sum(play.watch_s for play in plays if play.user.id == f"u{number}")


def assert_sound(plays: list[Play]) -> None:
    for play in plays:
        end = play.evidence_at if play.stopped is None else play.stopped
        assert end >= play.started
        assert play.watch_s + play.paused_s <= end - play.started + 1e-3
        assert abs(sum(seconds for _, seconds in play.shape_s) - play.watch_s) < 1e-3
    by_key: dict[tuple[str, str], list[Play]] = {}
    for play in sorted(plays, key=lambda play: play.started):
        by_key.setdefault((play.session.id, play.user.id), []).append(play)
    for several in by_key.values():
        for before, after in pairwise(several):
            assert before.stopped is not None
            assert before.stopped <= after.started + 1e-3


def counted(play: Play) -> tuple[object, ...]:
    return (play.uid, play.started, play.evidence_at, play.watch_s, play.paused_s, play.position_s, play.shape_s)


class Household(RuleBasedStateMachine):
    """Two people, a server, and a line between that loses, repeats and reorders."""

    told = Bundle("told")

    def __init__(self) -> None:
        super().__init__()
        self.tale = Tale()
        self.now = 0.0
        self.viewers = [Viewer(0), Viewer(1)]
        self.connected = True

    def listed(self, *, after_outage: bool = False) -> Snapshot:
        sessions = tuple(viewer.session(self.now) for viewer in self.viewers if viewer.item)
        return Snapshot(moment(self.now), sessions, "websocket", after_outage=after_outage)

    def signal(self, kind: str, viewer: Viewer) -> PlaybackSignal:
        return PlaybackSignal(moment(self.now), kind, viewer.session(self.now), None, str(self.now))  # type: ignore[arg-type]

    @rule(seconds=st.integers(1, 700))
    def time_passes(self, seconds: int) -> None:
        for viewer in self.viewers:
            viewer.advance(self.now, seconds)
        self.now += seconds

    @rule(target=told, number=st.integers(0, 1), item=st.sampled_from(ITEMS), position=st.integers(0, 800))
    def start(self, number: int, item: MediaItem, position: int) -> Observation:
        viewer = self.viewers[number]
        viewer.item, viewer.position, viewer.paused_since = item, position, None
        viewer.report(self.now)
        return self.signal("start", viewer)

    @rule(number=st.integers(0, 1))
    def pause_or_resume(self, number: int) -> None:
        viewer = self.viewers[number]
        viewer.paused_since = self.now if viewer.paused_since is None else None
        viewer.report(self.now)

    @rule(number=st.integers(0, 1), position=st.integers(0, 900))
    def seek(self, number: int, position: int) -> None:
        self.viewers[number].position = position
        self.viewers[number].report(self.now)

    @rule(target=told, number=st.integers(0, 1))
    def stop(self, number: int) -> Observation:
        viewer = self.viewers[number]
        observation = self.signal("stop", viewer) if viewer.item else self.listed()
        viewer.item = None
        return observation

    @precondition(lambda self: self.connected)
    @rule(target=told)
    def push(self) -> Observation:
        snapshot = self.listed()
        self.tale.feed(snapshot)
        return snapshot

    @rule(observation=told)
    def tell_again_or_late(self, observation: Observation) -> None:
        self.tale.feed(observation)

    @precondition(lambda self: self.connected)
    @rule()
    def lose_the_socket(self) -> None:
        self.connected = False
        self.tale.feed(Outage(moment(self.now)))

    @precondition(lambda self: not self.connected)
    @rule()
    def reconnect(self) -> None:
        self.connected = True
        self.tale.feed(self.listed(after_outage=True))

    @rule()
    def kill_the_hub(self) -> None:
        plain = json.loads(json.dumps(to_plain(self.tale.state)))
        revived = from_plain(State, plain)
        assert revived == self.tale.state
        self.tale.state = resumed(revived)

    @invariant()
    def nothing_is_doubled_or_stretched(self) -> None:
        assert_sound([*self.tale.closed, *self.tale.state.open.values()])
        for viewer in self.viewers:
            assert watch_of(self.tale, viewer.number) <= self.now + 1e-3


Household.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestHousehold = Household.TestCase


@given(
    phases=st.lists(st.tuples(st.sampled_from(["play", "pause"]), st.integers(10, 400)), min_size=1, max_size=6),
    interval=st.integers(1, 30),
    doubled=st.booleans(),
    delay=st.integers(0, 3),
)
@settings(max_examples=60, deadline=None)
def test_what_was_watched_is_what_is_counted(
    phases: list[tuple[str, int]], interval: int, delay: int, *, doubled: bool
) -> None:
    tale, viewer, now = Tale(), Viewer(0, ITEMS[2]), 0
    mailbox: list[tuple[float, Observation]] = []
    viewer.report(0)

    def tell(kind: str) -> None:
        signal = PlaybackSignal(moment(now), kind, viewer.session(now), None, str(now))  # type: ignore[arg-type]
        mailbox.extend([(now + delay, signal)] * (2 if doubled else 1))

    tell("start")
    for kind, seconds in phases:
        viewer.paused_since = now if kind == "pause" else None
        viewer.report(now)
        for _ in range(seconds):
            if now % interval == 0:
                tale.feed(Snapshot(moment(now), (viewer.session(now),), "polling"))
            due, mailbox[:] = [one for one in mailbox if one[0] <= now], [one for one in mailbox if one[0] > now]
            for _, signal in due:
                tale.feed(signal)
            now += 1
            viewer.truth += kind == "play"
            viewer.position += kind == "play"
            if now % 10 == 0:
                viewer.report(now)
    tell("stop")
    tale.feed(Snapshot(moment(now + 1), (), "polling"))
    for _, signal in mailbox:
        tale.feed(signal)
    slack = 1 + (interval + 1) * (sum(kind == "play" for kind, _ in phases) + 1)
    if viewer.truth < 10 + slack:
        return
    assert len(tale.closed) == 1
    assert abs(tale.only.watch_s - viewer.truth) <= slack
    assert abs(tale.only.watch_s + tale.only.paused_s - now) <= 2


@given(steps=st.lists(st.tuples(st.integers(1, 120), st.sampled_from(["see", "empty", "start", "stop"])), max_size=30))
@settings(max_examples=80, deadline=None)
def test_the_same_observations_again_change_nothing(steps: list[tuple[int, str]]) -> None:
    tale, now, told = Tale(), 0, []
    for seconds, kind in steps:
        now += seconds
        session = replace(Viewer(0, ITEMS[0], check_in=now, reported=now % 800).session(now))
        if kind in {"see", "empty"}:
            told.append(Snapshot(moment(now), (session,) if kind == "see" else (), "websocket"))
        else:
            told.append(PlaybackSignal(moment(now), kind, session, None, str(now)))  # type: ignore[arg-type]
    for observation in told:
        tale.feed(observation)
    history, still_open = tale.closed, [counted(play) for play in tale.state.open.values()]
    for observation in told:
        tale.feed(observation)
    assert tale.closed == history
    assert [counted(play) for play in tale.state.open.values()] == still_open
