from typing import Any

import pytest
import voluptuous as vol
from aiohttp import ClientSession

from regie.errors import ServiceError
from regie.services import Service, ServiceCall
from regie.testing.hub import TestHub


@pytest.fixture
def lamp(hub: TestHub) -> TestHub:
    """A hub with a service that sets a state, and one that only answers."""

    async def turn(call: ServiceCall) -> dict[str, Any]:
        if call.data["to"] == "broken":
            raise ServiceError("The bulb is broken")
        hub.states.set("light.desk", call.data["to"], context=call.context)
        return {"was": "off"}

    schema = vol.Schema({vol.Required("to"): str})
    hub.services.register(Service(domain="lamp", name="turn", handler=turn, schema=schema, response="optional"))
    hub.services.register(Service(domain="lamp", name="read", handler=lambda _: {"is": "on"}, response="only"))
    hub.services.register(Service(domain="lamp", name="saw", handler=lambda _: None, permission="admin"))
    return hub


async def test_the_root_says_that_the_token_is_good(http: ClientSession) -> None:
    async with http.get("/api/") as answer:
        assert (answer.status, await answer.json()) == (200, {"message": "API running."})


async def test_the_configuration_has_what_clients_parse(hub: TestHub, http: ClientSession) -> None:
    async with http.get("/api/config") as answer:
        config = await answer.json()
    assert config["version"] == "2025.4.4"
    assert config["regie_version"] == hub.version
    assert config["state"] == "RUNNING"
    assert config["time_zone"] == "Europe/Paris"
    async with http.get("/api/components") as answer:
        assert await answer.json() == config["components"]
    async with http.get("/api/core/state") as answer:
        assert (await answer.json())["state"] == "RUNNING"


async def test_a_state_is_made_changed_read_and_removed(http: ClientSession) -> None:
    path = "/api/states/sensor.door"
    async with http.post(path, json={"state": 5, "attributes": {"unit": "cm"}}) as answer:
        assert (answer.status, answer.headers["Location"]) == (201, path)
    async with http.post(path, data=b'{"state": "6"}') as answer:
        assert answer.status == 200
    async with http.get("/api/states/Sensor.DOOR") as answer:
        state = await answer.json()
    assert (state["state"], state["attributes"]) == ("6", {})
    assert set(state) >= {"entity_id", "last_changed", "last_reported", "last_updated", "context"}
    async with http.get("/api/states") as answer:
        assert [one["entity_id"] for one in await answer.json()] == ["sensor.door"]
    async with http.delete(path) as answer:
        assert (answer.status, await answer.json()) == (200, {"message": "Entity removed."})
    for method in ("GET", "DELETE"):
        async with http.request(method, path) as answer:
            assert (answer.status, await answer.json()) == (404, {"message": "Entity not found."})


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("sensor.door", b"{", "Invalid JSON specified."),
        ("sensor.door", b"[1]", "State data should be a JSON object."),
        ("sensor.door", b"{}", "No state specified."),
        ("sensor.door", b"", "No state specified."),
        ("sensor.door", b'{"state": "a", "attributes": [1]}', "State data should be a JSON object."),
        ("door", b'{"state": "a"}', "Invalid entity ID specified."),
        ("sensor.do__or_", b'{"state": "a"}', "Invalid entity ID specified."),
        ("sensor.door", b'{"state": "%s"}' % (b"x" * 256), "Invalid state specified."),
        ("sensor.door", b"[" * 50_000, "Invalid JSON specified."),
        ("sensor.door", b'{"state": "a", "attributes": {"a": %s}}' % (b"[" * 100 + b"]" * 100), "nested more than"),
    ],
)
async def test_a_state_that_cannot_be_is_refused_by_name(
    http: ClientSession, path: str, body: bytes, text: str
) -> None:
    async with http.post(f"/api/states/{path}", data=body) as answer:
        assert answer.status == 400
        assert text in (await answer.json())["message"]


async def test_events_are_fired_with_their_origin(hub: TestHub, http: ClientSession) -> None:
    heard: list[tuple[dict[str, Any], str]] = []
    hub.bus.on("bell", lambda event: heard.append((dict(event.data), event.origin)))
    async with http.post("/api/events/bell", json={"door": 1}) as answer:
        assert (answer.status, await answer.json()) == (200, {"message": "Event bell fired."})
    async with http.post("/api/events/bell") as answer:
        assert answer.status == 200
    assert heard == [({"door": 1}, "REMOTE"), ({}, "REMOTE")]
    async with http.get("/api/events") as answer:
        assert {"event": "bell", "listener_count": 1} in await answer.json()


@pytest.mark.parametrize(
    ("name", "body", "text"),
    [
        ("bell", b"{", "Event data should be valid JSON."),
        ("bell", b"[]", "Event data should be a JSON object"),
        ("b" * 65, b"{}", "64 characters"),
    ],
)
async def test_an_event_that_cannot_be_is_refused(http: ClientSession, name: str, body: bytes, text: str) -> None:
    async with http.post(f"/api/events/{name}", data=body) as answer:
        assert answer.status == 400
        assert text in (await answer.json())["message"]


async def test_a_service_call_answers_the_states_that_it_changed(lamp: TestHub, http: ClientSession) -> None:
    lamp.states.set("light.other", "on")
    async with http.post("/api/services/lamp/turn", json={"to": "on"}) as answer:
        assert [one["entity_id"] for one in await answer.json()] == ["light.desk"]
    async with http.post("/api/services/lamp/turn?return_response", json={"to": "off"}) as answer:
        told = await answer.json()
    assert told["service_response"] == {"was": "off"}
    assert [one["state"] for one in told["changed_states"]] == ["off"]
    async with http.get("/api/services") as answer:
        listed = {one["domain"]: one["services"] for one in await answer.json()}
    assert listed["lamp"]["read"]["response"] == {"optional": False}


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("lamp/none", {}, 400, "no service lamp.none"),
        ("lamp/turn", {}, 400, "to"),
        ("lamp/turn", {"to": "on", "colour": "red"}, 400, "colour"),
        ("lamp/turn", {"to": "broken"}, 500, "The bulb is broken"),
        ("lamp/read", {}, 400, "ask for its response"),
        ("lamp/saw?return_response", {}, 400, "no answer"),
    ],
)
@pytest.mark.usefixtures("lamp")
async def test_a_call_that_cannot_be_is_refused_with_the_reason(
    http: ClientSession, path: str, body: dict[str, str], status: int, text: str
) -> None:
    async with http.post(f"/api/services/{path}", json=body) as answer:
        assert answer.status == status
        assert text in (await answer.json())["message"]


async def test_people_who_are_no_admins_get_401_where_admins_are_wanted(lamp: TestHub, http: ClientSession) -> None:
    client = await lamp.client(await lamp.user("Eve", "user"))
    async with client:
        for method, path in (
            ("POST", "/api/states/a.b"),
            ("POST", "/api/events/bell"),
            ("POST", "/api/services/lamp/saw"),
        ):
            async with client.request(method, path, json={}) as answer:
                assert (answer.status, await answer.text()) == (401, "401: Unauthorized")
        async with client.get("/api/states") as answer:
            assert answer.status == 200
    async with http.post("/api/services/lamp/saw") as answer:
        assert answer.status == 200


async def test_a_stopping_hub_answers_503(hub: TestHub, http: ClientSession) -> None:
    hub.state = "STOPPING"
    async with http.get("/api/") as answer:
        assert answer.status == 503
