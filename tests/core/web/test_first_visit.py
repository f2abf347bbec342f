"""The way in, through the real pages of the panel."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar

from regie.hub import Hub
from regie.settings import Settings
from regie.web.security import COOKIE

PASSWORD = "correct horse"
PROXIED = {"X-Forwarded-For": "203.0.113.5"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub with its bundled plugins, as somebody just started it."""
    hub = Hub(Settings(data_dir=tmp_path, port=0))
    await hub.start()
    yield hub
    await hub.stop()


@pytest.fixture
async def browser(house: Hub) -> AsyncIterator[ClientSession]:
    origin = f"http://127.0.0.1:{house.web.port}"
    async with ClientSession(origin, cookie_jar=CookieJar(unsafe=True), headers={"Origin": origin}) as client:
        yield client


def account(**more: str) -> dict[str, str]:
    return {
        "name": "Ada",
        "password": PASSWORD,
        "again": PASSWORD,
        "language": "en",
        "time_zone": "Europe/Paris",
        **more,
    }


async def test_the_first_visit_makes_the_admin_and_signs_in(house: Hub, browser: ClientSession) -> None:
    async with browser.get("/") as answer:
        assert (answer.status, answer.url.path) == (200, "/welcome")
    async with browser.post("/welcome", data=account(), allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = answer.cookies[COOKIE]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    async with browser.get("/") as answer:
        assert (answer.status, answer.url.path) == (200, "/")
    assert [(user.name, user.role) for user in await house.auth.users()] == [("Ada", "admin")]
    stranger = ClientSession(f"http://127.0.0.1:{house.web.port}")
    async with stranger, stranger.post("/welcome", data=account(name="Eve"), allow_redirects=False) as answer:
        assert answer.status in (303, 422)
    assert [user.name for user in await house.auth.users()] == ["Ada"]


async def test_from_elsewhere_the_first_visit_wants_the_printed_code(house: Hub, browser: ClientSession) -> None:
    for code, status in (("", 422), ("AAAA-AAAA", 422), (house.auth.first_run_code, 303)):
        form = account(code=code)
        async with browser.post("/welcome", data=form, headers=PROXIED, allow_redirects=False) as answer:
            assert answer.status == status, code
            assert house.auth.first_run_code not in await answer.text()


async def test_another_site_cannot_make_the_first_account(house: Hub, browser: ClientSession) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        async with browser.post("/welcome", data=account(), headers=headers, allow_redirects=False) as answer:
            assert answer.status == 403
    rebound = {"Host": "evil.example", "Origin": "http://evil.example"}
    async with browser.post("/welcome", data=account(), headers=rebound, allow_redirects=False) as answer:
        assert answer.status == 422
    assert await house.auth.needs_first_run()


async def test_signing_in_goes_on_to_a_page_of_ours_only(house: Hub, browser: ClientSession) -> None:
    await house.auth.create_user("Ada", PASSWORD, "admin")
    for onward, location in (
        ("/x/jellyfin_monitor/history?q=1", "/x/jellyfin_monitor/history?q=1"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
    ):
        form = {"name": "ada", "password": PASSWORD, "next": onward}
        async with browser.post("/sign-in", data=form, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, location)


async def test_guessing_meets_429_with_the_time_to_wait(house: Hub, browser: ClientSession) -> None:
    await house.auth.create_user("Ada", PASSWORD, "admin")
    answers = []
    for _ in range(11):
        async with browser.post("/sign-in", data={"name": "Ada", "password": "wrong horse"}) as answer:
            answers.append((answer.status, int(answer.headers.get("Retry-After", 0))))
    assert [status for status, _ in answers] == [401] * 10 + [429]
    assert 0 < answers[-1][1] <= 300


async def test_pages_hold_no_inline_script_or_style_without_the_nonce(house: Hub, browser: ClientSession) -> None:
    await house.auth.create_user("Ada", PASSWORD, "admin")
    async with browser.get("/sign-in") as answer:
        text, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    nonce = re.findall(r"'nonce-([^']+)'", policy)[0]
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", text):
        assert f'nonce="{nonce}"' in tag or " src=" in tag
    assert not re.findall(r"\son\w+=|\sstyle=", re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))
