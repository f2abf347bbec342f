"""The roles through which integrations and extensions meet, and the words that they exchange.

An integration *provides* a role (`ctx.provide(MediaServer, server)`), an extension *uses* it (`ctx.roles(MediaServer)`,
`ctx.on_role(MediaServer, added)`); neither imports the other.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

Source = Literal["websocket", "polling", "webhook"]
"""How an observation reached us."""

MediaKind = Literal[
    "movie", "episode", "track", "music_video", "live_tv", "trailer", "audiobook", "book", "photo", "video"
]
"""What is played; a kind that the integration does not know is `video`."""

Method = Literal["direct_play", "remux", "direct_stream", "transcode"]
"""What the server does with a stream: nothing, another container, audio only, or video too."""


@dataclass(frozen=True, slots=True)
class MediaUser:
    """A person's account on a media server."""

    id: str
    name: str
    is_admin: bool = False
    is_disabled: bool = False
    image_tag: str | None = None


@dataclass(frozen=True, slots=True)
class Library:
    """A library (a top folder) of a media server; `kind` is the server's word, such as `movies`."""

    id: str
    name: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class MediaItem:
    """One item as a catalogue lists it or a session plays it. Ids are the server's; `runtime_s` is None when unknown."""

    id: str
    kind: MediaKind
    title: str
    runtime_s: float | None = None
    year: int | None = None
    series_id: str | None = None
    series: str | None = None
    season: int | None = None
    episode: int | None = None
    album: str | None = None
    artist: str | None = None
    library_id: str | None = None
    provider_ids: Mapping[str, str] = field(default_factory=dict)
    image_tag: str | None = None
    extra_type: str | None = None
    """The server's word for theme songs and other extras, which never count as plays."""


@dataclass(frozen=True, slots=True)
class Track:
    """One elementary stream of the source or of what the viewer receives."""

    codec: str = ""
    width: int | None = None
    height: int | None = None
    channels: int | None = None
    language: str | None = None
    dynamic_range: str | None = None
    """HDR10, DolbyVision, HLG …; None for standard range."""
    frame_rate: float | None = None


@dataclass(frozen=True, slots=True)
class StreamShape:
    """What the server does with a stream: source, target and why. A target of None means the source is passed through."""

    method: Method | None = None
    container: str = ""
    video: Track | None = None
    audio: Track | None = None
    subtitle: Track | None = None
    target_container: str | None = None
    target_video: Track | None = None
    target_audio: Track | None = None
    reasons: tuple[str, ...] = ()
    """The server's transcode reasons, verbatim; unknown ones survive."""
    hardware: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One player that plays one item, as the server reports it at one moment."""

    id: str
    user: MediaUser
    client: str
    device: str
    device_id: str
    item: MediaItem
    position_s: float | None = None
    is_paused: bool = False
    address: str | None = None
    app_version: str = ""
    last_check_in: datetime | None = None
    """When the player itself last reported (UTC); between reports the server guesses the position."""
    paused_since: datetime | None = None
    shape: StreamShape = field(default_factory=StreamShape)
    bitrate_kbps: int | None = None
    encoder_fps: float | None = None
    """Frames a second that the encoder makes; None when nothing is encoded, or the encoder has finished."""
    other_users: tuple[MediaUser, ...] = ()
    can_be_controlled: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All sessions that play something, at `at` (UTC). `after_outage`: the first one since the source was lost."""

    at: datetime
    sessions: tuple[Session, ...]
    source: Source
    after_outage: bool = False


@dataclass(frozen=True, slots=True)
class PlaybackSignal:
    """One start, progress or stop that the server pushed by webhook, at `at` (its own UTC time stamp)."""

    at: datetime
    kind: Literal["start", "progress", "stop"]
    session: Session
    completed: bool | None = None
    """What a stop says of having been played to the end."""
    stamp: str = ""
    """The event's time stamp verbatim: the same signal twice has the same one."""


@dataclass(frozen=True, slots=True)
class Outage:
    """The source was lost at `at` (UTC); this alone ends no play."""

    at: datetime
    reason: str = ""


Observation = Snapshot | PlaybackSignal | Outage


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """How we are connected: `live` by websocket, `polling` with the reason, `down` with the reason."""

    state: Literal["connecting", "live", "polling", "down"]
    reason: str = ""
    since: datetime | None = None
    last_event: datetime | None = None


@runtime_checkable
class MediaServer(Protocol):
    """A server that plays media to people. Ids are stable across restarts; calls raise `regie.api.NotReady` when it is down."""

    id: str
    """The server's own id."""
    name: str
    version: str
    entry_id: str
    status: ServerStatus

    def observe(self, listener: Callable[[Observation], None]) -> Callable[[], None]:
        """Call `listener` with each observation, in order; what returns ends it. The newest snapshot comes at once, if any."""

    async def users(self) -> Sequence[MediaUser]:
        """All accounts."""

    async def libraries(self) -> Sequence[Library]:
        """All libraries."""

    def items(
        self, library_id: str, *, since: datetime | None = None, start: int = 0
    ) -> AsyncIterator[Sequence[MediaItem]]:
        """The items of a library in pages, from position `start`, or those saved since a moment."""

    async def message(self, session_id: str, text: str, *, header: str = "", timeout_s: float = 10) -> None:
        """Show a text on the player; raises `ServiceError` when the player cannot show any."""

    async def pause(self, session_id: str) -> None:
        """Pause the player."""

    async def stop(self, session_id: str) -> None:
        """Stop the player."""

    async def image(self, item_id: str, *, kind: str = "Primary", width: int = 300, tag: str = "") -> tuple[bytes, str]:
        """An artwork's bytes and content type; raises `NotFound` when there is none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address is. `local`: not on the public internet, so nowhere on the map."""

    country: str | None = None
    """ISO 3166-1 alpha-2."""
    region: str | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    local: bool = False


@runtime_checkable
class GeoLocator(Protocol):
    """Tells where an address is, without leaving the machine."""

    attribution: str
    """The line that pages with places must show."""

    def locate(self, address: str) -> Place:
        """The place of an address; an empty one when unknown. Never raises."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message for people."""

    title: str
    text: str = ""
    url: str = ""


@runtime_checkable
class Notifier(Protocol):
    """Brings notices to people outside the panel."""

    async def send(self, notice: Notice) -> None:
        """Deliver; raises `ServiceError` with the reason."""
