import asyncio
import json
from typing import Any

import pytest
import voluptuous as vol
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from regie.auth import User
from regie.bus import EventContext
from regie.errors import ServiceError
from regie.services import Service, ServiceCall
from regie.testing.hub import TestHub
from regie.web.websocket import connection as connection_module


class Client:
    """A client that numbers its commands."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.id = 0

    async def call(self, kind: str, **data: Any) -> Any:
        """Send a command and answer what comes back first."""
        self.id += 1
        await self.socket.send_json({"id": self.id, "type": kind, **data})
        return await self.read()

    async def read(self) -> Any:
        return await self.socket.receive_json(timeout=10)

    async def result(self, kind: str, **data: Any) -> Any:
        answer = await self.call(kind, **data)
        assert answer["success"], answer
        return answer["result"]

    async def refusal(self, kind: str, **data: Any) -> str:
        answer = await self.call(kind, **data)
        assert not answer["success"], answer
        return str(answer["error"]["code"])


@pytest.fixture
async def admin(hub: TestHub) -> User:
    return await hub.user()


@pytest.fixture
async def client(hub: TestHub, admin: User, connect: Any) -> Client:
    return Client(await connect(await hub.auth.create_token(admin, "client")))


@pytest.fixture
async def guest(hub: TestHub, connect: Any) -> Client:
    return Client(await connect(await hub.auth.create_token(await hub.user("Gus", "guest"), "client")))


@pytest.fixture
async def person(hub: TestHub, connect: Any) -> Client:
    return Client(await connect(await hub.auth.create_token(await hub.user("Eve", "user"), "client")))


async def test_the_handshake_names_a_calendar_version_and_waits_for_nobody(hub: TestHub, anyone: ClientSession) -> None:
    token = await hub.auth.create_token(await hub.user(), "client")
    socket = await anyone.ws_connect("/api/websocket")
    await socket.send_json({"type": "auth", "access_token": token})
    await socket.send_json({"id": 1, "type": "ping"})
    frames = [await socket.receive_json() for _ in range(3)]
    assert frames == [
        {"type": "auth_required", "ha_version": "2025.4.4"},
        {"type": "auth_ok", "ha_version": "2025.4.4"},
        {"id": 1, "type": "pong"},
    ]


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ({"type": "auth", "access_token": "wrong"}, "Invalid access token or password"),
        ({"type": "auth"}, "Auth message incorrectly formatted: required key not provided at access_token"),
        ({"type": "auth", "access_token": 5}, "Auth message incorrectly formatted: expected str at access_token"),
        ([], "Auth message incorrectly formatted: expected a dictionary"),
    ],
)
async def test_a_wrong_sign_in_is_refused_and_closed(anyone: ClientSession, sent: Any, text: str) -> None:
    socket = await anyone.ws_connect("/api/websocket")
    await socket.receive_json()
    await socket.send_json(sent)
    assert await socket.receive_json() == {"type": "auth_invalid", "message": text}
    assert (await socket.receive()).type is WSMsgType.CLOSE


@pytest.mark.parametrize("frame", [b"{", b"[" * 50_000, None])
async def test_what_is_no_message_ends_the_handshake(anyone: ClientSession, frame: bytes | None) -> None:
    socket = await anyone.ws_connect("/api/websocket")
    await socket.receive_json()
    if frame is None:
        await socket.send_bytes(b"{}")
    else:
        await socket.send_str(frame.decode())
    assert (await socket.receive()).type is WSMsgType.CLOSE


async def test_who_does_not_sign_in_is_closed(anyone: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "AUTH_S", 0.05)
    socket = await anyone.ws_connect("/api/websocket")
    await socket.receive_json()
    assert (await socket.receive()).type is WSMsgType.CLOSE


async def test_envelopes_and_ids_follow_the_rules(client: Client) -> None:
    async def ask(message: Any) -> tuple[Any, str]:
        await client.socket.send_json(message)
        answer = await client.read()
        return answer["id"], answer.get("error", {}).get("code", answer["type"])

    assert await ask({"id": 5, "type": "unheard_of"}) == (5, "unknown_command")
    assert await ask({"id": 5, "type": "ping"}) == (5, "pong")
    assert await ask({"id": 5, "type": "ping"}) == (5, "id_reuse")
    assert await ask({"id": 6, "type": "ping", "extra": 1}) == (6, "invalid_format")
    assert await ask({"id": 6, "type": "ping"}) == (6, "id_reuse")
    for message, echoed in (
        ({"type": "ping"}, None),
        ({"id": 0, "type": "ping"}, 0),
        ({"id": "a", "type": "ping"}, "a"),
        ({"id": True, "type": "ping"}, True),
        ({"id": 7}, 7),
        ({"id": 7, "type": 5}, 7),
        (5, None),
        ("ping", None),
    ):
        assert await ask(message) == (echoed, "invalid_format")
    assert await ask({"id": 7, "type": "ping"}) == (7, "pong")


async def test_an_array_is_handled_in_order(client: Client) -> None:
    await client.socket.send_json([{"id": number, "type": "ping"} for number in (1, 2, 3)])
    assert [(await client.read())["id"] for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("frame", ["{", "[" * 50_000])
async def test_what_is_not_json_closes_the_connection(client: Client, frame: str) -> None:
    await client.socket.send_str(frame)
    last = await client.socket.receive()
    assert (last.type, last.data) == (WSMsgType.CLOSE, 1007)


async def test_arrays_are_sent_only_to_who_can_take_them(hub: TestHub, client: Client) -> None:
    async def burst(subscription: int) -> list[Any]:
        for number in range(20):
            hub.bus.fire("bell", {"n": number})
        frames: list[Any] = []
        while sum(len(one) if isinstance(one, list) else 1 for one in frames) < 20:
            frames.append(await client.read())
        flat = [event for one in frames for event in (one if isinstance(one, list) else [one])]
        assert [one["event"]["data"]["n"] for one in flat if one["id"] == subscription] == list(range(20))
        return frames

    await client.result("supported_features", features={})
    await client.result("subscribe_events", event_type="bell")
    assert all(isinstance(one, dict) for one in await burst(2))
    await client.result("supported_features", features={"coalesce_messages": 1})
    assert any(isinstance(one, list) for one in await burst(2))


async def test_states_config_services_and_the_person_are_read(hub: TestHub, admin: User, client: Client) -> None:
    hub.states.set("sensor.door", "open")
    assert [one["entity_id"] for one in await client.result("get_states")] == ["sensor.door"]
    assert (await client.result("get_config"))["version"] == "2025.4.4"
    hub.services.register(Service(domain="lamp", name="turn", handler=lambda _: None, description="Turns"))
    assert (await client.result("get_services"))["lamp"]["turn"]["fields"] == {}
    me = await client.result("auth/current_user")
    assert (me["id"], me["name"], me["is_admin"]) == (admin.id, "Ada", True)
    assert await client.result("config_entries/get", type_filter=["hub"], domain="none") == []
    assert await client.result("config/entity_registry/list") == []
    assert await client.refusal("config/entity_registry/get", entity_id="sensor.none") == "not_found"


async def test_entities_are_followed_from_all_that_is_there_on(hub: TestHub, client: Client) -> None:
    hub.states.set("sensor.door", "open", {"a": 1}, context=EventContext(id_="c1"))
    await client.result("subscribe_entities", entity_ids=["sensor.DOOR", "sensor.window"])
    first = (await client.read())["event"]
    assert first["a"]["sensor.door"] == {"s": "open", "a": {"a": 1}, "c": "c1", "lc": first["a"]["sensor.door"]["lc"]}
    hub.states.set("sensor.other", "x")
    hub.states.set("sensor.door", "shut", {}, context=EventContext(id_="c2"))
    more = (await client.read())["event"]["c"]["sensor.door"]
    assert (more["+"]["s"], more["+"]["c"], more["-"]) == ("shut", "c2", {"a": ["a"]})
    hub.states.set("sensor.window", "open")
    assert (await client.read())["event"]["a"]["sensor.window"]["s"] == "open"
    hub.states.remove("sensor.window")
    assert (await client.read())["event"] == {"r": ["sensor.window"]}
    await client.result("unsubscribe_events", subscription=1)
    hub.states.set("sensor.door", "open")
    assert (await client.call("ping"))["type"] == "pong"
    assert await client.refusal("unsubscribe_events", subscription=1) == "not_found"
    assert not hub.states._listeners


async def test_entities_may_be_chosen_by_what_they_are(hub: TestHub, client: Client) -> None:
    for name in ("sensor.door", "sensor.window", "light.desk"):
        hub.states.set(name, "on")
    await client.result("subscribe_entities", include={"domains": ["sensor"]}, exclude={"entity_globs": ["*.win*"]})
    assert set((await client.read())["event"]["a"]) == {"sensor.door"}
    await client.result("subscribe_entities", entity_ids=[])
    assert (await client.read())["event"] == {"a": {}}


async def test_events_reach_their_subscribers_until_they_leave(
    hub: TestHub, client: Client, anyone: ClientSession
) -> None:
    before = hub.bus.listener_counts()
    await client.result("subscribe_events")
    hub.bus.fire("bell", {"n": 1}, EventContext(id_="c1"))
    event = (await client.read())["event"]
    assert (event["event_type"], event["data"], event["origin"], event["context"]["id"]) == (
        "bell",
        {"n": 1},
        "LOCAL",
        "c1",
    )
    hub.states.set("sensor.door", "open")
    changed = (await client.read())["event"]["data"]
    assert (changed["old_state"], changed["new_state"]["state"]) == (None, "open")
    hub.states.set("sensor.door", "open")
    assert (await client.call("ping"))["type"] == "pong"
    await client.socket.close()
    while len(hub.web.websocket):
        async with anyone.get("/health") as answer:
            assert answer.status == 200
    assert hub.bus.listener_counts() == before


async def test_a_client_that_left_at_once_leaves_nothing_behind(
    hub: TestHub, client: Client, anyone: ClientSession
) -> None:
    commands = [
        {"id": 1, "type": "subscribe_events"},
        {"id": 2, "type": "subscribe_entities"},
        {"id": 3, "type": "regie/subscribe", "topic": "plugins"},
    ]
    before = hub.bus.listener_counts()
    await client.socket.send_json(commands)
    await client.socket.close()
    while len(hub.web.websocket):
        async with anyone.get("/health") as answer:
            assert answer.status == 200
    assert hub.bus.listener_counts() == before
    assert not hub.states._listeners
    assert not hub.topics._listeners


async def test_who_is_no_admin_hears_and_does_less(person: Client, guest: Client) -> None:
    for kind, data in (
        ("subscribe_events", {}),
        ("subscribe_events", {"event_type": "call_service"}),
        ("fire_event", {"event_type": "bell"}),
        ("config_entries/get", {}),
        ("regie/subscribe", {"topic": "plugins"}),
    ):
        assert await person.refusal(kind, **data) == "unauthorized", kind
    assert await person.result("subscribe_events", event_type="state_changed") is None
    for kind in ("get_states", "subscribe_entities", "get_services"):
        assert await guest.refusal(kind) == "unauthorized", kind
    assert (await guest.result("auth/current_user"))["is_admin"] is False


async def test_an_event_is_fired_in_the_name_of_the_person(hub: TestHub, admin: User, client: Client) -> None:
    heard: list[Any] = []
    hub.bus.on("bell", heard.append)
    told = await client.result("fire_event", event_type="bell", event_data={"n": 1})
    assert (heard[0].context.id, heard[0].context.user_id) == (told["context"]["id"], admin.id)
    assert await client.refusal("fire_event", event_type="b" * 65) == "invalid_format"


async def test_a_service_is_called_and_answers(hub: TestHub, client: Client, guest: Client) -> None:
    async def turn(call: ServiceCall) -> dict[str, Any]:
        if call.data["to"] == "broken":
            raise ServiceError("The bulb is broken")
        if call.data["to"] == "bug":
            raise ZeroDivisionError
        return {"to": call.data["to"]}

    schema = vol.Schema({vol.Required("to"): str, "entity_id": str})
    hub.services.register(Service(domain="lamp", name="turn", handler=turn, schema=schema, response="optional"))
    hub.services.register(Service(domain="lamp", name="read", handler=lambda _: {}, response="only"))

    def call(to: str, **more: Any) -> dict[str, Any]:
        return {"domain": "lamp", "service": "turn", "service_data": {"to": to}, **more}

    assert set(await client.result("call_service", **call("on"))) == {"context"}
    target = {"target": {"entity_id": "light.desk"}}
    assert (await client.result("call_service", **call("on", return_response=True, **target)))["response"] == {
        "to": "on"
    }
    for data, code in (
        ({"domain": "lamp", "service": "none"}, "not_found"),
        ({"domain": "lamp", "service": "turn"}, "invalid_format"),
        ({"domain": "lamp", "service": "read"}, "service_validation_error"),
        (call("broken"), "home_assistant_error"),
        (call("bug"), "home_assistant_error"),
    ):
        assert await client.refusal("call_service", **data) == code
    assert await guest.refusal("call_service", **call("on")) == "unauthorized"


async def test_a_slow_service_holds_nobody_up(hub: TestHub, client: Client) -> None:
    gate = asyncio.Event()

    async def wait(_: ServiceCall) -> None:
        await gate.wait()

    hub.services.register(Service(domain="lamp", name="wait", handler=wait))
    await client.socket.send_json({"id": 1, "type": "call_service", "domain": "lamp", "service": "wait"})
    client.id = 1
    assert await client.call("ping") == {"id": 2, "type": "pong"}
    gate.set()
    assert (await client.read())["id"] == 1


async def test_a_long_lived_token_is_made_for_a_client(hub: TestHub, admin: User, client: Client) -> None:
    made = {"lifespan": 30, "client_name": "phone", "client_icon": None}
    token = await client.result("auth/long_lived_access_token", **made)
    assert await hub.auth.user_for_token(token) == admin
    assert await client.refusal("auth/long_lived_access_token", **made) == "invalid_format"


async def test_topics_are_numbered_and_a_gap_is_seen(hub: TestHub, client: Client) -> None:
    hub.topics.publish("example/cards", {"n": 1})
    assert await client.result("regie/subscribe", topic="example/cards", after=1) == {"sequence": 1, "missed": False}
    hub.topics.publish("example/cards", {"n": 2})
    assert (await client.read())["event"] == {"topic": "example/cards", "sequence": 2, "data": {"n": 2}}
    assert await client.result("regie/subscribe", topic="example/cards", after=1) == {"sequence": 2, "missed": True}


async def test_topics_of_a_plugin_are_for_whoever_may_open_its_pages(
    example: TestHub, person: Client, guest: Client
) -> None:
    assert example.web.router.page_permissions("example") == {"user", "admin"}
    assert (await person.result("regie/subscribe", topic="example/cards"))["sequence"] == 0
    assert await guest.refusal("regie/subscribe", topic="example/cards") == "unauthorized"
    assert await person.refusal("regie/subscribe", topic="none/cards") == "unauthorized"


@pytest.mark.usefixtures("example")
async def test_a_plugin_adds_commands(person: Client, guest: Client) -> None:
    assert await person.result("example/hello", n=1) == {"hello": "user", "n": 1}
    assert await person.refusal("example/hello", n="x") == "invalid_format"
    assert await guest.refusal("example/hello") == "unauthorized"


async def test_revoking_a_token_closes_its_connections_only(hub: TestHub, admin: User, connect: Any) -> None:
    doomed, other = [await connect(await hub.auth.create_token(admin, label)) for label in ("doomed", "other")]
    token = next(one for one in await hub.auth.list_tokens(admin) if one.label == "doomed")
    await hub.auth.revoke(admin, token.id)
    last = await doomed.receive()
    assert (last.type, last.data) == (WSMsgType.CLOSE, 1008)
    assert (await Client(other).call("ping"))["type"] == "pong"


async def test_a_page_signs_in_with_a_short_lived_token(
    hub: TestHub, anyone: ClientSession, sign_in: Any, connect: Any
) -> None:
    user = await hub.user("Eve", "user")
    async with anyone.get("/api/regie/session_token") as answer:
        assert answer.status == 401
    await sign_in(user)
    async with anyone.get("/api/regie/session_token") as answer:
        told = await answer.json()
        assert answer.headers["Cache-Control"] == "no-store"
    assert told["expires_in"] == 1800
    socket = await connect(told["access_token"])
    await hub.auth.set_password(user, "battery staple")
    assert (await socket.receive()).data == 1008


async def test_a_stopping_hub_tells_its_clients_to_come_back(hub: TestHub, client: Client) -> None:
    stop = asyncio.ensure_future(hub.web.stop())
    last = await client.socket.receive()
    assert (last.type, last.data) == (WSMsgType.CLOSE, 1012)
    await stop


async def test_a_client_that_stops_reading_is_cut_off_while_others_go_on(
    hub: TestHub, admin: User, connect: Any, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = await connect(await hub.auth.create_token(admin, "slow"))
    await slow.send_json({"id": 1, "type": "subscribe_events", "event_type": "flood"})
    assert (await slow.receive_json())["success"]
    transport = slow._response.connection.transport
    transport.pause_reading()
    for number in range(28_000):
        hub.bus.fire("flood", {"text": "x" * 2000, "n": number})
        if number % 100 == 0:
            assert (await client.call("ping"))["type"] == "pong"
    shown = ""
    async with asyncio.timeout(10):
        while "cut off" not in shown:
            assert (await client.call("ping"))["type"] == "pong"
            shown += capsys.readouterr().out
    transport.resume_reading()
    while (last := await slow.receive()).type is WSMsgType.TEXT:
        json.loads(last.data)
    assert (last.type, last.data) == (WSMsgType.CLOSE, 1013)
    assert "regie_websocket_cut_off_total 1.0" in hub.metrics.text().decode()


async def test_a_client_that_never_wakes_up_is_gone_after_a_while(
    hub: TestHub, admin: User, connect: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("WRITE_S", "GOODBYE_S", "ABORT_S"):
        monkeypatch.setattr(connection_module, limit, 0.1)
    dead = await connect(await hub.auth.create_token(admin, "dead"))
    await dead.send_json({"id": 1, "type": "subscribe_entities"})
    assert (await dead.receive_json())["success"]
    dead._response.connection.transport.pause_reading()
    number = 0
    async with asyncio.timeout(20):
        while len(hub.web.websocket) > 1:
            number += 1
            hub.states.set("sensor.busy", "on", {"padding": f"{number:05}" * 20_000})
            assert (await client.call("ping"))["type"] == "pong"


async def test_a_slow_client_gets_the_newest_states_without_being_cut_off(
    hub: TestHub, admin: User, connect: Any, client: Client
) -> None:
    slow = await connect(await hub.auth.create_token(admin, "slow"))
    await slow.send_json({"id": 1, "type": "subscribe_entities", "entity_ids": ["sensor.busy"]})
    assert (await slow.receive_json())["success"]
    transport = slow._response.connection.transport
    transport.pause_reading()
    for number in range(20_000):
        hub.states.set("sensor.busy", str(number), {"padding": f"{number:05}" * 200})
        if number % 100 == 0:
            assert (await client.call("ping"))["type"] == "pong"
    transport.resume_reading()
    seen, events = "", 0
    while seen != "19999":
        event = (await slow.receive_json(timeout=10))["event"]
        for told in (*event.get("a", {}).values(), *(one["+"] for one in event.get("c", {}).values())):
            seen = told.get("s", seen)
        events += 1
    assert events < 20_000
