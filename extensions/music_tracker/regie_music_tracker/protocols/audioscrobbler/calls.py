"""What an AudioScrobbler 2.0 client can ask.

Failure: a request that is refused, with one of the API's own codes.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from hmac import compare_digest
from typing import Self

from regie_music_tracker.protocols.wire import md5
from regie_music_tracker.submission import Submission


class Code(IntEnum):
    """The API's own numbers for what went wrong."""

    NO_SUCH_METHOD = 3
    AUTHENTICATION = 4
    BAD_PARAMETERS = 6
    FAILED = 8
    BAD_SESSION = 9
    BAD_API_KEY = 10
    OFFLINE = 11
    BAD_SIGNATURE = 13
    UNAUTHORIZED_TOKEN = 14
    TEMPORARY = 16
    RATE_LIMIT = 29


# What a client repeats later must not look like a definite answer to programs that read the status only.
STATUS = {Code.OFFLINE: 503, Code.TEMPORARY: 503, Code.RATE_LIMIT: 503, Code.FAILED: 500}


class Failure(Exception):
    """A request that is refused."""

    def __init__(self, code: Code, message: str, form: "Form | None" = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.form = form or Form.XML

    def within(self, form: "Form") -> Self:
        """The same failure, told in the format that was asked for."""
        self.form = form
        return self


class Form(StrEnum):
    """The format of an answer."""

    XML = "xml"
    JSON = "json"


class Ignored(IntEnum):
    """Why a scrobble was not taken; 0 where it was."""

    ACCEPTED = 0
    ARTIST = 1
    TRACK = 2
    TOO_OLD = 3
    TOO_NEW = 4
    DAILY_LIMIT = 5


@dataclass(frozen=True, slots=True)
class Item:
    """One track as sent; `timestamp` is None for what plays now."""

    artist: str
    track: str
    timestamp: int | None = None
    album: str = ""
    album_artist: str = ""
    track_number: int | None = None
    mbid: str = ""
    duration_s: float | None = None
    chosen_by_user: bool = True

    def submission(self, user: str, source: str, now: int) -> Submission:
        """The raw row of this item; one that plays now starts now."""
        return Submission(
            user,
            source,
            now if self.timestamp is None else self.timestamp,
            self.artist,
            self.track,
            album=self.album,
            album_artist=self.album_artist,
            track_number=self.track_number,
            recording_mbid=self.mbid,
            length_s=self.duration_s,
        )


@dataclass(frozen=True, slots=True)
class MobileSession:
    """A session for a name and a password, or for the older proof that knows only md5(password)."""

    username: str
    password: str
    auth_token: str

    def proves(self, secret: str) -> bool:
        """Whether the client knows this app token."""
        return self.proves_md5(md5(secret))

    def proves_md5(self, secret_md5: str) -> bool:
        """The same, where only md5(app token) is kept."""
        if self.auth_token:
            return compare_digest(self.auth_token.lower().encode(), md5(self.username + secret_md5).encode())
        return bool(self.password) and compare_digest(md5(self.password).encode(), secret_md5.encode())


@dataclass(frozen=True, slots=True)
class GetToken:
    """A token that a person approves in the browser."""


@dataclass(frozen=True, slots=True)
class GetSession:
    """A session for an approved token."""

    token: str


@dataclass(frozen=True, slots=True)
class Scrobble:
    """Take these in."""

    session: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class UpdateNowPlaying:
    """This plays now."""

    session: str
    item: Item


@dataclass(frozen=True, slots=True)
class Love:
    """Love a track, or no longer."""

    session: str
    artist: str
    track: str
    is_loved: bool


@dataclass(frozen=True, slots=True)
class RecentTracks:
    """A page of a history: `since` inclusive, `until` exclusive; None is no bound."""

    user: str
    limit: int
    page: int
    since: int | None
    until: int | None
    is_extended: bool


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Who a user is; empty for the session's own."""

    user: str
    session: str


@dataclass(frozen=True, slots=True)
class LovedTracks:
    """A page of what a user loves."""

    user: str
    limit: int
    page: int


@dataclass(frozen=True, slots=True)
class Top:
    """A page of the most played artists, tracks or albums of a period."""

    user: str
    kind: str
    period: str
    limit: int
    page: int


Call = (
    MobileSession
    | GetToken
    | GetSession
    | Scrobble
    | UpdateNowPlaying
    | Love
    | RecentTracks
    | UserInfo
    | LovedTracks
    | Top
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A call, and the format its client reads."""

    call: Call
    form: Form
    api_key: str
