"""Chooses among search results: every one accepted or refused with all its reasons, the accepted in order."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .library import Candidate, Library
from .matching import NoMatch, WantedIndex, match
from .profiles import Profile
from .reasons import Reason, reason
from .rules import RULES, Case, held
from .scoring import Score, score
from .upgrades import UpgradeRule
from .works import Episode, Wanted, WorkKind

SIZE_STEP = 200_000_000
_ASPECTS = ("single", "points", "flavour", "revision", "coverage", "seeders", "size", "name")

Key = tuple[int, int, int, int, int, int, int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about one candidate."""

    candidate: Candidate
    accepted: bool
    reasons: tuple[Reason, ...]
    score: Score | None = None
    episodes: frozenset[Episode] = frozenset()
    rank: int | None = None

    def sentences(self, language: str = "en") -> list[str]:
        """The reasons in words."""
        return [why.sentence(language) for why in self.reasons]


@dataclass(frozen=True, slots=True)
class Decision:
    """All verdicts: the accepted first, best first; then the refused by name."""

    verdicts: tuple[Verdict, ...]

    @property
    def accepted(self) -> tuple[Verdict, ...]:
        """Those that may be taken, best first."""
        return tuple(verdict for verdict in self.verdicts if verdict.accepted)

    @property
    def chosen(self) -> Verdict | None:
        """The best, if any is good enough."""
        return self.verdicts[0] if self.verdicts and self.verdicts[0].accepted else None


def choose(
    candidates: Iterable[Candidate],
    wanted: Wanted,
    profile: Profile,
    library: Library,
    now: datetime,
    *,
    index: WantedIndex | None = None,
    rule: UpgradeRule | None = None,
) -> Decision:
    """Judge every candidate and put the accepted in order. The order of the input makes no difference.

    `index` holds all followed works, so that another work of the same name is recognised as such.
    """
    known = index or WantedIndex([wanted.work])
    judged = [
        _judge(candidate, wanted, profile, library, known, now=now, rule=rule or UpgradeRule())
        for candidate in candidates
    ]
    accepted = sorted((pair for pair in judged if pair[0].accepted), key=lambda pair: pair[1])
    refused = sorted(
        (verdict for verdict, _ in judged if not verdict.accepted), key=lambda verdict: _name(verdict.candidate)
    )
    return Decision((*_ranked(accepted), *refused))


def _judge(
    candidate: Candidate,
    wanted: Wanted,
    profile: Profile,
    library: Library,
    index: WantedIndex,
    *,
    now: datetime,
    rule: UpgradeRule,
) -> tuple[Verdict, Key]:
    points = score(candidate.release, profile, candidate.seeders)
    found = match(candidate.release, index, candidate.ids)
    if isinstance(found, NoMatch):
        return Verdict(candidate, accepted=False, reasons=(found.reason,), score=points), _LAST
    episodes = held(candidate, found, wanted)
    case = Case(candidate, found, episodes, wanted, profile, library, points, rule, now)
    if refusals := tuple(why for judge in RULES for why in judge(case)):
        return Verdict(candidate, accepted=False, reasons=refusals, score=points, episodes=episodes), _LAST
    verdict = Verdict(candidate, accepted=True, reasons=tuple(_welcome(case)), score=points, episodes=episodes)
    return verdict, _key(case)


_LAST: Key = (1, 0, 0, 0, 0, 0, 0, ())


def _welcome(case: Case) -> Iterable[Reason]:
    hours = case.hours_since_air
    least = case.profile.floor_after(hours)
    if least < case.profile.floor and case.score.points < case.profile.floor:
        yield reason("accepted_fallback", points=case.score.points, floor=least, hours=int(hours or 0))
    else:
        yield reason("accepted", points=case.score.points, floor=least)
    if _needless_pack(case):
        yield reason("pack_for_single")


def _needless_pack(case: Case) -> bool:
    return case.wanted.work.kind is not WorkKind.FILM and len(case.wanted.episodes) == 1 and case.candidate.release.pack


def _key(case: Case) -> Key:
    """What decides, in this order; the last part makes the order total."""
    candidate, release = case.candidate, case.candidate.release
    flavours = [case.profile.flavours.index(tag) for tag in release.french_tags if tag in case.profile.flavours]
    return (
        int(_needless_pack(case)),
        -case.score.points,
        min(flavours, default=len(case.profile.flavours)),
        -release.version,
        -len(case.wanted.episodes & case.episodes),
        -round(math.log10(max(1, candidate.seeders))),
        round(candidate.size_bytes / SIZE_STEP),
        _name(candidate),
    )


def _name(candidate: Candidate) -> tuple[str, ...]:
    stamp = candidate.published_at.isoformat() if candidate.published_at else ""
    files = repr(candidate.files)
    sizes = f"{candidate.seeders:09d} {candidate.size_bytes:015d}"
    return (
        candidate.name,
        candidate.hash or "",
        candidate.indexer,
        stamp,
        sizes,
        repr(sorted(candidate.ids.items())),
        files,
    )


def _ranked(accepted: list[tuple[Verdict, Key]]) -> Iterable[Verdict]:
    """Each with its rank and what puts it before the next."""
    for place, (verdict, key) in enumerate(accepted):
        why = _ahead(key, accepted[place + 1][1]) if place + 1 < len(accepted) else reason("last")
        yield Verdict(
            verdict.candidate,
            accepted=True,
            reasons=(*verdict.reasons, why),
            score=verdict.score,
            episodes=verdict.episodes,
            rank=place + 1,
        )


def _ahead(key: Key, other: Key) -> Reason:
    aspect, mine, theirs = next(
        ((aspect, a, b) for aspect, a, b in zip(_ASPECTS, key, other, strict=True) if a != b), ("name", 0, 0)
    )
    if aspect == "points" and isinstance(mine, int) and isinstance(theirs, int):
        return reason("ahead_points", points=theirs - mine)
    return reason(f"ahead_{aspect}")
