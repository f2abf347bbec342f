"""The members of a room: their seats, what they may do, and who is next in line."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from regie_watch_party.limits import TokenBucket
from regie_watch_party.protocol import MemberState, Mode, Permission

# A member has a say only after agreeing with the room for this long: a joiner's player often reports a false start.
AGREEMENT_S = 1.5
AGREEMENT_TOLERANCE_S = 1.0
MESSAGES_PER_S = 30.0
MESSAGES_BURST = 60.0
# Refused messages beyond this are a flood.
REFUSALS_PER_S = 5.0
REFUSALS_BURST = 200.0
CHAT_PER_S = 1.0
CHAT_BURST = 5.0


@dataclass(slots=True)
class Member:
    """One seat."""

    id: str
    user_id: str
    name: str
    joined_s: float
    last_seen_s: float
    resume_hash: str
    may_host: bool = True
    online: bool = True
    offline_since_s: float = 0.0
    granted: frozenset[Permission] = frozenset()
    muted: bool = False
    wait_for: bool = True
    has_say: bool = False
    agreed_since_s: float | None = None
    stalled_since_s: float | None = None
    given_up_s: float = -math.inf  # when the room last went on without this member
    ready_epoch: int = -1
    lag_s: float | None = None
    rtt_p95_s: float = 0.0
    last_epoch: int = 0
    messages: TokenBucket = field(default_factory=lambda: TokenBucket(MESSAGES_PER_S, MESSAGES_BURST))
    refusals: TokenBucket = field(default_factory=lambda: TokenBucket(REFUSALS_PER_S, REFUSALS_BURST))
    warned_s: float = -1.0
    chats: TokenBucket = field(default_factory=lambda: TokenBucket(CHAT_PER_S, CHAT_BURST))

    def agree(self, now: float, *, close: bool) -> bool:
        """Take one comparison with the room; True if the member has just got a say."""
        if self.has_say:
            return False
        if not close:
            self.agreed_since_s = None
            return False
        if self.agreed_since_s is None:
            self.agreed_since_s = now
        self.has_say = now - self.agreed_since_s >= AGREEMENT_S
        return self.has_say

    def state(self, host_id: str | None) -> MemberState:
        """As the others see it."""
        return MemberState(
            id=self.id,
            name=self.name,
            online=self.online,
            host=self.id == host_id,
            permissions=tuple(sorted(self.granted)),
            has_say=self.has_say,
            muted=self.muted,
            stalled=self.stalled_since_s is not None,
            wait_for=self.wait_for,
        )


def elect(members: Iterable[Member]) -> Member | None:
    """The longest-standing online member that may host; ties by id, so that every node elects the same."""
    candidates = [member for member in members if member.online and member.may_host]
    return min(candidates, key=lambda member: (member.joined_s, member.id), default=None)


def may(member: Member, permission: Permission, *, host_id: str | None, mode: Mode, locked: bool) -> bool:
    """Whether a member may do something, by the room's mode and lock."""
    if member.id == host_id:
        return True
    if locked:
        return False
    if permission is Permission.MODERATE:
        return permission in member.granted
    if mode in {Mode.FREE_PLAY, Mode.CONSENSUS}:
        return True
    return mode is Mode.CO_HOSTS and permission in member.granted
