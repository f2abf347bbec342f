"""Whether a release is worth replacing a file: enough gain, by what was known at grab, and never in circles."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .library import Candidate, Existing, Grab
from .reasons import Reason, reason
from .scoring import Score
from .works import Episode


@dataclass(frozen=True, slots=True)
class UpgradeRule:
    """When the house improves what it has."""

    enabled: bool = True
    least_gain: int = 20
    least_seeders: int = 10
    most_upgrades: int = 2
    within_days: int = 30
    correction_days: int = 7


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A replacement worth making."""

    gain: int
    before: int
    after: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Offer:
    """A candidate with its score and the episodes it holds."""

    candidate: Candidate
    score: Score
    episodes: frozenset[Episode] = frozenset()


def upgrade(existing: Existing, offer: Offer, rule: UpgradeRule, now: datetime) -> Upgrade | Reason:
    """The gain over the frozen score of the grab, or the first rule that speaks against it."""
    gain = offer.score.lasting_points - existing.points
    if against := _against(existing, offer, rule, now):
        return against
    return Upgrade(gain, existing.points, offer.score.lasting_points, reason("upgrade", gain=gain))


def _against(existing: Existing, offer: Offer, rule: UpgradeRule, now: datetime) -> Reason | None:
    candidate, gain = offer.candidate, offer.score.lasting_points - existing.points
    since = now - timedelta(days=rule.within_days)
    # The first grab is no upgrade.
    recent = [grab for grab in sorted(existing.history, key=lambda grab: grab.at)[1:] if grab.at > since]
    checks = (
        (not rule.enabled, reason("upgrades_off")),
        (existing.knows(candidate.name, candidate.hash), reason("grabbed_before")),
        (not existing.episodes <= offer.episodes, reason("not_all_covered")),
        (gain < rule.least_gain, reason("small_gain", gain=gain, limit=rule.least_gain)),
        (
            candidate.seeders < rule.least_seeders,
            reason("few_seeders", lasting=False, seeders=candidate.seeders, limit=rule.least_seeders),
        ),
        (
            len(recent) >= rule.most_upgrades,
            reason("too_many_upgrades", lasting=False, count=len(recent), days=rule.within_days),
        ),
    )
    return next((why for against, why in checks if against), None)


def upgraded(existing: Existing, offer: Offer, now: datetime) -> Existing:
    """The file after the replacement, its score frozen as of now."""
    candidate = offer.candidate
    return Existing(
        name=candidate.name,
        points=offer.score.lasting_points,
        episodes=offer.episodes,
        hash=candidate.hash,
        group=candidate.release.group,
        version=candidate.release.version,
        history=(*existing.history, Grab(now, candidate.name, candidate.hash)),
    )
