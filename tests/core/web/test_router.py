from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from regie.api import Extension, Manifest, Panel, Route, hookimpl
from regie.errors import RegieError
from regie.hub import Hub
from regie.services import RANK
from regie.settings import Settings
from regie.testing.hub import PASSWORD, TestHub


async def answer_ok(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="ok")


def fill(path: str) -> str:
    """A path with something in its variable places."""
    parts = [part if "{" not in part else "thing" for part in path.split("/")]
    return "/".join(parts)


async def test_every_route_has_a_permission_and_only_public_ones_answer_strangers(
    example: TestHub, anyone: ClientSession
) -> None:
    await example.user()
    endpoints = list(example.web.router.endpoints())
    walked = 0
    for endpoint in endpoints:
        assert endpoint.rule.permission in RANK
        if endpoint.rule.permission == "public":
            continue
        async with anyone.request(endpoint.method, fill(endpoint.path), allow_redirects=False) as answer:
            if endpoint.path.startswith("/api/"):
                assert answer.status == 401, endpoint
            else:
                assert answer.status == 303, endpoint
                assert answer.headers["Location"].startswith("/sign-in"), endpoint
        walked += 1
    assert walked >= 25
    public = {endpoint.path for endpoint in endpoints if endpoint.rule.permission == "public"}
    assert public == {
        "/health",
        "/ready",
        "/metrics",
        "/api/websocket",
        "/api/regie/control/{command}",
        "/api/x/example/hook/{name}",
        "/api/x/example/small",
        "/api/x/example/large",
        "/x/example/open",
        "/x/example/static/{path}",
    }


async def test_every_route_of_the_bundled_plugins_is_guarded_too(tmp_path: Path) -> None:
    hub = Hub(Settings(data_dir=tmp_path, port=0))
    await hub.start()
    await hub.auth.create_user("Ada", PASSWORD, "admin")
    answers: dict[str, int] = {}
    async with ClientSession(f"http://127.0.0.1:{hub.web.port}") as client:
        for endpoint in hub.web.router.endpoints():
            assert endpoint.rule.permission in RANK
            if endpoint.rule.permission != "public":
                async with client.request(endpoint.method, fill(endpoint.path), allow_redirects=False) as answer:
                    answers[f"{endpoint.method} {endpoint.path}"] = answer.status
    await hub.stop()
    # 404: the stand-in for a variable part is none of the words that the route knows.
    open_doors = {
        route: status
        for route, status in answers.items()
        if status != (401 if " /api/" in route else 303) and not (status == 404 and "{" in route)
    }
    assert not open_doors
    assert any(" /x/" in route or route == "GET /" for route in answers)


async def test_each_role_reaches_what_is_for_it(example: TestHub) -> None:
    reached = {
        role: {path for path in ("page", "secret", "guests") if await _status(example, role, path) == 200}
        for role in ("guest", "user", "admin")
    }
    assert reached == {"guest": {"guests"}, "user": {"page", "guests"}, "admin": {"page", "secret", "guests"}}


async def _status(hub: TestHub, role: str, path: str) -> int:
    client = await hub.client(await hub.user(f"{role} {path}", role))
    async with client, client.get(f"/x/example/{path}") as answer:
        return answer.status


@pytest.mark.usefixtures("example")
async def test_pages_come_and_go_with_their_plugin(hub: TestHub, http: ClientSession) -> None:
    async with http.get("/x/example/page") as answer:
        assert (answer.status, await answer.text()) == (200, "page for Ada")
    async with http.get("/x/example", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/x/example/page")
    async with http.delete("/x/example/page") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")
    await hub.unload_plugin("example")
    async with http.get("/x/example/page") as answer:
        assert answer.status == 404
    assert not [one for one in hub.web.router.endpoints() if one.rule.slug == "example"]


@pytest.mark.parametrize(
    ("route", "complaint"),
    [
        (Route("GET", "a", answer_ok, permission=""), "permission"),  # type: ignore[arg-type]
        (Route("GET", "a", answer_ok, permission="everyone"), "permission"),  # type: ignore[arg-type]
        (Route("GET", "/sign-in", answer_ok, permission="public"), "relative"),
    ],
)
async def test_a_plugin_with_a_route_that_cannot_be_mounts_nothing(hub: TestHub, route: Route, complaint: str) -> None:
    class Careless(Extension):
        """One good route, one bad."""

        manifest = Manifest(name="Careless")

        @hookimpl
        def routes(self) -> Sequence[Route]:
            return [Route("GET", "good", answer_ok, permission="public"), route]

    with pytest.raises(RegieError, match=complaint):
        await hub.load_plugin("careless", Careless)
    assert not [one for one in hub.web.router.endpoints() if one.rule.slug == "careless"]


async def test_a_failing_page_is_a_fault_of_its_plugin_and_says_little(example: TestHub, http: ClientSession) -> None:
    async with http.get("/x/example/broken") as answer:
        assert answer.status == 500
        assert "quite broken" not in await answer.text()
    (fault,) = example.faults.of("example")
    assert (fault.where, fault.text) == ("GET /x/example/broken", "ZeroDivisionError: quite broken")


async def test_a_fragment_asked_for_without_a_session_sends_the_whole_page_to_the_door(
    example: TestHub, anyone: ClientSession
) -> None:
    async with anyone.get("/x/example/page", headers={"HX-Request": "true"}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["HX-Redirect"]) == (401, "/welcome")
    await example.user()
    async with anyone.get("/x/example/page?a=1&b=//c", allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/sign-in?next=/x/example/page?a%3D1%26b%3D//c"


class Drawn(Extension):
    """A plugin that shows a template."""

    manifest = Manifest(name="Drawn")

    @hookimpl
    def panels(self) -> Sequence[Panel]:
        return [Panel(path="", title="Drawn", template="drawn/_page.html", handler=self.page, permission="user")]

    async def page(self, _request: web.Request) -> dict[str, Any]:
        return {"name": "<b>Eve</b>"}


async def test_a_page_is_rendered_from_the_plugins_template(hub: TestHub, http: ClientSession, tmp_path: Path) -> None:
    folder = tmp_path / "drawn"
    (folder / "templates").mkdir(parents=True)
    (folder / "templates" / "_page.html").write_text("Hello {{ name }} of {{ user.name }}")
    hub.web.mount("drawn", Drawn().panels(), [], folder)
    async with http.get("/x/drawn") as answer:
        assert answer.content_type == "text/html"
        assert await answer.text() == "Hello &lt;b&gt;Eve&lt;/b&gt; of Ada"
    hub.web.unmount("drawn")
    async with http.get("/x/drawn") as answer:
        assert answer.status == 404
