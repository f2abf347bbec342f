"""Bare numbers: the absolute numbering of anime, and the compact 113 of old television names."""

import re
from dataclasses import replace
from typing import NamedTuple

from .model import Number
from .numbering import Numbering

_NUMBER = r"(\d{1,4}(?:\.\d(?!\d))?)(?:\.\d)?"
_TAIL = r"[a-d]?(?:[\s_-]?v\d)?(?:[\s_]?(?:完|fin|end|finale?))?"
_RANGE = r"(?:(?:v\d)?(?:[\s_]?[~+&][\s_]?|\s?(?:[-,à_]|to)\s?)(\d{1,4})){0,8}"
_STOP = r"(?=[\s_.]|[\[(\])-]|$)"
_AFTER_DASH = re.compile(rf"(?:[\s_.]|(?<=[\])]))-[\s_.]{{1,2}}(?:#|e)?{_NUMBER}{_RANGE}{_TAIL}{_STOP}")
_TITLED = re.compile(r"\s-\s\d{1,4}\s+[^\W\d_]")
_IN_BRACKETS = re.compile(
    rf"[\[(]\s?(?:tv\s?)?(?:第)?{_NUMBER}{_RANGE}{_TAIL}\s?[话話集回]?(?:\s?(?:合集|全集|全))?(?:\+\s?[a-z]{{2,6}})?\s?[\])]"
)
_ASIAN = re.compile(r"第\s*(\d{1,4}(?:\.\d)?)(?:\s?[-~]\s?(\d{1,4}))?\s*[话話集回]|(?<![a-z0-9])#(\d{1,4})(?!\d)")
_PADDED = re.compile(rf"(?<=[\s_.\-])(0\d{{1,2}}|0\d{{1,2}}\.5){_RANGE}{_TAIL}{_STOP}(?!\.\d(?!\d))")
_BEFORE_TAGS = re.compile(rf"(?<=[\s_.\-]){_NUMBER}{_RANGE}{_TAIL}[\s_.]{{0,2}}$")
_BARE_RANGE = re.compile(r"(?<=[a-z0-9!?).]\s)[\[(]?(\d{1,4})\s?[-~]\s?(\d{2,4})(?=[\])]|\s?[\[(])")
_SQUARE = re.compile(r"(?<=[a-z0-9!?).][\s_])\[(\d{2,4})(?:\s?[-~]\s?(\d{2,4}))?\](?=[\s_]?\[)")
_BEFORE_DASH = re.compile(rf"(?<=[\s_])(\d{{2,4}}){_RANGE}{_TAIL}(?=[\s_]-[\s_](?!nced|ncop|ova|oad|special))")
_WIDE_RANGE = re.compile(r"(?<=[\s_])(0\d{1,2})[\s_]-[\s_](\d{2,3})(?=[\s_]?[\[(])")
_BEFORE_FRENCH = re.compile(r"(?<=[a-z0-9!?).][\s_.])(\d{2,4})(?=[\s_.]{1,2}[\[(]?(?:vostfr|vf|vost)(?![a-z0-9]))")
_BEFORE_SQUARE = re.compile(r"(?<=[a-z!?)]\s)(\d{2,4})(?:v\d)?(?=\s?\[)|(?<=[a-z!?)]_)(\d{2,4})(?=_[\[(])")
_PADDED_DASH = re.compile(r"(?<=[a-z!?)]\s)(0\d{1,2})(?=\s-\s)")
_PADDED_TITLED = re.compile(r"(?<=[a-z!?)]\s)(?!007)(0\d{1,2})(?=\s[a-z][^\[\]]{2,80}\[[^\[\]]{2,20}\]$)")
_RANGE_BEFORE = re.compile(r"(?<=[\s_.])(\d{2,4})\s?[-~]\s?(\d{2,4})(?=[\s_.]{1,2}$)")
_COMPACT = re.compile(r"(?<=[._ ])(\d{1,2})(\d\d)[._ ]{1,2}$")
_COMPACT_RANGE = re.compile(r"(?<=[._ ])(\d{1,2})(\d\d)[-.](?:\1)(\d\d)[._ ]{1,2}$")
_PADDED_COMPACT = re.compile(r"(?<=[._ ])(0[1-9])(\d\d)(?=-[a-z0-9]{2,15}$)")
_AMID = re.compile(r"[^\[\]()\s]{2,60}_([1-9]|1\d)([0-2]\d)_[a-z_']{2,80}")
_DOUBLE = re.compile(r"(?<=[._ ])(\d{1,2})(\d\d)(\d\d)[._ ]{1,2}$")
_BEFORE_NUMBERING = re.compile(rf"[\s_]-[\s_]{_NUMBER}(?:-(\d{{1,4}}))?[\s_]*[-(\[]{{0,2}}[\s_]*[\[(]?$")
_PLAIN_BEFORE = re.compile(r"[\s_](\d{2,4})[\s_][(\[]$")
_BEFORE_CROSS = re.compile(r"[\s_](\d{2,4})[\s_][(\[]?$")
_BEHIND_NUMBERING = re.compile(r"[\s._]?[\s._(\[]{1,2}(\d{3,4})(?=[\s._)\]])")
_SPECIAL = re.compile(r"(?<![a-z0-9])(?:specials?|sp|ova|oad|ona)[\s._]{0,2}(?:-\s)?(\d{1,2})(?![a-z0-9.])")


class Place(NamedTuple):
    """Where to look: the title's part ends with the first tag, and the whole."""

    start: int
    tags: int
    end: int


def anime(low: str, place: Place) -> Numbering | None:
    """The number of an anime episode in a name that a fan group wrote."""
    if not low.isascii() and (found := _ASIAN.search(low, place.start, place.end)):
        return _made(found, found.group(1) or found.group(3), found.group(2))
    if found := _WIDE_RANGE.search(low, place.start, place.end):
        return _made(found, found.group(1), found.group(2))
    return (
        _after_dash(low, place)
        or _bracketed(low, place)
        or _before_tags(low, place)
        or _searched(_PADDED, low, place)
        or _searched(_BEFORE_DASH, low, place)
        or _special(low, place)
    )


def plain(low: str, place: Place, technical: Place) -> Numbering | None:
    """The bare number of a name without a fan group, where its form leaves no doubt."""
    return (
        _after_dash(low, place)
        or _padded(low, technical)
        or _range_before_tags(low, technical)
        or _bare_range(low, technical)
        or _written(low, place)
    )


def _after_dash(low: str, place: Place) -> Numbering | None:
    """A number that stands behind a dash of its own: Title - 07."""
    for found in _AFTER_DASH.finditer(low, place.start, place.end):
        if found.start() > place.start and not _is_year(found.group(1)):
            if found.group(2) and _TITLED.match(low, found.end(1), place.end):
                return replace(_made(found, found.group(1), None), end=found.end(1))
            return _made(found, found.group(1), found.group(2))
    return None


def _padded(low: str, place: Place) -> Numbering | None:
    """A number with a leading zero right before the tags, in a name without a fan group."""
    for found in _PADDED.finditer(low, place.start, place.end):
        if found.start() > place.start and found.end() + 2 >= place.tags:
            return _made(found, found.group(1), found.group(2))
    return None


def _range_before_tags(low: str, place: Place) -> Numbering | None:
    """A range of numbers right before the tags."""
    found = _RANGE_BEFORE.search(low, max(place.start, place.tags - 14), place.tags)
    if found and not _is_year(found.group(1)) and int(found.group(1)) < int(found.group(2)):
        return _made(found, found.group(1), found.group(2))
    return None


def _written(low: str, place: Place) -> Numbering | None:
    """Forms that only episodes have, in a name without a fan group."""
    for pattern in (_SQUARE, _BEFORE_FRENCH, _BEFORE_SQUARE, _PADDED_DASH, _PADDED_TITLED):
        found = pattern.search(low, place.start + 1, place.end)
        if found and not _is_year(first := next(group for group in found.groups() if group)):
            return _made(found, first, found.group(2) if pattern is _SQUARE else None)
    return None


def _bare_range(low: str, place: Place) -> Numbering | None:
    """A range of numbers before a bracket, in a name without a fan group."""
    found = _BARE_RANGE.search(low, place.start, place.end)
    if found and not _is_year(found.group(1)) and int(found.group(1)) < int(found.group(2)):
        return _made(found, found.group(1), found.group(2))
    return None


def several(low: str, place: Place) -> Numbering | None:
    """Season and episodes, twice in compact digits before the tags of a recording: 20102, 101-102."""
    for pattern, width in ((_DOUBLE, 9), (_COMPACT_RANGE, 11)):
        found = pattern.search(low, max(place.start, place.tags - width), place.tags)
        if found is None or found.start() == place.start:
            continue
        season, first, last = (int(part) for part in found.groups())
        if last == first + 1 or (pattern is _COMPACT_RANGE and first < last):
            spans = {"season": (found.span(1),), "episodes": ((found.start(2), found.end(3)),)}
            numbers = tuple(range(first, last + 1))
            return Numbering(found.start(), found.end(3), (season,), numbers, spans=spans)
    return None


def compact(low: str, place: Place) -> Numbering | None:
    """Season and episode in three or four digits before the tags of a recording."""
    return _compacted(_COMPACT.search(low, max(place.start, place.tags - 7), place.tags), place)


def written_compact(low: str, place: Place) -> Numbering | None:
    """Compact digits that need no tag: padded before the group (0308-grp), or amid underscores (Show_209_Title)."""
    found = _PADDED_COMPACT.search(low, place.start, place.end) or _AMID.fullmatch(low, place.start, place.end)
    return _compacted(found, place)


def _compacted(found: re.Match[str] | None, place: Place) -> Numbering | None:
    if found is None or found.start(1) == place.start:
        return None
    season, number = int(found.group(1)), int(found.group(2))
    if not season or not number or _is_year(found.group(1) + found.group(2)):
        return None
    spans = {"season": (found.span(1),), "episodes": (found.span(2),)}
    return Numbering(found.start(1), found.end(2), (season,), (number,), spans=spans)


def beside(low: str, numbering: Numbering, place: Place, *, anime: bool) -> Numbering | None:
    """The absolute number that stands before or behind S01E02."""
    if found := _BEFORE_NUMBERING.search(low, max(place.start, numbering.start - 16), numbering.start):
        return _made(found, found.group(1), found.group(2))
    before = _BEFORE_CROSS if low[numbering.start].isdecimal() else _PLAIN_BEFORE
    if anime and (found := before.search(low, max(place.start, numbering.start - 8), numbering.start)):
        return _made(found, found.group(1), None)
    if (found := _BEHIND_NUMBERING.match(low, numbering.end, place.end)) and not _is_year(found.group(1)):
        return _made(found, found.group(1), None) if found.group(1) not in _LINES else None
    return None


_LINES = frozenset({"480", "540", "576", "720", "1080", "2160", "264", "265"})


def _bracketed(low: str, place: Place) -> Numbering | None:
    for found in _IN_BRACKETS.finditer(low, place.start, place.end):
        if found.start() > place.start and not _is_year(found.group(1)):
            return _made(found, found.group(1), found.group(2))
    return None


def _before_tags(low: str, place: Place) -> Numbering | None:
    window = max(place.start, place.tags - 24)
    stop = place.tags
    while stop > window and low[stop - 1] in "[( _.-":
        stop -= 1
    found = _BEFORE_TAGS.search(low, window, stop)
    while found and found.group(2) and not _is_range(found):
        found = _BEFORE_TAGS.search(low, found.start(2), stop)
    if (
        found
        and found.start() > place.start
        and (len(found.group(1)) > 1 or found.group(2))
        and not _is_year(found.group(1))
    ):
        return _made(found, found.group(1), found.group(2))
    return None


def _is_range(found: re.Match[str]) -> bool:
    """Whether two numbers are a range: not a title's number and the episode's."""
    first, last = found.group(1), found.group(2)
    alike = len(first) == len(last) or found.string[found.start(2) - 1] != "_"
    return alike and float(first) < int(last)


def _searched(pattern: re.Pattern[str], low: str, place: Place) -> Numbering | None:
    found = pattern.search(low, place.start + 1, place.end)
    return _made(found, found.group(1), found.group(2)) if found else None


def _special(low: str, place: Place) -> Numbering | None:
    """A counted special: OVA 2, SP1."""
    found = _SPECIAL.search(low, place.start + 1, place.tags)
    return _made(found, found.group(1), None) if found else None


def _is_year(text: str) -> bool:
    return len(text) == 4 and text[:2] in {"19", "20"}


def _made(found: re.Match[str], first: str, last: str | None) -> Numbering:
    numbers: tuple[Number, ...] = (float(first) if "." in first else int(first),)
    if last and isinstance(numbers[0], int) and numbers[0] < int(last) <= numbers[0] + 1500:
        numbers = tuple(range(numbers[0], int(last) + 1))
    return Numbering(found.start(), found.end(), absolute=numbers, spans={"absolute": (found.span(),)})
