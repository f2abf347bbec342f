"""Who made a recording: artist lines into single artists, without tearing names that contain separators."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from regie_music_tracker.text import split_guests, strip_title, text_key

STRONG = re.compile(r"\s*[;|]\s*|\s+[/\u2022\u00b7]\s+")
WEAK = re.compile(r"(\s*,\s*|\s+(?:&|\+|and|x|vs\.?|versus)\s+)", re.IGNORECASE)
DISCOGS_NUMBER = re.compile(r"\s+\(\d+\)$")
# A line is a list of at most this many names before it is somebody's joke.
MOST_PARTS = 40

PROTECTED = frozenset(
    text_key(name)
    for name in (
        "Tyler, The Creator",
        "Earth, Wind & Fire",
        "Crosby, Stills & Nash",
        "Crosby, Stills, Nash & Young",
        "Emerson, Lake & Palmer",
        "Blood, Sweat & Tears",
        "Peter, Paul and Mary",
        "Simon & Garfunkel",
        "Hall & Oates",
        "Sam & Dave",
        "Ike & Tina Turner",
        "Sonny & Cher",
        "Mumford & Sons",
        "Nick Cave & The Bad Seeds",
        "Florence + The Machine",
    )
)
VARIOUS = frozenset({"various", "various artists", "va", "v a", "verschiedene", "divers", "artistes divers"})


class Role(StrEnum):
    """How an artist takes part."""

    PRIMARY = "primary"
    FEATURED = "featured"


@dataclass(frozen=True, slots=True)
class Credit:
    """One artist of one recording; `mbid` tells two artists of the same name apart."""

    name: str
    key: str
    role: Role = Role.PRIMARY
    mbid: str = ""


Known = Callable[[str], bool]
Divide = Callable[[str], Sequence[str] | None]


def unknown(_key: str) -> bool:
    """The library of somebody who owns nothing yet."""
    return False


def undivided(_key: str) -> None:
    """No split rule for any artist line."""


@dataclass(frozen=True, slots=True)
class CreditReader:
    """Artist lines to credits. `known` asks for an artist key; `divide` is the person's own rule for a whole line."""

    known: Known = unknown
    divide: Divide = undivided

    def read(
        self, artist: str, title: str = "", structured: Sequence[str] = (), mbids: Sequence[str] = ()
    ) -> tuple[Credit, ...]:
        """Every artist of a recording once, primary artists first."""
        names = [" ".join(name.split()) for name in structured if name.strip()]
        if len({text_key(name) for name in names}) > 1:
            primary, guests = names, list[str]()
        else:
            primary, guests = self._from_line(" ".join(artist.split()))
        guests += [name for clause in strip_title(title)[1] for name in self.split(clause)]
        ids = mbids if len(mbids) == len(primary) else [""] * len(primary)
        credited = [
            Credit(name.strip(), text_key(name), Role.PRIMARY, mbid) for name, mbid in zip(primary, ids, strict=True)
        ]
        credited += [Credit(name.strip(), text_key(name), Role.FEATURED) for name in guests]
        unique: dict[str, Credit] = {}
        for credit in credited:
            unique.setdefault(credit.key, credit)
        return tuple(unique.values())

    def _from_line(self, artist: str) -> tuple[list[str], list[str]]:
        if (ruled := self.divide(text_key(artist))) is not None:
            return list(ruled), []
        main, clauses = split_guests(artist)
        return self.split(main), [name for clause in clauses for name in self.split(clause)]

    def split(self, line: str) -> list[str]:
        """A line without guests into names: strong separators always, weak ones only between known artists."""
        if (ruled := self.divide(text_key(line))) is not None:
            return list(ruled)
        if self._whole(line):
            return [line.strip()]
        parts = [part.strip() for part in STRONG.split(line) if part.strip()]
        return [name for part in parts for name in self._split_weak(part)] or [line.strip()]

    def _whole(self, line: str) -> bool:
        key = text_key(line)
        return key in PROTECTED or self.known(key)

    def _split_weak(self, part: str) -> list[str]:
        if self._whole(part) or not (pieces := WEAK.split(part))[1:]:
            return [part]
        return _known_names(pieces, self._whole) or [part]


def _known_names(pieces: list[str], known: Known) -> list[str] | None:
    """Pieces (names at even places, separators between) as known names, longest first; None if any is unknown."""
    if len(pieces) > 2 * MOST_PARTS:
        return None
    # best[i] = names from piece i on; filled from the end, so that each run of pieces is looked up once.
    best: list[list[str] | None] = [None] * (len(pieces) + 2)
    best[len(pieces) + 1] = []
    for start in range(len(pieces) - 1, -1, -2):
        for end in range(len(pieces), start, -2):
            name = "".join(pieces[start:end])
            if (rest := best[end + 1]) is not None and known(name):
                best[start] = [name, *rest]
                break
    return best[0]


def match_keys(credited: Sequence[Credit]) -> frozenset[str]:
    """Names for comparing two players' credits: split at every separator, so that spelling of the list is no matter."""
    found = set()
    for credit in credited:
        for piece in WEAK.split(credit.name)[::2]:
            if key := text_key(piece).removeprefix("the "):
                found.add(key)
    return frozenset(found) or frozenset(credit.key for credit in credited)


def discogs_credits(artists: Iterable[Mapping[str, Any]]) -> tuple[Credit, ...]:
    """Discogs' artist list: the number of a namesake is dropped, the name variation (`anv`) is for display only."""
    credited = []
    for artist in artists:
        name = DISCOGS_NUMBER.sub("", str(artist.get("name") or "")).strip()
        if name:
            credited.append(Credit(str(artist.get("anv") or "").strip() or name, text_key(name)))
    return tuple(credited)


def is_various(name: str) -> bool:
    """Whether an album artist stands for a compilation."""
    return text_key(name) in VARIOUS
