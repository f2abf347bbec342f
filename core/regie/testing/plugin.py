"""The pytest plugin of the kit. It imports the host only when a fixture is used, so that coverage sees all of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from aiohttp import ClientSession

    from regie.testing.hub import TestHub


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator["TestHub"]:
    """A running hub on SQLite in a temporary folder, without plugins."""
    from regie.testing.hub import TestHub  # noqa: PLC0415 - see the module's docstring

    hub = TestHub(tmp_path / "data")
    await hub.start()
    yield hub
    if hub.state == "RUNNING":
        await hub.stop()


@pytest.fixture
async def http(hub: "TestHub") -> AsyncIterator["ClientSession"]:
    """A client of the hub, signed in as its admin."""
    client = await hub.client()
    yield client
    await client.close()
