"""Season and episode numbers that a name spells out: S01E02, 1x02, Saison 1 Épisode 2, packs and parts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from .model import Kind, Number, Span

MOST_EPISODES = 400

_SEASON_WORD = (
    r"(?:seasons?|saisons?|temporadas?|temp|stagion[ei]|staffel(?:n)?|seizoen|sezony?|sezonul|sæson|säsong|sesong|kausi|évad|"
    r"сезоны?|シーズン)"
)
_EPISODE_WORD = (
    r"(?:episodes?|épisodes?|episodios?|episódio|episodi|eps?|folgen?|capitulos?|capítulos?|cap|puntat[ae]|aflevering|afl|odcinek|odc|"
    r"avsnitt|jakso|bölüm|bolum|серии|серия|серий|серії|серія|эпизод)"
)
_COUNT = {
    word: number
    for number, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 1)
}
_HAN = {character: number for number, character in enumerate("一二三四五六七八九十", 1)}
_NUMBER = rf"(\d{{1,4}}|{'|'.join(_COUNT)})"
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii")
_GAP = r"[\s._:,/\-]{0,4}"

_SXXEYY = re.compile(
    r"(?:(?<![a-z0-9])[st](\d{1,4})|(?<=[a-z])s(\d\d))[\s._\-\[(]{0,3}(?!x26[456])(?:episode|ep|e|xe|x)[\s._\-]{0,2}(\d{1,5})(?!\d)"
)
_NXNN = re.compile(
    r"(?<![a-z0-9])(?:(?<!\d\.)|(?!\dx26[456]))(?:(\d{1,2})x(\d{1,4})|((?:19|20)\d\d)x(\d\d))(?!\d)(?![e-wyz]|[a-d][a-z0-9])"
)
_LONGHAND = re.compile(
    rf"(?<![a-z0-9])(?:(?:{_SEASON_WORD}|series(?=[\s._]))(?:[\s._:]{{0,2}}|-)|se?[.\s]?){_NUMBER}{_GAP}{_EPISODE_WORD}[\s._:#\-]{{0,3}}(\d{{1,5}})(?![\dpi])"
)
_REVERSED = re.compile(
    rf"(?<![a-z0-9])(?:{_EPISODE_WORD}|e)[\s._\-]{{0,2}}(\d{{1,4}}){_GAP}{_SEASON_WORD}[\s._\-]{{0,2}}(\d{{1,2}})(?!\d)"
)
_TURNED = re.compile(
    rf"(?<![a-z0-9])(\d{{1,2}})[.ªº]?\s?{_SEASON_WORD}[\s._,:\-]{{1,3}}(\d{{1,4}})(?:-(\d{{1,4}}))?[.ªº]?\s?(?:{_EPISODE_WORD}|rész)(?![a-z]|[\s._:#\-]{{0,3}}\d{{1,3}}(?![\dpi]))"
)
_TURNED_SEASON = re.compile(
    rf"(?<![a-z0-9])(\d{{1,2}})(?:[.ªºa]|st|nd|rd|th)?\s?{_SEASON_WORD}[\s._,\-]{{1,3}}{_EPISODE_WORD}[\s._]{{0,2}}(\d{{1,4}})(?:-(\d{{1,4}}))?(?!\d)"
)
_CHAPTER = re.compile(r"(?<![a-z0-9])cap[.\s_]{0,2}(\d{1,2})(\d\d)(?:[\s._]{0,2}[-_][\s._]{0,2}(\d{1,2})(\d\d))?(?!\d)")
_ASIAN = re.compile(r"第\s*([0-9一二三四五六七八九十]{1,2})\s*[季期][\s\]\[._-]{0,3}第\s*(\d{1,4})\s*[话話集回]")
_ASIAN_RANGE = re.compile(r"第\s*(\d{1,4})\s*[-~]\s*(\d{1,4})\s*[话話集回]")
_HALF = re.compile(r"[a-d](?![a-z0-9])")
_MARKED = re.compile(
    r"(?:[\s._]{0,2}|[\])]\s?[\[(](?=\d{1,2}x|s\d))([-~&+,]|to|à|et|and)?[\s._]{0,2}(?:s(\d{1,4})[\s._]?|(\d{1,2})(?=x))?(?!x26[456])(?:ep|e|x)[\s._]?(\d{1,5})(?!\d)(?![a-df-wyz])"
)
_BARE = re.compile(r"(?:([-~&+_])|\s?([~&+])\s?|,\s?)(\d{1,5})(?![a-z0-9])(?!\.\d(?!\d))")
_NEXT_ONE = re.compile(r"[\s.](\d\d)(?=[\s.]\d|[\s.]?$)")
_SPACED = re.compile(r"[\s.](to|à|a|bis|tot|en|et|and|und|y|e|i)[\s.](\d{1,4})(?![a-z0-9])")
_OF = re.compile(r"[\s._]{0,2}(?:of|из|sur|de|von|/)[\s._]{0,2}(\d{1,4})(?!\d)")

_SEASON = re.compile(
    rf"(?<![a-z0-9])(?:s|t(?=0\d)|{_SEASON_WORD}(?:[\s._:]{{0,2}}|-)|(?<=- )series[ ._]){_NUMBER}(?:(?![a-z0-9])|(?=[dp]\d{{1,2}}(?![a-z0-9])))(?!\.(?![1-7]\.[01](?!\d))\d[^\d])"
)
_ORDINAL = re.compile(
    r"(?<![a-z0-9])(\d{1,2})(?:st|nd|rd|th|ª|º|a|ème|eme|e|\.)[\s._](?:season|temporada|stagione|staffel|saison)(?![a-z])"
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_WORDED = re.compile(rf"(?<![a-z0-9])(?:the[\s._])?complete[\s._]({'|'.join(_ORDINALS)})[\s._]season(?![a-z])")
_HAN_SEASON = re.compile(r"第\s*([0-9一二三四五六七八九十]{1,2})\s*[季期]|(?<![a-z0-9])(\d{1,2})\s?сезон")
_MORE_SEASONS = re.compile(
    rf"[\s._]{{0,2}}([-~&+,]|to|à|a|and|et)?[\s._]{{0,2}}(?:(s|{_SEASON_WORD})[\s._]{{0,2}})?(\d{{1,2}})(?![a-z0-9])"
)
_INNER = re.compile(
    r"[\s._)\]]{0,3}(?:-[\s_]{0,2}|[\[(#]|(?<=[\s._]))(\d{1,4}(?:\.\d)?)(?:[\s_]?v\d)?(?:\s?[-~]\s?(\d{1,4}))?(?![a-z0-9])(?!\.\d(?!\d))"
)
_PART = re.compile(
    r"[\s._\-,(]{0,3}(?:parts?|pt|vol|volume|partie|teil|parte|cour|disc|disk|d|p)[\s._]?(\d{1,2})(?!\d)"
)
_EXTRAS = re.compile(
    r"[\s._\-(\[]{0,3}(?:extras?|subpack|special[\s._]features|bonus|featurettes?|deleted[\s._]scenes|making[\s._]of)(?![a-z])"
)
_EPISODE_ONLY = re.compile(rf"(?<![a-z0-9'])(?:e(?=\d\d)|{_EPISODE_WORD}[\s._\-:#]{{0,2}})(\d{{1,5}})(?!\d|\.\d(?!\d))")
_EPISODE_AFTER = re.compile(r"(?<![a-z0-9.])(\d{1,4})[.ªº]?[\s_]?(?:blm|bölüm|bolum|серия|серии|rész|avsnitt)(?![a-z])")
_COUNTED = re.compile(r"第\s*(\d{1,4})\s*[话話集回]|(?<=[a-z0-9!?)\]]\s)#(\d{1,4})(?!\d)")
_YEAR_NEXT = re.compile(r"[\s._(\[]{1,3}(?:19|20)\d\d(?!\d)")
_PART_EPISODE = re.compile(
    rf"(?<![a-z0-9])(?:parts?|pt|partie|teil|parte)(?:[\s._]|(?=\d))(\d{{1,2}}|{'|'.join(_COUNT)}|i{{1,3}}|iv|vi{{0,3}})(?![a-z0-9])"
    r"(?:[\s._](?:and|et|und|y|e|&)[\s._](?:part[\s._])?(\d{1,2})(?![a-z0-9]))?"
)
_COMPLETE = re.compile(
    r"(?<![a-z0-9])(?:(?:the[\s._])?complete[\s._](?:series|collection)|int[ée]grale|s[ée]rie[\s._]compl[eè]t[ae]|komplette[\s._]serie)(?![a-z])"
)
_N_OF_M = re.compile(
    r"(?<![a-z0-9])(?:(?:parts?|pt|teil|parte|partie)[\s._]?)?[\[(]?(\d{1,3})[\s._]?of[\s._]?(\d{1,3})(?!\d)"
)


@dataclass(frozen=True, slots=True)
class Numbering:
    """Which episodes, and where the name says so."""

    start: int
    end: int
    seasons: tuple[int, ...] = ()
    episodes: tuple[int, ...] = ()
    absolute: tuple[Number, ...] = ()
    air_date: date | None = None
    part: int | None = None
    kind: Kind = Kind.EPISODE
    first_season: bool = False
    spans: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)


def episode(low: str, start: int, end: int) -> Numbering | None:
    """A season with episodes, spelled out."""
    if found := _SXXEYY.search(low, start, end):
        return _with_more(low, end, found, int(found.group(1) or found.group(2)), int(found.group(3)))
    if (found := _NXNN.search(low, start, end)) and found.group() not in {"16x9", "4x3"}:
        season_of, number = (int(group) for group in found.groups() if group)
        return _with_more(low, end, found, season_of, number)
    return _in_words(low, start, end)


def _in_words(low: str, start: int, end: int) -> Numbering | None:
    if found := _TURNED.search(low, start, end) or _TURNED_SEASON.search(low, start, end):
        first = int(found.group(2))
        last = min(int(found.group(3) or first), first + MOST_EPISODES)
        return _made(found, (int(found.group(1)),), tuple(range(first, max(first, last) + 1)))
    if found := _LONGHAND.search(low, start, end):
        return _with_more(low, end, found, _count(found.group(1)), int(found.group(2)))
    if found := _REVERSED.search(low, start, end):
        return _made(found, (int(found.group(2)),), (int(found.group(1)),))
    if found := _CHAPTER.search(low, start, end):
        first = int(found.group(2))
        last = int(found.group(4)) if found.group(3) == found.group(1) else first
        return _made(found, (int(found.group(1)),), tuple(range(first, max(first, last) + 1)))
    if not low.isascii() and (found := _ASIAN.search(low, start, end)):
        return _made(found, (_count(found.group(1)),), (int(found.group(2)),))
    return None


def _count(text: str) -> int:
    if text in _ORDINALS:
        return _ORDINALS.index(text) + 1
    return _COUNT.get(text) or _HAN.get(text) or (int(text) if text.isdecimal() else 10)


def _made(found: re.Match[str], seasons: tuple[int, ...], episodes: tuple[int, ...]) -> Numbering:
    place = ((found.start(), found.end()),)
    return Numbering(*found.span(), seasons, episodes, spans={"season": place, "episodes": place})


def _with_more(low: str, end: int, found: re.Match[str], season: int, first: int) -> Numbering:
    """The episodes that follow the first: lists, ranges, "of N"."""
    episodes, place = [first], found.end()
    if half := _HALF.match(low, place, end):
        place = half.end()
    while more := _next(low, place, end, season, episodes[-1]):
        number, is_range, place = more
        gap = range(episodes[-1] + 1, number) if is_range else ()
        episodes.extend([*gap, number])
    numbering = _made(found, (season,), tuple(dict.fromkeys(episodes)))
    numbering = replace(numbering, end=place, spans={**numbering.spans, "episodes": ((found.start(), place),)})
    total = _OF.match(low, place, end)
    if total and len(episodes) > 1 and episodes[0] == 1 and int(total.group(1)) == episodes[-1]:
        return replace(numbering, episodes=(), end=total.end(), kind=Kind.SEASON)
    return replace(numbering, end=total.end()) if total and total.group(1) != "0" else numbering


def _next(low: str, place: int, end: int, season: int, last: int) -> tuple[int, bool, int] | None:
    """The next number of a list, whether the gap to it is filled, and where it ends."""
    if found := _MARKED.match(low, place, end):
        other = found.group(2) or found.group(3)
        number = int(found.group(4))
        if (other is None or int(other) == season) and last < number <= last + MOST_EPISODES:
            return number, found.group(1) in {"-", "~", "to", "à"}, found.end()
    farthest = last + (5 if low[place : place + 1] == "_" else 60)
    if (found := _BARE.match(low, place, end)) and last < (number := int(found.group(3))) <= farthest:
        return number, (found.group(1) or found.group(2)) in {"-", "~", "_"}, found.end()
    if (found := _NEXT_ONE.match(low, place, end)) and int(found.group(1)) == last + 1:
        return last + 1, False, found.end()
    if (found := _SPACED.match(low, place, end)) and last < (number := int(found.group(2))) <= last + 60:
        return number, found.group(1) in {"to", "à", "a", "bis", "tot"}, found.end()
    return None


def season(low: str, start: int, end: int, *, anime: bool) -> Numbering | None:
    """A season, several, a part of one, or (as anime does) a season and a bare number."""
    # "Series" at the very start is a title's word.
    begin = start + 1 if low.startswith("series", start) else start
    found = _ORDINAL.search(low, start, end) or _SEASON.search(low, begin, end) or _WORDED.search(low, start, end)
    if found is None and not low.isascii():
        found = _HAN_SEASON.search(low, start, end)
    if found is None:
        return None
    digits = next(group for group in found.groups() if group)
    first = _count(digits)
    joined = digits.isdecimal() and found.group().startswith(f"s{digits}")
    if joined and len(digits) > 2 and not 1900 <= first <= 2099:
        return _made(found, (int(digits[:-2]),), (int(digits[-2:]),))
    keeps_title = found.re not in {_SEASON, _WORDED}
    if inner := _inner(low, end, found, first, anime=anime):
        return _inner_episode(found, inner, first, keeps_title=keeps_title)
    seasons, place = _more_seasons(low, end, found, first, anime=anime)
    if not low.isascii() and (whole := _ASIAN_RANGE.search(low, start, end)):
        numbers = tuple(range(int(whole.group(1)), min(int(whole.group(2)), int(whole.group(1)) + MOST_EPISODES) + 1))
        return Numbering(
            found.start(), place, seasons, numbers, spans={"season": (found.span(),), "episodes": (whole.span(),)}
        )
    numbering = Numbering(
        found.start(),
        place,
        seasons,
        kind=Kind.SEASON if len(seasons) == 1 else Kind.MULTI_SEASON,
        spans={"season": ((found.start(), place),)},
    )
    return _part_of(low, end, numbering)


def _inner(low: str, end: int, found: re.Match[str], first: int, *, anime: bool) -> re.Match[str] | None:
    part = _PART.match(low, found.end(), end) if anime else None
    inner = _INNER.match(low, part.end() if part else found.end(), end)
    if inner is None or 1900 <= float(inner.group(1)) <= 2099:
        return None
    marked = any(character in "-[(#" for character in inner.group()[: inner.start(1) - inner.start()])
    if (
        marked
        and "-" in inner.group()
        and " " not in inner.group()
        and not anime
        and int(float(inner.group(1))) > first
    ):
        return None
    padded = inner.group(1).startswith("0") and found.end(1) - found.start(1) == 1
    return inner if marked or anime or padded or inner.group(2) or float(inner.group(1)) >= 100 else None


def _inner_episode(found: re.Match[str], inner: re.Match[str], season: int, *, keeps_title: bool) -> Numbering:
    text = inner.group(1)
    number: Number = float(text) if "." in text else int(text)
    numbers: tuple[Number, ...] = (number,)
    if inner.group(2) and number < int(inner.group(2)) <= number + MOST_EPISODES:
        numbers = tuple(range(int(number), int(inner.group(2)) + 1))
    place = ((inner.start(1), inner.end()),)
    spans = {"season": (found.span(),), "episodes": place}
    if keeps_title:
        return Numbering(inner.start(), inner.end(), (season,), absolute=numbers, spans={**spans, "absolute": place})
    if isinstance(number, int) and number < 100:
        return Numbering(found.start(), inner.end(), (season,), tuple(int(each) for each in numbers), spans=spans)
    return Numbering(found.start(), inner.end(), (season,), absolute=numbers, spans={**spans, "absolute": place})


def _more_seasons(low: str, end: int, found: re.Match[str], first: int, *, anime: bool) -> tuple[tuple[int, ...], int]:
    seasons, place = [first], found.end()
    while more := _MORE_SEASONS.match(low, place, end):
        mark, word, number = more.group(1), more.group(2), int(more.group(3))
        if not seasons[-1] < number <= seasons[-1] + 40 or not (
            mark or word or (len(more.group(3)) == found.end(1) - found.start(1) == 2 and not anime)
        ):
            break
        if mark == "a" and not word:
            break
        filled = range(seasons[-1] + 1, number) if mark not in {"&", "+", ",", "and", "et"} else ()
        seasons.extend([*filled, number])
        place = more.end()
    return tuple(seasons), place


def _part_of(low: str, end: int, numbering: Numbering) -> Numbering:
    if found := _PART.match(low, numbering.end, end):
        return replace(numbering, kind=Kind.PARTIAL_SEASON, part=int(found.group(1)), end=found.end())
    if found := _EXTRAS.match(low, numbering.end, end):
        return replace(numbering, kind=Kind.EXTRAS, end=found.end())
    return numbering


def episode_only(low: str, start: int, end: int) -> Numbering | None:
    """An episode without its season: E07, Episodio 13, 2of6."""
    if (found := _EPISODE_ONLY.search(low, start, end)) and not _of_film(low, found, end):
        made = _with_more(low, end, found, -1, int(found.group(1)))
        short = found.group().lstrip("e").isdecimal() or (
            len(made.episodes) == 1 and found.group().lstrip("ep").isdecimal()
        )
        return replace(
            made, seasons=(), first_season=short and made.episodes[0] < 100, spans={"episodes": made.spans["episodes"]}
        )
    if found := _COUNTED.search(low, start, end):
        return Numbering(
            *found.span(), episodes=(int(found.group(1) or found.group(2)),), spans={"episodes": (found.span(),)}
        )
    if found := _EPISODE_AFTER.search(low, start, end):
        return Numbering(*found.span(), episodes=(int(found.group(1)),), spans={"episodes": (found.span(),)})
    if found := _N_OF_M.search(low, start, end):
        number = int(found.group(1))
        if 0 < number <= int(found.group(2)):
            return _part(found, number)
    return None


def _of_film(low: str, found: re.Match[str], end: int) -> bool:
    """Whether "Episode 4" belongs to a film's title: its year follows."""
    return found.group().startswith("episode") and _YEAR_NEXT.match(low, found.end(), end) is not None


def _part(found: re.Match[str], number: int) -> Numbering:
    return Numbering(*found.span(), episodes=(number,), first_season=True, spans={"episodes": (found.span(),)})


def complete(low: str, start: int, end: int) -> Numbering | None:
    """A whole series, which names no season."""
    found = _COMPLETE.search(low, start + 1, end)
    return Numbering(*found.span(), kind=Kind.MULTI_SEASON, spans={"season": (found.span(),)}) if found else None


def part_episode(low: str, start: int, end: int) -> Numbering | None:
    """A part of a television film or serial: only for what was recorded from television."""
    if found := _PART_EPISODE.search(low, start, end):
        number = _count(found.group(1)) if found.group(1) not in _ROMAN else _ROMAN.index(found.group(1)) + 1
        more = found.group(2)
        return replace(_part(found, number), episodes=(number, int(more))) if more else _part(found, number)
    return None
