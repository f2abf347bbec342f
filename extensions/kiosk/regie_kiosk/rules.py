"""The rules that refuse a release, each a short function that yields its reasons."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from .library import Candidate, Existing, Library
from .matching import Match
from .profiles import Profile, tier
from .reasons import Reason, reason
from .release import AudioClass, Kind, parse_release_name
from .release.text import MEDIA_EXTENSIONS
from .scoring import Score
from .upgrades import Offer, Upgrade, UpgradeRule, upgrade
from .works import Episode, Wanted, WorkKind

MEGABYTE = 1_000_000
DANGEROUS = frozenset({
    "arj", "bat", "cmd", "com", "exe", "hta", "js", "jar", "lnk", "lzh", "msi", "pif", "ps1", "scr", "sh", "vbe", "vbs", "wsf", "zipx",
})  # fmt: skip
SAMPLE_BYTES = 70 * MEGABYTE
# A pre-air this early is a leak now and then; earlier ones are fakes.
GRACE = timedelta(hours=24)
# What a download needs beyond its own size while it is being put together.
OVERHEAD = 1.05


@dataclass(frozen=True, slots=True)
class Case:
    """One candidate with everything a rule may ask about."""

    candidate: Candidate
    match: Match
    episodes: frozenset[Episode]
    wanted: Wanted
    profile: Profile
    library: Library
    score: Score
    rule: UpgradeRule
    now: datetime

    @property
    def hours_since_air(self) -> float | None:
        """How long the search has been going on."""
        return (self.now - self.wanted.air_at).total_seconds() / 3600 if self.wanted.air_at else None


Rule = Callable[[Case], Iterator[Reason]]


def held(candidate: Candidate, match: Match, wanted: Wanted) -> frozenset[Episode]:
    """The episodes a release holds: told by its name, its files, or the season's length."""
    if match.episodes:
        return match.episodes
    if candidate.files is not None:
        return frozenset(_from_files(candidate, match))
    if candidate.release.kind is Kind.SEASON:
        return frozenset(
            Episode(season, number) for season in match.seasons for number in range(1, _length(wanted, season) + 1)
        )
    return frozenset()


def _length(wanted: Wanted, season: int) -> int:
    asked = [episode.number for episode in wanted.episodes if episode.season == season]
    return wanted.seasons[season].episodes if season in wanted.seasons else max(asked, default=0)


def _from_files(candidate: Candidate, match: Match) -> Iterator[Episode]:
    season = match.seasons[0] if len(match.seasons) == 1 else None
    for file in candidate.files or ():
        release = parse_release_name(file.path)
        told = release.season if release.season is not None else season
        if told is not None and _suffix(file.path) in MEDIA_EXTENSIONS:
            yield from (Episode(told, number) for number in release.episodes)


def _suffix(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).suffix.lower().lstrip(".")


def refusals_by_profile(case: Case) -> Iterator[Reason]:
    """Audio, sources and words that the profile refuses or asks for."""
    release, profile = case.candidate.release, case.profile
    low = release.name.casefold()
    if release.audio_class in profile.refused_audio:
        yield reason("refused_audio", audio=release.audio_class.value)
    if release.source in profile.refused_sources and release.source:
        yield reason("refused_source", source=release.source.value)
    yield from (reason("refused_word", word=word) for word in profile.refused_words if word.casefold() in low)
    yield from (reason("missing_word", word=word) for word in profile.required_words if word.casefold() not in low)
    if release.hardcoded_subtitles and not profile.allows_hardcoded:
        yield reason("hardcoded_subtitles")


def foreign_dub(case: Case) -> Iterator[Reason]:
    """A dub in a language that is neither French nor the original."""
    release, original = case.candidate.release, case.match.work.original_language
    spoken = {language.partition("-")[0] for language in release.languages}
    if release.audio_class is AudioClass.VO and original and spoken and not spoken & {original, "original", "fr"}:
        yield reason("foreign_dub", language=", ".join(sorted(spoken)))


def size(case: Case) -> Iterator[Reason]:
    """Bytes per minute of what it holds."""
    candidate = case.candidate
    if candidate.size_bytes <= 0:
        yield reason("unknown_size", lasting=False)
        return
    if "sample" in candidate.name.casefold().split("-")[-1] and candidate.size_bytes < SAMPLE_BYTES:
        yield reason("sample")
    limit = case.profile.limits.get(tier(candidate.release))
    if limit is None:
        return
    minutes = case.wanted.runtime_min * max(1, len(case.episodes))
    megabytes = candidate.size_bytes / MEGABYTE
    if megabytes < limit.least * minutes:
        yield reason("too_small", size=round(megabytes), limit=round(limit.least * minutes))
    if megabytes > limit.most * minutes:
        yield reason("too_large", size=round(megabytes), limit=round(limit.most * minutes))


def danger(case: Case) -> Iterator[Reason]:
    """Files that could harm, and lists without any video."""
    files = case.candidate.files
    paths = [file.path for file in files or ()] or [case.candidate.name]
    yield from (reason("dangerous_file", file=path) for path in paths if _suffix(path) in DANGEROUS)
    if files and not any(_suffix(file.path) in MEDIA_EXTENSIONS for file in files):
        yield reason("no_video")


def blocklist(case: Case) -> Iterator[Reason]:
    """What failed before."""
    if case.library.blocks(case.candidate):
        yield reason("blocklisted")


def queue(case: Case) -> Iterator[Reason]:
    """What is on its way already."""
    candidate, asked = case.candidate, case.wanted.episodes & case.episodes
    for queued in case.library.queue:
        same = candidate.hash and queued.hash and candidate.hash.casefold() == queued.hash.casefold()
        if same or candidate.name == queued.name:
            yield reason("already_queued", lasting=False)
        elif asked <= queued.episodes and queued.points >= case.score.lasting_points:
            yield reason("queued_as_good", lasting=False, name=queued.name)


def seeders(case: Case) -> Iterator[Reason]:
    """Enough people who share it."""
    if case.candidate.seeders < case.profile.least_seeders:
        yield reason("few_seeders", lasting=False, seeders=case.candidate.seeders, limit=case.profile.least_seeders)


def air_date(case: Case) -> Iterator[Reason]:
    """Nothing true appears long before it is on air."""
    appeared = case.candidate.published_at or case.now
    if case.wanted.air_at and appeared < case.wanted.air_at - GRACE:
        yield reason("before_air")


def packs(case: Case) -> Iterator[Reason]:
    """Seasons that are not over, several seasons, parts of unknown content."""
    release = case.candidate.release
    if release.kind is Kind.EXTRAS:
        yield reason("extras_only")
    if release.kind is Kind.MULTI_SEASON:
        yield reason("several_seasons")
    if release.kind is Kind.PARTIAL_SEASON and case.candidate.files is None:
        yield reason("partial_pack_unknown", lasting=False)
    for season in case.match.seasons if release.kind is Kind.SEASON else ():
        known = case.wanted.seasons.get(season)
        if known and known.aired < known.episodes:
            yield reason("season_unfinished", lasting=False, season=season)


def wanted_episodes(case: Case) -> Iterator[Reason]:
    """It holds at least one episode that is wanted."""
    film, told = case.wanted.work.kind is WorkKind.FILM, case.candidate.release.kind is not Kind.EXTRAS
    unknown = case.candidate.release.kind is Kind.PARTIAL_SEASON and case.candidate.files is None
    if case.match.work.key != case.wanted.work.key:
        yield reason("other_work", found=case.match.work.title, work=case.wanted.work.title)
    elif told and not film and not unknown and not case.wanted.episodes & case.episodes:
        yield reason("other_episode")


def have(case: Case) -> Iterator[Reason]:
    """What the library has is replaced by an upgrade, or by a correction from the same group, only."""
    asked = case.wanted.episodes & case.episodes
    film = case.wanted.work.kind is WorkKind.FILM
    for existing in case.library.existing:
        if film or existing.episodes & asked:
            yield from _against(case, existing)


def _against(case: Case, existing: Existing) -> Iterator[Reason]:
    release = case.candidate.release
    newer = release.version > existing.version
    if newer and not release.proper and existing.group and release.group != existing.group:
        yield reason("repack_of_other", group=release.group or "?", owner=existing.group)
        return
    equal = case.score.lasting_points >= existing.points and existing.episodes <= case.episodes
    mends = newer and equal and not existing.knows(case.candidate.name, case.candidate.hash)
    settled = existing.older_than(case.now, case.rule.correction_days)
    if mends and not settled:
        return
    verdict = upgrade(existing, Offer(case.candidate, case.score, case.episodes), case.rule, case.now)
    if not isinstance(verdict, Upgrade):
        yield reason("late_correction", days=case.rule.correction_days) if mends else reason("already_have")
        yield verdict


def floor(case: Case) -> Iterator[Reason]:
    """Enough points, at the floor of the hour."""
    least = case.profile.floor_after(case.hours_since_air)
    if case.score.points < least:
        waiting = case.profile.fallback is not None and least > case.profile.fallback.floor
        yield reason("below_floor", lasting=not waiting, points=case.score.points, floor=least)


def disk(case: Case) -> Iterator[Reason]:
    """Room for it beside what is queued."""
    free = case.library.free_bytes
    if free is None:
        return
    queued = sum(queued.left_bytes for queued in case.library.queue)
    needed = round(case.candidate.size_bytes * OVERHEAD) + queued + case.library.reserve_bytes
    if needed > free:
        yield reason("disk_full", lasting=False, needed=round(needed / MEGABYTE), free=round(free / MEGABYTE))


RULES: tuple[Rule, ...] = (
    wanted_episodes,
    packs,
    refusals_by_profile,
    foreign_dub,
    danger,
    size,
    blocklist,
    queue,
    seeders,
    air_date,
    have,
    floor,
    disk,
)
