"""A play, and how evidence of playing becomes watched seconds. Moments are seconds since the epoch (UTC)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from regie.roles import MediaItem, MediaUser, Method, Session, StreamShape

EndReason = Literal["stopped", "absent", "replaced", "repeated", "idle", "lost"]
"""Stop signal; gone from the list; another item; begun anew; check-ins ceased long before; gone after an outage."""

MAX_SPANS = 500


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """What counts as a play and what as watched."""

    watched: float = 0.9
    """Share of the runtime from which a play is watched."""
    restarted: float = 0.05
    """A position from `watched` to below this share of the runtime is a new play."""
    shortest_s: float = 10
    idle_s: float = 300
    gap_trust_s: float = 60
    resume_slack_s: float = 120
    refine_s: float = 60
    outage_slack_s: float = 3600
    """How much of an outage may stay unexplained by the position before what comes after it is another play."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a play's timeline: from `at` on, until the next span, the stream was like this."""

    at: float
    paused: bool
    shape: StreamShape
    kbps: int | None = None
    speed: float | None = None
    """The encoder's frames a second over the video's; below 1.0 the viewer will buffer."""


@dataclass(frozen=True, slots=True)
class Point:
    """Evidence: where the player was at a moment that the player itself vouches for."""

    at: float
    position_s: float | None
    paused: bool
    paused_since: float | None = None


@dataclass(frozen=True, slots=True)
class Play:
    """One person's playing of one item on one session; `stopped` is None while it goes on."""

    uid: int
    server_id: str
    user: MediaUser
    session: Session
    """The session as last seen."""
    started: float
    evidence_at: float
    """When the newest evidence was given."""
    alive_at: float
    """The player's last check-in, as far as its clock can be believed."""
    check_in: float | None
    """The last check-in verbatim, to know a repeated one."""
    seen_at: float
    paused: bool = False
    position0_s: float | None = None
    position_s: float | None = None
    furthest_s: float = 0
    watch_s: float = 0
    paused_s: float = 0
    kilobits: float = 0
    shape_s: tuple[tuple[StreamShape, float], ...] = ()
    """Watched seconds for each shape that the stream had."""
    spans: tuple[Span, ...] = ()
    stopped: float | None = None
    watched: bool | None = None
    end_reason: EndReason | None = None

    @property
    def item(self) -> MediaItem:
        """What is played."""
        return self.session.item

    @property
    def shape(self) -> StreamShape:
        """What the server does with the stream, as last believed."""
        return self.spans[-1].shape if self.spans else self.session.shape

    @property
    def method_s(self) -> Mapping[Method, float]:
        """Watched seconds by method."""
        seconds: dict[Method, float] = {}
        for shape, spent in self.shape_s:
            if shape.method is not None:
                seconds[shape.method] = seconds.get(shape.method, 0) + spent
        return seconds

    @property
    def main_shape(self) -> StreamShape:
        """The longest shape of the method that has most seconds."""
        by_method = self.method_s
        method = max(by_method, key=by_method.__getitem__, default=None)
        candidates = [(spent, shape) for shape, spent in self.shape_s if shape.method == method]
        return max(candidates, key=lambda candidate: candidate[0])[1] if candidates else self.shape

    @property
    def kbps(self) -> int | None:
        """The mean bitrate of what was watched."""
        return round(self.kilobits / self.watch_s) if self.kilobits and self.watch_s else None


@dataclass(frozen=True, slots=True)
class End:
    """How a play came to its end at `at`; `outage`: the session was gone in the first snapshot after one."""

    at: float
    reason: EndReason
    position_s: float | None = None
    completed: bool | None = None
    outage: bool = False


def advanced(play: Play, point: Point, settings: HistorySettings) -> Play:
    """The play with the stretch up to a new point counted (rules 4, 6 and 8)."""
    played, paused = _stretch(play, point, settings)
    position = play.position_s if point.position_s is None else point.position_s
    return replace(
        play,
        evidence_at=max(play.evidence_at, point.at),
        paused=point.paused,
        position0_s=position if play.position0_s is None else play.position0_s,
        position_s=position,
        furthest_s=max(play.furthest_s, position or 0),
        watch_s=play.watch_s + played,
        paused_s=play.paused_s + paused,
        kilobits=play.kilobits + played * (play.session.bitrate_kbps or 0),
        shape_s=_with_seconds(play, played),
    )


def begun_earlier(play: Play, at: float, position_s: float | None, settings: HistorySettings) -> Play:
    """The play as begun at an earlier moment, with the stretch from there counted (rule 2, a late start)."""
    gained = _gained(position_s, play.position0_s)
    played = _counted(play.started - at, gained, settings)
    return replace(
        play,
        started=at,
        position0_s=play.position0_s if position_s is None else position_s,
        watch_s=play.watch_s + played,
        kilobits=play.kilobits + played * (play.session.bitrate_kbps or 0),
        shape_s=_with_seconds(play, played),
        spans=(replace(play.spans[0], at=at), *play.spans[1:]),
    )


def ended(play: Play, end: End, settings: HistorySettings) -> Play:
    """The play, closed by rules 5 and 6."""
    idle = end.at - play.alive_at >= settings.idle_s
    completed = end.completed
    if idle or end.outage:
        completed = None
    elif end.at > play.evidence_at:
        play = advanced(play, Point(end.at, end.position_s, play.paused), settings)
    reason: EndReason = "lost" if end.outage else "idle" if idle else end.reason
    return replace(
        play, stopped=play.evidence_at, end_reason=reason, watched=_watched(play, settings, completed=completed)
    )


def restarts(play: Play, position_s: float | None, settings: HistorySettings) -> bool:
    """Whether a position, after the play's last one, tells of a new play of the same item (rule 7)."""
    runtime = play.item.runtime_s
    if not runtime or position_s is None or play.position_s is None:
        return False
    return play.position_s >= settings.watched * runtime and position_s < settings.restarted * runtime


def counts(item: MediaItem) -> bool:
    """Whether playing the item is a play at all: themes and photos never are."""
    return item.kind != "photo" and item.extra_type not in {"ThemeSong", "ThemeVideo"}


def resumes(
    kind: str, position0_s: float | None, earlier: tuple[float | None, bool | None], settings: HistorySettings
) -> bool:
    """Whether a play continues the latest earlier one of its user and item, given as (last position, watched) (rule 9)."""
    position_s, watched = earlier
    if kind in {"track", "live_tv"} or watched or not position0_s:
        return False
    return position0_s >= (position_s or 0) - settings.resume_slack_s


def _stretch(play: Play, point: Point, settings: HistorySettings) -> tuple[float, float]:
    """Seconds played and paused between the newest evidence and a point."""
    gap = max(0.0, point.at - play.evidence_at)
    gained = _gained(play.position_s, point.position_s)
    if play.paused:
        # The report of the resumption was missed: what the position gained tells, unless it was sought.
        played = gained if not point.paused and gained <= gap else 0.0
        return played, gap - played
    playing = gap
    if point.paused and point.paused_since is not None and play.evidence_at <= point.paused_since <= point.at:
        playing = point.paused_since - play.evidence_at
    return _counted(playing, gained, settings), gap - playing


def _counted(gap: float, gained: float, settings: HistorySettings) -> float:
    return gap if gap <= settings.gap_trust_s else min(gap, gained)


def _gained(before: float | None, after: float | None) -> float:
    return 0.0 if before is None or after is None else max(0.0, after - before)


def _with_seconds(play: Play, seconds: float) -> tuple[tuple[StreamShape, float], ...]:
    if not seconds:
        return play.shape_s
    spent = dict(play.shape_s)
    spent[play.shape] = spent.get(play.shape, 0.0) + seconds
    return tuple(spent.items())


def _watched(play: Play, settings: HistorySettings, *, completed: bool | None) -> bool | None:
    if completed:
        return True
    runtime = play.item.runtime_s
    return play.furthest_s >= settings.watched * runtime if runtime else None
