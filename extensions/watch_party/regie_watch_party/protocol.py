"""The messages between a member and the room, as typed data. Times are seconds, the server's where not said otherwise."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from regie_watch_party.timeline import Count, Rate, Timeline
from regie_watch_party.validation import Bounds, Length

VERSION = 1
MAX_MESSAGE_BYTES = 64 * 1024
# A welcome with a full queue and chat is longer than anything that a member may say.
MAX_ROOM_MESSAGE_BYTES = 1024 * 1024
MAX_CHAT_LENGTH = 500
POSITION_LIMIT_S = 1e6

Identifier = Annotated[str, Length(1, 128)]
Name = Annotated[str, Length(1, 64)]
Secret = Annotated[str, Length(1, 1024)]
PositionS = Annotated[float, Bounds(0, POSITION_LIMIT_S)]
DurationS = Annotated[float, Bounds(0, 1e6)]
LatencyS = Annotated[float, Bounds(0, 60)]
PlayState = Literal["playing", "paused", "stalled", "ended"]
ChangeReason = Literal["play", "pause", "seek", "rate", "item", "wait", "resume", "end", "resync", "sync"]
HostReason = Literal["handed_over", "fail_over", "returned", "joined"]
VoteSubject = Literal["seek", "next", "resume"]
VoteOutcome = Literal["open", "passed", "failed"]
ReactionKind = Annotated[str, Length(1, 16)]


class Mode(StrEnum):
    """Who steers."""

    FOLLOW_HOST = "follow_host"
    FREE_PLAY = "free_play"
    CONSENSUS = "consensus"
    CO_HOSTS = "co_hosts"


class WaitPolicy(StrEnum):
    """For whom the room waits when players run dry."""

    QUORUM = "quorum"
    ALL = "all"
    NOBODY = "nobody"


class Permission(StrEnum):
    """What a host may grant."""

    PLAYBACK = "playback"
    QUEUE = "queue"
    MODERATE = "moderate"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to watch."""

    id: Identifier
    title: Annotated[str, Length(0, 256)] = ""
    duration_s: DurationS | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What the host of a room may set."""

    name: Annotated[str, Length(0, 64)] = ""
    mode: Mode = Mode.FOLLOW_HOST
    wait: WaitPolicy = WaitPolicy.QUORUM
    chat: bool = True
    public: bool = False
    guests: bool = True
    max_members: Annotated[int, Bounds(1, 200)] = 20


@dataclass(frozen=True, slots=True)
class PlayerState:
    """Where a member's player was at a server time; telemetry, never a command."""

    position_s: PositionS
    at_s: float
    play_state: PlayState


# From a member to the room.


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message on a socket: who is there."""

    TYPE: ClassVar = "hello"
    name: Name
    token: Secret | None = None
    player: Annotated[str, Length(0, 64)] = ""


@dataclass(frozen=True, slots=True)
class Resume:
    """Take the held seat back after a cut."""

    TYPE: ClassVar = "resume"
    token: Secret
    last_seq: Count = 0


@dataclass(frozen=True, slots=True)
class CreateRoom:
    """Open a room."""

    TYPE: ClassVar = "create_room"
    options: Options
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class JoinRoom:
    """Take a seat in the room of the envelope."""

    TYPE: ClassVar = "join_room"
    password: Secret | None = None
    invite: Secret | None = None


@dataclass(frozen=True, slots=True)
class LeaveRoom:
    """Give the seat up."""

    TYPE: ClassVar = "leave_room"


@dataclass(frozen=True, slots=True)
class PlayerEvent:
    """A person pressed something; a seek needs the position, a rate change the rate."""

    TYPE: ClassVar = "player_event"
    action: Literal["play", "pause", "seek", "rate"]
    position_s: PositionS | None = None
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class StateUpdate:
    """Telemetry: where the member's player is."""

    TYPE: ClassVar = "state_update"
    state: PlayerState
    reported_latency_s: LatencyS | None = None


@dataclass(frozen=True, slots=True)
class Buffering:
    """The player ran dry, or recovered; `ahead_s` is how much is loaded."""

    TYPE: ClassVar = "buffering"
    on: bool
    ahead_s: DurationS | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The player has the item of this epoch loaded and stands where it should start."""

    TYPE: ClassVar = "ready"
    epoch: Count


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """Send me the timeline again."""

    TYPE: ClassVar = "sync_request"


@dataclass(frozen=True, slots=True)
class ForceResync:
    """The host: everybody to the exact place, now."""

    TYPE: ClassVar = "force_resync"


@dataclass(frozen=True, slots=True)
class HostChange:
    """Hand the room over."""

    TYPE: ClassVar = "host_change"
    member: Identifier


@dataclass(frozen=True, slots=True)
class Grant:
    """Make a member a co-host with these permissions, or none."""

    TYPE: ClassVar = "grant"
    member: Identifier
    permissions: tuple[Permission, ...] = ()


@dataclass(frozen=True, slots=True)
class Kick:
    """Put a member out, for good."""

    TYPE: ClassVar = "kick"
    member: Identifier


@dataclass(frozen=True, slots=True)
class Mute:
    """Take a member's chat and reactions away, or give them back."""

    TYPE: ClassVar = "mute"
    member: Identifier
    on: bool = True


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Whether the room ever waits for a member."""

    TYPE: ClassVar = "wait_for"
    member: Identifier
    on: bool


@dataclass(frozen=True, slots=True)
class Lock:
    """While locked, only the host steers."""

    TYPE: ClassVar = "lock"
    on: bool


@dataclass(frozen=True, slots=True)
class SetOptions:
    """Change the room."""

    TYPE: ClassVar = "set_options"
    options: Options


@dataclass(frozen=True, slots=True)
class Queue:
    """Change what comes next: add an item, remove one, move one to an index, or go on to the next."""

    TYPE: ClassVar = "queue"
    action: Literal["add", "remove", "move", "next"]
    item: Item | None = None
    item_id: Identifier | None = None
    index: Annotated[int, Bounds(0, 256)] | None = None


@dataclass(frozen=True, slots=True)
class Ballot:
    """A voice in the open vote."""

    TYPE: ClassVar = "vote"
    vote: Count
    yes: bool


@dataclass(frozen=True, slots=True)
class Chat:
    """Say something."""

    TYPE: ClassVar = "chat"
    text: Annotated[str, Length(1, MAX_CHAT_LENGTH)]


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji, `raise_hand`, or `ask_pause`."""

    TYPE: ClassVar = "reaction"
    kind: ReactionKind


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask the server's clock; `sent_s` is the member's own clock and comes back as it is."""

    TYPE: ClassVar = "ping"
    sent_s: float
    rtt_p95_s: LatencyS | None = None
    state: PlayerState | None = None


# From the room to a member.


@dataclass(frozen=True, slots=True)
class Pong:
    """The server's clock."""

    TYPE: ClassVar = "pong"
    sent_s: float
    server_s: float


@dataclass(frozen=True, slots=True)
class MemberState:
    """A member as the others see it."""

    id: Identifier
    name: Name
    online: bool
    host: bool
    permissions: tuple[Permission, ...] = ()
    has_say: bool = False
    muted: bool = False
    stalled: bool = False
    wait_for: bool = True


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One line of the chat."""

    member: Identifier
    name: Name
    text: Annotated[str, Length(1, MAX_CHAT_LENGTH)]
    at_s: float


@dataclass(frozen=True, slots=True)
class Welcome:
    """The seat, and everything there is to know; also the answer to a resume."""

    TYPE: ClassVar = "welcome"
    member: Identifier
    resume_token: Secret
    timeline: Timeline
    options: Options
    locked: bool
    members: tuple[MemberState, ...]
    queue: tuple[Item, ...]
    chat: tuple[ChatLine, ...]
    server_s: float


@dataclass(frozen=True, slots=True)
class TimelineChanged:
    """The room's truth has changed; `forced` asks everybody to seek to the exact place."""

    TYPE: ClassVar = "timeline"
    timeline: Timeline
    reason: ChangeReason
    by: Identifier | None = None
    forced: bool = False


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """Members that are new or different, and those that are gone."""

    TYPE: ClassVar = "members"
    changed: tuple[MemberState, ...] = ()
    gone: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a member is behind (positive) or ahead."""

    member: Identifier
    lag_ms: int


@dataclass(frozen=True, slots=True)
class LagDigest:
    """The lags that were measured in the last second."""

    TYPE: ClassVar = "lag"
    lags: tuple[Lag, ...]


@dataclass(frozen=True, slots=True)
class BufferingStart:
    """The room waits, for whom, and until when at the latest."""

    TYPE: ClassVar = "buffering_start"
    waiting_for: tuple[Identifier, ...]
    until_s: float


@dataclass(frozen=True, slots=True)
class BufferingEnd:
    """The room goes on, without whom if the time was up."""

    TYPE: ClassVar = "buffering_end"
    without: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatSaid:
    """Somebody said something."""

    TYPE: ClassVar = "chat"
    line: ChatLine


@dataclass(frozen=True, slots=True)
class Reacted:
    """Somebody reacted."""

    TYPE: ClassVar = "reaction"
    member: Identifier
    kind: ReactionKind


@dataclass(frozen=True, slots=True)
class VoteState:
    """A vote as it stands."""

    TYPE: ClassVar = "vote"
    vote: int
    subject: VoteSubject
    by: Identifier
    yes: int
    no: int
    eligible: int
    needed: int
    outcome: VoteOutcome
    position_s: PositionS | None = None
    closes_s: float | None = None


@dataclass(frozen=True, slots=True)
class HostChanged:
    """Another member is the host, or nobody is."""

    TYPE: ClassVar = "host_change"
    reason: HostReason
    member: Identifier | None = None


@dataclass(frozen=True, slots=True)
class OptionsChanged:
    """The room's options and lock."""

    TYPE: ClassVar = "options"
    options: Options
    locked: bool


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """What comes next."""

    TYPE: ClassVar = "queue"
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Kicked:
    """You were put out."""

    TYPE: ClassVar = "kicked"
    by: Identifier


@dataclass(frozen=True, slots=True)
class RoomClosed:
    """The room is no more."""

    TYPE: ClassVar = "room_closed"
    reason: Literal["expired", "closed"]


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """A message was refused."""

    TYPE: ClassVar = "error"
    code: Annotated[str, Length(1, 32)]
    message: Annotated[str, Length(0, 512)]


Inbound = (
    Hello | Resume | CreateRoom | JoinRoom | LeaveRoom | PlayerEvent | StateUpdate | Buffering | Ready | SyncRequest
    | ForceResync | HostChange | Grant | Kick | Mute | WaitFor | Lock | SetOptions | Queue | Ballot | Chat | Reaction
    | Ping
)  # fmt: skip
Outbound = (
    Pong | Welcome | TimelineChanged | MembersChanged | LagDigest | BufferingStart | BufferingEnd | ChatSaid | Reacted
    | VoteState | HostChanged | OptionsChanged | QueueChanged | Kicked | RoomClosed | ErrorMessage
)  # fmt: skip
