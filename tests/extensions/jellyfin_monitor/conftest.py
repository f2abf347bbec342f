"""What the monitor's tests share: moments, sessions and a reducer that remembers."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from regie.roles import MediaItem, MediaUser, Observation, Outage, PlaybackSignal, Session, Snapshot, StreamShape, Track
from regie.storage.database import Database
from regie.storage.migrations import Storage, migrate
from regie_jellyfin_monitor import models
from regie_jellyfin_monitor.dimensions import Dimensions
from regie_jellyfin_monitor.plays import HistorySettings, Play
from regie_jellyfin_monitor.rebuild import rebuild_dirty
from regie_jellyfin_monitor.reducer import Effect, State, reduce, resumed
from regie_jellyfin_monitor.store import PlayRecord, Store

PARIS = ZoneInfo("Europe/Paris")
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


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with the monitor's tables, made by its migrations."""
    database = Database(database_url)
    await database.start()
    await migrate(database, "jellyfin_monitor", Storage(models.metadata, "regie_jellyfin_monitor.migrations"))
    yield database
    await database.stop()


@pytest.fixture
def store(database: Database) -> Store:
    return Store(Dimensions(database.dialect), PARIS, HistorySettings())


def record(uid: int, started: float, **facts: object) -> PlayRecord:
    """A play of an hour, of the film by Alice unless said otherwise; `started` counts from the evening's begin."""
    start = EPOCH.timestamp() + started
    given: dict[str, object] = {
        "uid": uid,
        "user": ALICE,
        "item": FILM,
        "client": "Jellyfin Web",
        "device": "Firefox",
        "device_id": "d1",
        "started": start,
        "stopped": start + 3600,
        "watch_s": 3600,
        "position0_s": 0,
        "position_s": 3600,
        "watched": False,
        "shape": StreamShape("direct_play", video=Track("hevc", 3840, 2160)),
    }
    return PlayRecord(**(given | facts))  # type: ignore[arg-type]


async def build(database: Database, store: Store, zone: ZoneInfo = PARIS) -> None:
    """Build all marked rollups."""
    async for _ in rebuild_dirty(database.write, store.dimensions.insert, zone):
        pass
