"""A stranger's plugin, from nothing to a page in a running hub and back."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from regie.testing.process import HubProcess


@pytest.fixture
async def hub(tmp_path: Path, outside: Path) -> AsyncIterator[HubProcess]:
    """A hub in an environment into which pip may install."""
    process = await asyncio.to_thread(HubProcess, tmp_path / "data", python=str(outside))
    yield process
    await asyncio.to_thread(process.end)


def run(*command: str | Path) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def test_a_new_plugin_comes_and_goes_without_a_restart(
    admin: Page, hub: HubProcess, outside: Path, tmp_path: Path
) -> None:
    workshop = tmp_path / "workshop"
    workshop.mkdir()
    await asyncio.to_thread(run, outside, "-m", "regie", "plugin", "new", "hello", "--into", workshop)
    folder = workshop / "regie-hello"
    await asyncio.to_thread(
        run, sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", workshop, folder
    )
    wheel = next(workshop.glob("*.whl"))
    await asyncio.to_thread(run, outside, "-m", "pip", "install", "--no-deps", "--no-index", wheel)

    await admin.goto(f"{hub.url}/plugins")
    await expect(admin.get_by_text("Hello, a plugin of Regie")).to_have_count(0)
    await admin.get_by_role("button", name="Rescan").click()
    await expect(admin.get_by_text("Hello, a plugin of Regie")).to_be_visible()
    await admin.goto(f"{hub.url}/x/hello/hello")
    await expect(admin.get_by_text("0 greetings so far.")).to_be_visible()
    await admin.goto(f"{hub.url}/developer/services/hello/greet")
    await admin.locator("main form button.primary").click()
    await admin.goto(f"{hub.url}/x/hello/hello")
    await expect(admin.get_by_text("1 greeting so far.")).to_be_visible()

    await admin.goto(f"{hub.url}/plugins/hello")
    admin.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await admin.get_by_role("button", name="Uninstall").click()
    await admin.goto(f"{hub.url}/plugins")
    await expect(admin.get_by_text("Hello, a plugin of Regie")).to_have_count(0)
    response = await admin.goto(f"{hub.url}/x/hello/hello")
    assert response is not None
    assert response.status == 404
