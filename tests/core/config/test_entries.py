"""Config entries and flows, on a running hub with a small integration."""

import asyncio
from pathlib import Path
from typing import ClassVar

import pytest
import voluptuous as vol

from regie.api import (
    AuthFailed,
    ConfigEntry,
    ConfigError,
    ConfigFlow,
    FlowResult,
    Integration,
    Manifest,
    NotFound,
    NotReady,
    PluginContext,
    Secret,
    Sensor,
    hookimpl,
    selector,
)
from regie.errors import InvalidData
from regie.hub import Hub
from regie.settings import Settings
from regie.testing.hub import TestHub

SCHEMA = vol.Schema({vol.Required("name"): selector.Text(), vol.Required("key"): selector.Password()})


class PlugFlow(ConfigFlow):
    """A menu, then a form that knows one wrong key."""

    async def step_user(self, _data: dict[str, object] | None) -> FlowResult:
        return self.menu("user", {"form": "By hand", "broken": "Break"})

    async def step_form(self, data: dict[str, Secret] | None) -> FlowResult:
        if data is None:
            return self.form("form", SCHEMA)
        if data["key"].reveal() == "wrong":
            return self.form("form", SCHEMA, errors={"key": "wrong_key"}, suggested=data)
        return self.create(title=str(data["name"]), data=data, unique_id=str(data["name"]))

    async def step_broken(self, _data: dict[str, object] | None) -> FlowResult:
        raise ZeroDivisionError("flow broke")

    async def step_reauth(self, data: dict[str, Secret] | None) -> FlowResult:
        assert self.entry is not None
        return self.form("reauth", SCHEMA) if data is None else self.update(data=data)


class Plug(Integration):
    """Raises what the test wants."""

    manifest = Manifest(name="Plug")
    raises: ClassVar[list[Exception]] = []

    @hookimpl
    def config_flow(self) -> type[ConfigFlow]:
        return PlugFlow

    @hookimpl
    async def setup_entry(self, ctx: PluginContext, entry: ConfigEntry) -> None:
        ctx.entities.add(Sensor(key=entry.id, name=entry.title))
        if self.raises:
            raise self.raises.pop(0)
        entry.runtime = entry.data["key"].reveal()


@pytest.fixture(autouse=True)
def nothing_raises() -> None:
    Plug.raises = []


async def fill(hub: Hub, name: str = "home", key: str = "right") -> FlowResult:
    start = await hub.flows.start("plug")
    await hub.flows.advance(start.flow_id, {"next_step_id": "form"})
    return await hub.flows.advance(start.flow_id, {"name": name, "key": key})


async def test_a_flow_makes_an_entry_that_is_set_up(hub: TestHub) -> None:
    await hub.load_plugin("plug", Plug)
    result = await fill(hub)
    assert result.type == "create_entry"
    assert result.entry is not None
    assert (result.entry.state, result.entry.runtime) == ("loaded", "right")
    assert hub.states.get("sensor.home") is not None
    with pytest.raises(NotFound):
        hub.flows.show(result.flow_id)


async def test_an_error_stands_at_its_field_and_keeps_what_was_typed_but_the_secret(hub: TestHub) -> None:
    await hub.load_plugin("plug", Plug)
    result = await fill(hub, key="wrong")
    shape = result.as_dict()
    assert shape["errors"] == {"key": "wrong_key"}
    assert shape["data_schema"][0]["description"] == {"suggested_value": "home"}
    assert "description" not in shape["data_schema"][1]


async def test_data_that_breaks_the_schema_names_the_field(hub: TestHub) -> None:
    await hub.load_plugin("plug", Plug)
    start = await hub.flows.start("plug")
    await hub.flows.advance(start.flow_id, {"next_step_id": "form"})
    with pytest.raises(vol.Invalid, match="key"):
        await hub.flows.advance(start.flow_id, {"name": "x"})
    with pytest.raises(vol.Invalid, match="extra"):
        await hub.flows.advance(start.flow_id, {"name": "x", "key": "k", "more": 1})


async def test_a_menu_takes_only_what_it_offers(hub: TestHub) -> None:
    await hub.load_plugin("plug", Plug)
    start = await hub.flows.start("plug")
    with pytest.raises(InvalidData, match="form, broken"):
        await hub.flows.advance(start.flow_id, {"next_step_id": "__init__"})


async def test_the_same_thing_twice_is_already_configured(hub: TestHub) -> None:
    await hub.load_plugin("plug", Plug)
    await fill(hub)
    again = await fill(hub)
    assert (again.type, again.reason) == ("abort", "already_configured")
    assert len(hub.entries.all("plug")) == 1


async def test_a_flow_that_breaks_is_named(hub: TestHub) -> None:
    await hub.load_plugin("plug", Plug)
    start = await hub.flows.start("plug")
    result = await hub.flows.advance(start.flow_id, {"next_step_id": "broken"})
    assert (result.type, result.reason) == ("abort", "unknown")
    assert "flow broke" in hub.faults.of("plug")[0].text


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (AuthFailed("the key is refused"), "needs_sign_in"),
        (ConfigError("the path is wrong"), "setup_error"),
        (ValueError("a bug"), "setup_error"),
        (NotReady("it is down"), "setup_retry"),
    ],
)
async def test_a_failed_set_up_shows_its_reason_and_leaves_nothing(hub: TestHub, error: Exception, state: str) -> None:
    await hub.load_plugin("plug", Plug)
    Plug.raises = [error]
    entry = (await fill(hub)).entry
    assert entry is not None
    assert entry.state == state
    assert str(error) in entry.reason
    assert hub.states.get("sensor.home") is None


async def test_a_new_sign_in_brings_the_entry_back(hub: TestHub) -> None:
    await hub.load_plugin("plug", Plug)
    Plug.raises = [AuthFailed("no")]
    entry = (await fill(hub)).entry
    assert entry is not None
    start = await hub.flows.start("plug", source="reauth", entry_id=entry.id)
    end = await hub.flows.advance(start.flow_id, {"name": "home", "key": "new"})
    assert (end.type, end.reason) == ("abort", "reauth_successful")
    assert (entry.state, entry.runtime) == ("loaded", "new")


async def test_what_is_down_is_tried_again(hub: TestHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regie.config.entries.FIRST_RETRY_S", 0.01)
    await hub.load_plugin("plug", Plug)
    Plug.raises = [NotReady("down"), NotReady("still down")]
    loaded = asyncio.Event()
    hub.bus.on("config_entry_changed", lambda event: loaded.set() if event.data["entry"].state == "loaded" else None)
    await fill(hub)
    async with asyncio.timeout(10):
        await loaded.wait()
    assert hub.states.get("sensor.home") is not None


async def test_entries_survive_a_restart_and_their_secrets_are_encrypted(hub: TestHub) -> None:
    await hub.load_plugin("plug", Plug)
    await fill(hub, key="hunter2hunter2")
    await hub.stop()
    raw = b"".join(path.read_bytes() for path in hub.settings.data_dir.glob("regie.db*"))
    assert b"hunter2hunter2" not in raw
    later = TestHub(hub.settings.data_dir)
    await later.start()
    await later.load_plugin("plug", Plug)
    entry = later.entries.all("plug")[0]
    assert (entry.title, entry.state, entry.runtime) == ("home", "loaded", "hunter2hunter2")
    assert "hunter2" not in str(entry.diagnostics())
    assert "hunter2" not in later.redactor.clean("it said hunter2hunter2")
    await later.stop()


async def test_removing_an_entry_takes_its_entities(hub: TestHub) -> None:
    await hub.load_plugin("plug", Plug)
    entry = (await fill(hub)).entry
    assert entry is not None
    await hub.entries.remove(entry.id)
    assert hub.states.get("sensor.home") is None
    assert hub.entries.all() == []


async def test_a_disabled_entry_is_not_set_up(hub: TestHub) -> None:
    await hub.load_plugin("plug", Plug)
    entry = (await fill(hub)).entry
    assert entry is not None
    await hub.entries.set_enabled(entry.id, enabled=False)
    assert entry.state == "disabled"
    assert hub.states.get("sensor.home") is None
    await hub.entries.set_enabled(entry.id, enabled=True)
    assert entry.state == "loaded"


async def test_a_second_hub_on_the_same_folder_is_refused(hub: TestHub) -> None:
    with pytest.raises(ConfigError, match="Another hub"):
        await TestHub(hub.settings.data_dir).start()


async def test_a_port_in_use_is_one_clear_sentence(hub: TestHub) -> None:
    other = Hub(Settings(data_dir=hub.settings.data_dir.parent / "other", port=hub.web.port), find_plugins=list)
    with pytest.raises(ConfigError, match=r"in use.*REGIE_PORT"):
        await other.start()
    assert other.state == "NOT_RUNNING"


class Leaver(Plug):
    """Takes a turn of the loop to leave."""

    @hookimpl
    async def unload_entry(self) -> None:
        await asyncio.sleep(0)


async def test_a_reload_that_meets_a_removal_sets_nothing_up(hub: TestHub) -> None:
    await hub.load_plugin("plug", Leaver)
    entry = await hub.entries.add("plug", title="one", data={"key": Secret("right")})
    await asyncio.gather(hub.entries.reload(entry.id), hub.entries.remove(entry.id))
    assert (entry.state, hub.plugins.get("plug").entry_contexts) == ("not_loaded", {})


async def test_a_disabled_entry_asks_nobody_to_sign_in(hub: TestHub) -> None:
    await hub.load_plugin("plug", Plug)
    entry = await hub.entries.add("plug", title="one", data={"key": Secret("right")})
    await hub.entries.set_enabled(entry.id, enabled=False)
    await hub.entries.set_needs_sign_in(entry, "refused")
    assert entry.state == "disabled"


async def test_starts_that_a_port_in_use_ended_do_not_lead_to_a_safe_start(hub: TestHub, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    for _ in range(4):
        with pytest.raises(ConfigError, match="in use"):
            await Hub(Settings(data_dir=folder, port=hub.web.port)).start()
    other = TestHub(folder)
    await other.start()
    assert not other.is_safe_start
    await other.stop()
