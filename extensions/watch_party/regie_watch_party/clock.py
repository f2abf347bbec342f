"""The server's clock as one client knows it: offset and drift from pings, by the fastest round trips."""

from collections import deque
from dataclasses import dataclass

WINDOW_S = 90.0
NEAR_MINIMUM_S = 0.006
FIT_SPAN_S = 25.0
DRIFT_LIMIT = 250e-6
# What quartz does; a steeper slope needs samples that are sure of it.
USUAL_DRIFT = 40e-6
# The error of a nearly fastest round trip, as a share of how far the median one is from the fastest.
NOISE_SHARE = 0.25
# Beyond what two round trips can explain, plus this, the local clock must have been stepped or suspended.
STEP_MARGIN_S = 0.05
BURST = (0.25,) * 8 + (2.0,) * 12
STEADY_INTERVAL_S = 5.0


@dataclass(frozen=True, slots=True)
class ClockSample:
    """One ping: the local time half-way, the server's time then, and the round trip."""

    at_s: float
    offset_s: float
    rtt_s: float


class ClockEstimator:
    """Server time as a function of local monotonic time.

    Queues only ever add time, so the smallest of ninety seconds' samples are believed; once the near-fastest round
    trips span enough time, a line through them gives the drift as well. What remains is half of the difference between
    the two directions' least times, which no ping can see.
    """

    def __init__(self) -> None:
        self._samples: deque[ClockSample] = deque()
        self._offset_s = 0.0
        self._drift = 0.0
        self._reference_s = 0.0
        self._best_rtt_s = 0.0

    @property
    def synchronised(self) -> bool:
        """Whether any sample has come in."""
        return bool(self._samples)

    @property
    def drift(self) -> float:
        """How much faster the server's clock runs than the local one (1e-6 is one ppm)."""
        return self._drift

    def server_time(self, now: float) -> float:
        """The server's clock at a local monotonic time."""
        return now + self._offset_s + self._drift * (now - self._reference_s)

    def local_time(self, server_now: float) -> float:
        """The local monotonic time at which the server's clock shows the given time."""
        elapsed = server_now - self._offset_s - self._reference_s
        return self._reference_s + elapsed / (1.0 + self._drift)

    def add(self, sent_s: float, server_s: float, received_s: float) -> bool:
        """Take one ping's stamps; True if the local clock must have stepped, so that a new burst is due."""
        rtt = received_s - sent_s
        if rtt < 0:
            return False
        middle = (sent_s + received_s) / 2
        sample = ClockSample(middle, server_s - middle, rtt)
        stepped = self._contradicts(sample)
        if stepped:
            self._samples.clear()
        self._samples.append(sample)
        while self._samples[0].at_s < middle - WINDOW_S:
            self._samples.popleft()
        self._estimate(middle)
        return stepped

    def rtt_p95_s(self) -> float:
        """The round trip that 95 % of the recent pings stayed under; 0 before the first."""
        ordered = sorted(sample.rtt_s for sample in self._samples)
        return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] if ordered else 0.0

    def _contradicts(self, sample: ClockSample) -> bool:
        if not self._samples:
            return False
        predicted = self.server_time(sample.at_s) - sample.at_s
        age = sample.at_s - self._samples[-1].at_s
        explained = (sample.rtt_s + self._best_rtt_s) / 2 + 2 * DRIFT_LIMIT * abs(age) + STEP_MARGIN_S
        return abs(sample.offset_s - predicted) > explained

    def _estimate(self, now: float) -> None:
        """Fit the drift through the fastest round trips, then the offset through the fastest trip of each direction.

        The fastest way up and the fastest way down need not belong to one ping; taken apart, what queues added to each
        is far smaller than in any one round trip.
        """
        samples = self._samples
        rtts = sorted(sample.rtt_s for sample in samples)
        self._best_rtt_s = best = rtts[0]
        near = [sample for sample in samples if sample.rtt_s <= best + NEAR_MINIMUM_S]
        if near[-1].at_s - near[0].at_s >= FIT_SPAN_S:
            self._drift = _fit_drift(near, best, NOISE_SHARE * (rtts[len(rtts) // 2] - best))
        drift = self._drift
        up = min([s.offset_s + s.rtt_s / 2 - drift * (s.at_s - now) for s in samples])
        down = min([s.rtt_s / 2 - s.offset_s + drift * (s.at_s - now) for s in samples])
        self._offset_s, self._reference_s = (up - down) / 2, now


def _fit_drift(near: list[ClockSample], best_rtt_s: float, noise_s: float) -> float:
    """The slope of a weighted line, drawn towards none by as much as the samples' noise could feign one."""
    weights = [1.0 / (0.001 + sample.rtt_s - best_rtt_s) for sample in near]
    total = sum(weights)
    pairs = list(zip([len(near) * weight / total for weight in weights], near, strict=True))
    mean_at = sum([w * s.at_s for w, s in pairs]) / len(near)
    mean_offset = sum([w * s.offset_s for w, s in pairs]) / len(near)
    spread = sum([w * (s.at_s - mean_at) ** 2 for w, s in pairs])
    common = sum([w * (s.at_s - mean_at) * (s.offset_s - mean_offset) for w, s in pairs])
    slope = common / (spread + (noise_s / USUAL_DRIFT) ** 2)
    return max(-DRIFT_LIMIT, min(DRIFT_LIMIT, slope))


class PingSchedule:
    """When to ping: a quick burst after a join, a wake-up or a network change, then ever more slowly."""

    def __init__(self) -> None:
        self._sent = 0
        self.next_at_s = 0.0

    def burst(self, now: float) -> None:
        """Begin again with the quick burst."""
        self._sent = 0
        self.next_at_s = now

    def due(self, now: float) -> bool:
        """Whether a ping should leave now; counts it as sent."""
        if now < self.next_at_s:
            return False
        self.next_at_s = now + (BURST[self._sent] if self._sent < len(BURST) else STEADY_INTERVAL_S)
        self._sent += 1
        return True
