"""A library in memory."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import pytest

from regie_music_tracker.playlists.library import LibraryTrack, Play


@dataclass
class MemoryLibrary:
    """Tracks, plays, likeness and past playlists."""

    known: list[LibraryTrack] = field(default_factory=list)
    heard: list[Play] = field(default_factory=list)
    alike: dict[str, dict[str, float]] = field(default_factory=dict)
    past: dict[date, list[str]] = field(default_factory=dict)

    def add(self, track: LibraryTrack, *times: datetime) -> None:
        """A track, and when it was played."""
        stamps = [int(time.timestamp()) for time in times]
        plays = track.plays or len(stamps)
        self.known.append(replace(track, plays=plays, last_played=max(stamps, default=track.last_played)))
        pairs = zip(times, stamps, strict=True)
        self.heard += [Play(track.id, stamp, time.date(), time.hour) for time, stamp in pairs]

    def tracks(self) -> Iterable[LibraryTrack]:
        return iter(self.known)

    def plays(self, since: int, until: int) -> Iterable[Play]:
        return (play for play in self.heard if since <= play.at < until)

    def similar(self, artist: str) -> Mapping[str, float]:
        return self.alike.get(artist, {})

    def listed(self, since: date) -> Iterable[str]:
        return [track for day, tracks in self.past.items() if day >= since for track in tracks]

    def counts(self) -> Counter[str]:
        """Tracks by artist."""
        return Counter(track.artist for track in self.known)


@pytest.fixture
def library() -> MemoryLibrary:
    return MemoryLibrary()
