"""What a person decided about their history: rules that are replayed over the raw rows, and so can be taken back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from regie_music_tracker.submission import RowKey, Stamp, Submission
from regie_music_tracker.text import text_key, title_core


@dataclass(frozen=True, slots=True)
class ArtistAlias:
    """`name` is `of`: spellings of one artist, and the merge of two."""

    name: str
    of: str


@dataclass(frozen=True, slots=True)
class Split:
    """The artist line `line` names exactly these artists; one name protects it from being split."""

    line: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrackAlias:
    """`title` by `artist` is the same track as `of` by the same artist."""

    artist: str
    title: str
    of: str


@dataclass(frozen=True, slots=True)
class AlbumAlias:
    """The album `title` by `artist` is `of` by the same artist."""

    artist: str
    title: str
    of: str


@dataclass(frozen=True, slots=True)
class Mute:
    """No listens from this source, of this artist, or (both given) of this artist from this source."""

    source: str = ""
    artist: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """What one row should have said; None leaves a part as it is."""

    row: RowKey
    start: int | None = None
    artist: str | None = None
    title: str | None = None
    album: str | None = None


@dataclass(frozen=True, slots=True)
class Detachment:
    """This row is a listen of its own: the undo of a merge that was wrong."""

    row: RowKey


@dataclass(frozen=True, slots=True)
class Drop:
    """This row makes no listen: a deletion that keeps the raw row."""

    row: RowKey


Rule = ArtistAlias | Split | TrackAlias | AlbumAlias | Mute | Correction | Detachment | Drop


class Rulebook:
    """Rules in force, ready to look up; of two rules about one thing the later holds."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.rules = tuple(rules)

    @cached_property
    def _artists(self) -> dict[str, str]:
        return {text_key(rule.name): rule.of for rule in self.rules if isinstance(rule, ArtistAlias)}

    @cached_property
    def _lines(self) -> dict[str, tuple[str, ...]]:
        splits = (rule for rule in self.rules if isinstance(rule, Split))
        named = ((rule.line, tuple(name for name in rule.names if name.strip())) for rule in splits)
        return {text_key(line): names for line, names in named if names}

    @cached_property
    def _titles(self) -> dict[tuple[str, str], str]:
        rules = (rule for rule in self.rules if isinstance(rule, TrackAlias))
        return {(text_key(self.artist(rule.artist)), title_core(rule.title)): rule.of for rule in rules}

    @cached_property
    def _albums(self) -> dict[tuple[str, str], str]:
        rules = (rule for rule in self.rules if isinstance(rule, AlbumAlias))
        return {(text_key(self.artist(rule.artist)), text_key(rule.title)): rule.of for rule in rules}

    @cached_property
    def _corrections(self) -> dict[RowKey, Correction]:
        merged: dict[RowKey, Correction] = {}
        for rule in self.rules:
            if isinstance(rule, Correction):
                merged[rule.row] = _over(merged.get(rule.row), rule)
        return merged

    @cached_property
    def moved(self) -> frozenset[RowKey]:
        """Rows whose start a correction changes."""
        return frozenset(key for key, rule in self._corrections.items() if rule.start is not None)

    @cached_property
    def detached(self) -> frozenset[RowKey]:
        """Rows that stay alone."""
        return frozenset(rule.row for rule in self.rules if isinstance(rule, Detachment))

    @cached_property
    def dropped(self) -> frozenset[RowKey]:
        """Rows that make no listen."""
        return frozenset(rule.row for rule in self.rules if isinstance(rule, Drop))

    @cached_property
    def _muted(self) -> frozenset[tuple[str, str]]:
        mutes = (rule for rule in self.rules if isinstance(rule, Mute) and (rule.source or rule.artist))
        return frozenset((rule.source, text_key(self.artist(rule.artist)) if rule.artist else "") for rule in mutes)

    def artist(self, name: str) -> str:
        """The name an artist goes by, after all aliases; a circle of aliases ends where it began."""
        seen: set[str] = set()
        while (key := text_key(name)) in self._artists and key not in seen:
            seen.add(key)
            name = self._artists[key]
        return name

    def divide(self, line: str) -> Sequence[str] | None:
        """The names a person gave for an artist line (by its key), or None."""
        return self._lines.get(line)

    def title(self, artist: str, title: str) -> str:
        """The title a track of this artist goes by."""
        return _follow(self._titles, text_key(artist), title, key=title_core)

    def relabel(self, submission: Submission, primary: str) -> Submission:
        """The row with its album and album artist under the names they go by."""
        if not submission.album:
            return submission
        artist = self.artist(submission.album_artist or primary)
        album = _follow(self._albums, text_key(artist), submission.album, key=text_key)
        album_artist = artist if submission.album_artist else ""
        if (album, album_artist) == (submission.album, submission.album_artist):
            return submission
        return replace(submission, album=album, album_artist=album_artist)

    def correct(self, submission: Submission) -> Submission:
        """The row as it should have been."""
        correction = self._corrections.get(submission.key) if self._corrections else None
        if correction is None:
            return submission
        if correction.start is not None:
            submission = replace(submission, at=correction.start, stamp=Stamp.START)
        if correction.artist is not None:
            submission = replace(submission, artist=correction.artist, artists=(), artist_mbids=())
        if correction.title is not None:
            submission = replace(submission, title=correction.title)
        if correction.artist is not None or correction.title is not None:
            submission = replace(submission, recording_mbid="", isrc="")
        return submission if correction.album is None else replace(submission, album=correction.album)

    def mutes(self, source: str, artists: Iterable[str]) -> bool:
        """Whether a row of this source with these primary artists (keys) makes no listen."""
        muted = self._muted
        if not muted:
            return False
        return (source, "") in muted or any(("", key) in muted or (source, key) in muted for key in artists)


def _over(earlier: Correction | None, later: Correction) -> Correction:
    """Two corrections of one row: the later holds in the parts that it names."""
    if earlier is None:
        return later
    parts = ("start", "artist", "title", "album")
    return replace(earlier, **{part: value for part in parts if (value := getattr(later, part)) is not None})


def _follow(aliases: dict[tuple[str, str], str], artist: str, title: str, *, key: Callable[[str], str]) -> str:
    seen: set[str] = set()
    while aliases and (artist, name := key(title)) in aliases and name not in seen:
        seen.add(name)
        title = aliases[artist, name]
    return title
