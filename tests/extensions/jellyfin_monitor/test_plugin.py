"""The monitor in a running hub, with a media server of the test's own."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession
from sqlalchemy import Table, select
from tests.extensions.jellyfin_monitor.conftest import ALICE, FILM, SESSION

from regie.api import (
    Event,
    Integration,
    InvalidData,
    Manifest,
    NotFound,
    PluginContext,
    ServiceError,
    Unauthorized,
    callback,
    hookimpl,
)
from regie.roles import Library, MediaItem, MediaServer, MediaUser, Observation, Outage, ServerStatus, Session, Snapshot
from regie.testing.hub import TestHub
from regie_jellyfin_monitor import JellyfinMonitor, models
from regie_ui import Panel

LIVE = "/x/jellyfin_monitor/live"


class House(MediaServer):
    """A media server in memory; `say` is what its integration would observe."""

    id = "house"
    name = "home"
    version = "10.11.5"
    entry_id = "e"

    def __init__(self) -> None:
        self.status = ServerStatus("live")
        self.listeners: list[Callable[[Observation], None]] = []
        self.said: list[tuple[str, ...]] = []
        self.asked_from: list[int] = []
        self.now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)

    def observe(self, listener: Callable[[Observation], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def say(self, observation: Observation) -> None:
        for listener in self.listeners:
            listener(observation)

    def show(self, *sessions: Session, after: float = 10) -> None:
        self.now += timedelta(seconds=after)
        shown = tuple(replace(one, last_check_in=self.now) for one in sessions)
        self.say(Snapshot(self.now, shown, "websocket"))

    async def users(self) -> Sequence[MediaUser]:
        return [ALICE, MediaUser("u9", "Zoé", is_admin=True)]

    async def libraries(self) -> Sequence[Library]:
        return [Library("l1", "Films", "movies"), Library("l2", "Music", "music")]

    async def items(
        self, library_id: str, *, since: datetime | None = None, start: int = 0
    ) -> AsyncIterator[Sequence[MediaItem]]:
        self.asked_from.append(start)
        items = [FILM, replace(FILM, id="i7", title="Amber Rooms")] if library_id == "l1" and since is None else []
        for item in items[start:]:
            yield [item]

    async def message(self, session_id: str, text: str, **_: object) -> None:
        self.said.append(("message", session_id, text))

    async def pause(self, session_id: str) -> None:
        self.said.append(("pause", session_id))

    async def stop(self, session_id: str) -> None:
        self.said.append(("stop", session_id))

    async def image(self, item_id: str, **_: object) -> tuple[bytes, str]:
        if item_id == "none":
            raise NotFound("no image")
        self.said.append(("image", item_id))
        return (b"<script/>", "text/html") if item_id == "evil" else (b"jpeg", "image/jpeg")


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def monitored(hub: TestHub, house: House, monkeypatch: pytest.MonkeyPatch) -> TestHub:
    monkeypatch.setattr("regie_jellyfin_monitor.monitor.REBUILD_DELAY_S", 0.05)

    class Brings(Integration):
        """Brings the house."""

        manifest = Manifest(name="House")

        @hookimpl
        async def setup(self, ctx: PluginContext) -> None:
            ctx.provide(MediaServer, house)

    await hub.load_plugin("regie", Panel)
    await hub.load_plugin("jellyfin_monitor", JellyfinMonitor)
    await hub.load_plugin("house", Brings)
    await until(lambda: bool(house.listeners))
    return hub


async def until(holds: Callable[[], Any]) -> None:
    """Let the loop turn until something holds; the test's timeout ends what never does."""
    while True:
        found = holds()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        await asyncio.sleep(0.01)


async def rows_of(hub: TestHub, table: Table) -> list[Any]:
    async with hub.db.read() as connection:
        return list(await connection.execute(select(table)))


def events_of(hub: TestHub) -> list[tuple[str, Mapping[str, Any]]]:
    seen: list[tuple[str, Mapping[str, Any]]] = []

    @callback
    def listener(event: Event) -> None:
        if event.type.startswith("jellyfin_monitor_"):
            seen.append((event.type, event.data))

    hub.bus.on("*", listener)
    return seen


async def text_of(http: ClientSession, path: str, **options: Any) -> str:
    async with http.get(path, **options) as response:
        assert response.status == 200, await response.text()
        return await response.text()


async def test_a_stream_is_shown_told_and_kept(monitored: TestHub, house: House, http: ClientSession) -> None:
    events = events_of(monitored)
    told: list[Any] = []
    monitored.topics.subscribe("jellyfin_monitor/live", told.append)
    house.show(SESSION)
    await until(lambda: told)
    page = await text_of(http, LIVE)
    assert "Night Signal" in page
    assert "Direct play" in page
    house.show(replace(SESSION, position_s=10, is_paused=True))
    house.show(replace(SESSION, position_s=10), after=20)
    house.show(replace(SESSION, position_s=20, shape=replace(SESSION.shape, method="transcode")))
    house.show(after=5)
    await until(lambda: rows_of(monitored, models.play))
    names = [name.removeprefix("jellyfin_monitor_play_") for name, _ in events]
    assert names == ["started", "paused", "resumed", "method_changed", "ended"]
    assert events[-1][1]["user"] == "Alice"
    assert events[-1][1]["kept"] is True
    assert "Nobody is watching" in await text_of(http, LIVE + "/cards")
    (play,) = await rows_of(monitored, models.play)
    assert (play.watch_s, play.paused_s) == (25, 20)


async def test_history_and_statistics_show_what_ended(monitored: TestHub, house: House, http: ClientSession) -> None:
    for second in range(0, 120, 10):
        house.show(replace(SESSION, position_s=second))
    house.show()
    await until(lambda: rows_of(monitored, models.play))
    await until(lambda: rows_of(monitored, models.r_user))
    assert "Night Signal" in await text_of(http, "/x/jellyfin_monitor/history?text=signal&method=direct_play")
    assert "No play matches" in await text_of(http, "/x/jellyfin_monitor/history?text=nothing+such")
    (play,) = await rows_of(monitored, models.play)
    details = await text_of(http, f"/x/jellyfin_monitor/history/{play.id}")
    assert "gone from the server" in details
    for asked in ("7", "30", "365", "all", "nonsense"):
        page = await text_of(http, f"/x/jellyfin_monitor/statistics?range={asked}&measure=plays")
        assert "Alice" in page
    async with http.get("/x/jellyfin_monitor/history/999999") as response:
        assert response.status == 404


async def test_history_pages_meet_without_gap_or_overlap(monitored: TestHub, http: ClientSession) -> None:
    start = datetime(2026, 1, 1, 20, tzinfo=UTC)
    plays = [plain(str(number), start + timedelta(hours=number // 3)) for number in range(120)]
    for server in ("house", "other"):
        part = imported(plays[server == "house" :: 2]) | {"server_id": server}
        await monitored.services.call("jellyfin_monitor", "import_plays", part)
    path, seen = "/x/jellyfin_monitor/history", []
    while path:
        rows = await text_of(http, path, headers={"HX-Request": "true"})
        seen += [part.partition('"')[0] for part in rows.split("/x/jellyfin_monitor/history/")[1:]]
        path = rows.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 120
    assert "imported" in await text_of(http, f"/x/jellyfin_monitor/history/{seen[0]}")


def plain(play_id: str, started: datetime, **more: Any) -> dict[str, Any]:
    given = {
        "id": play_id,
        "user_id": "u1",
        "user_name": "Alice",
        "client": "Jellyfin Web",
        "device": "Firefox",
        "started": started.isoformat(),
        "stopped": (started + timedelta(minutes=50)).isoformat(),
        "item": {"id": "i1", "kind": "movie", "title": "Night Signal", "runtime_s": 7200},
    }
    return given | more


def imported(plays: list[dict[str, Any]]) -> dict[str, Any]:
    return {"server_id": "house", "source": "test", "plays": plays}


async def test_an_imported_play_has_a_page_though_nobody_knows_its_course(
    monitored: TestHub, http: ClientSession
) -> None:
    await monitored.services.call(
        "jellyfin_monitor", "import_plays", imported([plain("1", datetime(2026, 1, 1, 20, tzinfo=UTC))])
    )
    assert "Night Signal" in await text_of(http, "/x/jellyfin_monitor/history/1")


async def test_an_import_takes_each_play_once(monitored: TestHub) -> None:
    start = datetime(2026, 1, 1, 20, tzinfo=UTC)
    item = {"id": "p", "kind": "photo", "title": "Beach"}
    plays = [plain("1", start), plain("2", start, watch_s=3), plain("3", start, item=item), plain("1", start)]
    call = monitored.services.call
    answer = await call("jellyfin_monitor", "import_plays", imported(plays), return_response=True)
    assert answer == {"imported": 1, "skipped": {"duplicate": 1, "too_short": 1, "kind": 1}}
    answer = await call("jellyfin_monitor", "import_plays", imported(plays[:1]), return_response=True)
    assert answer == {"imported": 0, "skipped": {"duplicate": 1, "too_short": 0, "kind": 0}}


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ({"started": "2026-01-01T20:00:00"}, "plays[0].started"),
        ({"started": "soon"}, "plays[0].started"),
        ({"stopped": "2020-01-01T20:00:00+00:00"}, "stopped is before started"),
        ({"watch_s": -1}, "plays[0].watch_s"),
        ({"item": {"id": "i", "kind": "hologram", "title": "x"}}, "plays[0].item.kind"),
        ({"shape": {"video": {"width": "wide"}}}, "plays[0].shape.video.width"),
        ({"surprise": 1}, "plays[0].surprise"),
    ],
)
async def test_a_broken_import_names_the_field(monitored: TestHub, broken: dict[str, Any], named: str) -> None:
    play = plain("1", datetime(2026, 1, 1, tzinfo=UTC)) | broken
    with pytest.raises(InvalidData, match=re.escape(named)):
        await monitored.services.call("jellyfin_monitor", "import_plays", imported([play]))
    assert await rows_of(monitored, models.play) == []


async def test_viewers_can_be_told_and_stopped(monitored: TestHub, house: House, http: ClientSession) -> None:
    house.show(replace(SESSION, can_be_controlled=True))
    await until(lambda: monitored.live.items("jellyfin_monitor:"))
    (stream,) = [value["stream"] for value in (await monitored.live.items("jellyfin_monitor:")).values()]
    call = monitored.services.call
    await call("jellyfin_monitor", "message", {"stream": stream, "text": "Dinner"})
    form = {"text": "Bedtime"}
    async with http.post(f"/x/jellyfin_monitor/streams/{stream}/message", data=form, allow_redirects=False) as response:
        assert response.headers["Location"].endswith("act=message_done")
    async with http.post(f"/x/jellyfin_monitor/streams/{stream}/stop", allow_redirects=False) as response:
        assert response.status == 303
    said = [one for one in house.said if one[0] != "image"]
    assert said == [("message", "s1", "Dinner"), ("message", "s1", "Bedtime"), ("stop", "s1")]
    with pytest.raises(NotFound):
        await call("jellyfin_monitor", "stop", {"stream": "1"})
    house.show(replace(SESSION, can_be_controlled=False))
    with pytest.raises(ServiceError, match="cannot show messages"):
        await call("jellyfin_monitor", "message", {"stream": stream, "text": "Dinner"})
    with pytest.raises(Unauthorized):
        await call("jellyfin_monitor", "stop", {"stream": stream}, user=await monitored.user("Guest", "user"))


async def test_a_reload_of_the_monitor_neither_doubles_nor_stretches(monitored: TestHub, house: House) -> None:
    for second in range(0, 60, 10):
        house.show(replace(SESSION, position_s=second))
    await monitored.plugins.reload("jellyfin_monitor")
    await until(lambda: house.listeners)
    house.show(replace(SESSION, position_s=60))
    house.say(Outage(house.now))
    house.show()
    await until(lambda: rows_of(monitored, models.play))
    (play,) = await rows_of(monitored, models.play)
    assert play.watch_s == 60
    assert monitored.faults.of("jellyfin_monitor") == []


async def test_a_server_that_goes_leaves_the_live_page(monitored: TestHub, house: House) -> None:
    house.show(SESSION)
    await until(lambda: monitored.live.items("jellyfin_monitor:"))
    await monitored.unload_plugin("house")

    async def is_gone() -> bool:
        return not await monitored.live.items("jellyfin_monitor:")

    await until(is_gone)
    assert len(await rows_of(monitored, models.open_state)) == 1
    assert await rows_of(monitored, models.play) == []


async def test_the_library_is_synced_and_a_broken_off_sync_goes_on(monitored: TestHub, house: House) -> None:
    await until(lambda: monitored_finished(monitored))
    titles = {row.title for row in await rows_of(monitored, models.item)}
    assert titles == {"Night Signal", "Amber Rooms"}
    assert {row.name for row in await rows_of(monitored, models.library)} == {"Films", "Music"}
    assert {row.name: row.is_admin for row in await rows_of(monitored, models.user)} == {"Alice": 0, "Zoé": 1}
    place = {"began": "2026-01-01T00:00:00+00:00", "since": None, "libraries": ["l2"], "start": 1, "items": 5}
    await monitored.documents.save("jellyfin_monitor.sync.house", place)
    house.asked_from.clear()
    await monitored.services.call("jellyfin_monitor", "sync")
    await until(lambda: monitored_finished(monitored, "2026-01-01T00:00:00+00:00"))
    assert house.asked_from == [1]


async def monitored_finished(hub: TestHub, began: str = "") -> bool:
    finished = (await hub.documents.load("jellyfin_monitor.sync.house") or {}).get("finished")
    return bool(finished) and (not began or finished == began)


async def test_artwork_is_fetched_once_and_scripts_never(monitored: TestHub, house: House, http: ClientSession) -> None:
    for _ in range(2):
        async with http.get("/x/jellyfin_monitor/image/house/i1?tag=t") as response:
            assert (response.status, await response.read()) == (200, b"jpeg")
    assert house.said == [("image", "i1")]
    for path in ("house/none", "house/evil", "elsewhere/i1", "house/..%2Fi1"):
        async with http.get(f"/x/jellyfin_monitor/image/{path}") as response:
            assert response.status == 404
    async with (
        session_of_nobody(monitored) as stranger,
        stranger.get("/x/jellyfin_monitor/image/house/i1?tag=t", allow_redirects=False) as response,
    ):
        assert response.status in {302, 303, 401}


def session_of_nobody(hub: TestHub) -> ClientSession:
    return ClientSession(base_url=f"http://127.0.0.1:{hub.web.port}")


async def test_markup_in_names_is_only_text(monitored: TestHub, house: House, http: ClientSession) -> None:
    name = "<script>alert(1)</script>"
    session = replace(SESSION, user=MediaUser("x", name), device=name, item=replace(FILM, title=name))
    house.show(session)
    await until(lambda: monitored.live.items("jellyfin_monitor:"))
    page = await text_of(http, LIVE)
    assert name not in page
    assert "&lt;script&gt;alert(1)" in page


async def test_the_dashboard_has_a_card(monitored: TestHub, house: House, http: ClientSession) -> None:
    house.show(SESSION)
    await until(lambda: monitored.live.items("jellyfin_monitor:"))
    assert "Night Signal" in await text_of(http, "/x/jellyfin_monitor/live/card")
    slots = monitored.plugins.slots("dashboard.card")
    assert [record.slug for record, _ in slots] == ["jellyfin_monitor"]
