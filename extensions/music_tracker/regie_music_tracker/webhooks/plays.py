"""How long each player really played what it plays: pauses do not count, a lost stop loses nothing."""

from dataclasses import dataclass, field, replace

from regie_music_tracker.matching import second_scrobble_s
from regie_music_tracker.submission import Submission

# A player that says nothing for this long after the track must have ended is gone, and is not playing on.
SILENCE_S = 60.0
# A pause, or a track of unknown length, that lasts longer than this has been forgotten.
FORGOTTEN_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Started:
    """A client plays this now."""

    client: str
    submission: Submission


@dataclass(frozen=True, slots=True)
class Stopped:
    """A client played this, for `played_s`: the history judges whether it was enough."""

    client: str
    submission: Submission


Event = Started | Stopped


@dataclass(slots=True)
class _Play:
    """One track on one client, `heard_at` last; `running_since` is None while it pauses."""

    submission: Submission
    played_s: float
    running_since: float | None
    heard_at: float


@dataclass(slots=True)
class PlayClock:
    """The running plays of all clients; every call carries the time."""

    _plays: dict[str, _Play] = field(default_factory=dict)

    def start(self, client: str, submission: Submission, now: float) -> list[Event]:
        """A track begins; whatever the client played before has ended."""
        running = self._plays.get(client)
        if running and _is_same(running.submission, submission) and not _may_be_second(running, now):
            return self.resume(client, now)
        events: list[Event] = list(self.stop(client, now))
        self._plays[client] = _Play(submission, 0.0, now, now)
        return [*events, Started(client, submission)]

    def pause(self, client: str, now: float) -> list[Event]:
        """The client pauses."""
        if play := self._plays.get(client):
            play.played_s, play.running_since, play.heard_at = _played(play, now), None, now
        return []

    def resume(self, client: str, now: float) -> list[Event]:
        """The client goes on."""
        play = self._plays.get(client)
        if play and play.running_since is None:
            play.running_since = play.heard_at = now
        return []

    def stop(self, client: str, now: float) -> list[Stopped]:
        """The client stopped; what it played, and how much of it."""
        if not (play := self._plays.pop(client, None)):
            return []
        return [Stopped(client, replace(play.submission, played_s=round(_played(play, now), 3)))]

    def playing(self, client: str) -> Submission | None:
        """What a client plays, as far as is known."""
        play = self._plays.get(client)
        return play.submission if play else None

    def expire(self, now: float) -> list[Stopped]:
        """The plays of clients that fell silent."""
        silent = [client for client, play in self._plays.items() if _is_over(play, now)]
        return [event for client in silent for event in self.stop(client, now)]


def _played(play: _Play, now: float) -> float:
    running = max(now - play.running_since, 0.0) if play.running_since is not None else 0.0
    total = play.played_s + running
    length = play.submission.length_s
    return min(total, length) if length else total


def _may_be_second(play: _Play, now: float) -> bool:
    return _played(play, now) >= second_scrobble_s(play.submission.length_s)


def _is_over(play: _Play, now: float) -> bool:
    length = play.submission.length_s
    if play.running_since is None or not length:
        return now > play.heard_at + FORGOTTEN_S
    return now > play.running_since + length - play.played_s + SILENCE_S


def _is_same(one: Submission, other: Submission) -> bool:
    return (one.source_key, one.artist, one.title) == (other.source_key, other.artist, other.title)
