"""The plugin in a running hub: set-up, entities, services, webhooks, repair."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import make_mocked_request

from regie.api import ConfigEntry, NotFound, ServiceError
from regie.config import FlowResult
from regie.roles import MediaServer, Observation, PlaybackSignal
from regie.testing.hub import TestHub
from regie_demo.jellyfin import ServerState, StubServer, Transcode
from regie_demo.people import PEOPLE
from regie_jellyfin import Jellyfin
from regie_jellyfin.flow import address_of
from regie_jellyfin.server import JellyfinServer
from regie_ui import Panel as PanelFrame


@pytest.fixture
async def house(hub: TestHub) -> TestHub:
    await hub.load_plugin("jellyfin", Jellyfin)
    return hub


async def _add(hub: TestHub, step: str, **typed: Any) -> FlowResult:
    flow = await hub.flows.start("jellyfin")
    await hub.flows.advance(flow.flow_id, {"next_step_id": step})
    return await hub.flows.advance(flow.flow_id, typed)


@pytest.fixture
async def entry(house: TestHub, stub: StubServer) -> ConfigEntry:
    result = await _add(house, "api_key", url=stub.url + "/web/#/home", api_key=stub.state.issue_key("Regie"))
    assert result.entry, result
    return result.entry


async def _until(hub: TestHub, condition: Callable[[], Any]) -> None:
    """Wait for a condition that a change of state brings about."""
    changed = asyncio.Event()
    undo = hub.states.on_change(None, lambda _old, _new: changed.set())
    try:
        async with asyncio.timeout(30):
            while not condition():
                await changed.wait()
                changed.clear()
    finally:
        undo()


def _state(hub: TestHub, entity_id: str) -> str | None:
    found = hub.states.get(entity_id)
    return found.state if found else None


async def test_a_key_makes_an_entry(house: TestHub, stub: StubServer, entry: ConfigEntry) -> None:
    assert (entry.title, entry.unique_id, entry.state) == ("Demo house", stub.state.id, "loaded")
    assert entry.data["url"] == stub.url
    (server,) = house.roles.all(MediaServer)
    assert (server.id, server.version, server.entry_id) == (stub.state.id, "10.11.11", entry.id)


async def test_a_password_makes_an_entry_and_is_not_kept(house: TestHub, stub: StubServer) -> None:
    result = await _add(house, "password", url=stub.url, username="alice", password="wonderland")
    assert result.entry
    assert result.entry.state == "loaded"
    assert "wonderland" not in repr(
        {key: getattr(v, "reveal", lambda v=v: v)() for key, v in result.entry.data.items()}
    )


async def test_the_same_server_twice_is_refused(house: TestHub, stub: StubServer, entry: ConfigEntry) -> None:
    result = await _add(house, "api_key", url=stub.url, api_key=entry.data["token"])
    assert (result.type, result.reason) == ("abort", "already_configured")


@pytest.mark.parametrize(
    ("step", "typed", "errors"),
    [
        ("api_key", {"api_key": "wrong"}, {"api_key": "invalid_key"}),
        ("password", {"username": "Alice", "password": "wrong"}, {"password": "invalid_password"}),
        ("password", {"username": "Bruno", "password": "b"}, {"username": "not_admin"}),
    ],
)
async def test_wrong_credentials_show_at_their_field(
    house: TestHub, stub: StubServer, step: str, typed: dict[str, str], errors: dict[str, str]
) -> None:
    result = await _add(house, step, url=stub.url, **typed)
    assert (result.type, result.errors) == ("form", errors)
    assert "wrong" not in json.dumps(result.as_dict())


async def test_a_wrong_address_shows_at_its_field(house: TestHub, stub: StubServer) -> None:
    stub.faults.answers_html = True
    assert (await _add(house, "api_key", url=stub.url, api_key="k")).errors == {"url": "not_jellyfin"}
    stub.faults.answers_html = False
    stub.state.version = "10.8.13"
    assert (await _add(house, "api_key", url=stub.url, api_key="k")).errors == {"url": "too_old"}
    await stub.stop()
    assert (await _add(house, "api_key", url=stub.url, api_key="k")).errors == {"url": "cannot_connect"}


def test_every_key_has_a_text() -> None:
    from regie_jellyfin.flow import ERRORS, JellyfinFlow

    texts = JellyfinFlow.texts
    keys = {key for _, key in ERRORS} | {"invalid_key", "invalid_password", "not_admin", "other_server"}
    assert all(f"error.{key}" in texts for key in keys)
    steps = [name.removeprefix("step_") for name in vars(JellyfinFlow) if name.startswith("step_")]
    assert all(f"step.{step}.title" in texts for step in steps)


async def test_entities_follow_the_streams(house: TestHub, stub: StubServer, entry: ConfigEntry) -> None:
    state, player = stub.state, "media_player.demo_house_lg_smart_tv"
    await _until(house, lambda: _state(house, "binary_sensor.demo_house_online") == "on")
    session = state.session_of(PEOPLE[0], PEOPLE[0].players[0])
    encoder = Transcode("h264", "aac", "ts", video_direct=False, audio_direct=False, bitrate_kbps=4000)
    state.start(session, state.catalogue.films[0], position_s=90, transcode=encoder)
    await _until(house, lambda: _state(house, player) == "playing")
    found = house.states.get(player)
    assert found
    assert found.attributes["media_title"] == "The Lighthouse Engineers"
    assert found.attributes["media_position"] == 90
    for what, value in (("streams", "1"), ("transcodes", "1"), ("bandwidth", "4000")):
        assert _state(house, f"sensor.demo_house_{what}") == value
    state.progress(session, state.catalogue.films[0], 100, paused=True)
    await _until(house, lambda: _state(house, player) == "paused")
    state.stop(session, 101)
    await _until(house, lambda: _state(house, player) == "idle")
    assert _state(house, "sensor.demo_house_streams") == "0"
    assert entry.state == "loaded"


async def test_a_lost_server_shows_as_offline_with_its_reason(
    house: TestHub, stub: StubServer, entry: ConfigEntry
) -> None:
    await _until(house, lambda: _state(house, "binary_sensor.demo_house_online") == "on")
    await stub.stop()
    await _until(house, lambda: _state(house, "binary_sensor.demo_house_online") == "off")
    found = house.states.get("binary_sensor.demo_house_online")
    assert found
    assert found.attributes["reason"]
    assert _state(house, "sensor.demo_house_streams") == "unavailable"
    await stub.start()
    await _until(house, lambda: _state(house, "sensor.demo_house_streams") == "0")
    assert entry.state == "loaded"


async def test_a_viewer_gets_a_message(house: TestHub, stub: StubServer, entry: ConfigEntry) -> None:
    state = stub.state
    session = state.session_of(PEOPLE[0], PEOPLE[0].players[0])
    mute = state.session_of(PEOPLE[4], PEOPLE[4].players[0])
    state.start(session, state.catalogue.films[0])
    state.start(mute, state.catalogue.films[1])
    await _until(house, lambda: _state(house, "sensor.demo_house_streams") == "2")
    await house.services.call(
        "jellyfin", "message", {"entity_id": "media_player.demo_house_lg_smart_tv", "text": "Dinner"}
    )
    assert [(command.name, command.text) for command in state.commands] == [("Message", "Dinner")]
    with pytest.raises(ServiceError, match="takes no messages"):
        await house.services.call("jellyfin", "message", {"session_id": [mute.id], "text": "Dinner"})
    with pytest.raises(NotFound):
        await house.services.call("jellyfin", "stop", {"session_id": "nobody"})
    assert entry.state == "loaded"


async def test_stop_waits_until_the_player_has_stopped(house: TestHub, stub: StubServer, entry: ConfigEntry) -> None:
    state = stub.state
    session = state.session_of(PEOPLE[0], PEOPLE[0].players[0])
    state.start(session, state.catalogue.films[0])
    state.command_listeners.append(lambda _: state.stop(session, 5) if len(state.commands) == 2 else state.changed())
    await _until(house, lambda: _state(house, "sensor.demo_house_streams") == "1")
    (server,) = house.roles.all(MediaServer)
    assert isinstance(server, JellyfinServer)
    server._reaction_s = 1.0
    await house.services.call("jellyfin", "stop", {"session_id": session.id})
    assert [command.name for command in state.commands] == ["Stop", "Stop"]
    assert not entry.runtime


@pytest.fixture
async def anybody(hub: TestHub) -> AsyncIterator[ClientSession]:
    async with ClientSession(f"http://127.0.0.1:{hub.web.port}") as session:
        yield session


def _webhook_path(entry: ConfigEntry) -> str:
    return f"/api/x/jellyfin/webhook/{entry.data['webhook_secret'].reveal()}"


async def test_a_webhook_is_taken_quickly_and_merged_into_the_session(
    house: TestHub, stub: StubServer, entry: ConfigEntry
) -> None:
    (server,) = house.roles.all(MediaServer)
    seen: list[Observation] = []
    signalled = asyncio.Event()

    def observe(observation: Observation) -> None:
        seen.append(observation)
        if isinstance(observation, PlaybackSignal):
            signalled.set()

    server.observe(observe)
    stub.webhook_url = f"http://127.0.0.1:{house.web.port}{_webhook_path(entry)}"
    session = stub.state.session_of(PEOPLE[0], PEOPLE[0].players[0])
    stub.state.start(session, stub.state.catalogue.films[0])
    async with asyncio.timeout(30):
        await signalled.wait()
    (signal,) = [one for one in seen if isinstance(one, PlaybackSignal)]
    assert (signal.kind, signal.session.id, signal.session.user.name) == ("start", session.id, "Alice")


async def test_webhooks_are_answered_in_under_20_ms(house: TestHub, entry: ConfigEntry, anybody: ClientSession) -> None:
    took = []
    body = json.dumps({"NotificationType": "ItemAdded", "Overview": "x" * 5000}).encode()
    for _ in range(50):
        began = time.perf_counter()
        async with anybody.post(_webhook_path(entry), data=body, headers={"Content-Type": "text/plain"}) as answer:
            assert answer.status == 204
        took.append(time.perf_counter() - began)
    assert sorted(took)[len(took) // 2] < 0.02
    assert house.roles.all(MediaServer)


async def test_odd_webhooks_are_kept_to_be_shown(house: TestHub, entry: ConfigEntry, anybody: ClientSession) -> None:
    events: list[Any] = []
    house.bus.on("jellyfin_notification", lambda event: events.append(event.data["type"]))
    for body in (b'{"NotificationType": "<broken', b'{"NotificationType": "PlanetAligned"}'):
        async with anybody.post(_webhook_path(entry), data=body) as answer:
            assert answer.status == 204
    plugin = house.plugins.get("jellyfin").plugin
    assert isinstance(plugin, Jellyfin)
    (running,) = plugin._servers()
    await running.inbox.worked_off()
    assert running.inbox.last
    assert (running.inbox.received, running.inbox.last.kind) == (2, "PlanetAligned")
    assert events == ["PlanetAligned"]
    (shown,) = (await plugin._page(make_mocked_request("GET", "/")))["servers"]
    assert shown["webhook_url"].endswith(_webhook_path(entry))
    assert shown["last_broken"].body == '{"NotificationType": "<broken'
    assert shown["last_broken"].error.startswith("not JSON")


async def test_the_set_up_page_shows_what_to_enter_and_what_went_wrong(
    house: TestHub, entry: ConfigEntry, anybody: ClientSession, http: ClientSession
) -> None:
    await house.load_plugin("regie", PanelFrame)
    async with anybody.post(_webhook_path(entry), data=b'{"NotificationType": "<broken') as answer:
        assert answer.status == 204
    plugin = house.plugins.get("jellyfin").plugin
    assert isinstance(plugin, Jellyfin)
    (running,) = plugin._servers()
    await running.inbox.worked_off()
    async with http.get("/x/jellyfin/servers") as answer:
        page = await answer.text()
    assert answer.status == 200
    for expected in ("&lt;broken", "not JSON", _webhook_path(entry), "Jellyfin servers", "Playback Start"):
        assert expected in page
    async with http.get("/plugins/jellyfin") as answer:
        assert 'href="/x/jellyfin/servers"' in await answer.text()


async def test_a_burst_of_webhooks_loses_none(house: TestHub, entry: ConfigEntry) -> None:
    plugin = house.plugins.get("jellyfin").plugin
    assert isinstance(plugin, Jellyfin)
    (running,) = plugin._servers()
    kinds: list[str] = []
    house.bus.on("jellyfin_notification", lambda event: kinds.append(event.data["type"]))
    assert all(running.inbox.put(b'{"NotificationType": "N%d"}' % number) for number in range(10_000))
    await running.inbox.worked_off()
    assert kinds == [f"N{number}" for number in range(10_000)]
    assert entry.state == "loaded"


async def test_webhooks_keep_their_order_and_their_stamps(
    house: TestHub, entry: ConfigEntry, anybody: ClientSession
) -> None:
    (server,) = house.roles.all(MediaServer)
    signals: list[PlaybackSignal] = []
    server.observe(lambda seen: signals.append(seen) if isinstance(seen, PlaybackSignal) else None)
    common = {"ItemId": "a" * 32, "UserId": "b" * 32, "ClientName": "Web", "DeviceId": "d"}
    for kind, stamp in (("Stop", "20:09"), ("Start", "20:00"), ("Start", "20:00")):
        body = {**common, "NotificationType": f"Playback{kind}", "UtcTimestamp": f"2026-03-01T{stamp}:00.0000000Z"}
        async with anybody.post(_webhook_path(entry), data=json.dumps(body)) as answer:
            assert answer.status == 204
    plugin = house.plugins.get("jellyfin").plugin
    assert isinstance(plugin, Jellyfin)
    (running,) = plugin._servers()
    await running.inbox.worked_off()
    assert [signal.kind for signal in signals] == ["stop", "start", "start"]
    assert signals[1] == signals[2]
    assert signals[1].stamp == "2026-03-01T20:00:00.0000000Z"


async def test_a_wrong_webhook_secret_is_nowhere(house: TestHub, entry: ConfigEntry, anybody: ClientSession) -> None:
    async with anybody.post("/api/x/jellyfin/webhook/guess", data=b"{}") as answer:
        assert answer.status == 404
    assert house.entries.get(entry.id).state == "loaded"


async def test_a_withdrawn_key_asks_for_a_new_one(house: TestHub, stub: StubServer, entry: ConfigEntry) -> None:
    await _until(house, lambda: _state(house, "binary_sensor.demo_house_online") == "on")
    stub.state.api_keys.clear()
    waiting = asyncio.Event()
    house.bus.on(
        "config_entry_changed", lambda event: waiting.set() if event.data["entry"].state == "needs_sign_in" else None
    )
    await stub.drop_sockets()
    async with asyncio.timeout(30):
        await waiting.wait()
    assert house.roles.all(MediaServer) == []
    flow = await house.flows.start("jellyfin", source="reauth", entry_id=entry.id)
    wrong = await house.flows.advance(flow.flow_id, {"api_key": "wrong"})
    assert wrong.errors == {"api_key": "invalid_key"}
    done = await house.flows.advance(flow.flow_id, {"api_key": stub.state.issue_key("again")})
    assert (done.type, done.reason) == ("abort", "reauth_successful")
    assert house.entries.get(entry.id).state == "loaded"


async def test_another_server_cannot_take_an_entry_over(
    house: TestHub, stub: StubServer, entry: ConfigEntry, state: ServerState
) -> None:
    flow = await house.flows.start("jellyfin", source="reconfigure", entry_id=entry.id)
    state.id = "0" * 32
    result = await house.flows.advance(flow.flow_id, {"url": stub.url})
    assert result.errors == {"url": "other_server"}
    reloaded = await house.entries.reload(entry.id)
    assert (reloaded.state, "Another server" in reloaded.reason) == ("setup_error", True)


async def test_a_server_that_is_down_at_start_is_tried_again(
    house: TestHub, stub: StubServer, entry: ConfigEntry
) -> None:
    await stub.stop()
    await house.entries.reload(entry.id)
    assert (entry.state, house.roles.all(MediaServer)) == ("setup_retry", [])
    assert "Nothing answers" in entry.reason
    await stub.start()
    await house.entries.reload(entry.id)
    assert house.entries.get(entry.id).state == "loaded"


async def test_support_learns_the_state_but_no_secret(house: TestHub, entry: ConfigEntry) -> None:
    report = repr(await house.plugins.diagnostics("jellyfin"))
    assert "Demo house" in report
    for secret in (entry.data["token"], entry.data["webhook_secret"]):
        assert secret.reveal() not in report
    assert entry.data["token"].reveal() not in repr(address_of(entry.data, "1"))


async def test_unloading_leaves_nothing(house: TestHub, stub: StubServer, entry: ConfigEntry) -> None:
    await _until(house, lambda: _state(house, "binary_sensor.demo_house_online") == "on")
    await house.entries.remove(entry.id)
    assert house.roles.all(MediaServer) == []
    assert [state.entity_id for state in house.states.all() if "demo_house" in state.entity_id] == []
    assert all(subscriber._socket.closed for subscriber in stub.subscribers)
