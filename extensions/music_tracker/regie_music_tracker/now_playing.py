"""What plays now: in memory only, for each client of each user, gone when the track must be over."""

from dataclasses import dataclass, field

from regie_music_tracker.matching import same_track
from regie_music_tracker.submission import Submission
from regie_music_tracker.track import Normaliser, Row

UNKNOWN_LENGTH_S = 600.0


@dataclass(slots=True)
class NowPlayingBoard:
    """One track a client. Counts nothing, survives nothing; every question carries the time."""

    _playing: dict[tuple[str, str], tuple[Submission, float]] = field(default_factory=dict)
    _normaliser: Normaliser = field(default_factory=Normaliser)

    def start(self, submission: Submission, client: str, now: float) -> None:
        """A client plays this now, and nothing else any more."""
        self._playing[submission.user, client] = (submission, now + (submission.length_s or UNKNOWN_LENGTH_S))

    def stop(self, user: str, client: str) -> None:
        """A client plays nothing any more."""
        self._playing.pop((user, client), None)

    def listened(self, submission: Submission, client: str) -> None:
        """A client's listen came in: it is not what plays now any more."""
        playing = self._playing.get((submission.user, client))
        if playing and self._is_same(playing[0], submission):
            self.stop(submission.user, client)

    def playing(self, user: str, now: float) -> list[Submission]:
        """What a user's clients play, the latest first."""
        for key in [key for key, (_, until) in self._playing.items() if until <= now]:
            del self._playing[key]
        mine = [submission for (owner, _), (submission, _) in self._playing.items() if owner == user]
        return sorted(mine, key=lambda one: one.start, reverse=True)

    def _is_same(self, one: Submission, other: Submission) -> bool:
        rows = [self._normaliser.row(submission) for submission in (one, other)]
        first, second = rows
        return isinstance(first, Row) and isinstance(second, Row) and same_track(first, second) is not None
