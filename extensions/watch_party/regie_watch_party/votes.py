"""Votes: half of those asked must say yes in time; silence is a no."""

import math
from dataclasses import dataclass, field

from regie_watch_party.protocol import VoteOutcome, VoteState, VoteSubject

VOTE_S = 15.0
SHARE = 0.5


def needed(eligible: int) -> int:
    """How many must agree."""
    return max(1, math.ceil(SHARE * eligible))


@dataclass(slots=True)
class Vote:
    """One question to the members that were there when it was put; who leaves, leaves the count."""

    id: int
    subject: VoteSubject
    by: str
    eligible: set[str]
    closes_s: float | None
    position_s: float | None = None
    yes: set[str] = field(default_factory=set)
    no: set[str] = field(default_factory=set)

    def cast(self, member_id: str, *, yes: bool) -> bool:
        """Take a ballot, the last of a member counts; False if it was not asked."""
        if member_id not in self.eligible:
            return False
        self.yes.discard(member_id)
        self.no.discard(member_id)
        (self.yes if yes else self.no).add(member_id)
        return True

    def leave(self, member_id: str) -> None:
        """A member is gone, and its ballot with it."""
        self.eligible.discard(member_id)
        self.yes.discard(member_id)
        self.no.discard(member_id)

    def outcome(self, now: float) -> VoteOutcome:
        """How it stands."""
        required = needed(len(self.eligible))
        if len(self.yes) >= required:
            return "passed"
        lost = len(self.eligible) - len(self.no) < required
        return "failed" if lost or (self.closes_s is not None and now >= self.closes_s) else "open"

    def state(self, now: float) -> VoteState:
        """As it is shown."""
        return VoteState(
            vote=self.id,
            subject=self.subject,
            by=self.by,
            yes=len(self.yes),
            no=len(self.no),
            eligible=len(self.eligible),
            needed=needed(len(self.eligible)),
            outcome=self.outcome(now),
            position_s=self.position_s,
            closes_s=self.closes_s,
        )
