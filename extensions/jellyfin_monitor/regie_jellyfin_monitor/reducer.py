"""Observations of a media server become plays: pure, and indifferent to order, repetition and outages.

`reduce(state, observation)` gives the next state and what happened. The ten rules are in the package's README.
Idempotence needs no list of what was seen: evidence only ever moves forward, and a session that was closed opens
again only by what is newer than its end.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from regie.roles import MediaUser, Observation, Outage, PlaybackSignal, Session, Snapshot, StreamShape

from .plays import (
    MAX_SPANS,
    End,
    EndReason,
    HistorySettings,
    Play,
    Point,
    Span,
    advanced,
    begun_earlier,
    counts,
    ended,
    restarts,
)

LATE_S = 900.0
"""A signal that is older than this, by the newest observation, changes nothing; so long are ends remembered."""

EffectKind = Literal["opened", "updated", "closed", "dropped", "refined"]
Change = Literal["evidence", "paused", "resumed", "method", "stream"]


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that happened to a play; `changes` says what an update is about."""

    kind: EffectKind
    play: Play
    changes: frozenset[Change] = frozenset()


@dataclass(frozen=True, slots=True)
class Ended:
    """A play that ended lately: as it was before its end, and after."""

    before: Play
    after: Play
    noticed_at: float
    """When the end was noticed: a play that ends at its last check-in is noticed later."""


@dataclass(frozen=True, slots=True)
class State:
    """What is open on one server, and what ended lately, by session and user."""

    server_id: str
    open: Mapping[str, Play] = field(default_factory=dict)
    recent: Mapping[str, Ended] = field(default_factory=dict)
    snapshot_at: float = 0
    newest_at: float = 0
    uncertain: bool = False
    """The source was lost, or this state comes from before a restart: the next snapshot is the first since."""


def reduce(state: State, observation: Observation, settings: HistorySettings) -> tuple[State, tuple[Effect, ...]]:
    """The state after an observation, and what it did."""
    if isinstance(observation, Outage):
        return replace(state, uncertain=True), ()
    turn = _Turn(state, settings)
    if isinstance(observation, Snapshot):
        turn.snapshot(observation)
    else:
        turn.signal(observation)
    return turn.result()


def resumed(state: State) -> State:
    """The state as it comes back after a restart of ours."""
    return replace(state, uncertain=True)


class _Turn:
    """One observation at work on a copy of the state."""

    def __init__(self, state: State, settings: HistorySettings) -> None:
        self.settings = settings
        self._state = state
        self._open = dict(state.open)
        self._recent = dict(state.recent)
        self._effects: list[Effect] = []

    def result(self) -> tuple[State, tuple[Effect, ...]]:
        horizon = self._state.newest_at - LATE_S
        recent = {key: end for key, end in self._recent.items() if end.noticed_at >= horizon}
        return replace(self._state, open=self._open, recent=recent), tuple(self._effects)

    def snapshot(self, snapshot: Snapshot) -> None:
        at = snapshot.at.timestamp()
        if at < self._state.snapshot_at:
            return
        outage = snapshot.after_outage or self._state.uncertain
        newest_at = max(at, self._state.newest_at)
        self._state = replace(self._state, snapshot_at=at, newest_at=newest_at, uncertain=False)
        present: set[str] = set()
        for session in snapshot.sessions:
            for user in (session.user, *session.other_users):
                key = f"{session.id}/{user.id}"
                if counts(session.item) and key not in present:
                    present.add(key)
                    self._see(key, user, session, at, outage=outage)
        for key in self._open.keys() - present:
            if at > self._open[key].started:
                self._close(key, End(at, "absent", outage=outage), at)

    def signal(self, signal: PlaybackSignal) -> None:
        at, session = signal.at.timestamp(), signal.session
        if at < self._state.newest_at - LATE_S or not counts(session.item):
            return
        self._state = replace(self._state, newest_at=max(at, self._state.newest_at))
        key = f"{session.id}/{session.user.id}"
        play = self._open.get(key)
        if signal.kind == "stop":
            self._stop(key, signal, at)
        elif play is None:
            self._reopen(key, session.user, session, at, started=signal.kind == "start")
        elif play.item.id != session.item.id:
            if at >= play.evidence_at:
                self._replace(key, session.user, session, at)
        elif signal.kind == "start" and at < play.started:
            self._start_earlier(key, play, session, at)
        else:
            self._put(play, self._with_evidence(key, play, session, at), key)

    def _see(self, key: str, user: MediaUser, session: Session, at: float, *, outage: bool) -> None:
        """A session as a snapshot shows it."""
        play = self._open.get(key)
        if play is None:
            self._reopen(key, user, session, at, started=False)
        elif at < play.started:
            return
        elif play.item.id != session.item.id:
            self._replace(key, user, session, at, outage=outage)
        elif outage and not _continues(play, session, at, self.settings):
            self._replace(key, user, session, at, outage=True)
        else:
            shape = _believed(play, session) if outage or _is_held(play) else session.shape
            after = self._with_evidence(key, play, session, at)
            if after.uid == play.uid:
                after = replace(_refreshed(after, session, shape, at), seen_at=at)
            self._put(play, after, key)

    def _replace(self, key: str, user: MediaUser, session: Session, at: float, *, outage: bool = False) -> None:
        self._close(key, End(at, "replaced", outage=outage), at)
        self._begin(key, user, session, at)

    def _reopen(self, key: str, user: MediaUser, session: Session, at: float, *, started: bool) -> None:
        """Begin a play, unless this is an echo of the one that ended last."""
        end = self._recent.get(key)
        if end is not None:
            check_in, last = _moment(session.last_check_in), end.before.check_in
            same = end.before.item.id == session.item.id
            stale = same and not started and check_in is not None and last is not None and check_in <= last
            if at <= end.noticed_at or stale:
                return
        self._begin(key, user, session if not started else replace(session, last_check_in=None), at)

    def _begin(self, key: str, user: MediaUser, session: Session, at: float) -> None:
        check_in = _moment(session.last_check_in)
        position = session.position_s
        play = Play(
            uid=_uid(self._state.server_id, key, session.item.id, at),
            server_id=self._state.server_id,
            user=user,
            session=session,
            started=at,
            evidence_at=at,
            alive_at=at if check_in is None else min(check_in, at),
            check_in=check_in,
            seen_at=at,
            paused=session.is_paused,
            position0_s=position,
            position_s=position,
            furthest_s=position or 0,
            spans=(_span(session, session.shape, at),),
        )
        self._open[key] = play
        self._effects.append(Effect("opened", play))

    def _start_earlier(self, key: str, play: Play, session: Session, at: float) -> None:
        end = self._recent.get(key)
        if at < play.started - self.settings.idle_s or (end is not None and at <= end.noticed_at):
            return
        self._put(play, begun_earlier(play, at, session.position_s, self.settings), key)

    def _with_evidence(self, key: str, play: Play, session: Session, at: float) -> Play:
        """The play with what the session proves that was not known; a new play when it began anew (rules 3 and 7)."""
        check_in = _moment(session.last_check_in)
        moment = _evidence_moment(play, check_in, at)
        if moment is None:
            return play
        guessed = at - moment if check_in is not None and not session.is_paused else 0.0
        position = None if session.position_s is None else max(0.0, session.position_s - guessed)
        if restarts(play, position, self.settings):
            self._close(key, End(moment, "repeated"), moment)
            self._begin(key, play.user, session, moment)
            return self._open[key]
        point = Point(moment, position, session.is_paused, _moment(session.paused_since))
        known = play.check_in if check_in is None else check_in
        return replace(advanced(play, point, self.settings), check_in=known, alive_at=moment)

    def _put(self, before: Play, after: Play, key: str) -> None:
        """Keep a play, and say what changed, if anything did."""
        if after.uid != before.uid:
            return
        self._open[key] = after
        if changes := _changes(before, after):
            self._effects.append(Effect("updated", after, changes))

    def _stop(self, key: str, signal: PlaybackSignal, at: float) -> None:
        play, session = self._open.get(key), signal.session
        if play is None or play.item.id != session.item.id:
            self._refine(key, signal, at)
        elif at >= max(play.started, play.evidence_at - self.settings.refine_s):
            end = _stop_end(play, signal, at)
            self._close(key, end, end.at, proven=_proven(play, signal, at, self.settings))

    def _refine(self, key: str, signal: PlaybackSignal, at: float) -> None:
        """Let a stop signal correct an end that a snapshot could only guess (rule 2)."""
        end, slack = self._recent.get(key), self.settings.refine_s
        if end is None or end.before.item.id != signal.session.item.id or end.after.end_reason == "stopped":
            return
        if not max(end.before.started, end.before.evidence_at - slack) <= at <= end.noticed_at + slack:
            return
        if (following := self._open.get(key)) is not None:
            at = min(at, following.started)
        before = _proven(end.before, signal, at, self.settings)
        after = ended(before, _stop_end(end.before, signal, at), self.settings)
        if after == end.after:
            return
        self._recent[key] = Ended(end.before, after, max(at, end.noticed_at))
        was_kept, is_kept = (one.watch_s >= self.settings.shortest_s for one in (end.after, after))
        if is_kept:
            self._effects.append(Effect("refined" if was_kept else "closed", after))
        elif was_kept:
            self._effects.append(Effect("dropped", after))

    def _close(self, key: str, end: End, noticed_at: float, *, proven: Play | None = None) -> None:
        play = self._open.pop(key)
        after = ended(proven or play, end, self.settings)
        self._recent[key] = Ended(play, after, noticed_at)
        self._effects.append(Effect("closed" if after.watch_s >= self.settings.shortest_s else "dropped", after))


def _stop_end(play: Play, signal: PlaybackSignal, at: float) -> End:
    position = signal.session.position_s if at >= play.evidence_at else None
    return End(max(at, play.evidence_at), "stopped", position, signal.completed)


def _proven(play: Play, signal: PlaybackSignal, at: float, settings: HistorySettings) -> Play:
    """The play with the check-in that a stop signal brings, when that is newer than what was known."""
    check_in = _moment(signal.session.last_check_in)
    moment = None if check_in is None else _evidence_moment(play, check_in, at)
    if moment is None:
        return play
    position = signal.session.position_s
    reached = None if position is None else max(play.position_s or 0.0, position - (at - moment))
    point = Point(moment, reached, signal.session.is_paused, _moment(signal.session.paused_since))
    return replace(advanced(play, point, settings), check_in=check_in, alive_at=moment)


def _evidence_moment(play: Play, check_in: float | None, at: float) -> float | None:
    """When a newly seen check-in happened; None if it is not new.

    A check-in that was not in the last observation happened since, whatever the server's clock says.
    """
    if check_in is not None and play.check_in is not None and check_in <= play.check_in:
        return None
    moment = at if check_in is None else min(max(check_in, play.seen_at), at)
    return moment if moment >= play.evidence_at else None


def _continues(play: Play, session: Session, at: float, settings: HistorySettings) -> bool:
    """Whether what plays after an outage is what played before it."""
    gap = at - play.evidence_at
    if gap <= settings.idle_s or (play.paused and session.is_paused):
        return True
    if session.position_s is None or play.position_s is None:
        return gap <= settings.outage_slack_s
    gained = session.position_s - play.position_s
    return gained >= 0 and gap - gained <= settings.outage_slack_s


def _believed(play: Play, session: Session) -> StreamShape:
    """The shape of a session after an outage: a server that restarted forgets what it encoded (jellyfin #16815)."""
    forgets = session.shape.method == "direct_play" and play.shape.method not in {None, "direct_play"}
    return play.shape if forgets else session.shape


def _is_held(play: Play) -> bool:
    """Whether the shape in force differs from what the server says since an outage."""
    return play.session.shape.method == "direct_play" and play.shape.method != "direct_play"


def _refreshed(play: Play, session: Session, shape: StreamShape, at: float) -> Play:
    """The play with the stream as it is now, and its timeline grown by what changed."""
    span, last = _span(session, shape, at), play.spans[-1]
    spans = play.spans
    if (span.paused, span.shape) != (last.paused, last.shape) or (_drifted(last, span) and at - last.at >= 60):
        spans = (*spans[: MAX_SPANS - 1], span)
    return replace(play, session=session, spans=spans)


def _span(session: Session, shape: StreamShape, at: float) -> Span:
    return Span(at, session.is_paused, shape, session.bitrate_kbps, speed_of(session))


def speed_of(session: Session) -> float | None:
    """How fast the encoder is against the video; None when nothing is encoded or the rate is unknown."""
    rate = session.shape.video.frame_rate if session.shape.video else None
    return round(session.encoder_fps / rate, 2) if session.encoder_fps and rate else None


def _drifted(before: Span, after: Span) -> bool:
    """Whether bitrate or speed moved by a fifth or more."""
    pairs = ((before.kbps, after.kbps), (before.speed, after.speed))
    return any((old or 0) != (new or 0) and abs((old or 0) - (new or 0)) * 5 >= (old or 0) for old, new in pairs)


def _changes(before: Play, after: Play) -> frozenset[Change]:
    old, new = before.session, after.session
    checks: dict[Change, bool] = {
        "evidence": (after.evidence_at, after.started) != (before.evidence_at, before.started),
        "paused": after.paused and not before.paused,
        "resumed": before.paused and not after.paused,
        "method": after.shape.method != before.shape.method,
        "stream": (old.shape, old.bitrate_kbps, old.encoder_fps) != (new.shape, new.bitrate_kbps, new.encoder_fps),
    }
    return frozenset(change for change, holds in checks.items() if holds)


def _moment(value: datetime | None) -> float | None:
    return None if value is None else value.timestamp()


def _uid(server_id: str, key: str, item_id: str, at: float) -> int:
    """A number of 63 bits, the same for the same play whenever it is told again."""
    text = f"{server_id}\n{key}\n{item_id}\n{round(at * 1000)}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1


__all__ = ["Change", "Effect", "EffectKind", "EndReason", "Ended", "State", "reduce", "resumed", "speed_of"]
