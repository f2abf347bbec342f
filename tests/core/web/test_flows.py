from typing import Any, ClassVar

import pytest
import voluptuous as vol
from aiohttp import ClientSession

from regie.api import ConfigEntry, ConfigFlow, FlowResult, Integration, Manifest, PluginContext, hookimpl, selector
from regie.testing.hub import TestHub

BASE = "/api/config/config_entries"
SCHEMA = vol.Schema({vol.Required("url"): selector.Url(), vol.Required("key"): selector.Password()})


class ServerFlow(ConfigFlow):
    """A menu, then a form whose key must be right."""

    texts: ClassVar[dict[str, str]] = {"step.user.title": "A server"}

    async def step_user(self, _data: dict[str, Any] | None) -> FlowResult:
        return self.menu("user", {"key": "With a key", "none": "Not at all"})

    async def step_none(self, _data: dict[str, Any] | None) -> FlowResult:
        return self.abort("not_at_all")

    async def step_key(self, data: dict[str, Any] | None) -> FlowResult:
        if data is None:
            return self.form("key", SCHEMA)
        if data["key"].reveal() != "right":
            return self.form("key", SCHEMA, errors={"key": "invalid_auth"}, suggested={"url": data["url"]})
        return self.create(title="A server", data=data, unique_id="s1")

    async def step_reconfigure(self, _data: dict[str, Any] | None) -> FlowResult:
        return self.form("key", SCHEMA)


class Server(Integration):
    """An integration with a flow."""

    manifest = Manifest(name="Server")

    @hookimpl
    def config_flow(self) -> type[ConfigFlow]:
        return ServerFlow

    @hookimpl
    async def setup_entry(self, ctx: PluginContext, entry: ConfigEntry) -> None:
        entry.runtime = ctx.slug


@pytest.fixture
async def server(hub: TestHub) -> TestHub:
    await hub.load_plugin("server", Server)
    return hub


class Flows:
    """The flow API, as a client uses it."""

    def __init__(self, http: ClientSession) -> None:
        self._http = http

    async def ask(self, method: str, path: str, **body: Any) -> tuple[int, Any]:
        async with self._http.request(method, BASE + path, json=body or None) as answer:
            return answer.status, await answer.json()


@pytest.fixture
def flows(server: TestHub, http: ClientSession) -> Flows:
    assert server.plugins.has_flow("server")
    return Flows(http)


async def test_a_flow_leads_through_menu_and_form_to_an_entry(server: TestHub, flows: Flows) -> None:
    status, menu = await flows.ask("POST", "/flow", handler="server")
    assert (status, menu["type"], menu["step_id"]) == (200, "menu", "user")
    assert menu["menu_options"] == {"key": "With a key", "none": "Not at all"}
    path = f"/flow/{menu['flow_id']}"
    _, form = await flows.ask("POST", path, next_step_id="key")
    assert (form["type"], form["handler"], form["errors"]) == ("form", "server", {})
    assert [field["name"] for field in form["data_schema"]] == ["url", "key"]
    assert form["data_schema"][1]["selector"] == {"password": {}}
    assert await flows.ask("GET", path) == (200, form)
    status, again = await flows.ask("POST", path, url="http://tv.local", key="wrong")
    assert (status, again["errors"]) == (200, {"key": "invalid_auth"})
    assert again["data_schema"][0]["description"] == {"suggested_value": "http://tv.local"}
    status, end = await flows.ask("POST", path, url="http://tv.local", key="right")
    assert (status, end["type"], end["result"]["state"], end["result"]["domain"]) == (
        200,
        "create_entry",
        "loaded",
        "server",
    )
    assert "right" not in str(end)
    assert await flows.ask("GET", path) == (404, {"message": "Invalid flow specified"})
    assert server.entries.all()[0].data["key"].reveal() == "right"


async def test_what_breaks_the_schema_is_named_by_field(flows: Flows) -> None:
    _, menu = await flows.ask("POST", "/flow", handler="server")
    path = f"/flow/{menu['flow_id']}"
    status, refused = await flows.ask("POST", path, next_step_id="unheard_of")
    assert status == 400
    assert "next_step_id" in refused["errors"]["base"][0]
    await flows.ask("POST", path, next_step_id="key")
    status, refused = await flows.ask("POST", path, url="not an address", colour="red")
    assert status == 400
    assert set(refused["errors"]) == {"url", "key", "colour"}


async def test_a_flow_can_be_given_up(flows: Flows) -> None:
    _, menu = await flows.ask("POST", "/flow", handler="server")
    path = f"/flow/{menu['flow_id']}"
    assert await flows.ask("DELETE", path) == (200, {"message": "Flow aborted"})
    assert await flows.ask("DELETE", path) == (404, {"message": "Invalid flow specified"})
    _, menu = await flows.ask("POST", "/flow", handler="server")
    _, end = await flows.ask("POST", f"/flow/{menu['flow_id']}", next_step_id="none")
    assert (end["type"], end["reason"]) == ("abort", "not_at_all")


async def test_what_is_not_there_is_404_and_what_is_no_request_400(flows: Flows) -> None:
    assert await flows.ask("GET", "/flow_handlers") == (200, ["server"])
    assert await flows.ask("POST", "/flow", handler="none") == (404, {"message": "Invalid handler specified"})
    assert await flows.ask("POST", "/flow", handler="server", entry_id="none") == (
        404,
        {"message": "Invalid handler specified"},
    )
    status, refused = await flows.ask("POST", "/flow")
    assert status == 400
    assert refused["message"].startswith("Message format incorrect")
    status, _ = await flows.ask("POST", "/flow", handler="server", entry_id=5)
    assert status == 400
    assert (await flows.ask("GET", "/flow"))[0] == 405
    for method, path in (("DELETE", "/entry/none"), ("POST", "/entry/none/reload")):
        assert await flows.ask(method, path) == (404, {"message": "Invalid entry specified"})


async def test_entries_are_listed_reloaded_reconfigured_and_removed(server: TestHub, flows: Flows) -> None:
    entry = await server.entries.add("server", title="A server", data={})
    _, listed = await flows.ask("GET", "/entry?domain=server")
    assert [one["entry_id"] for one in listed] == [entry.id]
    assert await flows.ask("GET", "/entry?domain=none") == (200, [])
    assert await flows.ask("POST", f"/entry/{entry.id}/reload") == (200, {"require_restart": False})
    _, form = await flows.ask("POST", "/flow", handler="server", entry_id=entry.id)
    assert form["type"] == "form"
    assert await flows.ask("DELETE", f"/entry/{entry.id}") == (200, {"require_restart": False})
    assert server.entries.all() == []


async def test_flows_are_for_admins(server: TestHub, flows: Flows) -> None:
    assert (await flows.ask("GET", "/flow_handlers"))[0] == 200
    client = await server.client(await server.user("Eve", "user"))
    async with client, client.post(f"{BASE}/flow", json={"handler": "server"}) as answer:
        assert answer.status == 401
    assert server.flows.all() == []
