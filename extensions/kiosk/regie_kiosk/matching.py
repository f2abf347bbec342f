"""Which wanted work a release is, and which of its episodes it holds."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import NamedTuple

from .reasons import Reason, reason
from .release import Doubt, Kind, ReleaseName
from .works import Cour, Episode, Work, WorkKind, compact, normalised

# Below this likeness a title is clearly another one, whatever id the indexer claims.
LIKENESS = 0.75

_SEASON_IN_TITLE = re.compile(
    r"^(?P<title>.+?)\s+(?:(?P<ordinal>\d{1,2})(?:st|nd|rd|th)\s+season|season\s+(?P<number>\d{1,2})|s(?P<short>\d{1,2}))$",
    re.IGNORECASE,
)
_NO_IDS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Match:
    """A release, found to be of a wanted work."""

    work: Work
    episodes: frozenset[Episode]
    seasons: tuple[int, ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class NoMatch:
    """A release that is of no wanted work, and why."""

    reason: Reason


class _Named(NamedTuple):
    """A work found by a title, which may be that of one cour, or name a season."""

    work: Work
    cour: Cour | None = None
    season: int | None = None


class WantedIndex:
    """A dictionary from every normalised title to its works; it looks one name up in microseconds."""

    def __init__(self, works: Iterable[Work]) -> None:
        self._by_title: dict[str, list[_Named]] = {}
        self._by_id: dict[tuple[str, str], Work] = {}
        for work in works:
            for title in dict.fromkeys(compact(title) for title in work.titles):
                self._by_title.setdefault(title, []).append(_Named(work))
            for cour in work.cours:
                self._by_title.setdefault(compact(cour.title), []).append(_Named(work, cour))
            for kind, value in work.ids.items():
                self._by_id[kind, value] = work

    def named(self, title: str) -> list[_Named]:
        """The works of a title."""
        return self._by_title.get(compact(title), [])

    def identified(self, ids: Mapping[str, str]) -> Work | None:
        """The one work that the ids name; none if they contradict each other."""
        found = {work.key: work for pair in ids.items() if (work := self._by_id.get(pair))}
        return next(iter(found.values())) if len(found) == 1 else None


def match(release: ReleaseName, wanted: WantedIndex, ids: Mapping[str, str] = _NO_IDS) -> Match | NoMatch:
    """The wanted work that the name tells; an indexer's id only settles what the title leaves open."""
    if not release.title:
        return NoMatch(reason("unreadable"))
    named = _candidates(release, wanted)
    claimed = wanted.identified(ids)
    if not named:
        return _by_id(release, claimed)
    fitting, refused = _fitting(release, named)
    if not fitting:
        return NoMatch(refused or reason("unknown_title", title=release.title))
    if len({found.work.key for found in fitting}) > 1:
        fitting = [found for found in fitting if claimed and found.work.key == claimed.key]
        if not fitting:
            return NoMatch(reason("ambiguous_title", title=release.title))
    chosen = next((found for found in fitting if found.cour is None), fitting[0])
    return _resolved(release, chosen, reason("matched_title", work=chosen.work.title))


def _candidates(release: ReleaseName, wanted: WantedIndex) -> list[_Named]:
    """The works of the title in each of its forms; a season behind the title may name a cour."""
    titles = (release.title, *release.alternative_titles)
    if release.season and release.season > 1:
        for title in titles:
            for form in (f"{title} {release.season}", f"{title} S{release.season}", f"{title} Season {release.season}"):
                if cours := [found._replace(season=release.season) for found in wanted.named(form) if found.cour]:
                    return cours
    for form in _forms(release):
        if named := wanted.named(form):
            return named
    for title in titles:
        told = _SEASON_IN_TITLE.match(title)
        if told and (named := wanted.named(told["title"])):
            season = int(told["ordinal"] or told["number"] or told["short"])
            return [found._replace(season=season) for found in named]
    return []


def _forms(release: ReleaseName) -> Iterable[str]:
    """The longest first: "Title US 2019" is surer than "Title"."""
    for title in (release.title, *release.alternative_titles):
        if release.country:
            country = {"GB": "UK"}.get(release.country, release.country)
            yield f"{title} {country}"
        if release.year:
            yield f"{title} {release.year}"
        yield title


def _fitting(release: ReleaseName, named: list[_Named]) -> tuple[list[_Named], Reason | None]:
    """Those of the right kind, year and country; and the reason that refused the last of the others."""
    refused: Reason | None = None
    fitting = []
    for found in named:
        if why := _misfit(release, found.work):
            refused = why
        else:
            fitting.append(found)
    if release.year and len(fitting) > 1:
        exact = [found for found in fitting if found.work.year == release.year]
        fitting = exact or fitting
    if release.country and len(fitting) > 1:
        exact = [found for found in fitting if release.country in found.work.countries]
        fitting = exact or fitting
    return fitting, refused


def _misfit(release: ReleaseName, work: Work) -> Reason | None:
    film = work.kind is WorkKind.FILM
    if film == release.serial:
        return reason("other_kind")
    year = release.year if film or _year_of_title(release) else None
    # Catalogues and groups differ by a year around the new year.
    if year and work.year and abs(year - work.year) > 1:
        return reason("other_year", work=work.title, wanted=work.year, year=year)
    if release.country and work.countries and release.country not in work.countries:
        return reason("other_country", work=work.title, country=release.country)
    return None


def _year_of_title(release: ReleaseName) -> bool:
    """Whether the year stands before the numbers: behind them it may be that of the season."""
    year = release.spans.get("year")
    numbers = [
        release.spans[key][0][0] for key in ("season", "episodes", "absolute", "air_date") if key in release.spans
    ]
    return bool(year and numbers and year[0][0] < min(numbers))


def _by_id(release: ReleaseName, claimed: Work | None) -> Match | NoMatch:
    if claimed is None:
        return NoMatch(reason("unknown_title", title=release.title))
    if why := _misfit(release, claimed):
        return NoMatch(why)
    own = normalised(release.title)
    if max(SequenceMatcher(None, own, normalised(title)).ratio() for title in claimed.titles) < LIKENESS:
        return NoMatch(reason("other_title", work=claimed.title, title=release.title))
    return _resolved(release, _Named(claimed), reason("matched_id", work=claimed.title))


def _resolved(release: ReleaseName, named: _Named, why: Reason) -> Match | NoMatch:
    if named.work.kind is WorkKind.FILM:
        return Match(named.work, frozenset(), (), why)
    if release.kind is Kind.MULTI_SEASON or (release.seasons and not release.episodes and not release.absolute):
        return Match(named.work, frozenset(), _seasons(release, named), why)
    episodes = _episodes(release, named)
    return Match(named.work, frozenset(episodes), (), why) if episodes else NoMatch(reason("unknown_numbering"))


def _seasons(release: ReleaseName, named: _Named) -> tuple[int, ...]:
    if named.cour and (named.season is not None or release.seasons in {(), (1,)}):
        return (named.cour.season,)
    return release.seasons or ((named.season,) if named.season else ())


def _episodes(release: ReleaseName, named: _Named) -> list[Episode]:
    """The episodes in the library's numbering."""
    work, cour, season = named
    anime = work.kind is WorkKind.ANIME
    numbers = release.episodes or tuple(int(number) for number in release.absolute if number == int(number))
    if release.special and not release.seasons and not release.air_date:
        return [Episode(0, number) for number in numbers]
    implied = Doubt.IMPLIED_SEASON in release.doubts
    if cour and (season is not None or not release.seasons or implied or release.seasons == (1,)):
        return [Episode(cour.season, cour.first_episode + number - 1) for number in numbers]
    if season is None and not (implied and anime):
        season = release.season
    if season is not None and (release.episodes or not _runs_on(release, work, season)):
        return [Episode(season, number) for number in numbers]
    if numbers and (anime or release.absolute):
        return [_of_absolute(number, work.absolute_offsets) for number in numbers]
    if release.air_date and release.air_date in work.air_dates:
        return [work.air_dates[release.air_date]]
    return []


def _runs_on(release: ReleaseName, work: Work, season: int) -> bool:
    """Whether a bare number behind a season counts from the start of the series: S21 1000."""
    offset = work.absolute_offsets.get(season, 0)
    return bool(offset) and min(release.absolute) > offset


def _of_absolute(number: int, offsets: Mapping[int, int]) -> Episode:
    """The season whose first absolute number is the last before this one."""
    season, offset = max(
        ((s, before) for s, before in offsets.items() if s and before < number),
        key=lambda pair: pair[1],
        default=(1, 0),
    )
    return Episode(season, number - offset)
