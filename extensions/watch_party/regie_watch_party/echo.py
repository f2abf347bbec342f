"""Tells a viewer's hand on the player from the controller's own commands."""

from typing import Literal

from regie_watch_party.player import Command, Pause, Play, Reading, Seek

# Longer than any player needs to act on a command; what it has not done by then it refused.
PENDING_S = 2.0
# A seek that is under way stays ours until this long after it has landed.
LANDING_S = 0.5
# Players nudge themselves by a tenth of a second; a viewer jumps further.
JUMP_S = 1.0

Press = Literal["play", "pause", "seek"]


class EchoGuard:
    """Sees each reading and each command; reports what only a viewer can have done."""

    def __init__(self) -> None:
        self._paused: bool | None = None
        self._pending_until_s = 0.0
        self._seek_until_s = 0.0
        self._last: Reading | None = None

    def commanded(self, now: float, commands: tuple[Command, ...]) -> None:
        """These commands are about to be carried out."""
        for command in commands:
            if type(command) is Seek:
                self._seek_until_s = now + PENDING_S
            elif type(command) is Play or type(command) is Pause:
                self._paused = type(command) is Pause
                self._pending_until_s = now + PENDING_S

    def see(self, now: float, reading: Reading) -> Press | None:
        """What the viewer has just done, if anything."""
        last, self._last = self._last, reading
        if self._paused is None or last is None or reading.ended:
            self._paused = reading.paused
            return None
        if reading.paused != self._paused:
            if now < self._pending_until_s:
                return None
            refused = self._pending_until_s > 0.0 and last.paused == reading.paused
            self._paused, self._pending_until_s = reading.paused, 0.0
            return None if refused else ("pause" if reading.paused else "play")
        self._pending_until_s = 0.0
        return self._seek(now, last, reading)

    def _seek(self, now: float, last: Reading, reading: Reading) -> Press | None:
        if now < self._seek_until_s and (reading.seeking or last.seeking):
            self._seek_until_s = max(self._seek_until_s, now + LANDING_S)
        elapsed = 0.0 if last.paused and reading.paused else reading.at_s - last.at_s
        moved = reading.position_s - last.position_s
        if -JUMP_S <= moved <= 4.0 * elapsed + JUMP_S or now < self._seek_until_s:
            return None
        return "seek"
