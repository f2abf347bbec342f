"""The stub speaks as the server's own OpenAPI document says: every answer, every websocket message."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator

from regie_demo.household import Household
from regie_demo.jellyfin import ServerState, StubServer

DOCUMENT = Path(__file__).parents[3].parent / "shared" / "data" / "jellyfin-openapi.json"
Check = Callable[[str, Any], None]


def _repaired(node: Any) -> Any:
    """Drop `enum` beside arrays: the generator wrote an item's values onto the list itself."""
    if isinstance(node, dict):
        wrong = {"enum"} if node.get("type") == "array" else set()
        return {key: _repaired(value) for key, value in node.items() if key not in wrong}
    return [_repaired(value) for value in node] if isinstance(node, list) else node


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    if not DOCUMENT.exists():
        pytest.skip("the server's OpenAPI document is not beside this checkout")
    loaded: dict[str, Any] = _repaired(json.loads(DOCUMENT.read_text()))
    return loaded


@pytest.fixture
def conforms(document: dict[str, Any]) -> Check:
    def check(pointer: str, answer: Any) -> None:
        Draft202012Validator({"$ref": f"#/{pointer}", **document}).validate(answer)

    return check


def _schema(path: str, method: str = "get", status: int = 200) -> str:
    path = path.replace("/", "~1")
    return f"paths/{path}/{method}/responses/{status}/content/application~1json/schema"


@pytest.fixture
def lively(state: ServerState) -> ServerState:
    household = Household(state, seed=3)
    for _ in range(200):
        state.clock.forward(5)  # type: ignore[attr-defined]
        household.step()
    kinds = {s.playing.method for s in state.sessions.values() if s.playing}
    assert kinds == {"DirectPlay", "Transcode"}
    return state


@pytest.mark.parametrize(
    "path",
    [
        "/System/Info/Public",
        "/System/Info",
        "/Users",
        "/Sessions",
        "/Auth/Keys",
        "/Library/VirtualFolders",
        "/Items",
    ],
)
@pytest.mark.usefixtures("lively")
async def test_an_answer_has_the_documented_shape(path: str, http: aiohttp.ClientSession, conforms: Check) -> None:
    async with http.get(path) as response:
        assert response.status == 200
        answer = await response.json()
    assert answer
    conforms(_schema(path), answer)


async def test_signing_in_has_the_documented_shape(http: aiohttp.ClientSession, conforms: Check) -> None:
    async with http.post("/Users/AuthenticateByName", json={"Username": "alice", "Pw": "wonderland"}) as response:
        answer = await response.json()
    assert answer["User"]["Name"] == "Alice"
    conforms(_schema("/Users/AuthenticateByName", "post"), answer)


async def test_websocket_messages_have_the_documented_shape(
    http: aiohttp.ClientSession, stub: StubServer, lively: ServerState, document: dict[str, Any], conforms: Check
) -> None:
    async with http.ws_connect("/socket") as socket:
        await socket.send_json({"MessageType": "KeepAlive"})
        await socket.send_json({"MessageType": "SessionsStart", "Data": "0,1500"})
        await socket.send_json({"MessageType": "KeepAlive"})
        received = [await socket.receive_json() for _ in range(3)]
        lively.changed()
        received.append(await socket.receive_json())
        for subscriber in stub.subscribers:
            subscriber.send("ServerRestarting")
        received.append(await socket.receive_json())
    schemas = document["components"]["schemas"]["OutboundWebSocketMessage"]["discriminator"]["mapping"]
    for message in received:
        conforms(schemas[message["MessageType"]].removeprefix("#/"), message)
    kinds = [message["MessageType"] for message in received]
    assert sorted(kinds) == ["ForceKeepAlive", "KeepAlive", "KeepAlive", "ServerRestarting", "Sessions"]
    assert all(message["Data"] for message in received if message["MessageType"] == "Sessions")
