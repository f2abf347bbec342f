"""Who made the release, and its checksum."""

import re
from collections.abc import Callable
from typing import NamedTuple

from .model import Span
from .text import Text

# Marks that reposting sites hang behind the true group.
_REPOSTS = (
    "rp|nzbgeek|xpost|pre|alternativetorequested|altezachen|gerov|4planet|4p|obfuscated|obfuscation|scrambled|asrequested|"
    "postbot|buymore|whiterev|rakuv[a-z0-9]*|z0ids3n|chamele0n|repost|sample|newz|nzb|cpl|inexternal|repackpost|[0-9]"
)
_REPOST = re.compile(rf"-(?:{_REPOSTS})$")
# Sites that hang their mark behind the group.
_TRACKER = re.compile(
    r"(?<=[a-z0-9])\s?\[(?:ettv|rartv|rarbg|eztvx?(?:\.[a-z]{2,3})?|tgx|cttv|vtv|ethd|glodls|n1c|publichd)\]$"
)
_LEADING = re.compile(r"\[([^\[\]]{1,60})\]")
_HASH = re.compile(r"[\[(]([0-9a-f]{8})[\])]")
_BRACKET = re.compile(r"\[([^\[\]\s]{2,30})\]\s*\)?$")
_NESTED = re.compile(r"[\[(](?:softsubs |hardsubs )?\(?-?([a-z0-9]{2,20})-?\)\]$")
_DASHED = re.compile(r"-([^\s\-\[\](){}]{2,40})$")
_WRAPPED = re.compile(r"-([a-z0-9]{2,20})-$")
_BEHIND = re.compile(r"(?:\)\s(?:-\s)?|[a-z0-9]\s-\s)([a-z][a-z0-9]{2,20})$")
_DOUBLE = re.compile(r"[.\s]-([a-z0-9]{2,12}-[a-z0-9]{2,12})$")
_INNER_DASH = re.compile(r"[-.]((?:erai-raws|[a-z]{2,10}-raws|tsuki-koe|d-z0n3|e-subs|hd-zone|cm-uhd|bhd-internal))$")
_IN_PARENTHESIS = re.compile(r"\([^()]*(?:[\s.]-\s?|\s)([^\s()\[\]{}+-]{2,30})\)$")
_LAST_WORD = re.compile(r"\.([a-z][a-z0-9]{3,20})$")
_APPENDED = re.compile(r"-[a-z0-9]{2,20}([\s_][a-z]{4,12})$")
_POSTER = re.compile(r"-(nzbgeek|rarbg)$")
_NUMBERED = re.compile(r"(?<![a-z0-9])(?:s\d{1,4}[\s._]?e\d|\d{1,2}x\d\d)")
_PARTS = re.compile(r"[^\W_]+")


class Group(NamedTuple):
    """A group's name and its place."""

    name: str
    span: Span


# Second halves of words that are written with a dash.
_HALVES = frozenset(["ray", "rip", "dl", "hd", "es", "mux"])

Known = Callable[[str], bool]


def checksum(text: Text) -> Group | None:
    """The CRC-32 that anime names carry in brackets; a date in digits is none."""
    for found in _HASH.finditer(text.low, text.start, text.end):
        digits = found.group(1)
        if not digits.isdecimal() or digits[:2] not in {"19", "20"}:
            return Group(digits.upper(), found.span(1))
    return None


def leading(text: Text, known: Known) -> Group | None:
    """The group in brackets before the title."""
    found = _LEADING.match(text.low, text.start, text.end)
    if found is None or found.end() >= text.end or _all_known(found.group(1), known):
        return None
    if _NUMBERED.search(found.group(1)):
        return None
    name = text.plain[found.start(1) : found.end(1)].strip()
    return Group(name, found.span(1)) if name and not name.isdecimal() else None


def trailing(text: Text, technical: int, known: Known, *, led: bool = False) -> Group | None:
    """The group at the end: behind a dash, in brackets, or last in the parenthesis of tags."""
    low, end = text.low, _without_language(text, known)
    if found := _TRACKER.search(low, max(text.start, end - 20), end):
        end = found.start()
    while found := _REPOST.search(low, max(text.start, end - 40), end):
        end = found.start()
    base = max(text.start, end - 160)
    for pattern in (
        (_DASHED,)
        if led
        else (_BRACKET, _NESTED, _INNER_DASH, _BEHIND, _DOUBLE, _DASHED, _WRAPPED, _IN_PARENTHESIS, _LAST_WORD)
    ):
        found = pattern.search(low, base, end)
        if found and _fits(pattern, found, technical, known):
            return Group(text.plain[found.start(1) : found.end(1)], found.span(1))
    return _poster(text)


def _poster(text: Text) -> Group | None:
    """A repost's mark where no group stands before it: the poster is all there is."""
    found = _POSTER.search(text.low, max(text.start, text.end - 12), text.end)
    return Group(text.plain[found.start(1) : found.end(1)], found.span(1)) if found else None


def _fits(pattern: re.Pattern[str], found: re.Match[str], technical: int, known: Known) -> bool:
    content = found.group(1)
    parts = _PARTS.findall(content)
    meanings = [known(part) or part in _HALVES for part in parts]
    if not parts or (all(meanings) if pattern is _BRACKET else any(meanings)):
        return False
    if pattern is _BRACKET:
        return not content.isdecimal() and not _HASH.fullmatch(f"[{content}]") and "/" not in content
    if pattern is _LAST_WORD or pattern is _IN_PARENTHESIS:
        before = _PARTS.findall(found.string[max(0, found.start(1) - 12) : found.start(1)])
        return (
            found.start(1) > technical
            and bool(before)
            and (pattern is _IN_PARENTHESIS or before[-1].isdecimal() or known(before[-1]))
        )
    return found.start() > technical


def _without_language(text: Text, known: Known) -> int:
    """The end of the name before a language that somebody appended: x264-GRP English."""
    end = text.end
    found = _APPENDED.search(text.low, max(text.start, end - 36), end)
    return found.start(1) if found and known(found.group(1).strip(" _")) else end


def _all_known(content: str, known: Known) -> bool:
    parts = _PARTS.findall(content)
    return all(known(part) or part.isdecimal() for part in parts)
