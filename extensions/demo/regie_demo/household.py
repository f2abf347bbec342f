"""Simulated viewers: they start, pause, seek, run out of bandwidth, and go to bed. Moved by a clock and a seed."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .catalogue import Catalogue, Title
from .decisions import decide, encoded, encoder_fps
from .jellyfin.state import Command, ServerState, StubSession, Transcode
from .people import Person, Player

REPORT = timedelta(seconds=10)
"""How often a player reports, as Jellyfin's web client does."""


@dataclass(slots=True)
class Watching:
    """What a viewer plays now, as their player knows it."""

    player: Player
    title: Title
    position_s: float
    until_s: float
    """The position at which they stop."""
    moved_at: datetime
    report_at: datetime
    whim_at: datetime
    transcode: Transcode | None = None
    paused: bool = False


class Household:
    """All viewers of a stub server; `step()` moves them to the server's present time."""

    def __init__(self, state: ServerState, seed: int = 1) -> None:
        rng = random.Random(seed)  # noqa: S311 a demo needs repeatable chance, not secrets
        self.viewers = tuple(
            Viewer(person, state, random.Random(rng.random()), at_once=number < 4)  # noqa: S311 as above
            for number, person in enumerate(state.people)
        )
        state.command_listeners.append(self._obey)

    def step(self) -> None:
        """Let each viewer do what is due."""
        for viewer in self.viewers:
            viewer.step()

    def _obey(self, command: Command) -> None:
        for viewer in self.viewers:
            viewer.obey(command)


class Viewer:
    """One person in front of one of their players."""

    def __init__(self, person: Person, state: ServerState, rng: random.Random, *, at_once: bool) -> None:
        self.person = person
        self.watching: Watching | None = None
        self._state = state
        self._rng = rng
        self._next_at = state.clock() + timedelta(seconds=0 if at_once else rng.uniform(5, 60))

    def step(self) -> None:
        """Do what is due now."""
        now = self._state.clock()
        if self.watching is None:
            if now >= self._next_at:
                self._begin(now)
            return
        self._move(self.watching, now)
        if self.watching.position_s >= self.watching.until_s:
            self._finish(self.watching, now)
        elif now >= self.watching.whim_at:
            self._have_a_whim(self.watching, now)
        elif now >= self.watching.report_at:
            self._report(self.watching, now)

    def obey(self, command: Command) -> None:
        """Do what the remote control says, if it speaks to our player."""
        watching = self.watching
        if watching is None or self._session(watching.player).id != command.session_id:
            return
        now = self._state.clock()
        self._move(watching, now)
        if command.name == "Stop":
            self._stop(watching, now, pause_s=90)
        elif command.name in {"Pause", "Unpause"}:
            watching.paused = command.name == "Pause"
            self._report(watching, now)

    def _session(self, player: Player) -> StubSession:
        return self._state.session_of(self.person, player)

    def _move(self, watching: Watching, now: datetime) -> None:
        if not watching.paused:
            watching.position_s += (now - watching.moved_at).total_seconds()
        watching.moved_at = now

    def _begin(self, now: datetime) -> None:
        player = self._rng.choice(self.person.players)
        title = choose(self._state.catalogue, self.person, player, self._rng)
        position = self._rng.uniform(0, 0.75) * title.runtime_s if title.kind != "Audio" else 0.0
        self._play(player, title, position, now)

    def _play(self, player: Player, title: Title, position_s: float, now: datetime) -> None:
        until = min(title.runtime_s * 0.98, position_s + self._rng.uniform(240, 1500))
        whim = now + timedelta(seconds=self._rng.uniform(15, 90))
        transcode = decide(title, player, self._rng)
        self.watching = Watching(player, title, position_s, until, now, now + REPORT, whim, transcode)
        self._state.start(self._session(player), title, position_s=position_s, transcode=transcode)

    def _finish(self, watching: Watching, now: datetime) -> None:
        following = self._state.catalogue.after(watching.title)
        ended = watching.position_s >= watching.title.runtime_s * 0.95
        self._stop(watching, now, pause_s=self._rng.uniform(20, 120))
        if ended and following and self._rng.random() < 0.8:
            self._play(watching.player, following, 0.0, now)

    def _stop(self, watching: Watching, now: datetime, *, pause_s: float) -> None:
        self.watching = None
        self._next_at = now + timedelta(seconds=pause_s)
        self._state.stop(self._session(watching.player), watching.position_s)

    def _have_a_whim(self, watching: Watching, now: datetime) -> None:
        watching.whim_at = now + timedelta(seconds=self._rng.uniform(30, 180))
        if watching.paused:
            watching.paused = False
        elif (chance := self._rng.random()) < 0.45:
            watching.paused = True
            watching.whim_at = now + timedelta(seconds=self._rng.uniform(8, 45))
        elif chance < 0.75 and watching.title.picture:
            self._run_out_of_bandwidth(watching)
        else:
            watching.position_s = max(0.0, watching.position_s - 10)
        self._report(watching, now)

    def _run_out_of_bandwidth(self, watching: Watching) -> None:
        height = 480 if watching.transcode and not watching.transcode.video_direct else 720
        watching.transcode = encoded(watching.title, height, self._rng, ("ContainerBitrateExceedsLimit",))
        self._state.transcode(self._session(watching.player), watching.transcode)

    def _report(self, watching: Watching, now: datetime) -> None:
        watching.report_at = now + REPORT
        session = self._session(watching.player)
        if watching.transcode and not watching.transcode.video_direct:
            faster = replace(watching.transcode, encoder_fps=encoder_fps(watching.title, self._rng))
            self._state.transcode(session, faster)
        self._state.progress(session, watching.title, watching.position_s, paused=watching.paused)


def choose(catalogue: Catalogue, person: Person, player: Player, rng: random.Random) -> Title:
    """What a person would put on; a music player plays music, a television does not."""
    if player.client == "Finamp":
        return rng.choice(catalogue.tracks)
    films, episodes, music = person.taste
    weights = (films, episodes, 0 if "TV" in player.client or "TV" in player.device else music)
    (shelf,) = rng.choices((catalogue.films, catalogue.episodes, catalogue.tracks), weights)
    return rng.choice(shelf)
