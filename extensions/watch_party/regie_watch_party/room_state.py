"""What a room knows, and how it speaks; the rules that change it are in the modules beside."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from regie_watch_party.limits import PasswordThrottle
from regie_watch_party.members import Member
from regie_watch_party.protocol import (
    ChangeReason,
    ChatLine,
    ErrorMessage,
    HostChanged,
    HostReason,
    Item,
    MembersChanged,
    Mode,
    Options,
    OptionsChanged,
    Outbound,
    TimelineChanged,
)
from regie_watch_party.quorum import Rules, Waiting
from regie_watch_party.timeline import Timeline, start_lead_s
from regie_watch_party.votes import Vote

CHAT_KEPT = 50
HOST_CLAIM_S = 600.0

CloseReason = Literal["left", "kicked", "silent", "flood", "replaced", "closed"]


@dataclass(frozen=True, slots=True)
class Send:
    """A message to these members; serialise it once."""

    to: tuple[str, ...]
    message: Outbound
    seq: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close a member's socket."""

    member: str
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class Expired:
    """The room has been empty for too long; forget it."""


Action = Send | Close | Expired


@dataclass(frozen=True, slots=True)
class HostClaim:
    """Who was the host may come back as the host for a while."""

    user_id: str
    until_s: float


@dataclass(slots=True)
class RoomState:
    """One room; every method notes its actions in `actions`, which the caller of the room takes away."""

    id: str
    options: Options
    new_token: Callable[[], str]
    timeline: Timeline
    empty_since_s: float | None
    item: Item | None = None
    item_epoch: int = 0
    wants_play: bool = False
    locked: bool = False
    host_id: str | None = None
    host_claim: HostClaim | None = None
    queue: list[Item] = field(default_factory=list)
    members: dict[str, Member] = field(default_factory=dict)
    banned: set[str] = field(default_factory=set)
    chat: deque[ChatLine] = field(default_factory=lambda: deque(maxlen=CHAT_KEPT))
    vote: Vote | None = None
    votes_held: int = 0
    waiting: Waiting | None = None
    last_seek: tuple[float, str] | None = None
    throttle: PasswordThrottle = field(default_factory=PasswordThrottle)
    lags: dict[str, int] = field(default_factory=dict)
    lags_sent_s: float = 0.0
    seq: int = 0
    actions: list[Action] = field(default_factory=list)

    def online(self) -> tuple[str, ...]:
        """The ids of those who are connected."""
        return tuple([member.id for member in self.members.values() if member.online])

    def rules(self) -> Rules:
        """What decides about waiting, now."""
        return Rules(self.options.mode, self.options.wait, self.host_id)

    def by_consensus(self) -> bool:
        """Whether members vote; a lock leaves it to the host alone."""
        return self.options.mode is Mode.CONSENSUS and not self.locked

    def lead_s(self) -> float:
        """How far ahead a start must be set for everybody to hear of it in time."""
        worst = max((member.rtt_p95_s for member in self.members.values() if member.online), default=0.0)
        return start_lead_s(worst)

    def send(self, member_id: str, message: Outbound) -> None:
        """Say something to one member."""
        self.seq += 1
        self.actions.append(Send((member_id,), message, self.seq, self.timeline.epoch))

    def broadcast(self, message: Outbound) -> None:
        """Say something to everybody who is connected."""
        if to := self.online():
            self.seq += 1
            self.actions.append(Send(to, message, self.seq, self.timeline.epoch))

    def refuse(self, member: Member, code: str, message: str) -> None:
        """Tell a member why nothing happened."""
        self.send(member.id, ErrorMessage(code, message))

    def change(
        self, timeline: Timeline, reason: ChangeReason, by: Member | None = None, *, forced: bool = False
    ) -> None:
        """Put a new timeline in force."""
        self.timeline = timeline
        self.broadcast(TimelineChanged(timeline, reason, by.id if by else None, forced))

    def tell_timeline(self, member: Member) -> None:
        """Send a member the timeline in force."""
        self.send(member.id, TimelineChanged(self.timeline, "sync"))

    def show(self, *members: Member, gone: Iterable[str] = ()) -> None:
        """Tell everybody what is new about members."""
        self.broadcast(MembersChanged(tuple([member.state(self.host_id) for member in members]), tuple(gone)))

    def show_options(self) -> None:
        """Tell everybody the options and the lock."""
        self.broadcast(OptionsChanged(self.options, self.locked))

    def make_host(self, member: Member | None, reason: HostReason) -> None:
        """Give the role to a member, or to nobody."""
        self.host_id = member.id if member else None
        self.broadcast(HostChanged(reason, self.host_id))
