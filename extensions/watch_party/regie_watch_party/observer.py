"""Where the player really is: noisy readings, smoothed around the motion that was commanded."""

import math
from collections import deque

WINDOW = 12
# Further ahead than motion explains is not noise: the player jumped without being told to.
JUMP_S = 0.25
# Closer readings say more about the noise than about the motion.
MIN_INTERVAL_S = 0.04
# No motion for this long is standing still; less may be a player that refreshes its position four times a second.
STANDSTILL_S = 0.6
USUAL_NOISE_S = 0.005
NOISE_LEARNING_RATE = 0.03


class Observer:
    """Integrates the commanded rate and corrects it by the mean of the last twelve residuals."""

    __slots__ = ("_at_s", "_last_at_s", "_last_position_s", "_model_s", "_noise_s", "_rate", "_residuals", "_sum")

    def __init__(self) -> None:
        self._residuals: deque[float] = deque()
        self._sum = 0.0
        self._rate = 1.0
        self._at_s = 0.0
        self._model_s = 0.0
        self._last_at_s: float | None = None
        self._last_position_s = 0.0
        self._noise_s = USUAL_NOISE_S

    @property
    def uncertainty_s(self) -> float:
        """How far off the estimate may well be: what the readings scatter, by the root of their number."""
        return self._noise_s / math.sqrt(len(self._residuals))

    @property
    def count(self) -> int:
        """How many readings the estimate rests on, at most twelve."""
        return len(self._residuals)

    @property
    def is_blank(self) -> bool:
        """Whether the next reading is the first since the start or a reset."""
        return self._last_at_s is None

    def reset(self) -> None:
        """Forget all readings: the player stalled, sought, or was hidden."""
        self._residuals.clear()
        self._sum = 0.0
        self._last_at_s = None

    def set_rate(self, at_s: float, rate: float) -> None:
        """The player runs at another rate from now on."""
        self._model_s += self._rate * (at_s - self._at_s)
        self._at_s = at_s
        self._rate = rate

    def add(self, at_s: float, position_s: float) -> bool:
        """Take a reading; False if it says nothing (too soon, or no news), or if the player stood still or jumped."""
        last_at = self._last_at_s
        if last_at is None:
            self._last_at_s, self._last_position_s = at_s, position_s
            return False
        elapsed = at_s - last_at
        if elapsed < MIN_INTERVAL_S:
            return False
        moved = position_s - self._last_position_s
        if moved == 0.0 and elapsed < STANDSTILL_S:
            return False
        self._last_at_s, self._last_position_s = at_s, position_s
        expected = self._rate * elapsed
        if moved < 0.5 * expected or moved > expected + JUMP_S:
            self._residuals.clear()
            self._sum = 0.0
            return False
        self._accept(at_s, position_s)
        return True

    def estimate(self, at_s: float) -> float:
        """The player's position at a local time, given at least one reading."""
        return self._model_s + self._rate * (at_s - self._at_s) + self._sum / len(self._residuals)

    def _accept(self, at_s: float, position_s: float) -> None:
        model = self._model_s + self._rate * (at_s - self._at_s)
        residuals = self._residuals
        residual = position_s - model
        if residuals:
            deviation = abs(residual - self._sum / len(residuals))
            self._noise_s += NOISE_LEARNING_RATE * (deviation - self._noise_s)
        else:
            model, residual, self._sum = position_s, 0.0, 0.0
        self._at_s, self._model_s = at_s, model
        residuals.append(residual)
        self._sum += residual
        if len(residuals) > WINDOW:
            self._sum -= residuals.popleft()
