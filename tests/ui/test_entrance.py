"""The way in, without scripts: the first account, signing in and out."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, CookieJar

from regie.testing.hub import PASSWORD, TestHub

FIRST = {"name": "Marc", "password": PASSWORD, "again": PASSWORD, "language": "fr", "time_zone": "America/Montreal"}


@pytest.fixture
async def stranger(panel: TestHub) -> AsyncIterator[ClientSession]:
    """A browser that nobody knows yet."""
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}
    jar = CookieJar(unsafe=True)
    async with ClientSession(base_url=f"http://127.0.0.1:{panel.web.port}", headers=headers, cookie_jar=jar) as session:
        yield session


async def test_the_first_visit_makes_the_admin(panel: TestHub, stranger: ClientSession) -> None:
    async with stranger.get("/") as response:
        assert response.url.path == "/welcome"
    async with stranger.post("/welcome", data=FIRST) as response:
        text = await response.text()

    assert response.url.path == "/"
    assert "Marc" in text
    assert '<html lang="fr"' in text
    assert (await panel.auth.find_user("Marc")).is_admin
    assert str(panel.time_zone) == "America/Montreal"
    assert 'time_zone = "America/Montreal"' in (panel.settings.data_dir / "regie.toml").read_text()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"again": "something else"}, "The two passwords differ"),
        ({"password": "short", "again": "short"}, "8 characters"),
        ({"name": " "}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time zone"),
    ],
)
async def test_a_bad_first_account_is_refused_with_what_was_typed(
    panel: TestHub, stranger: ClientSession, change: dict[str, str], complaint: str
) -> None:
    async with stranger.post("/welcome", data={**FIRST, "language": "en", **change}) as response:
        text = await response.text()

    assert response.status == 422
    assert complaint in text
    assert PASSWORD not in text
    assert await panel.auth.needs_first_run()


async def test_from_elsewhere_the_printed_code_is_asked_for(panel: TestHub, stranger: ClientSession) -> None:
    proxied = {"X-Forwarded-For": "192.0.2.7"}
    async with stranger.get("/welcome", headers=proxied) as response:
        assert 'name="code"' in await response.text()
    async with stranger.post("/welcome", data={**FIRST, "code": "nope"}, headers=proxied) as response:
        assert response.status == 422
    code = {"code": panel.auth.first_run_code}
    async with stranger.post("/welcome", data={**FIRST, **code}, headers=proxied) as response:
        assert response.url.path == "/"


async def test_there_is_only_one_first_account(panel: TestHub, stranger: ClientSession) -> None:
    await panel.user("Ada")

    async with stranger.get("/welcome") as response:
        assert response.url.path == "/sign-in"
    async with stranger.post("/welcome", data=FIRST) as response:
        assert response.status == 422


async def test_a_wrong_password_says_so_and_keeps_the_name(panel: TestHub, stranger: ClientSession) -> None:
    await panel.user("Ada")

    async with stranger.post("/sign-in", data={"name": "Ada", "password": "guess"}) as response:
        text = await response.text()

    assert response.status == 401
    assert "Wrong name or password" in text
    assert 'value="Ada"' in text


async def test_signing_in_goes_on_to_where_one_wanted_to_be(panel: TestHub, stranger: ClientSession) -> None:
    await panel.user("Ada")
    async with stranger.get("/plugins") as response:
        assert response.url.path_qs == "/sign-in?next=/plugins"

    async with stranger.post("/sign-in", data={"name": "Ada", "password": PASSWORD, "next": "/plugins"}) as response:
        assert response.url.path == "/plugins"


@pytest.mark.parametrize("onward", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example"])
async def test_signing_in_never_leads_to_another_site(panel: TestHub, stranger: ClientSession, onward: str) -> None:
    await panel.user("Ada")

    form = {"name": "Ada", "password": PASSWORD, "next": onward}
    async with stranger.post("/sign-in", data=form, allow_redirects=False) as response:
        assert response.headers["Location"] == "/"


async def test_guessing_is_slowed_down(panel: TestHub, stranger: ClientSession) -> None:
    await panel.user("Ada")

    statuses = []
    for _ in range(11):
        async with stranger.post("/sign-in", data={"name": "Ada", "password": "guess"}) as response:
            statuses.append(response.status)

    assert statuses[-1] == 429
    assert int(response.headers["Retry-After"]) > 0


async def test_signing_out_ends_the_session(browser: ClientSession) -> None:
    async with browser.post("/sign-out") as response:
        assert response.url.path == "/sign-in"
    async with browser.get("/") as response:
        assert response.url.path == "/sign-in"


async def test_a_guest_of_the_house_sees_no_rooms_of_admins(panel: TestHub, stranger: ClientSession) -> None:
    await panel.user("Ada")
    await panel.user("Gus", "user")
    async with stranger.post("/sign-in", data={"name": "Gus", "password": PASSWORD}) as response:
        text = await response.text()

    assert "/settings" in text
    assert 'href="/plugins"' not in text
    async with stranger.get("/plugins") as response:
        assert response.status == 403


async def test_whom_no_page_is_for_can_at_least_sign_out(panel: TestHub, stranger: ClientSession) -> None:
    await panel.user("Gus", "guest")
    async with stranger.post("/sign-in", data={"name": "Gus", "password": PASSWORD}) as response:
        assert response.status == 403
        assert 'action="/sign-out"' in await response.text()
    async with stranger.post("/sign-out") as response:
        assert response.url.path == "/sign-in"
