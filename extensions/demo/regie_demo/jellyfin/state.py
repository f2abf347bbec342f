"""What the stub server knows: its sessions, and how they move between two reports of a player."""

import hashlib
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from regie_demo.catalogue import Catalogue, Title, guid
from regie_demo.people import Person, Player

IDLE = timedelta(minutes=5)
"""A session whose player has been silent for longer is stopped by a timer of the same period."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Transcode:
    """What the encoder makes for one device."""

    video_codec: str
    audio_codec: str
    container: str
    video_direct: bool
    audio_direct: bool
    bitrate_kbps: int
    width: int | None = None
    height: int | None = None
    channels: int = 2
    encoder_fps: float | None = None
    hardware: str = "none"
    reasons: tuple[str, ...] = ()
    completion: float = 0.0


@dataclass(slots=True)
class NowPlaying:
    """One item that plays, as the server sees it."""

    title: Title
    method: str
    position_s: float
    moved_at: datetime
    check_in: datetime
    paused_since: datetime | None = None
    transcode: Transcode | None = None

    def position_at(self, now: datetime) -> float:
        """Between reports the server lets the position run on, up to the runtime."""
        if self.paused_since:
            return self.position_s
        return min(self.position_s + (now - self.moved_at).total_seconds(), float(self.title.runtime_s))


@dataclass(slots=True)
class StubSession:
    """One signed-in player."""

    player: Player
    user: Person
    last_activity: datetime
    playing: NowPlaying | None = None

    @property
    def id(self) -> str:
        """The id that the server derives: a .NET Guid of the MD5 of client and device id in UTF-16."""
        text = (self.player.client + self.player.device_id).encode("utf-16-le")
        return uuid.UUID(bytes_le=hashlib.md5(text, usedforsecurity=False).digest()).hex


@dataclass(frozen=True, slots=True)
class Command:
    """Something that a remote control told a session to do."""

    session_id: str
    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class PlaybackEvent:
    """A start, progress or stop, as the server's plugins hear of it."""

    name: str
    session: StubSession
    playing: NowPlaying
    position_s: float
    completed: bool = False


@dataclass
class ServerState:
    """All that one stub server knows; `listeners` hear each change that the real server pushes at once."""

    clock: Clock
    catalogue: Catalogue = field(default_factory=Catalogue)
    people: tuple[Person, ...] = ()
    name: str = "Demo house"
    version: str = "10.11.11"
    passwords: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.id = guid("server", self.name)
        self.started = self.clock()
        self.sessions: dict[str, StubSession] = {}
        self.api_keys: dict[str, tuple[str, datetime]] = {}
        self.tokens: dict[str, Person] = {}
        self.commands: list[Command] = []
        self.listeners: list[Callable[[], None]] = []
        self.event_listeners: list[Callable[[PlaybackEvent], None]] = []
        self.command_listeners: list[Callable[[Command], None]] = []
        self._idle_check_at = self.started + IDLE

    @property
    def is_12(self) -> bool:
        """Whether it behaves as the twelfth version does."""
        return int(self.version.partition(".")[0]) >= 12

    def issue_key(self, app: str) -> str:
        """Make an API key."""
        key = secrets.token_hex(16)
        self.api_keys[key] = (app, self.clock())
        return key

    def sign_in(self, name: str, password: str) -> tuple[Person, str] | None:
        """A person and a new token, or None when the password is wrong."""
        for person in self.people:
            if person.name.casefold() == name.casefold() and self.passwords.get(person.name, "") == password:
                token = secrets.token_hex(16)
                self.tokens[token] = person
                return person, token
        return None

    def session_of(self, user: Person, player: Player) -> StubSession:
        """The session of a player, made when it is new."""
        session = StubSession(player, user, self.clock())
        known = self.sessions.get(session.id)
        if known is None:
            self.sessions[session.id] = known = session
            self.changed()
        return known

    def start(
        self, session: StubSession, title: Title, *, position_s: float = 0.0, transcode: Transcode | None = None
    ) -> None:
        """The player says that it starts a title."""
        now = self.clock()
        session.playing = NowPlaying(title, _method(transcode), position_s, now, now, transcode=transcode)
        session.last_activity = now
        self._tell("PlaybackStart", session, session.playing, position_s)
        self.changed()

    def progress(self, session: StubSession, title: Title, position_s: float, *, paused: bool = False) -> None:
        """The player reports; a report for a title that the server has forgotten starts it as direct play."""
        now = self.clock()
        playing = session.playing
        if playing is None or playing.title.id != title.id:
            playing = session.playing = NowPlaying(title, "DirectPlay", position_s, now, now)
        if paused:
            playing.paused_since = playing.paused_since or now
        else:
            playing.paused_since = None
        playing.position_s, playing.moved_at, playing.check_in = position_s, now, now
        session.last_activity = now
        self._tell("PlaybackProgress", session, playing, position_s)
        self.changed()

    def transcode(self, session: StubSession, transcode: Transcode | None) -> None:
        """Change what the encoder does; heard with the next report."""
        if session.playing:
            session.playing.transcode = transcode
            session.playing.method = _method(transcode)

    def stop(self, session: StubSession, position_s: float) -> None:
        """The player says that it stops."""
        playing, session.playing = session.playing, None
        session.last_activity = self.clock()
        if playing:
            completed = position_s > 0.9 * playing.title.runtime_s
            self._tell("PlaybackStop", session, playing, position_s, completed=completed)
        self.changed()

    def leave(self, session: StubSession) -> None:
        """The player signs off."""
        self.sessions.pop(session.id, None)
        self.changed()

    def forget(self) -> None:
        """What a restart does: sessions are gone, accounts and keys stay."""
        self.sessions.clear()
        self.started = self.clock()

    def stop_idle(self) -> None:
        """The five-minute timer: sessions whose player is silent for longer end now, as late as that."""
        now = self.clock()
        if now < self._idle_check_at:
            return
        self._idle_check_at = now + IDLE
        for session in list(self.sessions.values()):
            if (playing := session.playing) and now - playing.check_in > IDLE:
                position = playing.position_s if self.is_12 else playing.position_at(now)
                self.stop(session, position)

    def command(self, command: Command) -> None:
        """Hand a remote command to the player; the server never knows whether it was heeded."""
        self.commands.append(command)
        for listener in list(self.command_listeners):
            listener(command)

    def changed(self) -> None:
        """Tell those who wait for an edge."""
        for listener in list(self.listeners):
            listener()

    def _tell(
        self, name: str, session: StubSession, playing: NowPlaying, position_s: float, *, completed: bool = False
    ) -> None:
        event = PlaybackEvent(name, session, playing, position_s, completed)
        for listener in list(self.event_listeners):
            listener(event)


def _method(transcode: Transcode | None) -> str:
    return "Transcode" if transcode else "DirectPlay"
