"""What people want: films, series and anime with all their names, and single episodes of them."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

_NOT_WORD = re.compile(r"[\W_]+")
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu)['’](?=\w)")
_APOSTROPHES = re.compile(r"['’`´]")
_ARTICLE = re.compile(r"^(?:the|a|an|le|la|les|l|un|une|der|die|das|el|los|las|il|lo|gli) (?=\S)")


class WorkKind(StrEnum):
    """How a work is published and numbered."""

    FILM = "film"
    SERIES = "series"
    ANIME = "anime"


class Episode(NamedTuple):
    """One episode, in the numbering of the library."""

    season: int
    number: int


class Cour(NamedTuple):
    """A run of an anime that has a title of its own and counts from one again."""

    title: str
    season: int
    first_episode: int = 1


def _empty() -> Mapping[int, int]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Work:
    """A film or a series that is wanted or followed."""

    key: str
    kind: WorkKind
    title: str
    aliases: tuple[str, ...] = ()
    year: int | None = None
    countries: tuple[str, ...] = ()
    original_language: str | None = None
    ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    cours: tuple[Cour, ...] = ()
    absolute_offsets: Mapping[int, int] = field(default_factory=_empty, hash=False)
    air_dates: Mapping[date, Episode] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @property
    def titles(self) -> tuple[str, ...]:
        """The title and every other name."""
        return (self.title, *self.aliases)


@dataclass(frozen=True, slots=True)
class Season:
    """How far a season has come."""

    episodes: int
    aired: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A film, or episodes of one series, that somebody asked for."""

    work: Work
    episodes: frozenset[Episode] = frozenset()
    air_at: datetime | None = None
    runtime_min: int = 45
    seasons: Mapping[int, Season] = field(default_factory=lambda: MappingProxyType({}), hash=False)


def normalised(title: str) -> str:
    """A title for comparison: no case, accents, punctuation or articles in front, one space between words."""
    text = unicodedata.normalize("NFKD", title).casefold().replace("&", " and ")
    text = _APOSTROPHES.sub("", _ELISION.sub(lambda found: found.group()[:-1] + " ", text))
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = _NOT_WORD.sub(" ", text).strip()
    return _ARTICLE.sub("", text) or text


def compact(title: str) -> str:
    """The key of a title in the dictionary: S.W.A.T. and SWAT are one."""
    return normalised(title).replace(" ", "")
