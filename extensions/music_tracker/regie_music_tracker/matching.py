"""Which rows are one listen: the rules of track and time, and how a group of candidates is divided by them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from regie_music_tracker.submission import RowKey
from regie_music_tracker.text import similarity
from regie_music_tracker.track import LONGEST_MATCHED_S, Row

CLOSE_S = 30
CLOSE_COARSE_S = 75
COARSE_PRECISION_S = 60
END_STAMP_GRACE_S = 10
SIMILAR_WITHIN_S = 10
SIMILAR_FLOOR = 0.9
SECOND_SCROBBLE_S = 240
# No two rows farther apart than this can be one listen.
REACH_S = LONGEST_MATCHED_S + END_STAMP_GRACE_S


class TrackRule(StrEnum):
    """Why two rows are the same track."""

    RECORDING = "same recording id"
    ISRC = "same ISRC"
    TITLE = "same title and artists"
    SIMILAR = "alike title and artists, started together"


class TimeRule(StrEnum):
    """Why two rows are the same moment."""

    SAME_SOURCE = "one source repeated itself before a second play was possible"
    CLOSE = "started together"
    INSIDE = "started while the other played"
    END_STAMP = "one stamp is the end of the other"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Why two rows are one listen, and how far from perfect the match is."""

    track: TrackRule
    time: TimeRule
    gap_s: int
    cost_s: float


def same_track(one: Row, other: Row) -> TrackRule | None:
    """Whether two rows name one recording."""
    if one.track is other.track:
        return TrackRule.TITLE
    if one.recording_mbid and one.recording_mbid == other.recording_mbid:
        return TrackRule.RECORDING
    if one.isrc and one.isrc == other.isrc:
        return TrackRule.ISRC
    return _same_words(one, other)


def _same_words(one: Row, other: Row) -> TrackRule | None:
    a, b = one.track, other.track
    if a.mbids and b.mbids and a.mbids.isdisjoint(b.mbids):
        return None
    credits_agree = a.names <= b.names or b.names <= a.names or a.is_various or b.is_various
    if a.core == b.core and credits_agree:
        return TrackRule.TITLE
    # Alike titles are looked for in shared blocks only (which hold the marks as well), here as in a sweep.
    if abs(one.start - other.start) > SIMILAR_WITHIN_S or set(a.blocks).isdisjoint(b.blocks):
        return None
    if not credits_agree and similarity(a.artist_key, b.artist_key, SIMILAR_FLOOR) < SIMILAR_FLOOR:
        return None
    return TrackRule.SIMILAR if similarity(a.core, b.core, SIMILAR_FLOOR) >= SIMILAR_FLOOR else None


def second_scrobble_s(length_s: float | None) -> float:
    """How soon after a start the same source can honestly scrobble the same track again."""
    return min(length_s / 2, SECOND_SCROBBLE_S) if length_s else CLOSE_S


def same_time(one: Row, other: Row) -> tuple[TimeRule, float] | None:
    """Whether two rows of one track are one play of it, and the cost; the rows in either order."""
    gap = abs(one.start - other.start)
    if one.source == other.source:
        lengths = [length for length in (one.length_s, other.length_s) if length]
        return (TimeRule.SAME_SOURCE, gap) if gap < second_scrobble_s(min(lengths, default=None)) else None
    coarse = max(one.submission.precision_s, other.submission.precision_s) >= COARSE_PRECISION_S
    if gap < (CLOSE_COARSE_S if coarse else CLOSE_S):
        return TimeRule.CLOSE, gap
    first, last = (one, other) if one.start <= other.start else (other, one)
    for length in (first.length_s, last.length_s):
        if length and abs(gap - length) <= END_STAMP_GRACE_S:
            return TimeRule.END_STAMP, abs(gap - length) + CLOSE_S
    inside = first.length_s or last.length_s
    return (TimeRule.INSIDE, gap) if inside and gap < inside else None


def judge(one: Row, other: Row) -> Judgement | None:
    """Whether two rows are one listen."""
    if not (track := same_track(one, other)) or not (time := same_time(one, other)):
        return None
    return Judgement(track, time[0], abs(one.start - other.start), time[1])


def may_meet(one: Row, other: Row) -> bool:
    """Whether two rows must be judged in one group: the same track, near enough for a rule of time to apply."""
    gap, lengths = abs(one.start - other.start), [length for length in (one.length_s, other.length_s) if length]
    if one.source == other.source:
        # Plays of one source on repeat stay apart, so that a night of one song is not one group.
        return gap < second_scrobble_s(min(lengths, default=None)) and same_track(one, other) is not None
    reach = max(CLOSE_COARSE_S, *lengths, 0) + END_STAMP_GRACE_S
    return gap <= reach and same_track(one, other) is not None


def divide(rows: Sequence[Row]) -> list[list[Row]]:
    """A group into listens, each a list of rows by start: first the plays of each source, then nearest across sources."""
    if len(rows) == 2:
        # By far the commonest group, and quickly told: two rows are one listen or two.
        first, last = sorted(rows, key=order)
        return [[first, last]] if judge(first, last) else [[first], [last]]
    plays = _plays(sorted(rows, key=order))
    pairs = sorted(_candidates(plays))
    listens = _joined(plays, pairs)
    if any(pair.is_end_stamp for pair in pairs):
        # A source that stamps ends, on repeat: each of its stamps is near the next start, and the last is left over.
        # Where reading all of them as ends leaves nothing over, that is what they are.
        listens = min(listens, _joined(plays, sorted(pairs, key=lambda pair: not pair.is_end_stamp)), key=len)
    return [sorted((row for number in home for row in plays[number]), key=order) for home in listens]


class _Pair(NamedTuple):
    """Two plays that may be one listen, by their places; sorts by how well they match."""

    cost_s: float
    first: int
    second: int
    is_end_stamp: bool


def _joined(plays: Sequence[list[Row]], pairs: Sequence[_Pair]) -> list[list[int]]:
    """The places of plays that are one listen, the pairs being taken in their order."""
    homes = [[number] for number in range(len(plays))]
    for pair in pairs:
        one, other = homes[pair.first], homes[pair.second]
        if one is not other and _may_join([plays[n] for n in one], [plays[n] for n in other]):
            one += other
            for number in other:
                homes[number] = one
    return [home for number, home in enumerate(homes) if number == min(home)]


def order(row: Row) -> tuple[int, RowKey]:
    """The one order of rows: whatever came first, the same rows make the same listens."""
    return row.start, row.key


def _plays(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows by start into the plays of each source: a repetition joins a play as long as no second one was possible."""
    plays: list[list[Row]] = []
    for row in rows:
        if play := _repeated(plays, row):
            play.append(row)
        else:
            plays.append([row])
    return plays


def _repeated(plays: Sequence[list[Row]], row: Row) -> list[Row] | None:
    """The latest play (they come by start) that a row repeats."""
    for play in reversed(plays):
        if row.start - play[0].start >= SECOND_SCROBBLE_S:
            return None
        if play[0].source == row.source and all(judge(one, row) for one in play):
            return play
    return None


def _candidates(plays: Sequence[list[Row]]) -> Iterator[_Pair]:
    lengths = [play[0].length_s or 0 for play in plays]
    reach = max(CLOSE_COARSE_S, *lengths) + END_STAMP_GRACE_S
    for first, play in enumerate(plays):
        for second in range(first + 1, len(plays)):
            one, other = play[0], plays[second][0]
            if other.start - one.start > reach:
                break
            if one.source != other.source and (judgement := judge(one, other)):
                yield _Pair(judgement.cost_s, first, second, judgement.time is TimeRule.END_STAMP)


def _may_join(one: Sequence[list[Row]], other: Sequence[list[Row]]) -> bool:
    """At most one play per source, and every play is one listen with every other: chains do not drift."""
    pairs = [(a[0], b[0]) for a in one for b in other]
    return all(a.source != b.source for a, b in pairs) and all(judge(a, b) for a, b in pairs)
