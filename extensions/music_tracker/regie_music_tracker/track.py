"""Raw rows made comparable: text keys, credits and rules applied once for each spelling, then looked up."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from regie_music_tracker.albums import Album, album_of
from regie_music_tracker.credits import VARIOUS, Credit, CreditReader, Known, Role, match_keys, unknown
from regie_music_tracker.rules import Rulebook
from regie_music_tracker.submission import RowKey, Submission
from regie_music_tracker.text import marks, strip_title, text_key, title_core
from regie_music_tracker.thresholds import Rejection, rejection
from regie_music_tracker.values import MBID

# A longer recording still matches by its start; this bounds how far back a row can have a partner.
LONGEST_MATCHED_S = 3600
# Two keys of similarity 0.9 nearly always share their first or last letters: blocks for the search of alike titles.
BLOCK_LETTERS = 3
# Begins the blocks in which titles are only alike, not equal.
ALIKE = "~"
SPELLINGS_KEPT = 1 << 15
_ISRC = re.compile(r"[A-Z]{2}-?[A-Z0-9]{3}-?[0-9]{2}-?[0-9]{5}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One spelling of a track: what rows of it compare by. `blocks` are the keys under which alike tracks are found."""

    title: str
    core: str
    credits: tuple[Credit, ...]
    names: frozenset[str]
    artist_key: str
    mbids: frozenset[str]
    key: str
    blocks: tuple[str, ...]

    @property
    def is_various(self) -> bool:
        """Whether the only artist given is "Various Artists", which says nothing."""
        return self.names <= VARIOUS


@dataclass(slots=True, eq=False)
class Row:
    """A raw row ready for matching; ids only where they are real; `group` belongs to the sweep it takes part in."""

    key: RowKey
    submission: Submission
    start: int
    source: str
    track: Track
    length_s: float | None
    blocks: tuple[str, ...]
    recording_mbid: str = ""
    isrc: str = ""
    group: Any = None

    @property
    def album(self) -> Album | None:
        """The album this row names."""
        return album_of(self.submission.album, self.submission.album_artist, self.track.credits[0].name)


@dataclass(slots=True)
class Normaliser:
    """Submissions to rows under a rulebook and a library of known artists; remembers recent spellings only."""

    rules: Rulebook = field(default_factory=Rulebook)
    known: Known = unknown
    count_short: bool = False
    _reader: CreditReader = field(init=False)
    _track: Any = field(init=False)

    def __post_init__(self) -> None:
        self._reader = CreditReader(self.known, self.rules.divide)
        self._track = lru_cache(SPELLINGS_KEPT)(self._read)

    def row(self, given: Submission) -> Row | Rejection:
        """The row to match, or why there is none."""
        submission, key = given, given.key
        if self.rules.rules:
            if key in self.rules.dropped:
                return Rejection.DROPPED
            submission = self.rules.correct(submission)
        if refused := rejection(submission, count_short=self.count_short):
            return refused
        track = self._track(submission.artist, submission.title, submission.artists, submission.artist_mbids)
        if self.rules.rules:
            if self.rules.mutes(submission.source, (one.key for one in track.credits if one.role is Role.PRIMARY)):
                return Rejection.MUTED
            submission = self.rules.relabel(submission, track.credits[0].name)
        length = min(submission.length_s, LONGEST_MATCHED_S) if submission.length_s else None
        # Players fill an id that they do not know with anything, the same for every track.
        mbid = submission.recording_mbid.lower() if MBID.fullmatch(submission.recording_mbid) else ""
        isrc = submission.isrc.lower() if _ISRC.fullmatch(submission.isrc) else ""
        blocks = (*track.blocks, *(f"id:{one}" for one in (mbid, isrc) if one)) if mbid or isrc else track.blocks
        start = key.start if submission is given else submission.start
        return Row(key, submission, start, submission.source, track, length, blocks, mbid, isrc)

    def _read(self, artist: str, title: str, artists: tuple[str, ...], mbids: tuple[str, ...]) -> Track:
        credited = self._credits(artist.strip() or ", ".join(artists), title, artists, mbids)
        title = self.rules.title(credited[0].name, title)
        core, names = title_core(title), match_keys(credited)
        traits = " ".join(marks(core))
        return Track(
            title=strip_title(title)[0] or title,
            core=core,
            credits=credited,
            names=names,
            artist_key=" ".join(sorted(names)),
            mbids=frozenset(mbid.lower() for mbid in mbids),
            key=f"{credited[0].key}\x1f{core}",
            blocks=(f"={core}", f"{ALIKE}{traits}<{core[:BLOCK_LETTERS]}", f"{ALIKE}{traits}>{core[-BLOCK_LETTERS:]}"),
        )

    def _credits(self, artist: str, title: str, artists: tuple[str, ...], mbids: tuple[str, ...]) -> tuple[Credit, ...]:
        unique: dict[str, Credit] = {}
        for credit in self._reader.read(artist, title, artists, mbids):
            name = self.rules.artist(credit.name)
            renamed = credit if name == credit.name else Credit(name, text_key(name), credit.role, credit.mbid)
            unique.setdefault(renamed.key, renamed)
        return tuple(unique.values())
