"""The room's truth: where playback is, as a function of the server's clock."""

from dataclasses import dataclass, replace
from typing import Annotated

from regie_watch_party.validation import INTEGER_LIMIT, Bounds

Count = Annotated[int, Bounds(0, INTEGER_LIMIT)]
Rate = Annotated[float, Bounds(0.25, 4)]

# The high part of an epoch is the owner's lease term, so that a deposed owner's commands are always older.
# 32 + 21 bits stay exact in JavaScript.
TERM_BITS = 32
LEAD_MIN_S = 0.25
LEAD_MAX_S = 1.5
SEEK_LEAD_S = 0.5


@dataclass(frozen=True, slots=True)
class Timeline:
    """From `at_s` (server clock) on, `item` plays from `position_s` at `rate`; not playing, it stands at `position_s`.

    `at_s` may lie ahead: then everybody waits at `position_s` and starts together.
    """

    epoch: Count
    item: str | None = None
    position_s: Annotated[float, Bounds(0, 1e9)] = 0.0
    at_s: float = 0.0
    rate: Rate = 1.0
    playing: bool = False

    def position(self, server_now: float) -> float:
        """Where everybody should be at this server time."""
        if not self.playing or server_now <= self.at_s:
            return self.position_s
        return self.position_s + self.rate * (server_now - self.at_s)

    def play(self, server_now: float, lead_s: float) -> "Timeline":
        """Start together, `lead_s` from now."""
        position = self.position(server_now)
        return replace(self, epoch=self.epoch + 1, position_s=position, at_s=server_now + lead_s, playing=True)

    def pause(self, server_now: float) -> "Timeline":
        """Stop at once, here."""
        position = self.position(server_now)
        return replace(self, epoch=self.epoch + 1, position_s=position, at_s=server_now, playing=False)

    def seek(self, server_now: float, position_s: float, lead_s: float) -> "Timeline":
        """Go elsewhere; if playing, everybody first seeks while paused and starts together after the lead."""
        at_s = server_now + lead_s + SEEK_LEAD_S if self.playing else server_now
        return replace(self, epoch=self.epoch + 1, position_s=max(0.0, position_s), at_s=at_s)

    def change_rate(self, server_now: float, rate: float) -> "Timeline":
        """Go on from here at another speed."""
        position, at_s = self.position(server_now), max(server_now, self.at_s)
        return replace(self, epoch=self.epoch + 1, position_s=position, at_s=at_s, rate=rate)

    def load(self, server_now: float, item: str | None) -> "Timeline":
        """Stand at the beginning of another item."""
        return Timeline(epoch=self.epoch + 1, item=item, at_s=server_now, rate=self.rate)

    def repeat(self) -> "Timeline":
        """The same timeline as a new command, so that everybody applies it again."""
        return replace(self, epoch=self.epoch + 1)

    def under(self, term: int) -> "Timeline":
        """The same timeline under another owner's term; never an older epoch."""
        return replace(self, epoch=max(self.epoch + 1, first_epoch(term)))


def first_epoch(term: int) -> int:
    """The first epoch that an owner with this lease term may use."""
    return term << TERM_BITS


def start_lead_s(worst_rtt_p95_s: float) -> float:
    """How far ahead a common start is set: the slowest member must hear of it in time."""
    return max(LEAD_MIN_S, min(LEAD_MAX_S, 0.75 * worst_rtt_p95_s + 0.15))
