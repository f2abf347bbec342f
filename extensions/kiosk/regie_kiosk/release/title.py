"""The title before the numbers: year, country and second titles kept apart."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from .model import Span
from .text import readable

LAST_LIKELY_YEAR = 2035

_YEAR = re.compile(r"(?<![\w])(?:19|20)\d\d(?![\w])|(?<=_)(?:19|20)\d\d(?=_)")
_BRACKETED_YEAR = re.compile(r"[(\[{]\s?((?:18|19|20)\d\d)(?:\s?-\s?(?:(?:19|20)\d\d)?)?\s?[)\]}]")
_SQUARE = re.compile(r"\[[^\[\]]{1,120}\]|★[^★\[]{1,30}★?|\d{1,2}月新番|\[[^\[\]]{1,120}$")
_SLASHES = re.compile(r"\s*[/|]\s*")
_NOISE = re.compile(r"新番|招募|字幕|国漫|國漫|完结|合集|发布|[集話话]$")
_PIECE_YEAR = re.compile(r"[\[(]((?:19|20)\d\d)[\])]")
_LEADING_YEAR = re.compile(r"\s*[(\[]((?:19|20)\d\d)[)\]]\s*")
_TRAILING_YEAR = re.compile(r"[\s._(\[,-]+((?:19|20)\d\d)(?:\s?-\s?(?:(?:19|20)\d\d)?(?=[)\]]))?[)\]]?[\s._(\[/-]*$")
_WHOLE_SUFFIX = re.compile(
    r"(?<=\S)[\s._(\[-]+(?:(?:the[\s._])?complete|l?[\s._']?int[ée]grale?)[\s._(\[:-]*$", re.IGNORECASE
)
_MINI_SUFFIX = re.compile(r"[\s._]*[(\[](?:mini-?[\s._]?s[ée]ries?|tv[\s._-]?series)[)\]][\s._(\[-]*$", re.IGNORECASE)
_LEADING_DATE = re.compile(r"\s*\d{6}(?:\d\d)?[\s._]+(?=\D)")
_VERSION = re.compile(r"[\s_.]v\d[\s._(\[-]*$")
_SEASON_SUFFIX = re.compile(
    r"[\s._(\[-]+(?:season|saison|temporada|stagione|staffel|seizoen|sezon|сезон)[\s._]?\d{1,2}[\s._()\[\]/-]*$",
    re.IGNORECASE,
)
_SPECIAL_SUFFIX = re.compile(r"(?<=\S)[\s_]+-[\s_]+(?:OVA|OAD|ONA|SP|Specials?|Episode|Ep)[\s._-]*$", re.IGNORECASE)
_COUNTRY = re.compile(
    r"[\s._]*[(\[](US|UK|GB|AU|NZ|CA|IE|IN|FR|DE|ES|IT|JP|KR|CN|BR|MX|SE|NO|DK|FI|NL|BE|PL|RU|TR|ZA|PT|AR|CL|CO|CH|AT|IL|TH)[)\]][\s._-]*$|[\s._]+(US|UK|AU|NZ)[\s._-]*$"
)
_AKA = re.compile(r"[\s._]*[\s._(]a\.?k\.?a\.?[\s._]+", re.IGNORECASE)
_SLASH = re.compile(r"\s+[/|]\s+|\s?／\s?")
_SECOND = re.compile(r"\s?[)\]]\s?/\s?([^/()\[\]]{2,90}?)\s?[(\[]")
_HAN = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uff00-\uffef、。！？～:：\s_.\-・第季期]*[\u3040-\u30ff\u3400-\u9fff](?:[^a-zA-Z\u00c0-\u024f0-9\[\]]|(?<![\s._])\d)*"
)
_LETTER = re.compile(r"[^\W\d_]")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_LETTERS = re.compile(r"[a-zA-Z]{2}")


class Title(NamedTuple):
    """A title with what stood beside it."""

    title: str
    alternatives: tuple[str, ...]
    year: int | None
    country: str | None
    spans: dict[str, tuple[Span, ...]]


def film_year(plain: str, start: int, technical: int, end: int) -> re.Match[str] | None:
    """The year that ends a film's title: in brackets if there is one, else the last before the tags."""
    bracketed = [found for found in _BRACKETED_YEAR.finditer(plain, start, end) if found.start() > start]
    if bracketed:
        return bracketed[0] if bracketed[0].start() > technical else bracketed[-1]
    years = [found for found in _YEAR.finditer(plain, start, end) if plain[start : found.start()].strip(" ._-[(")]
    likely = [found for found in years if int(found.group()) <= LAST_LIKELY_YEAR]
    before = [found for found in likely if found.start() < technical]
    if before:
        return next(found for found in before if found.group() == before[-1].group())
    return likely[-1] if likely else None


def read(plain: str, start: int, end: int, *, numbered: bool) -> Title:
    """The title between two places."""
    spans: dict[str, tuple[Span, ...]] = {}
    year = country = None
    start, pieces = _after_brackets(plain, start, end)
    if pieces and (found := _PIECE_YEAR.search(plain, start, end)):
        year = int(found.group(1))
        spans["year"] = (found.span(1),)
    if found := _LEADING_YEAR.match(plain, start, end):
        year, start = int(found.group(1)), found.end()
        spans["year"] = (found.span(1),)
    if found := _VERSION.search(plain, max(start, end - 6), end):
        end = found.start()
    if numbered:
        start, end = _numbered_bounds(plain, start, end)
        end, country = _country(plain, start, end, spans)
        found = _TRAILING_YEAR.search(plain, max(start, end - 18), end)
        if found and plain[start : found.start()].strip(" ._-"):
            year, end = int(found.group(1)), found.start()
            spans["year"] = (found.span(1),)
        if found := _MINI_SUFFIX.search(plain, max(start, end - 20), end):
            end = found.start()
    end, before_year = _country(plain, start, end, spans)
    titles = _titles(plain[start:end], pieces)
    if titles:
        spans["title"] = ((start, max(start, len(plain[:end].rstrip(" ._-[(")))),)
    return Title(titles[0] if titles else "", tuple(titles[1:]), year, country or before_year, spans)


def with_second(named: Title, plain: str, start: int, end: int) -> Title:
    """Take the Latin title that follows the numbers where the first is in other letters: Cyr (S1) / Latin (S1)."""
    found = _SECOND.match(plain, start, end)
    if found is None or _LETTERS.search(named.title) or not _LETTERS.search(found.group(1)):
        return named
    spans = {**named.spans, "title": (found.span(1),)}
    return named._replace(title=readable(found.group(1)), alternatives=(named.title, *named.alternatives), spans=spans)


def _numbered_bounds(plain: str, start: int, end: int) -> tuple[int, int]:
    """Leave out a date before the title, and the season or kind of episode behind it."""
    if found := _SPECIAL_SUFFIX.search(plain, max(start, end - 12), end):
        end = found.start()
    if found := _LEADING_DATE.match(plain, start, end):
        start = found.end()
    if (found := _SEASON_SUFFIX.search(plain, max(start, end - 30), end)) and found.start() > start:
        end = found.start()
    if (found := _WHOLE_SUFFIX.search(plain, max(start, end - 24), end)) and found.start() > start:
        end = found.start()
    return start, end


def _country(plain: str, start: int, end: int, spans: dict[str, tuple[Span, ...]]) -> tuple[int, str | None]:
    found = _COUNTRY.search(plain, max(start, end - 12), end)
    if found is None or not plain[start : found.start()].strip(" ._-"):
        return end, None
    group = 1 if found.group(1) else 2
    spans["country"] = (found.span(group),)
    return found.start(), {"UK": "GB"}.get(found.group(group), found.group(group))


def _after_brackets(plain: str, start: int, end: int) -> tuple[int, Sequence[str]]:
    """Pass the brackets before the title; where the title stands in brackets itself, give the pieces."""
    brackets = list(_SQUARE.finditer(plain, start, end))
    if not brackets:
        return start, ()
    outside = _SQUARE.sub(" / ", plain[start:end])
    if _LETTER_OR_DIGIT.search(outside):
        first = brackets[0]
        if len(brackets) == 1 and not plain[start : first.start()].strip(" ._-"):
            return first.end(), ()
        return start, [piece for piece in _SLASH.split(outside) if _LETTER.search(piece)]
    contents = [plain[found.start() + 1 : found.end()].rstrip("]") for found in brackets if plain[found.start()] == "["]
    told = [content for content in contents[1:] if _LETTER.search(content) and not _NOISE.search(content)]
    return start, told or contents[:1]


def _titles(text: str, pieces: Sequence[str]) -> list[str]:
    parts = [half for piece in pieces for half in _SLASHES.split(piece)] if pieces else _SLASH.split(text)
    parts = [half for part in parts for half in _aka(part)]
    ranked = [(not part.isascii() and 1 + index, half) for part in parts for index, half in enumerate(_scripts(part))]
    order = sorted(ranked, key=lambda pair: _rank(pair[0], pair[1]))
    return list(dict.fromkeys(title for _, half in order if (title := readable(half))))


def _rank(mixed: int, text: str) -> int:
    """A Latin title on its own, then one taken from a mixed text, then the others."""
    if not _LETTERS.search(text):
        return 2
    return 1 if mixed and not text.isascii() else int(mixed > 0)


def _aka(part: str) -> list[str]:
    halves = _AKA.split(part)
    return halves if all(half.strip(" ._(") for half in halves) else [part]


def _scripts(part: str) -> list[str]:
    """A Chinese or Japanese title and its Latin one, apart."""
    if part.isascii():
        return [part]
    found = _HAN.match(part) or _HAN.search(part)
    if found is None:
        return [part]
    latin = part[found.end() :] if found.start() == 0 else part[: found.start()]
    if not _LETTERS.search(latin):
        return [part]
    return [latin, found.group()]
