"""What a player says was played: the raw row, kept for ever, from which listens are derived."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

# 2002-10-01 UTC: nobody scrobbled before, so an earlier stamp is a player's unset clock.
EARLIEST = 1_033_430_400
CLOCK_SKEW_S = 3600


class Stamp(StrEnum):
    """Which end of a play a time stamp marks."""

    START = "start"
    END = "end"


class Evidence(StrEnum):
    """What kind of word a row is, which decides whether the threshold is ours to judge."""

    SCROBBLE = "scrobble"  # a scrobbling client: its own threshold is trusted
    PLAYER = "player"  # a player's event or our own polling
    EXPORT = "export"  # an export that lists every start, skipped or not


class RowKey(NamedTuple):
    """Names one raw row: the same key again is the same submission again."""

    user: str
    source: str
    start: int
    artist: str
    title: str


@dataclass(frozen=True, slots=True)
class Submission:
    """One raw row. `at` is a Unix time; `precision_s` 60 where a source gives minutes only; empty text is "not given"."""

    user: str
    source: str
    at: int
    artist: str
    title: str
    artists: tuple[str, ...] = ()
    artist_mbids: tuple[str, ...] = ()
    album: str = ""
    album_artist: str = ""
    recording_mbid: str = ""
    release_mbid: str = ""
    isrc: str = ""
    track_number: int | None = None
    length_s: float | None = None
    played_s: float | None = None
    stamp: Stamp = Stamp.START
    precision_s: int = 1
    evidence: Evidence = Evidence.SCROBBLE
    loved: bool = False
    source_key: str = ""
    import_id: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def start(self) -> int:
        """When the play began: an end stamp less what was played, or less the length."""
        if self.stamp is Stamp.START:
            return self.at
        return self.at - round(self.played_s or self.length_s or 0)

    @property
    def key(self) -> RowKey:
        """The row's name."""
        return RowKey(self.user, self.source, self.start, self.artist, self.title)

    @property
    def richness(self) -> tuple[int, str]:
        """Orders two rows of one key: the one that says more is kept, whichever came first."""
        said: tuple[object, ...] = (
            *(self.artists, self.artist_mbids, self.album, self.album_artist, self.track_number, self.loved),
            *(self.recording_mbid, self.release_mbid, self.isrc, self.length_s, self.played_s),
        )
        return sum(bool(part) for part in said), repr(self)
