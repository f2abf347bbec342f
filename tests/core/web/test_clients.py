"""Programs of other people, as they come from their registries, against a running hub."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol
from aiohttp import ClientSession
from hass_client import HomeAssistantClient
from hass_client.exceptions import AuthenticationFailed, FailedCommand

from regie.services import Service, ServiceCall
from regie.testing.hub import TestHub

JS = Path(__file__).parent / "js"


@pytest.fixture
def house(hub: TestHub) -> TestHub:
    """A hub with a lamp that a service turns on and off."""

    async def turn(call: ServiceCall) -> dict[str, Any]:
        hub.states.set("light.desk", call.data["to"], {"friendly_name": "Desk"}, context=call.context)
        hub.bus.fire("bell", {"rung": True}, call.context)
        return {"was": "off"}

    schema = vol.Schema({vol.Required("to"): str})
    hub.services.register(Service(domain="lamp", name="turn", handler=turn, schema=schema, response="optional"))
    hub.states.set("light.desk", "off", {"friendly_name": "Desk"})
    return hub


@pytest.fixture
async def token(house: TestHub) -> str:
    return await house.auth.create_token(await house.user(), "client")


async def _program(*command: str, cwd: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(50):
            out, complaint = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, (out + complaint if process.returncode else out).decode()


@pytest.fixture
async def js_folder(pytestconfig: pytest.Config) -> Path:
    """A folder of the test cache with the npm packages of the lock file."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed (Debian's packages nodejs and npm)")
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("js_clients")
    for name in ("package.json", "package-lock.json", ".npmrc", "client.mjs"):
        shutil.copyfile(JS / name, folder / name)
    stamp = folder / "node_modules" / ".installed"
    lock = (JS / "package-lock.json").read_text()
    if not stamp.exists() or stamp.read_text() != lock:
        code, said = await _program("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
        if code and not os.environ.get("CI"):
            pytest.skip(f"npm could not install the client: {said[-300:]}")
        assert code == 0, said
        stamp.write_text(lock)
    return folder


async def test_home_assistant_js_websocket_is_at_home(house: TestHub, token: str, js_folder: Path) -> None:
    address = f"http://127.0.0.1:{house.web.port}"
    code, said = await _program("node", "client.mjs", address, token, cwd=js_folder)
    assert code == 0, said
    seen = json.loads(said)
    assert seen["version"] == seen["config"] == "2025.4.4"
    assert seen["refusal"] is True
    assert seen["states"] == ["light.desk"]
    assert seen["user"] == "Ada"
    assert seen["services"] == ["turn"]
    assert (seen["before"], seen["after"]["state"]) == ("off", "on")
    assert seen["after"]["attributes"] == {"friendly_name": "Desk"}
    assert seen["after"]["context"]["user_id"]
    assert seen["answer"] == {"was": "off"}
    assert seen["events"] == [{"rung": True}]


async def test_hass_client_is_at_home(house: TestHub, token: str, anyone: ClientSession) -> None:
    address = f"ws://127.0.0.1:{house.web.port}/api/websocket"
    with pytest.raises(AuthenticationFailed):
        await HomeAssistantClient(address, "wrong", anyone).connect()
    turned: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    bells: list[Any] = []

    def changed(event: Any) -> None:
        if "c" in event and not turned.done():
            turned.set_result(event["c"]["light.desk"]["+"]["s"])

    async with HomeAssistantClient(address, token) as client:
        assert client.version == "2025.4.4"
        assert [state["entity_id"] for state in await client.get_states()] == ["light.desk"]
        assert (await client.get_config())["state"] == "RUNNING"
        assert "turn" in (await client.get_services())["lamp"]
        assert await client.get_area_registry() == []
        assert await client.get_entity_registry() == []
        leave = await client.subscribe_entities(changed, ["light.desk"])
        await client.subscribe_events(bells.append, "bell")
        told = await client.call_service("lamp", "turn", {"to": "on"})
        assert told["context"]["user_id"]
        async with asyncio.timeout(5):
            assert await turned == "on"
        assert [bell["data"] for bell in bells] == [{"rung": True}]
        leave()
        with pytest.raises(FailedCommand):
            await client.call_service("lamp", "none")
        made = await client.send_command("auth/long_lived_access_token", lifespan=1, client_name="x", client_icon=None)
        assert await house.auth.user_for_token(made)
