"""When a play counts as a listen."""

from enum import StrEnum

from regie_music_tracker.submission import CLOCK_SKEW_S, EARLIEST, Evidence, Submission

SHORTEST_TRACK_S = 30
ENOUGH_S = 240
ENOUGH_SHARE = 0.5
# The year 10000: no calendar of ours can show it.
NO_YEAR = 253_402_300_800
# An export without lengths: what was heard this long was meant.
ENOUGH_OF_UNKNOWN_S = 30


class Rejection(StrEnum):
    """Why a row is kept raw and makes no listen."""

    TOO_OLD = "before 2002-10-01"
    TOO_NEW = "in the future"
    NO_ARTIST = "no artist"
    NO_TITLE = "no title"
    TOO_SHORT = "track of 30 seconds or less"
    NOT_ENOUGH_PLAYED = "stopped before half of it or 4 minutes"
    MUTED = "muted by a rule"
    DROPPED = "deleted by hand"


def enough(length_s: float | None, played_s: float | None) -> bool:
    """Whether this much of a track is a listen: half of it or 4 minutes; 30 seconds where the length is unknown."""
    played = played_s or 0.0
    if not length_s:
        return played >= ENOUGH_OF_UNKNOWN_S
    return length_s > SHORTEST_TRACK_S and played >= min(length_s * ENOUGH_SHARE, ENOUGH_S)


def rejection(submission: Submission, now: int | None = None, *, count_short: bool = False) -> Rejection | None:
    """Why a row makes no listen, or None. `count_short` is a library's switch for tracks of 30 seconds and less."""
    if submission.start < EARLIEST:
        return Rejection.TOO_OLD
    if submission.start >= (NO_YEAR if now is None else now + CLOCK_SKEW_S):
        return Rejection.TOO_NEW
    if not submission.artist.strip() and not any(name.strip() for name in submission.artists):
        return Rejection.NO_ARTIST
    if not submission.title.strip():
        return Rejection.NO_TITLE
    return None if submission.evidence is Evidence.SCROBBLE else _judged(submission, count_short=count_short)


def _judged(submission: Submission, *, count_short: bool) -> Rejection | None:
    length, played = submission.length_s, submission.played_s
    if length and length <= SHORTEST_TRACK_S:
        if not count_short:
            return Rejection.TOO_SHORT
        return None if (played or 0) >= length * ENOUGH_SHARE else Rejection.NOT_ENOUGH_PLAYED
    return None if enough(length, played) else Rejection.NOT_ENOUGH_PLAYED
