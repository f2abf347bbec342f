"""Puts the layers together: trim, number, title, tags, languages, group."""

import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from . import absolute, audio, dates, group, numbering, quality, title
from .model import Doubt, Kind, ReleaseName, Span
from .numbering import Numbering
from .region import Region, region
from .tags import Tag, scan
from .text import MAX_LENGTH, Text, Word, readable, trim, words
from .vocabulary import VOCABULARY, Strength

_SCRAMBLED = re.compile(r"[\s_]*(?:unpack[\s_]+)?(?:[0-9a-f]{32,40}|(?=[a-z]*\d)[a-z0-9]{18,}(?:\s[a-z0-9]{18,})?)")
_SPECIAL = re.compile(
    r"(?<![a-z0-9])(?:specials?|ova|oad|ovd|ona|sp\d{0,2}|ncop|nced|special[\s._]episode)(?![a-z0-9])"
)
_IMDB = re.compile(r"(?<![a-z0-9])(tt\d{7,9})(?!\d)")
_TMDB = re.compile(r"tmdb(?:id)?[-=](\d{1,9})")
_OPENING = re.compile(r"[\[(](?!(?:19|20)\d\d[)\]][\s_]\d)")
_PART = re.compile(r"[\s._-]{1,3}part[\s._](\d{1,2})(?!\d)")


@dataclass(slots=True)
class _Draft:
    """What the layers have found so far."""

    text: Text
    words: list[Word]
    tags: list[Tag]
    lead: group.Group | None
    hash: group.Group | None
    doubts: list[Doubt]

    @property
    def body(self) -> int:
        """Where the text behind the leading group begins."""
        return self.lead.span[1] + 1 if self.lead else self.text.start

    @property
    def technical(self) -> int:
        """Where the first sure tag stands."""
        return next((tag.start for tag in self.tags if tag.strength is Strength.STRONG), self.text.end)


def parse(name: str) -> ReleaseName:
    """Understand one name that is no path."""
    text = trim(name[:MAX_LENGTH])
    found = words(text.low, (text.start, text.end))
    draft = _Draft(text, found, [], None, group.checksum(text), [Doubt.TRUNCATED] if len(name) > MAX_LENGTH else [])
    if draft.hash:
        low = text.low
        start, stop = draft.hash.span
        draft.text = text = text._replace(low=low[:start] + " " * (stop - start) + low[stop:])
    draft.lead = group.leading(text, _telling)
    tags = scan(found, text.plain, VOCABULARY)
    draft.tags = [tag for tag in tags if not _within(tag, draft.lead) and not _within(tag, draft.hash)]
    if _SCRAMBLED.fullmatch(text.low, text.start, text.end):
        return ReleaseName(name, doubts=(*draft.doubts, Doubt.SCRAMBLED))
    return _assemble(name, draft, _number(draft))


def _known(word: str) -> bool:
    entries = VOCABULARY.get(word)
    if entries is not None:
        return any(not entry.rest for entry in entries)
    return bool(scan([Word(word, 0, len(word))], word, VOCABULARY))


def _telling(word: str) -> bool:
    """Whether a word is a tag even in the bracket of the group; the name of a network may be the group's."""
    entries = VOCABULARY.get(word)
    return _known(word) and not (entries and all(entry.kind == "network" for entry in entries))


def _within(tag: Tag, place: group.Group | None) -> bool:
    return place is not None and tag.start < place.span[1] and tag.end > place.span[0]


def _number(draft: _Draft) -> Numbering | None:
    """Numbers by the surest rule that finds any."""
    low, start, end = draft.text.low, draft.text.start, draft.text.end
    anime = draft.lead is not None or draft.hash is not None
    day = dates.find(low, draft.body, end)
    if found := numbering.episode(low, draft.body, end):
        return _with_absolute(draft, _with_day(draft, found, day), anime=anime)
    dated = day is not None and day.day is not None
    if not dated and (found := numbering.season(low, draft.body, end, anime=anime)):
        return _with_number(draft, found) if anime and low[found.end - 1] in "季期" else found
    if found := numbering.episode_only(low, draft.body, end):
        found = _first_season(draft, found, anime=anime)
        return _with_day(draft, found, day or dates.compact(low, found.end, end))
    if day:
        return _daily(draft, day)
    if found := numbering.complete(low, draft.body, end):
        return found
    return _bare(draft, absolute.Place(draft.body if draft.lead else start, _stop(draft), end), anime=anime)


def _with_number(draft: _Draft, found: Numbering) -> Numbering:
    """The number of the episode, which stands behind the other titles where a Chinese title names the season."""
    low, stop = draft.text.low, max(found.end, draft.technical)
    number = absolute.anime(low, absolute.Place(found.end, stop, draft.text.end))
    if number is None:
        return found
    return replace(number, seasons=found.seasons, spans={**found.spans, **number.spans})


def _first_season(draft: _Draft, found: Numbering, *, anime: bool) -> Numbering:
    """E07, "5 of 9" and parts without a season: the first one, though the name does not say so."""
    if anime or not found.first_season:
        return found
    draft.doubts.append(Doubt.IMPLIED_SEASON)
    return replace(found, seasons=(1,))


def _stop(draft: _Draft) -> int:
    """Where the title's part must have ended: at the first sure tag, or at a bracket behind some words."""
    plain = draft.text.plain
    start = draft.body
    while start < draft.text.end and not plain[start].isalnum():
        start += 1
    found = _OPENING.search(plain, start, draft.text.end)
    return min(draft.technical, found.start()) if found else draft.technical


def _bare(draft: _Draft, place: absolute.Place, *, anime: bool) -> Numbering | None:
    low = draft.text.low
    if anime:
        return absolute.anime(low, place) or _unnumbered_special(draft, place)
    technical = place._replace(tags=_run_of_tags(draft))
    found = _compact(draft, technical) or absolute.plain(low, place, technical)
    day = None if found else dates.compact(low, place.start, draft.technical)
    if day and day.end + 2 >= draft.technical:
        return _daily(draft, day)
    return found or _of_recording(draft, technical)


def _run_of_tags(draft: _Draft) -> int:
    """Where the unbroken run of tags begins that ends in the first sure one."""
    first = next((place for place, tag in enumerate(draft.tags) if tag.strength is Strength.STRONG), None)
    if first is None:
        return draft.text.end
    while first and draft.tags[first - 1].last + 1 >= draft.tags[first].first:
        first -= 1
    return draft.tags[first].start


def _compact(draft: _Draft, place: absolute.Place) -> Numbering | None:
    """Compact digits in a form that leaves no doubt."""
    found = absolute.written_compact(draft.text.low, place)
    return found or (absolute.several(draft.text.low, place) if _recorded(draft) else None)


def _recorded(draft: _Draft) -> bool:
    return any(tag.kind == "source" and tag.value == "tv" for tag in draft.tags)


def _of_recording(draft: _Draft, place: absolute.Place) -> Numbering | None:
    """Parts and compact numbers, which only names of television recordings use."""
    if not _recorded(draft):
        return None
    if found := numbering.part_episode(draft.text.low, draft.body, draft.technical):
        return _first_season(draft, found, anime=False)
    return absolute.compact(draft.text.low, place)


def _unnumbered_special(draft: _Draft, place: absolute.Place) -> Numbering | None:
    """An OVA or a special of which there is but one."""
    found = _SPECIAL.search(draft.text.low, place.start + 1, place.tags)
    return Numbering(*found.span()) if found else None


def _with_day(draft: _Draft, found: Numbering, day: dates.Found | None) -> Numbering:
    """The air date that stands beside a season or an episode."""
    if day is None or day.day is None:
        return found
    spans = {**found.spans, "air_date": ((day.start, day.end),)}
    low, begin = draft.text.low, draft.body
    start = found.start if low[begin : day.start].strip(" [(") == "" else min(found.start, day.start)
    return replace(found, air_date=day.day, start=start, spans=spans)


def _with_absolute(draft: _Draft, found: Numbering, *, anime: bool) -> Numbering:
    """The absolute number that stands beside a season and an episode."""
    place = absolute.Place(draft.body, draft.technical, draft.text.end)
    beside = absolute.beside(draft.text.low, found, place, anime=anime)
    if beside is None:
        return found
    start, end = min(found.start, beside.start), max(found.end, beside.end)
    return replace(found, absolute=beside.absolute, start=start, end=end, spans={**found.spans, **beside.spans})


def _daily(draft: _Draft, day: dates.Found) -> Numbering:
    if day.day is None:
        draft.doubts.append(Doubt.IMPLAUSIBLE_DATE if day.implausible else Doubt.AMBIGUOUS_DATE)
        return Numbering(day.start, day.end, kind=Kind.DAILY)
    part = _PART.match(draft.text.low, day.end, draft.text.end)
    return Numbering(
        day.start,
        part.end() if part else day.end,
        air_date=day.day,
        part=int(part.group(1)) if part else None,
        kind=Kind.DAILY,
        spans={"air_date": ((day.start, day.end),)},
    )


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the title ends, where the tail begins, and what belongs to it."""

    title_end: int
    tail: int
    year: re.Match[str] | None
    region: Region
    edition_from: int


def _lay_out(draft: _Draft, number: Numbering | None) -> _Layout:
    text = draft.text
    if number:
        end = _before_early_tags(draft, number.start)
        tail = number.end if end == number.start else end
        found = region(draft.words, draft.tags, tail, text, sure=False)
        near = min(text.end, number.end + 40)
        year = title.film_year(text.plain, number.end, text.end, near) if end == number.start else None
        return _Layout(end, tail, year, found, tail)
    year = title.film_year(text.plain, text.start, draft.technical, text.end)
    if year and year.start() <= draft.technical:
        found = region(draft.words, draft.tags, year.end(), text, sure=True)
        title_end, more = _editions_before(draft, year.start())
        return _Layout(title_end, year.end(), year, Region(found.start, (*more, *found.tags)), title_end)
    found = region(draft.words, draft.tags, _first_word_end(draft), text, sure=False)
    return _Layout(found.start, found.start, year, found, found.start)


def _first_word_end(draft: _Draft) -> int:
    """A title has at least one word, whatever that word may mean elsewhere."""
    return next((word.end for word in draft.words if word.start >= draft.body), draft.text.end)


def _before_early_tags(draft: _Draft, start: int) -> int:
    """Where tags stand before the number, the title ends at them; a weak one only in a bracket and if nothing else follows."""
    floor = _first_word_end(draft)
    early = [tag for tag in draft.tags if floor <= tag.start < start]
    tagged = {index for tag in early for index in range(tag.first, tag.last + 1)}
    index = sum(word.end <= start for word in draft.words)
    while index - 1 in tagged:
        index -= 1
    for tag in early:
        if tag.strength is Strength.STRONG or (tag.last + 1 >= index and draft.text.plain[tag.start - 1] in "[("):
            return tag.start
    return start


def _editions_before(draft: _Draft, end: int) -> tuple[int, tuple[Tag, ...]]:
    """Editions and French tags that stand between the title and the year."""
    floor = _first_word_end(draft)
    kept: list[Tag] = []
    for tag in reversed(draft.tags):
        if tag.end > end or tag.start < floor or tag.kind not in {"edition", "french", "revision", "filler"}:
            continue
        if draft.text.plain[tag.end : end].strip(" ._-()[]"):
            break
        kept.insert(0, tag)
        end = tag.start
    return end, tuple(kept)


def _assemble(name: str, draft: _Draft, number: Numbering | None) -> ReleaseName:
    text, layout = draft.text, _lay_out(draft, number)
    maker = _maker(draft, number, layout)
    tags = [tag for tag in layout.region.tags if not _within(tag, maker)]
    named = title.read(text.plain, text.start, layout.title_end, numbered=number is not None)
    if number and not text.plain.isascii():
        named = title.with_second(named, text.plain, number.end, text.end)
    layers: tuple[dict[str, Any], ...] = (
        quality.read(tags, text.low)._asdict(),
        audio.read(tags, text.low)._asdict(),
        quality.revision(tags, text.low, layout.title_end, text.end)._asdict(),
        _numbers(number),
        _spoken_of(draft, number, layout),
        _ids(text),
        {"group": maker.name if maker else None, "spans": {"group": (maker.span,)} if maker else {}},
        {"hash": draft.hash.name if draft.hash else None, "spans": {"hash": (draft.hash.span,)} if draft.hash else {}},
    )
    year, year_place = _year(named, layout)
    fields: dict[str, Any] = {}
    spans: dict[str, tuple[Span, ...]] = {**named.spans, "year": year_place} if year_place else dict(named.spans)
    for layer in layers:
        places: dict[str, tuple[Span, ...]] = layer.pop("spans")
        spans.update(places)
        fields.update(layer)
    if not named.title:
        draft.doubts.append(Doubt.NO_TITLE)
    kind = number.kind if number else Kind.FILM if year or layout.region.tags else Kind.UNKNOWN
    return ReleaseName(
        name=name,
        title=named.title,
        alternative_titles=named.alternatives,
        year=year,
        country=named.country,
        kind=kind,
        doubts=tuple(draft.doubts),
        spans=MappingProxyType(spans),
        **fields,
    )


def _numbers(number: Numbering | None) -> dict[str, Any]:
    if number is None:
        return {"spans": {}}
    return {
        "season": number.seasons[0] if number.seasons else None,
        "seasons": number.seasons,
        "episodes": number.episodes,
        "absolute": number.absolute,
        "air_date": number.air_date,
        "part": number.part,
        "spans": number.spans,
    }


def _spoken_of(draft: _Draft, number: Numbering | None, layout: _Layout) -> dict[str, Any]:
    """What the name says in words: the episode's title, the edition, that it is a special."""
    special, episode_title = _special(draft, number), _episode_title(draft, number, layout)
    edition = quality.edition(layout.region.tags, draft.text, layout.edition_from)
    places = {
        "special": special,
        "episode_title": episode_title[1] if episode_title else None,
        "edition": edition[1] if edition else None,
    }
    return {
        "special": special is not None or (number is not None and number.seasons == (0,)),
        "episode_title": episode_title[0] if episode_title else None,
        "edition": edition[0] if edition else None,
        "spans": {field: (place,) for field, place in places.items() if place},
    }


def _maker(draft: _Draft, number: Numbering | None, layout: _Layout) -> group.Group | None:
    technical = min(draft.technical, layout.region.start)
    anime = draft.hash is not None or (number is not None and bool(number.absolute))
    if draft.lead and anime:
        return draft.lead
    found = group.trailing(draft.text, technical, _known, led=draft.lead is not None)
    if found and number and found.span[0] < number.end and found.span[1] > number.start:
        found = None
    return found or draft.lead


def _year(named: title.Title, layout: _Layout) -> tuple[int | None, tuple[Span, ...]]:
    if named.year is not None or layout.year is None:
        return named.year, named.spans.get("year", ())
    digits = re.search(r"\d{4}", layout.year.group())
    start = layout.year.start() + (digits.start() if digits else 0)
    return int(digits.group()) if digits else None, ((start, start + 4),)


def _special(draft: _Draft, number: Numbering | None) -> Span | None:
    found = _SPECIAL.search(draft.text.low, draft.body, draft.text.end)
    return found.span() if found and number else None


def _episode_title(draft: _Draft, number: Numbering | None, layout: _Layout) -> tuple[str, Span] | None:
    """The words between number and tags, where both ends are sure."""
    if number is None or not number.episodes or layout.tail != number.end:
        return None
    end = min(layout.region.start, draft.text.end)
    between = draft.text.plain[number.end : end]
    if end == draft.text.end and not re.match(r"[\])]?\s+-\s", between):
        return None
    text = readable(between)
    return (text, (number.end, end)) if re.search(r"[^\W\d_]{2}", text) and len(text) < 120 else None


def _ids(text: Text) -> dict[str, Any]:
    imdb = _IMDB.search(text.low, text.start, text.end) if "tt" in text.low else None
    tmdb = _TMDB.search(text.low, text.start, text.end) if "tmdb" in text.low else None
    places = {"imdb_id": imdb, "tmdb_id": tmdb}
    return {
        "imdb_id": imdb.group(1) if imdb else None,
        "tmdb_id": int(tmdb.group(1)) if tmdb else None,
        "spans": {field: (found.span(1),) for field, found in places.items() if found},
    }
