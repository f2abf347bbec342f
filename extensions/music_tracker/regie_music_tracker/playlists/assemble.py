"""From candidates to a playlist: seeded, clamped, without crowding, topped up, every track explained."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

from regie_music_tracker.playlists.library import DAY_S, Library, LibraryTrack
from regie_music_tracker.text import text_key

LONGEST = 500


@dataclass(frozen=True, slots=True)
class Brief:
    """What is wanted. The same brief on the same day over the same library gives the same playlist."""

    day: date
    seed: str = ""
    length: int = 30
    most_per_artist: int = 3
    days_without_repeat: int = 0
    period_days: int = 365
    subject: str = ""

    @property
    def clamped_length(self) -> int:
        """How many tracks, within reason."""
        return min(max(self.length, 1), LONGEST)

    @property
    def now(self) -> int:
        """The end of the day, Unix time."""
        return int(datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC).timestamp()) + DAY_S

    def chance(self, purpose: str) -> Random:
        """Chance that falls the same way for the same brief on the same day."""
        return Random(f"{purpose}|{self.seed}|{self.day}|{self.subject}")  # noqa: S311


@dataclass(frozen=True, slots=True)
class Candidate:
    """A track that a rule proposes, how strongly, and why."""

    track: LibraryTrack
    weight: float
    why: str


@dataclass(frozen=True, slots=True)
class Pick:
    """A track of a playlist, and why it is there."""

    track: LibraryTrack
    why: str


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist as it was made."""

    title: str
    picks: tuple[Pick, ...]
    day: date


@dataclass(frozen=True, slots=True)
class PlaylistRule:
    """A rule: what it proposes. `is_ordered` keeps the order of weights; else chance decides, by weight.

    `keeps_albums` lifts the limit per artist, which would tear albums apart.
    """

    name: str
    title: str
    propose: Callable[[Library, Brief], Iterable[Candidate]]
    is_ordered: bool = False
    keeps_albums: bool = False


@dataclass(slots=True)
class _Choice:
    """The tracks chosen so far, under the limits of the brief."""

    brief: Brief
    barred: frozenset[str]
    picks: list[Pick] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)
    _artists: Counter[str] = field(default_factory=Counter)

    @property
    def is_full(self) -> bool:
        return len(self.picks) >= self.brief.clamped_length

    def take(self, candidates: Iterable[Candidate], *, crowded: bool = False) -> None:
        """Take candidates in their order as long as there is room; `crowded` lifts the limit per artist."""
        for candidate in candidates:
            if self.is_full:
                return
            track, artist = candidate.track, text_key(candidate.track.artist)
            if track.id in self._ids or track.id in self.barred:
                continue
            if not crowded and self._artists[artist] >= max(self.brief.most_per_artist, 1):
                continue
            self._ids.add(track.id)
            self._artists[artist] += 1
            self.picks.append(Pick(track, candidate.why))


def make(rule: PlaylistRule, library: Library, brief: Brief) -> Playlist:
    """The playlist of a rule; where the rule proposes too little, it is filled up, and says so."""
    proposed = sorted(rule.propose(library, brief), key=lambda one: (-one.weight, one.track.id))
    ordered = proposed if rule.is_ordered else weighted_order(proposed, brief.chance(rule.name))
    return fill(rule.title, ordered, library, brief, crowded=rule.keeps_albums)


def fill(
    title: str, ordered: Sequence[Candidate], library: Library, brief: Brief, *, crowded: bool = False
) -> Playlist:
    """A playlist of candidates in their order, topped up from the library where they do not suffice."""
    choice = _Choice(brief, _barred(library, brief))
    choice.take(ordered, crowded=crowded)
    if not choice.is_full:
        fillers = weighted_order(_fillers(library), brief.chance("fill"))
        choice.take(fillers)
        # Rather many tracks of one artist than a short list.
        choice.take([*ordered, *fillers], crowded=True)
    return Playlist(title, tuple(choice.picks), brief.day)


def _barred(library: Library, brief: Brief) -> frozenset[str]:
    if brief.days_without_repeat < 1:
        return frozenset()
    days = min(brief.days_without_repeat, (brief.day - date.min).days)
    return frozenset(library.listed(brief.day - timedelta(days=days)))


def _fillers(library: Library) -> list[Candidate]:
    tracks = sorted(library.tracks(), key=lambda track: track.id)
    return [Candidate(track, track.plays + 0.1, f"to fill up: {track.story}") for track in tracks]


def weighted_order(candidates: Sequence[Candidate], chance: Random) -> list[Candidate]:
    """Candidates in an order of chance in which weight makes for an early place (Efraimidis and Spirakis, 2006)."""
    keyed = [(chance.random() ** (1 / max(one.weight, 1e-9)), number) for number, one in enumerate(candidates)]
    return [candidates[number] for _, number in sorted(keyed, reverse=True)]
