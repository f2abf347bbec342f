"""What a ListenBrainz client can ask.

ApiError: a request that is refused, with the status and the message that its client sees.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from regie_music_tracker.submission import Submission
from regie_music_tracker.values import text, texts, whole

# Names the space of our recording ids; made once, by chance.
_RECORDINGS = UUID("6f0f8a3a-6d0b-4d0e-9c65-0d4f5f2f9a11")


class ApiError(Exception):
    """A request that is refused."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    @classmethod
    def unauthorized(cls) -> "ApiError":
        """The token is missing or unknown."""
        return cls(401, "You need to provide a valid user token.")

    @classmethod
    def unknown_user(cls, user: str) -> "ApiError":
        """Nobody of this name has a history here."""
        return cls(404, f"Cannot find user: {user}")

    @classmethod
    def busy(cls) -> "ApiError":
        """Trouble that passes: the one status after which every client keeps the listen and tries again."""
        return cls(503, "The service is temporarily unavailable, try again later.")


class ListenType(StrEnum):
    """What a submission is."""

    SINGLE = "single"
    IMPORT = "import"
    PLAYING_NOW = "playing_now"


def recording_msid(artist: str, track: str, release: str = "") -> str:
    """The stable id of a recording that is known by its words only."""
    return str(uuid5(_RECORDINGS, f"{artist}\x1f{track}\x1f{release}".casefold()))


@dataclass(frozen=True, slots=True)
class SubmittedListen:
    """One listen as sent; `listened_at` is None for what plays now."""

    listened_at: int | None
    artist: str
    track: str
    release: str
    additional_info: Mapping[str, Any]

    @property
    def msid(self) -> str:
        """The recording's stable id."""
        return recording_msid(self.artist, self.track, self.release)

    def submission(self, user: str, source: str, now: int) -> Submission:
        """The raw row of this listen; one that plays now starts now."""
        info = self.additional_info
        return Submission(
            user,
            source,
            now if self.listened_at is None else self.listened_at,
            self.artist,
            self.track,
            artists=texts(info.get("artist_names")),
            artist_mbids=tuple(info.get("artist_mbids") or ()),
            album=self.release,
            album_artist=text(info.get("release_artist_name")) or text(info.get("albumartist")),
            recording_mbid=text(info.get("recording_mbid")),
            release_mbid=text(info.get("release_mbid")),
            isrc=text(info.get("isrc")),
            track_number=_number(info.get("tracknumber")),
            length_s=self.length_s,
            played_s=float(_number(info.get("duration_played")) or 0) or None,
            raw={"additional_info": dict(info)},
        )

    @property
    def length_s(self) -> float | None:
        """The length of the recording, if given."""
        if milliseconds := _number(self.additional_info.get("duration_ms")):
            return milliseconds / 1000
        return float(_number(self.additional_info.get("duration")) or 0) or None


def _number(value: object) -> int | None:
    """A whole number above 0, also from text like "3/12"."""
    return whole(value.partition("/")[0] if isinstance(value, str) else value)


@dataclass(frozen=True, slots=True)
class ValidateToken:
    """Whose token it is."""

    token: str


@dataclass(frozen=True, slots=True)
class SubmitListens:
    """Take these listens in."""

    token: str
    listen_type: ListenType
    listens: tuple[SubmittedListen, ...]


@dataclass(frozen=True, slots=True)
class GetListens:
    """A page of a history: the `count` listens right before `max_ts`, or right after `min_ts`; both exclusive."""

    user: str
    count: int
    max_ts: int | None
    min_ts: int | None


@dataclass(frozen=True, slots=True)
class GetListenCount:
    """How many listens there are."""

    user: str


@dataclass(frozen=True, slots=True)
class GetPlayingNow:
    """What plays now."""

    user: str


@dataclass(frozen=True, slots=True)
class DeleteListen:
    """Take a listen back."""

    token: str
    listened_at: int
    recording_msid: str


@dataclass(frozen=True, slots=True)
class RecordingFeedback:
    """Love (1), hate (-1) or neither (0) a recording, named by one of the two ids."""

    token: str
    recording_mbid: str
    recording_msid: str
    score: int


@dataclass(frozen=True, slots=True)
class GetFeedback:
    """What a user loves and hates; `score` None is both."""

    user: str
    score: int | None
    count: int
    offset: int


@dataclass(frozen=True, slots=True)
class GetLatestImport:
    """Up to when was imported."""

    user: str


@dataclass(frozen=True, slots=True)
class SetLatestImport:
    """Imported up to here."""

    token: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class GetStats:
    """The most played of `entity` in `span`."""

    user: str
    entity: str
    span: str
    count: int
    offset: int


Call = (
    ValidateToken
    | SubmitListens
    | GetListens
    | GetListenCount
    | GetPlayingNow
    | DeleteListen
    | RecordingFeedback
    | GetFeedback
    | GetLatestImport
    | SetLatestImport
    | GetStats
)
