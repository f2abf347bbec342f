"""Keeps one player on the room's timeline: a pure function of time, readings and the timeline."""

from collections import deque
from dataclasses import dataclass

from regie_watch_party.observer import Observer
from regie_watch_party.player import Command, Latencies, Pause, Play, Reading, Seek, SetRate, Traits
from regie_watch_party.timeline import Timeline

ENTER_S = 0.014
LEAVE_S = 0.004
# An error is believed when it exceeds the usual scatter of the estimate by so much.
SURE = 5.5
TRIM_BAND_S = 0.08
TIME_CONSTANT_S = 1.2
RATE_STEP = 0.005
RATE_CHANGE_MIN = 0.01
RATE_CHANGE_SHARE = 0.4
SEEK_BAND_S = 0.5
SEEK_BAND_NO_RATE_S = 1.0
SEEK_BAND_RELOAD_S = 3.0
SEEK_BAND_LATENCIES = 1.2
# Right after a stall the picture has stood still anyway: one jump more disturbs less than seconds of another speed.
FROZEN_BAND_S = 0.3
FROZEN_BAND_LATENCIES = 0.5
COOL_DOWN_S = 0.5
UNRESOLVED_COOL_DOWN_S = 2.0
MISSES_MAX = 3
# After so many misses in a row speed alone has to do, for this long.
FALLBACK_S = 30.0
# No more corrective seeks than this in any window: nobody enjoys a film that jumps.
SEEK_BUDGET = 3
SEEK_BUDGET_WINDOW_S = 20.5
# A paused player may stand this far ahead: it then starts that much later. Further off, it seeks.
HOLD_AHEAD_S = 0.35
HOLD_BEHIND_S = 0.06
HOLD_RETRY_S = 3.0
HOLD_TRIES_MAX = 5
PLAY_RETRY_S = 1.0
START_SLACK_S = 0.002
READINGS_FINE = 3
READINGS_LEARN = 2
# Commanding a speed for this long without any effect on the error means that the player ignores it.
TRIAL_S = 6.0
TRIALS_MAX = 2
NOTHING: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest changes of speed that nobody should notice."""

    trim: float = 0.03
    catch_up: float = 0.12


VIDEO = Limits()
AUDIO = Limits(trim=0.005, catch_up=0.005)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A start or seek whose latency is being measured."""

    at_s: float
    position_s: float
    seek: bool
    corrective: bool = False


def rate_correction(error_s: float, current: float, limits: Limits = VIDEO, *, uncertainty_s: float = 0.0) -> float:
    """The relative change of speed for an error (positive: the player is behind), given the one in force.

    Enters at 14 ms, or where the readings are sure enough, and leaves at 4 ms, so that noise does not switch it; changes
    only when worth a notice of the player.
    """
    magnitude = abs(error_s)
    if magnitude < (LEAVE_S if current else max(ENTER_S, SURE * uncertainty_s)):
        return 0.0
    limit = limits.trim if magnitude < TRIM_BAND_S else limits.catch_up
    wanted = round(error_s / TIME_CONSTANT_S / RATE_STEP) * RATE_STEP
    wanted = max(-limit, min(limit, wanted))
    worthwhile = max(RATE_CHANGE_MIN, RATE_CHANGE_SHARE * abs(current)) - 1e-9
    # Less than the least change is not slowed down to either: what is left is made up in a moment.
    is_less = abs(wanted) < RATE_CHANGE_MIN - 1e-9
    if current and wanted * current >= 0 and (is_less or abs(wanted - current) < worthwhile):
        return current
    return wanted


class Controller:
    """Decides at each tick what to tell the player; sleeps, sends and logs nothing.

    `wake_at_s` is set while a start is scheduled: the local time at which a tick should come, whatever the interval.
    """

    def __init__(self, traits: Traits | None = None, latencies: Latencies | None = None) -> None:
        self.traits = traits or Traits()
        self.latencies = latencies or Latencies()
        self.timeline: Timeline | None = None
        self.wake_at_s: float | None = None
        self.error_s: float | None = None
        self.has_rate = self.traits.has_rate
        self._observer = Observer()
        self._limits = AUDIO if self.traits.audio_only else VIDEO
        self._correction = 0.0
        self._rate = 1.0
        self._begun_epoch = -1
        self._attempt: Attempt | None = None
        self._misses = 0
        self._seek_allowed_s = 0.0
        self._recent_seeks: deque[float] = deque(maxlen=SEEK_BUDGET)
        self._hold_retry_s = 0.0
        self._hold_tries = 0
        self._play_retry_s = 0.0
        self._trial: tuple[float, float] | None = None
        self._failed_trials = 0
        self._forced = False

    def follow(self, timeline: Timeline) -> bool:
        """Take a timeline unless it is older than the one in force; True if it is news."""
        old = self.timeline
        if old is not None and timeline.epoch <= old.epoch:
            return False
        self.timeline = timeline
        self._hold_retry_s = self._play_retry_s = self._seek_allowed_s = 0.0
        self._misses = self._hold_tries = 0
        if old is None or abs(timeline.position_s - old.position(timeline.at_s)) > SEEK_BAND_S:
            # What a command to go elsewhere asks for is not a correction.
            self._recent_seeks.clear()
        return True

    def disturbed(self) -> None:
        """Forget what was observed: the page was hidden, the player was replaced, the machine slept."""
        self._observer.reset()
        self._attempt = None
        self._trial = None
        self.error_s = None

    def force(self) -> None:
        """Seek to the exact place at the next chance, however small the error."""
        self._forced = True

    def is_aligned(self, reading: Reading) -> bool:
        """Whether a paused player stands where it can start with the others."""
        if self.timeline is None or not reading.paused or reading.seeking or reading.stalled:
            return False
        return -HOLD_BEHIND_S <= reading.position_s - self.timeline.position_s <= HOLD_AHEAD_S

    def tick(self, now: float, server_now: float, reading: Reading) -> tuple[Command, ...]:
        """What to tell the player now; `server_now` is the estimated server time at `now`."""
        timeline = self.timeline
        self.wake_at_s = None
        if timeline is None or reading.ended:
            return NOTHING
        if not timeline.playing:
            return self._hold(now, timeline, reading)
        if reading.paused:
            return self._start(now, server_now, timeline, reading)
        if timeline.epoch != self._begun_epoch:
            if timeline.at_s - server_now > self.latencies.start_s:
                return self._hold(now, timeline, reading)
            self._begun_epoch = timeline.epoch
        return self._keep(now, server_now, timeline, reading)

    def _hold(self, now: float, timeline: Timeline, reading: Reading) -> tuple[Command, ...]:
        self.disturbed()
        commands: list[Command] = []
        if not reading.paused:
            commands.append(Pause())
        if self._correction or self._rate != timeline.rate:
            self._correction = 0.0
            commands.extend(self._apply_rate(now, timeline))
        ahead = reading.position_s - timeline.position_s
        misplaced = not -HOLD_BEHIND_S <= ahead <= HOLD_AHEAD_S or (self._forced and abs(ahead) > ENTER_S)
        self._forced = False
        if misplaced and not reading.seeking and now >= self._hold_retry_s:
            self._hold_retry_s = now + max(HOLD_RETRY_S, 2 * self.latencies.seek_s) * 2**self._hold_tries
            self._hold_tries = min(self._hold_tries + 1, HOLD_TRIES_MAX)
            self._recent_seeks.append(now)
            commands.append(Seek(timeline.position_s))
        return tuple(commands)

    def _start(self, now: float, server_now: float, timeline: Timeline, reading: Reading) -> tuple[Command, ...]:
        ahead = max(0.0, min(HOLD_AHEAD_S, reading.position_s - timeline.position_s)) / timeline.rate
        wait = timeline.at_s - server_now + ahead - self.latencies.start_s
        if wait > START_SLACK_S:
            self.wake_at_s = now + wait
            return self._hold(now, timeline, reading)
        if now < self._play_retry_s:
            return NOTHING
        self.disturbed()
        self._begun_epoch = timeline.epoch
        self._play_retry_s = now + PLAY_RETRY_S
        target = timeline.position(server_now + self.latencies.start_s)
        if reading.seeking:
            return (Play(),)
        if abs(target - reading.position_s) > self._seek_band(reading, target):
            return (Play(), self._seek(now, server_now, timeline))
        self._attempt = Attempt(now, reading.position_s, seek=False)
        return (Play(),)

    def _keep(self, now: float, server_now: float, timeline: Timeline, reading: Reading) -> tuple[Command, ...]:
        observer = self._observer
        if reading.stalled or reading.seeking:
            observer.reset()
            self._trial = None
            if reading.stalled:
                self._attempt = None
            return NOTHING
        first = observer.is_blank
        if not observer.add(reading.at_s, reading.position_s):
            return self._first_look(now, server_now, timeline, reading) if first else NOTHING
        self.error_s = error = timeline.position(server_now) - observer.estimate(now)
        if self._attempt is not None:
            if observer.count < READINGS_LEARN:
                return NOTHING
            self._learn(now, timeline, reading, error)
        if self._wants_seek(now, reading, error):
            return (self._seek(now, server_now, timeline, corrective=True),)
        if not self.has_rate or (observer.count < READINGS_FINE and abs(error) < TRIM_BAND_S):
            return self._apply_rate(now, timeline)
        self._correction = rate_correction(error, self._correction, self._limits, uncertainty_s=observer.uncertainty_s)
        self._judge_rate(now, error)
        return self._apply_rate(now, timeline)

    def _first_look(self, now: float, server_now: float, timeline: Timeline, reading: Reading) -> tuple[Command, ...]:
        """Act on a large error by the first look after a stall, an absence or a seek: noise is far smaller."""
        attempt = self._attempt
        error = timeline.position(server_now - (now - reading.at_s)) - reading.position_s
        if attempt is None and self._wants_seek(now, reading, error, frozen=True):
            return (self._seek(now, server_now, timeline, corrective=True),)
        if not self.has_rate or abs(error) < TRIM_BAND_S or (attempt is not None and not attempt.seek):
            return NOTHING
        self._correction = rate_correction(error, self._correction, self._limits)
        return self._apply_rate(now, timeline)

    def _apply_rate(self, now: float, timeline: Timeline) -> tuple[Command, ...]:
        rate = timeline.rate * (1.0 + self._correction)
        if rate == self._rate:
            return NOTHING
        self._rate = rate
        self._observer.set_rate(now, rate)
        return (SetRate(rate),)

    def _seek_band(self, reading: Reading, target: float, *, frozen: bool = False) -> float:
        slowest = SEEK_BAND_LATENCIES * self.latencies.seek_s
        if self.traits.seek_reloads:
            loaded = reading.buffered_s is not None and reading.position_s <= target <= reading.buffered_s
            if not loaded:
                return max(SEEK_BAND_RELOAD_S, slowest)
        if not self.has_rate:
            return max(SEEK_BAND_NO_RATE_S, slowest)
        if frozen:
            return max(FROZEN_BAND_S, FROZEN_BAND_LATENCIES * self.latencies.seek_s)
        return max(SEEK_BAND_S, slowest)

    def _wants_seek(self, now: float, reading: Reading, error: float, *, frozen: bool = False) -> bool:
        magnitude = abs(error)
        if self._forced:
            self._forced = False
            return magnitude > ENTER_S
        if magnitude <= (FROZEN_BAND_S if frozen else SEEK_BAND_S):
            return False
        if magnitude <= self._seek_band(reading, reading.position_s + error, frozen=frozen):
            return False
        recent = self._recent_seeks
        exhausted = len(recent) == SEEK_BUDGET and now - recent[0] < SEEK_BUDGET_WINDOW_S
        return now >= self._seek_allowed_s and not exhausted

    def _seek(self, now: float, server_now: float, timeline: Timeline, *, corrective: bool = False) -> Seek:
        position = timeline.position(server_now + self.latencies.seek_s)
        self._recent_seeks.append(now)
        self._observer.reset()
        self._attempt = Attempt(now, position, seek=True, corrective=corrective)
        self._seek_allowed_s = now + self.latencies.seek_s + UNRESOLVED_COOL_DOWN_S
        return Seek(position)

    def _learn(self, now: float, timeline: Timeline, reading: Reading, error: float) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is None:
            return
        moved_s = (self._observer.estimate(now) - attempt.position_s) / timeline.rate
        measured = now - attempt.at_s - moved_s
        if not attempt.seek:
            self.latencies.learn_start(measured)
            return
        missed = abs(error) > self._seek_band(reading, reading.position_s + error)
        if not missed or measured < 2 * self.latencies.seek_s + 1.0:
            self.latencies.learn_seek(measured)
        if attempt.corrective:
            self._misses = self._misses + 1 if missed else 0
            pause_s = FALLBACK_S if self._misses >= MISSES_MAX else COOL_DOWN_S * 2**self._misses
            self._seek_allowed_s = now + pause_s

    def _judge_rate(self, now: float, error: float) -> None:
        """Find out that a player ignores its speed: the error does not shrink although a correction is in force."""
        if not self._correction:
            self._trial = None
            return
        if self._trial is None or self._trial[1] * error < 0:
            self._trial = (now, error)
            return
        since, error_then = self._trial
        if now - since < TRIAL_S:
            return
        self._trial = None
        if abs(error) < abs(error_then) - 0.25 * abs(self._correction) * TRIAL_S:
            self._failed_trials = 0
            return
        self._failed_trials += 1
        if self._failed_trials >= TRIALS_MAX:
            self.has_rate = False
            self._correction = 0.0
