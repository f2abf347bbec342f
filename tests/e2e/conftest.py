"""A running hub, a real browser, and a stub Jellyfin server beside them."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from regie.testing.process import HubProcess
from regie_demo.jellyfin import ServerState, StubServer
from regie_demo.people import PEOPLE

PASSWORD = "a password for tests"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
async def stub() -> AsyncIterator[StubServer]:
    """A Jellyfin server on loopback, where nobody plays yet."""
    server = StubServer(ServerState(lambda: datetime.now(UTC), people=PEOPLE))
    await server.start()
    clockwork = asyncio.create_task(server.run(lambda: None))
    yield server
    clockwork.cancel()
    await asyncio.wait([clockwork])
    await server.stop()


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[HubProcess]:
    """A hub in a process of its own, in a fresh folder."""
    process = await asyncio.to_thread(HubProcess, tmp_path / "data")
    yield process
    await asyncio.to_thread(process.end)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """The interpreter of an environment of its own that sees the hub's packages, where a plugin can be installed and removed."""
    import subprocess
    import sysconfig

    folder = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = next((folder / "lib").glob("python*/site-packages"))
    ours = sysconfig.get_path("purelib")
    # addsitedir also reads the .pth files there, by which the checkout's own packages are found.
    (packages / "hub.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    return folder / "bin" / "python"


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page in a real browser; an error in its console fails the test."""
    if BROWSER is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing; script/test installs it")
        pytest.skip("Chromium is not installed (Debian's package chromium)")
    problems: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page
        await browser.close()
    assert problems == []


@pytest.fixture
async def admin(page: Page, hub: HubProcess) -> Page:
    """The page after the first visit has made the administrator's account."""
    await page.goto(hub.url)
    await page.get_by_label("Your name").fill("Ada")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Password once more").fill(PASSWORD)
    await page.get_by_role("button", name="Begin").click()
    await page.get_by_role("heading", level=1).wait_for()
    return page
