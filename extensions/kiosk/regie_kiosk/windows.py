"""When to search for an episode: from two hours after its air time, every two hours for two days."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from .reasons import Reason, reason

FIRST_AFTER = timedelta(hours=2)
EVERY = timedelta(hours=2)
WINDOW = timedelta(hours=48)
JITTER = timedelta(minutes=5)
# TMDB gives days only: prime time of the country is assumed.
ASSUMED_HOUR = time(21)
DISAGREE = timedelta(days=1)

_ZONES = {
    "AU": "Australia/Sydney", "BE": "Europe/Brussels", "BR": "America/Sao_Paulo", "CA": "America/Toronto", "CH": "Europe/Zurich",
    "CN": "Asia/Shanghai", "DE": "Europe/Berlin", "DK": "Europe/Copenhagen", "ES": "Europe/Madrid", "FI": "Europe/Helsinki",
    "FR": "Europe/Paris", "GB": "Europe/London", "IE": "Europe/Dublin", "IN": "Asia/Kolkata", "IS": "Atlantic/Reykjavik",
    "IT": "Europe/Rome", "JP": "Asia/Tokyo", "KR": "Asia/Seoul", "MX": "America/Mexico_City", "NL": "Europe/Amsterdam",
    "NO": "Europe/Oslo", "NZ": "Pacific/Auckland", "PL": "Europe/Warsaw", "PT": "Europe/Lisbon", "SE": "Europe/Stockholm",
    "TR": "Europe/Istanbul", "TW": "Asia/Taipei", "US": "America/New_York",
}  # fmt: skip


class AirSource(StrEnum):
    """Who said when an episode is on air."""

    ANILIST = "anilist"
    TVMAZE = "tvmaze"
    TMDB = "tmdb"


class Certainty(StrEnum):
    """How far an air time can be relied on."""

    EXACT = "exact"
    DISPUTED = "disputed"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class AirTime:
    """When an episode is on air, in UTC: `earliest` opens the search, `latest` counts for failure."""

    earliest: datetime
    latest: datetime
    source: AirSource
    certainty: Certainty
    reason: Reason


class Phase(StrEnum):
    """Where a search stands."""

    WAITING = "waiting"
    SEARCHING = "searching"
    FOUND = "found"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Schedule:
    """All searches of one episode, and what is next."""

    air: AirTime
    searches: tuple[datetime, ...]
    failed_at: datetime
    phase: Phase
    next_search: datetime | None


def air_time(
    *,
    anilist: int | None = None,
    tvmaze: datetime | None = None,
    tmdb: date | None = None,
    country: str = "US",
) -> AirTime | None:
    """The air time from what the catalogues give: AniList's Unix seconds, TVmaze's stamp, TMDB's day."""
    if anilist is not None:
        moment = datetime.fromtimestamp(anilist, UTC)
        return AirTime(moment, moment, AirSource.ANILIST, Certainty.EXACT, reason("air_anilist"))
    zone = _ZONES.get(country, "UTC")
    guess = datetime.combine(tmdb, ASSUMED_HOUR, ZoneInfo(zone)).astimezone(UTC) if tmdb else None
    if tvmaze is not None:
        return _from_tvmaze(tvmaze.astimezone(UTC), guess)
    if guess is not None:
        return AirTime(guess, guess, AirSource.TMDB, Certainty.ASSUMED, reason("air_tmdb", zone=zone))
    return None


def _from_tvmaze(moment: datetime, guess: datetime | None) -> AirTime:
    if guess is None or abs(moment - guess) <= DISAGREE:
        return AirTime(moment, moment, AirSource.TVMAZE, Certainty.EXACT, reason("air_tvmaze"))
    hours = round(abs(moment - guess).total_seconds() / 3600)
    why = reason("air_differs", hours=hours)
    return AirTime(min(moment, guess), max(moment, guess), AirSource.TVMAZE, Certainty.DISPUTED, why)


def windows(air: AirTime, now: datetime, *, key: str = "", found_at: datetime | None = None) -> Schedule:
    """The searches of an episode as of now. `key` spreads episodes apart, always in the same way; a hit ends them all."""
    if now.tzinfo is None or (found_at is not None and found_at.tzinfo is None):
        raise ValueError("A moment without a time zone cannot be compared with an air time: pass an aware datetime")
    failed_at = air.latest + WINDOW + JITTER
    searches = tuple(_searches(air, key))
    if found_at is not None:
        return Schedule(air, tuple(at for at in searches if at < found_at), failed_at, Phase.FOUND, None)
    moment = now.astimezone(UTC)
    if moment >= failed_at:
        return Schedule(air, searches, failed_at, Phase.FAILED, None)
    coming = next((at for at in searches if at >= moment), None)
    phase = Phase.WAITING if moment < searches[0] else Phase.SEARCHING
    return Schedule(air, searches, failed_at, phase, coming)


def _searches(air: AirTime, key: str) -> list[datetime]:
    spread = random.Random(f"{key} {air.earliest.isoformat()}")  # noqa: S311  # spreads load, keeps no secret
    seconds = JITTER.total_seconds()
    count = int((air.latest - air.earliest + WINDOW - FIRST_AFTER) / EVERY) + 1
    moments = (air.earliest + FIRST_AFTER + step * EVERY for step in range(count))
    return [moment + timedelta(seconds=spread.uniform(-seconds, seconds)) for moment in moments]
