"""Config flows in a browser without scripts."""

from typing import Any

import voluptuous as vol
from aiohttp import ClientSession

from regie.api import AuthFailed, ConfigEntry, ConfigFlow, FlowResult, Integration, Manifest, hookimpl, selector
from regie.testing.hub import TestHub

SCHEMA = vol.Schema({vol.Required("url"): selector.Url(), vol.Required("key"): selector.Password()})


class Flow(ConfigFlow):
    """A menu, a form, and an error at a field."""

    texts = {  # noqa: RUF012 - as authors write it
        "step.user.title": "How?",
        "step.key.title": "A key",
        "error.refused": "This key is not theirs",
        "abort.nothing": "There is nothing to do",
    }

    async def step_user(self, _data: dict[str, Any] | None) -> FlowResult:
        return self.menu("user", {"key": "With a key", "none": "Without"})

    async def step_none(self, _data: dict[str, Any] | None) -> FlowResult:
        return self.abort("nothing")

    async def step_key(self, data: dict[str, Any] | None) -> FlowResult:
        if data is None:
            return self.form("key", SCHEMA)
        if data["key"].reveal() == "wrong":
            return self.form("key", SCHEMA, errors={"key": "refused"}, suggested=data)
        return self.create(title="Attic", data=data, unique_id="attic")

    async def step_reauth(self, data: dict[str, Any] | None) -> FlowResult:
        if data is None:
            return self.form("reauth", vol.Schema({vol.Required("key"): selector.Password()}))
        assert self.entry is not None
        return self.update(data={**self.entry.data, **data})


class Server(Integration):
    """Wants the key `right`."""

    manifest = Manifest(name="Server")

    @hookimpl
    def config_flow(self) -> type[ConfigFlow]:
        return Flow

    @hookimpl
    async def setup_entry(self, entry: ConfigEntry) -> None:
        if entry.data["key"].reveal() != "right":
            raise AuthFailed("The key was revoked")


async def _start(browser: ClientSession) -> tuple[str, str]:
    async with browser.post("/integrations/start", data={"plugin": "server"}) as response:
        return response.url.path, await response.text()


async def test_a_flow_leads_from_menu_to_form_to_entry(panel: TestHub, browser: ClientSession) -> None:
    await panel.load_plugin("server", Server)
    address, text = await _start(browser)
    assert "How?" in text
    assert "With a key" in text

    async with browser.post(address, data={"next_step_id": "key"}) as response:
        assert "A key" in await response.text()
    async with browser.post(address, data={"url": "nas:8096", "key": "right"}) as response:
        text = await response.text()

    assert response.url.path == "/integrations"
    assert "Attic" in text
    assert "Connected" in text
    assert panel.entries.all()[0].data["url"] == "http://nas:8096"


async def test_an_error_stands_at_its_field_and_the_input_is_kept(panel: TestHub, browser: ClientSession) -> None:
    await panel.load_plugin("server", Server)
    address, _text = await _start(browser)
    await (await browser.post(address, data={"next_step_id": "key"})).release()

    async with browser.post(address, data={"url": "http://nas:8096", "key": "wrong"}) as response:
        text = await response.text()

    assert 'id="key-error"' in text
    assert "This key is not theirs" in text
    assert 'value="http://nas:8096"' in text
    assert "wrong" not in text.replace('class="wrong"', "")


async def test_what_breaks_the_schema_is_said_at_the_field(panel: TestHub, browser: ClientSession) -> None:
    await panel.load_plugin("server", Server)
    address, _text = await _start(browser)
    await (await browser.post(address, data={"next_step_id": "key"})).release()

    async with browser.post(address, data={"url": "ftp://nas"}) as response:
        text = await response.text()

    assert "expected an address such as" in text
    assert "This is needed." in text


async def test_an_unknown_choice_of_a_menu_is_refused(panel: TestHub, browser: ClientSession) -> None:
    await panel.load_plugin("server", Server)
    address, _text = await _start(browser)

    async with browser.post(address, data={"next_step_id": "elsewhere"}) as response:
        assert response.status == 200
        assert "must be one of key, none" in await response.text()


async def test_a_flow_that_ends_says_why(panel: TestHub, browser: ClientSession) -> None:
    await panel.load_plugin("server", Server)
    address, _text = await _start(browser)

    async with browser.post(address, data={"next_step_id": "none"}) as response:
        assert "There is nothing to do" in await response.text()


async def test_a_flow_that_is_over_leads_back_to_the_list(browser: ClientSession) -> None:
    async with browser.get("/integrations/flow/nothing") as response:
        assert response.url.path == "/integrations"
        assert "Start it again" in await response.text()


async def test_an_entry_whose_key_was_revoked_is_signed_in_again(panel: TestHub, browser: ClientSession) -> None:
    await panel.load_plugin("server", Server)
    entry = await panel.entries.add("server", title="Attic", data={"key": selector.Password()("old")})
    async with browser.get("/") as response:
        text = await response.text()
    assert "The key was revoked" in text
    assert "1 thing needs a look" in text

    async with browser.post(f"/integrations/entries/{entry.id}/sign-in") as response:
        address = response.url.path
    async with browser.post(address, data={"key": "right"}) as response:
        assert "Signed in again" in await response.text()

    assert panel.entries.get(entry.id).state == "loaded"


async def test_an_entry_is_disabled_enabled_and_removed(panel: TestHub, browser: ClientSession) -> None:
    await panel.load_plugin("server", Server)
    entry = await panel.entries.add("server", title="Attic", data={"key": selector.Password()("right")})
    base = f"/integrations/entries/{entry.id}"

    states = []
    for verb in ("disable", "enable", "reload"):
        async with browser.post(f"{base}/{verb}") as response:
            assert response.status == 200
        states.append(panel.entries.get(entry.id).state)
    async with browser.post(f"{base}/remove") as response:
        assert "Removed." in await response.text()

    assert states == ["disabled", "loaded", "loaded"]
    assert panel.entries.all() == []
