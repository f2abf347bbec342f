"""What a playlist rule may ask of a library."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class LibraryTrack:
    """One track: what it is, and what became of it. Times are Unix seconds; `last_played` None is never."""

    id: str
    title: str
    artist: str
    album: str = ""
    number: int | None = None
    length_s: float | None = None
    year: int | None = None
    genres: frozenset[str] = frozenset()
    recording_mbid: str = ""
    location: str = ""
    plays: int = 0
    last_played: int | None = None
    is_loved: bool = False
    is_owned: bool = False

    @property
    def story(self) -> str:
        """Its history in a few words."""
        if not self.plays or self.last_played is None:
            return "never played"
        times = "once" if self.plays == 1 else f"{self.plays} times"
        return f"played {times}, last in {datetime.fromtimestamp(self.last_played, UTC):%Y-%m}"


@dataclass(frozen=True, slots=True)
class Play:
    """One listen, in the listener's own time."""

    track: str
    at: int
    local_day: date
    local_hour: int


class Library(Protocol):
    """Tracks and plays of one user."""

    def tracks(self) -> Iterable[LibraryTrack]:
        """Every track, in any order."""

    def plays(self, since: int, until: int) -> Iterable[Play]:
        """The listens with since <= at < until."""

    def similar(self, artist: str) -> Mapping[str, float]:
        """Artists like this one, with how much (0 to 1); empty where nobody knows."""

    def listed(self, since: date) -> Iterable[str]:
        """The ids of tracks that saved playlists have held since that day."""
