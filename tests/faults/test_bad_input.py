"""What people and servers get wrong and no smaller test shows: each time one clear sentence."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from regie.api import ConfigEntry
from regie.config import entries
from regie.testing.hub import TestHub
from regie_demo.jellyfin import ServerState, StubServer
from regie_demo.people import PEOPLE
from regie_jellyfin import Jellyfin


@pytest.fixture
async def stub() -> AsyncIterator[StubServer]:
    server = StubServer(ServerState(lambda: datetime.now(UTC), people=PEOPLE))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def known(hub: TestHub, stub: StubServer) -> Path:
    """A data directory whose hub knows the server, and has stopped."""
    await hub.load_plugin("jellyfin", Jellyfin)
    flow = await hub.flows.start("jellyfin")
    await hub.flows.advance(flow.flow_id, {"next_step_id": "api_key"})
    made = await hub.flows.advance(flow.flow_id, {"url": stub.url, "api_key": stub.state.issue_key("Regie")})
    assert made.entry
    await hub.stop()
    return hub.settings.data_dir


async def begin(hub: TestHub) -> ConfigEntry:
    await hub.start()
    await hub.load_plugin("jellyfin", Jellyfin)
    (entry,) = hub.entries.all("jellyfin")
    return entry


async def test_a_server_that_is_down_at_start_is_connected_when_it_comes_up(
    known: Path, stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "FIRST_RETRY_S", 0.05)
    await stub.stop()
    hub, loaded = TestHub(known), asyncio.Event()
    try:
        entry = await begin(hub)
        assert (entry.state, entry.reason.count("\n")) == ("setup_retry", 0)
        assert "Nothing answers" in entry.reason
        hub.bus.on("config_entry_changed", lambda _: loaded.set() if entry.state == "loaded" else None)
        await stub.start()
        async with asyncio.timeout(30):
            await loaded.wait()
        assert entry.reason == ""
    finally:
        await hub.stop()


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [("html", "setup_retry", "not as a Jellyfin server: check the address"), ("key", "needs_sign_in", "refuses")],
)
async def test_what_a_known_server_does_wrong_at_start_is_said(
    known: Path, stub: StubServer, fault: str, state: str, words: str
) -> None:
    stub.faults.answers_html = fault == "html"
    if fault == "key":
        stub.state.api_keys.clear()
    hub = TestHub(known)
    try:
        entry = await begin(hub)
        assert entry.state == state
        assert words in entry.reason
        assert "\n" not in entry.reason
    finally:
        await hub.stop()


def test_a_settings_file_with_a_wrong_key_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "regie.toml").write_text("prot = 8480\n")
    command = [sys.executable, "-m", "regie", "run", "--data-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("regie: ")
    assert "unknown setting prot. Did you mean port?" in done.stderr
    assert done.stderr.strip().count("\n") == 0
