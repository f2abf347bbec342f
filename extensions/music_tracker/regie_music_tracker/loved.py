"""What a user loves: of each track the latest word, with its time and who said it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum


class Score(IntEnum):
    """What a user thinks of a track."""

    HATED = -1
    NEUTRAL = 0
    LOVED = 1


@dataclass(frozen=True, slots=True, order=True)
class Opinion:
    """One word about one track; sorts by time, so that the latest of several sources holds."""

    at: int
    origin: str
    user: str
    track: str
    score: Score


@dataclass(slots=True)
class Opinions:
    """The latest opinion on each track of each user, in whatever order the words come in."""

    _latest: dict[tuple[str, str], Opinion] = field(default_factory=dict)

    def hear(self, opinion: Opinion) -> bool:
        """Take a word in; whether it changes anything."""
        key = opinion.user, opinion.track
        known = self._latest.get(key)
        if known is not None and opinion <= known:
            return False
        self._latest[key] = opinion
        return known is None or known.score is not opinion.score

    def of(self, user: str, score: Score = Score.LOVED) -> Iterator[Opinion]:
        """The tracks a user thinks this of, latest first."""
        mine = (one for one in self._latest.values() if one.user == user and one.score is score)
        yield from sorted(mine, reverse=True)
