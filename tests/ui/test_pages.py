"""Every page of the house, as a browser without scripts sees it."""

import re
from collections.abc import Awaitable, Callable

from aiohttp import ClientSession

from regie.api import Extension, Manifest, Panel, PluginContext, Sensor, Slot, hookimpl
from regie.testing.hub import TestHub

Visit = Callable[[str], Awaitable[str]]

PAGES = [
    "/",
    "/automations",
    "/automations/new",
    "/integrations",
    "/plugins",
    "/plugins/regie",
    "/search?q=auto",
    "/settings",
    "/settings/tokens",
    "/settings/sessions",
    "/developer",
    "/developer/services",
    "/developer/services/regie/log",
    "/developer/events",
    "/style",
]
EVIL = '<img src=x onerror="alert(1)">'


class Hostile(Extension):
    """Names everything it can with markup."""

    manifest = Manifest(name=f"Hostile {EVIL}", icon='"><script>')

    @hookimpl
    def panels(self) -> list[Panel]:
        async def page(_request: object) -> dict[str, str]:
            return {}

        return [Panel(path="live", title=EVIL, handler=page, permission="user", badge=lambda: EVIL)]

    @hookimpl
    async def setup(self, ctx: PluginContext) -> None:
        ctx.entities.add(Sensor(key="evil", name=EVIL, object_id="hostile_evil"))


class Faulty(Extension):
    """Fails in its badge and in its card."""

    manifest = Manifest(name="Faulty")

    @hookimpl
    def panels(self) -> list[Panel]:
        async def page(_request: object) -> dict[str, str]:
            return {}

        def badge() -> str:
            raise RuntimeError("no badge today")

        return [Panel(path="live", title="Live", handler=page, permission="user", badge=badge)]

    @hookimpl
    def slots(self, slot: str) -> list[Slot]:
        async def card(_request: object) -> dict[str, str]:
            raise RuntimeError(f"no card for {slot}")

        return [Slot(template="faulty/_card.html", handler=card)]


async def test_no_page_holds_an_inline_script_or_style(visit: Visit) -> None:
    for path in PAGES:
        text = await visit(path)

        assert not re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", text), path
        assert not re.findall(r"<[a-z][^>]*\sstyle=", text), path
        assert not re.findall(r"<[a-z][^>]*\son[a-z]+=", text), path


async def test_every_page_has_landmarks_a_skip_link_and_one_heading(visit: Visit) -> None:
    for path in PAGES:
        text = await visit(path)

        assert 'href="#content"' in text, path
        assert 'id="content"' in text, path
        assert text.count("<h1") == 1, path
        assert "<nav" in text, path
        assert '<html lang="en"' in text, path


async def test_every_form_that_changes_something_carries_its_token(visit: Visit) -> None:
    for path in PAGES:
        forms = re.findall(r'<form[^>]*method="post".*?</form>', await visit(path), re.DOTALL)

        assert forms, path
        assert all(re.search(r'name="_csrf" value="[^"]{16,}"', form) for form in forms), path


async def test_names_of_strangers_are_escaped(panel: TestHub, visit: Visit) -> None:
    await panel.load_plugin("hostile", Hostile)

    for path in ("/", "/plugins", "/plugins/hostile", "/developer", "/search?q=hostile"):
        text = await visit(path)

        assert "hostile" in text.lower(), path
        assert "<img src=x" not in text, path
        assert '"><script>' not in text, path


async def test_a_failing_badge_and_card_are_filed_and_the_dashboard_stands(panel: TestHub, visit: Visit) -> None:
    await panel.load_plugin("faulty", Faulty)

    assert "Faulty" in await visit("/")
    assert {fault.text for fault in panel.faults.of("faulty")} == {
        "RuntimeError: no badge today",
        "RuntimeError: no card for dashboard.card",
    }


async def test_faults_stand_on_the_plugins_page_with_their_traceback(panel: TestHub, visit: Visit) -> None:
    await panel.load_plugin("faulty", Faulty)
    await visit("/")

    text = await visit("/plugins/faulty")

    assert "RuntimeError: no badge today" in text
    assert "Traceback (most recent call last)" in text


async def test_the_panel_cannot_turn_itself_off(visit: Visit) -> None:
    assert "/plugins/regie/disable" not in await visit("/plugins/regie")


async def test_a_plugin_is_disabled_and_enabled_from_its_page(
    panel: TestHub, browser: ClientSession, visit: Visit
) -> None:
    await panel.load_plugin("hostile", Hostile)

    async with browser.post("/plugins/hostile/disable") as response:
        assert "Its data stays" in await response.text()
    assert panel.plugins.get("hostile").state == "disabled"
    assert "/x/hostile/live" not in await visit("/")

    async with browser.post("/plugins/hostile/enable") as response:
        assert response.status == 200
    assert "/x/hostile/live" in await visit("/")


async def test_a_page_of_an_unknown_plugin_goes_back_to_the_list(browser: ClientSession) -> None:
    async with browser.get("/plugins/nobody") as response:
        assert str(response.url.relative()) == "/plugins?said=plugin_gone"
        assert "not installed any more" in await response.text()


async def test_what_a_page_says_comes_from_known_keys_only(visit: Visit) -> None:
    text = await visit("/plugins?said=%3Cb%3Eyou+won%3C/b%3E")

    assert "you won" not in text


async def test_no_form_that_is_empty_or_strange_breaks_a_page(panel: TestHub, browser: ClientSession) -> None:
    verbs = {"automations": "run", "entries": "reload", "plugins": "enable"}
    strange = {"name": EVIL, "yaml": "\x00", "days": "x", "label": "l", "language": "xx", "theme": "xx", "_json": "{"}
    paths = [route.path for route in panel.plugins.get("regie").routes if route.method == "POST"]
    assert len(paths) > 15
    for path in paths:
        if path != "/sign-out":
            room = next((verb for name, verb in verbs.items() if f"/{name}/" in path), "")
            address = re.sub(r"\{\w+\}", "nothing", re.sub(r"\{verb:[^}]*\}", room, path))
            for form in ({}, strange):
                async with browser.post(address, data=form) as response:
                    assert response.status < 500, f"{address}: {await response.text()}"


async def test_an_unknown_address_gets_a_friendly_page(browser: ClientSession) -> None:
    async with browser.get("/nowhere") as response:
        assert response.status == 404
        assert "There is nothing here" in await response.text()
