"""Whatever people do to a room in whatever order, its promises hold."""

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from regie_watch_party.envelope import Envelope, read_outbound, write
from regie_watch_party.members import Member, may
from regie_watch_party.protocol import (
    Ballot,
    Buffering,
    ForceResync,
    Grant,
    HostChange,
    Inbound,
    Item,
    Kick,
    LeaveRoom,
    Lock,
    Mode,
    Options,
    Permission,
    Ping,
    PlayerEvent,
    PlayerState,
    Queue,
    Ready,
    SetOptions,
    StateUpdate,
    TimelineChanged,
    WaitFor,
    WaitPolicy,
    Welcome,
)
from regie_watch_party.quorum import FIRST_LOAD_WAIT_S, REBUFFER_WAIT_S
from regie_watch_party.room import Room
from regie_watch_party.room_state import Action, Send
from regie_watch_party.seats import Joining

TICK_S = 0.25
USERS = ("ada", "bob", "cyd", "dan", "eve")
STEERING = (PlayerEvent, ForceResync)

indices = st.integers(0, 7)
positions = st.floats(0.0, 700.0)


class RoomMachine(RuleBasedStateMachine):
    """A room and its members, with a clock that moves by ticks."""

    tokens = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.made = 0
        self.term = 1
        self.room = Room("party", now=0.0, new_token=self.new_token, options=Options(max_members=8))
        self.epoch = 0
        self.seq = 0
        self.waiting_since_s: float | None = None
        self.take(self.room.load(0.0, Item("film", duration_s=600.0)))

    def new_token(self) -> str:
        self.made += 1
        return f"{self.made:012d}{0:020d}"

    def take(self, actions: list[Action]) -> list[Any]:
        """Check all that a room says: numbered, to those present, of the newest epoch, and readable."""
        online = {member.id for member in self.room.members if member.online}
        closed = {action.member for action in actions if hasattr(action, "member")}
        for action in actions:
            if not isinstance(action, Send):
                continue
            assert action.seq > self.seq
            self.seq = action.seq
            assert action.epoch >= self.epoch
            assert action.to
            assert set(action.to) <= online | closed
            text = write(Envelope(action.message, room="party", seq=action.seq, epoch=action.epoch))
            assert read_outbound(text).message == action.message
            if isinstance(action.message, TimelineChanged):
                assert action.message.timeline.epoch >= self.epoch
                self.epoch = action.message.timeline.epoch
        return [action.message for action in actions if isinstance(action, Send)]

    def member(self, index: int) -> Member | None:
        members = self.room.members
        return members[index % len(members)] if members else None

    def send(self, index: int, message: Inbound) -> None:
        member = self.member(index)
        if member is not None:
            self.take(self.room.receive(self.now, member.id, message))

    @initialize(
        target=tokens,
        mode=st.sampled_from(Mode),
        wait=st.sampled_from(WaitPolicy),
        says=st.lists(st.booleans(), min_size=3, max_size=3),
        plays=st.booleans(),
    )
    def begin(self, mode: Mode, wait: WaitPolicy, says: list[bool], *, plays: bool) -> Any:
        """A host and three members, some of whom have a say, in any mode."""
        welcomed = [self.join(user, may_host=True) for user in USERS[:4]]
        for index, says_something in enumerate([True, *says]):
            self.room.members[index].has_say = says_something
            self.get_ready(index)
        self.set_options(0, mode, wait)
        if plays:
            self.press(0, "play", 0.0)
        return multiple(*welcomed)

    @rule(target=tokens, user=st.sampled_from(USERS), may_host=st.booleans())
    def join(self, user: str, *, may_host: bool) -> str:
        _, actions = self.room.join(self.now, Joining(user, user, user, may_host=may_host))
        welcomes = [message for message in self.take(actions) if isinstance(message, Welcome)]
        return welcomes[0].resume_token if welcomes else "none"

    @rule(token=tokens)
    def resume(self, token: str) -> None:
        before = self.room.timeline
        result, actions = self.room.resume(self.now, token)
        self.take(actions)
        assert self.room.timeline == before
        if isinstance(result, Member):
            assert result.online

    @rule(index=indices)
    def drop(self, index: int) -> None:
        member = self.member(index)
        if member is not None:
            self.take(self.room.disconnected(self.now, member.id))

    @rule(index=indices, action=st.sampled_from(["play", "pause", "seek", "rate"]), position=positions)
    def press(self, index: int, action: Any, position: float) -> None:
        member = self.member(index)
        if member is None:
            return
        state = self.room._state
        before = self.room.timeline
        allowed = member.has_say and may(
            member, Permission.PLAYBACK, host_id=state.host_id, mode=state.options.mode, locked=state.locked
        )
        self.send(index, PlayerEvent(action, position, 1.25))
        if not allowed:
            assert self.room.timeline == before

    @rule(index=indices)
    def resync(self, index: int) -> None:
        member = self.member(index)
        before = self.room.timeline
        self.send(index, ForceResync())
        if member is not None and member.id != self.room.host_id:
            assert self.room.timeline == before

    @rule(index=indices, yes=st.booleans())
    def vote(self, index: int, *, yes: bool) -> None:
        vote = self.room._state.vote
        self.send(index, Ballot(vote.id if vote else 1, yes=yes))

    @rule(index=indices, on=st.booleans())
    def buffer(self, index: int, *, on: bool) -> None:
        self.send(index, Buffering(on=on))

    @rule(index=indices, ticks=st.sampled_from([10, 60]))
    def starve(self, index: int, ticks: int) -> None:
        self.buffer(index, on=True)
        self.pass_time(ticks, alive=True)

    @rule(index=indices)
    def get_ready(self, index: int) -> None:
        self.send(index, Ready(self.room.timeline.epoch))

    @rule(index=indices, off=st.sampled_from([0.0, 0.1, 30.0]))
    def report(self, index: int, off: float) -> None:
        here = self.room.timeline.position(self.now)
        state = PlayerState(here + off, self.now, "playing" if self.room.timeline.playing else "paused")
        self.send(index, StateUpdate(state))

    @rule(index=indices, whom=indices, kind=st.sampled_from([HostChange, Kick, Grant, WaitFor]))
    def moderate(self, index: int, whom: int, kind: Any) -> None:
        other = self.member(whom)
        if other is None:
            return
        extra: dict[str, Any] = {Grant: {"permissions": tuple(Permission)}, WaitFor: {"on": False}}.get(kind, {})
        self.send(index, kind(other.id, **extra))

    @rule(index=indices, mode=st.sampled_from(Mode), wait=st.sampled_from(WaitPolicy))
    def set_options(self, index: int, mode: Mode, wait: WaitPolicy) -> None:
        self.send(index, SetOptions(Options(mode=mode, wait=wait, max_members=8)))

    @rule(index=indices, on=st.booleans())
    def lock(self, index: int, *, on: bool) -> None:
        self.send(index, Lock(on=on))

    @rule(index=indices, action=st.sampled_from(["add", "next"]))
    def queue(self, index: int, action: Any) -> None:
        self.send(index, Queue(action, item=Item("next", duration_s=30.0)))

    @rule(index=indices)
    def leave(self, index: int) -> None:
        self.send(index, LeaveRoom())

    @rule(ticks=st.sampled_from([1, 6, 20, 60, 260]), alive=st.booleans())
    def pass_time(self, ticks: int, *, alive: bool) -> None:
        """Mostly seconds, and now and then the minute that a wait for loading may take."""
        for _ in range(ticks):
            self.now += TICK_S
            if alive:
                for member in self.room.members:
                    if member.online:
                        member.last_seen_s = self.now
            self.take(self.room.tick(self.now))
            self.watch_the_wait()

    @rule(index=indices)
    def ping(self, index: int) -> None:
        self.send(index, Ping(1.0, rtt_p95_s=0.2))

    @precondition(lambda self: self.term < 3)
    @rule()
    def move_to_another_node(self) -> None:
        """The node dies; another takes over from the snapshot under the next lease."""
        saved = json.loads(json.dumps(self.room.snapshot()))
        before = self.room.timeline
        self.term += 1
        self.room = Room.restore(saved, now=self.now, new_token=self.new_token, term=self.term)
        assert self.room.timeline.epoch > before.epoch
        assert not any(member.online for member in self.room.members)
        self.waiting_since_s = None

    def watch_the_wait(self) -> None:
        """The room never waits longer than it said, and says no later than a minute."""
        waiting = self.room._state.waiting
        if waiting is None:
            self.waiting_since_s = None
            return
        if self.waiting_since_s is None:
            self.waiting_since_s = self.now
        limit = FIRST_LOAD_WAIT_S if waiting.kind == "load" else REBUFFER_WAIT_S
        assert self.now - self.waiting_since_s <= limit
        assert self.now < waiting.until_s

    @invariant()
    def the_epoch_only_grows(self) -> None:
        assert self.room.timeline.epoch >= self.epoch
        self.epoch = self.room.timeline.epoch

    @invariant()
    def the_host_is_a_member_or_nobody(self) -> None:
        host_id = self.room.host_id
        assert host_id is None or host_id in {member.id for member in self.room.members}

    @invariant()
    def votes_never_exceed_members(self) -> None:
        vote = self.room._state.vote
        if vote is not None:
            assert vote.eligible
            assert vote.yes | vote.no <= vote.eligible
            assert vote.eligible <= {member.id for member in self.room.members if member.online}
            assert not vote.yes & vote.no

    @invariant()
    def a_room_that_waits_does_not_play(self) -> None:
        state = self.room._state
        if state.waiting is not None:
            assert not state.timeline.playing
            assert state.wants_play


RoomMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestRoom = RoomMachine.TestCase
