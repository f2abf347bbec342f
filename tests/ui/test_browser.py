"""What the panel's scripts do, in a real browser against a real hub."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, WebSocketRoute, async_playwright, expect

from regie.api import Extension, Manifest, Panel, PluginContext, Route, Sensor, hookimpl
from regie.testing.hub import PASSWORD, TestHub

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="Debian's package chromium is not installed"),
]

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

PAGE = """<!doctype html><html lang="en"><body>
<b id="state" data-entity="sensor.living_number">–</b>
<section id="live" data-live="living/live" data-fragment="/x/living/fragment"><p>first</p><input id="typed"></section>
<span id="link" data-lost="Reconnecting…" hidden></span>
<regie-progress position="10" runtime="100"><svg><rect width="10"/></svg><span data-clock>0:10</span></regie-progress>
<script type="module" src="/x/regie/static/vendor/htmx.js"></script>
<script type="module" src="/x/regie/static/js/panel.js"></script></body></html>"""


class Living(Extension):
    """A page of its own without the frame, an entity, and a fragment that counts how often it was asked for."""

    manifest = Manifest(name="Living")

    def __init__(self) -> None:
        self.asked = 0
        self.sensor = Sensor(key="number", name="Number", object_id="living_number")

    @hookimpl
    def panels(self) -> list[Panel]:
        async def page(_request: web.Request) -> web.Response:
            return web.Response(text=PAGE, content_type="text/html")

        return [Panel(path="live", title="Live", handler=page, permission="user")]

    @hookimpl
    def routes(self) -> list[Route]:
        async def fragment(_request: web.Request) -> web.Response:
            self.asked += 1
            return web.Response(text=f'<p>asked {self.asked}</p><input id="typed">', content_type="text/html")

        return [Route("GET", "fragment", fragment, permission="user")]

    @hookimpl
    async def setup(self, ctx: PluginContext) -> None:
        self.ctx = ctx
        ctx.entities.add(self.sensor)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        await browser.close()


async def _sign_in(chromium: Browser, hub: TestHub, *, scripts: bool = True) -> Page:
    await hub.user("Ada")
    base = f"http://127.0.0.1:{hub.web.port}"
    context = await chromium.new_context(base_url=base, java_script_enabled=scripts)
    page = await context.new_page()
    await page.goto("/")
    await page.fill("[name=name]", "Ada")
    await page.fill("[name=password]", PASSWORD)
    await page.press("[name=password]", "Enter")
    await page.wait_for_url(f"{base}/")
    return page


async def _living(hub: TestHub) -> Living:
    record = await hub.load_plugin("living", Living)
    assert isinstance(record.plugin, Living)
    return record.plugin


async def test_an_element_follows_its_entity(panel: TestHub, chromium: Browser) -> None:
    living = await _living(panel)
    page = await _sign_in(chromium, panel)
    living.sensor.update("41")
    await page.goto("/x/living/live")
    await expect(page.locator("#state")).to_have_text("41")

    living.sensor.update("42")

    await expect(page.locator("#state")).to_have_text("42")


async def test_a_fragment_follows_its_topic_and_focus_survives(panel: TestHub, chromium: Browser) -> None:
    living = await _living(panel)
    page = await _sign_in(chromium, panel)
    if not await page.evaluate("'Idiomorph' in window"):
        pytest.skip("the assets were not built, so a fragment waits while one types in it")
    await page.goto("/x/living/live")
    await expect(page.locator("#state")).to_have_text("unknown")  # the link is up
    await page.fill("#typed", "half a sen")

    for _ in range(20):
        living.ctx.publish("live")

    await expect(page.locator("#live p")).to_contain_text("asked")
    await expect(page.locator("#typed")).to_be_focused()
    await expect(page.locator("#typed")).to_have_value("half a sen")
    assert living.asked <= 4


async def test_a_lost_link_shows_and_what_was_missed_is_fetched(panel: TestHub, chromium: Browser) -> None:
    living = await _living(panel)
    page = await _sign_in(chromium, panel)
    sockets: list[WebSocketRoute] = []
    is_cut = asyncio.Event()

    async def relay(socket: WebSocketRoute) -> None:
        if is_cut.is_set():
            await socket.close()
            return
        sockets.append(socket)
        socket.connect_to_server()

    await page.route_web_socket("**/api/websocket", relay)
    await page.goto("/x/living/live")
    await expect(page.locator("#state")).to_have_text("unknown")
    # What happened between the page's rendering and the subscription was not heard either.
    await expect(page.locator("#live p")).to_have_text("asked 1")

    is_cut.set()
    await sockets[0].close()
    await expect(page.locator("#link")).to_have_text("Reconnecting…")
    living.sensor.update("7")
    is_cut.clear()

    await expect(page.locator("#link")).to_be_hidden(timeout=15_000)
    await expect(page.locator("#state")).to_have_text("7")
    await expect(page.locator("#live p")).to_have_text("asked 2")


async def test_a_progress_moves_by_itself(panel: TestHub, chromium: Browser) -> None:
    await _living(panel)
    page = await _sign_in(chromium, panel)
    await page.goto("/x/living/live")

    await expect(page.locator("[data-clock]")).to_have_text(re.compile(r"0:1[1-9]"))


async def test_search_answers_while_one_types_and_the_keyboard_leads(panel: TestHub, chromium: Browser) -> None:
    page = await _sign_in(chromium, panel)
    if not await page.evaluate("'htmx' in window"):
        pytest.skip("the assets were not built, so search is a page of its own")

    await page.keyboard.press("Control+k")
    await page.keyboard.type("integr")
    await expect(page.locator("#found a")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")

    await page.wait_for_url("**/integrations")


async def test_forms_work_without_scripts(panel: TestHub, chromium: Browser) -> None:
    page = await _sign_in(chromium, panel, scripts=False)
    await page.goto("/settings/tokens")
    await page.fill("[name=label]", "Dashboard")
    await page.get_by_role("button", name="Make token").click()

    token = await page.inner_text(".secret")
    user = await panel.auth.user_for_token(token)
    assert user is not None
    assert user.name == "Ada"

    await page.goto("/settings/tokens")
    assert token not in await page.content()
    await page.get_by_role("button", name="Revoke").click()
    assert await panel.auth.user_for_token(token) is None


async def test_an_automation_is_written_checked_run_and_traced(panel: TestHub, chromium: Browser) -> None:
    page = await _sign_in(chromium, panel)
    await page.goto("/automations/new")
    await page.fill(
        "textarea", "alias: Bell\ntriggers:\n  - trigger: event\n    event_type: ring\nactions:\n  - action: no.such\n"
    )
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".wrong")).to_contain_text("Line 6")

    await page.fill(
        "textarea",
        "alias: Bell\ntriggers:\n  - trigger: event\n    event_type: ring\n"
        "actions:\n  - event: rang\n    event_data: {sum: '{{ 40 + 2 }}'}\n",
    )
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("h1")).to_have_text("Bell")
    await page.get_by_role("button", name="Run now").click()

    await expect(page.locator(".trace")).to_contain_text("event rang")
    await page.get_by_text("Values", exact=True).click()
    await expect(page.locator(".trace .code")).to_contain_text("42")
