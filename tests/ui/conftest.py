"""A hub with the panel, and visitors of it who speak HTML."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar

from regie.testing.hub import PASSWORD, TestHub
from regie_ui import Panel

TEMPLATES = Path(__file__).parents[2] / "ui" / "regie_ui" / "templates"
HTML = {"Accept": "text/html"}

Visit = Callable[[str], Awaitable[str]]


@pytest.fixture
async def panel(hub: TestHub) -> TestHub:
    """A hub in which the panel runs."""
    await hub.load_plugin("regie", Panel)
    return hub


@pytest.fixture
async def browser(panel: TestHub) -> AsyncIterator[ClientSession]:
    """A browser without scripts, signed in as the admin Ada through the sign-in form."""
    await panel.user("Ada")
    async with ClientSession(
        base_url=f"http://127.0.0.1:{panel.web.port}", headers=HTML, cookie_jar=CookieJar(unsafe=True)
    ) as session:
        form = {"name": "Ada", "password": PASSWORD, "next": "/"}
        async with session.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"}) as response:
            assert response.status == 200
        session.headers["Sec-Fetch-Site"] = "same-origin"
        yield session


@pytest.fixture
async def visit(browser: ClientSession) -> Visit:
    """Open a page and answer its text; it must be there."""

    async def open_page(path: str) -> str:
        async with browser.get(path) as response:
            text = await response.text()
            assert response.status == 200, f"{path}: {response.status} {text[:500]}"
            return text

    return open_page
