"""What the monitor's tests share: moments, sessions and a reducer that remembers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from regie.roles import MediaItem, MediaUser, Observation, Outage, PlaybackSignal, Session, Snapshot, StreamShape
from regie_jellyfin_monitor.plays import HistorySettings, Play
from regie_jellyfin_monitor.reducer import Effect, State, reduce, resumed

EPOCH = datetime(2026, 3, 1, 20, tzinfo=UTC)
ALICE = MediaUser("u1", "Alice")
FILM = MediaItem("i1", "movie", "Night Signal", runtime_s=7200, year=2021)
SESSION = Session("s1", ALICE, "Jellyfin Web", "Firefox", "d1", FILM, shape=StreamShape("direct_play"))


def moment(second: float) -> datetime:
    """The moment so many seconds into the evening."""
    return EPOCH + timedelta(seconds=second)


class Tale:
    """Feeds observations to the reducer and keeps what came of them."""

    def __init__(self) -> None:
        self.settings = HistorySettings()
        self.state = State("server")
        self.effects: list[Effect] = []
        self.session = SESSION

    def feed(self, observation: Observation) -> tuple[Effect, ...]:
        self.state, effects = reduce(self.state, observation, self.settings)
        self.effects.extend(effects)
        return effects

    def see(self, second: float, position: float | None = 0, *, outage: bool = False, **changes: object) -> None:
        """A snapshot with the session, whose player checked in at that very moment unless said otherwise."""
        facts = {"position_s": position, "last_check_in": moment(second)} | changes
        self.session = replace(self.session, **facts)  # type: ignore[arg-type]
        self.feed(Snapshot(moment(second), (self.session,), "websocket", after_outage=outage))

    def watch(self, start: float, end: float, position: float) -> None:
        """A check-in every ten seconds, playing on from a position."""
        for second in range(round(start), round(end) + 1, 10):
            self.see(second, position + second - start)

    def empty(self, second: float, *, outage: bool = False) -> None:
        self.feed(Snapshot(moment(second), (), "websocket", after_outage=outage))

    def signal(self, kind: str, second: float, position: float | None = None, **changes: object) -> None:
        completed = changes.pop("completed", None)
        facts: dict[str, object] = {"position_s": position, "last_check_in": None} | changes
        session = replace(self.session, **facts)  # type: ignore[arg-type]
        self.feed(PlaybackSignal(moment(second), kind, session, completed, str(second)))  # type: ignore[arg-type]

    def outage(self, second: float) -> None:
        self.feed(Outage(moment(second), "socket closed"))

    def restart(self) -> None:
        self.state = resumed(self.state)

    @property
    def closed(self) -> list[Play]:
        """The history: closed plays as last refined, without those dropped later."""
        kept: dict[int, Play] = {}
        for effect in self.effects:
            if effect.kind in {"closed", "refined"}:
                kept[effect.play.uid] = effect.play
            elif effect.kind == "dropped":
                kept.pop(effect.play.uid, None)
        return list(kept.values())

    @property
    def only(self) -> Play:
        (play,) = self.closed
        return play


@pytest.fixture
def tale() -> Tale:
    return Tale()


@pytest.fixture
def second_of() -> Callable[[Play], tuple[float, float | None]]:
    """Start and end of a play as seconds into the evening."""
    start = EPOCH.timestamp()
    return lambda play: (play.started - start, None if play.stopped is None else play.stopped - start)
