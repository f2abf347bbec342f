"""What the house has, fetches and has given up: the facts that decisions weigh."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from .release import ReleaseName
from .works import Episode


class File(NamedTuple):
    """One file of a torrent."""

    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A search result, its name understood."""

    release: ReleaseName
    seeders: int = 0
    size_bytes: int = 0
    hash: str | None = None
    indexer: str = ""
    ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    published_at: datetime | None = None
    files: tuple[File, ...] | None = None

    @property
    def name(self) -> str:
        """The release name."""
        return self.release.name


class Grab(NamedTuple):
    """A release that was taken once, for good or bad."""

    at: datetime
    name: str
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class Existing:
    """A file of the library, with what was known when it was grabbed: later knowledge never changes its score."""

    name: str
    points: int
    episodes: frozenset[Episode] = frozenset()
    hash: str | None = None
    group: str | None = None
    version: int = 1
    history: tuple[Grab, ...] = ()

    def older_than(self, now: datetime, days: int) -> bool:
        """Whether its last grab lies further back; a file without a history is of no known age."""
        return bool(self.history) and max(grab.at for grab in self.history) < now - timedelta(days=days)

    def knows(self, name: str, mark: str | None) -> bool:
        """Whether a release with this name or hash was grabbed for it before."""
        taken = [(self.name, self.hash), *((grab.name, grab.hash) for grab in self.history)]
        hashes = {known.casefold() for _, known in taken if known}
        return name.casefold() in {known.casefold() for known, _ in taken} or (mark or "").casefold() in hashes


@dataclass(frozen=True, slots=True)
class Queued:
    """A download on its way."""

    name: str
    points: int
    episodes: frozenset[Episode] = frozenset()
    hash: str | None = None
    left_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Library:
    """All of it, for one wanted work."""

    existing: tuple[Existing, ...] = ()
    queue: tuple[Queued, ...] = ()
    blocked: frozenset[str] = frozenset()
    free_bytes: int | None = None
    reserve_bytes: int = 1_000_000_000

    def blocks(self, candidate: Candidate) -> bool:
        """Whether a release failed before, by its hash or its name."""
        marks = {candidate.name.casefold(), (candidate.hash or "").casefold()} - {""}
        return bool(marks & {blocked.casefold() for blocked in self.blocked})
