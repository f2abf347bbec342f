from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest
import voluptuous as vol
from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar, web
from yarl import URL

from regie.api import Extension, Manifest, Panel, PluginContext, Route, hookimpl
from regie.auth import User
from regie.services import Caller
from regie.testing.hub import PASSWORD, TestHub
from regie.web.security import COOKIE


class Example(Extension):
    """A plugin with one page and one route of each kind."""

    manifest = Manifest(name="Example", icon="plug")

    @hookimpl
    def panels(self) -> Sequence[Panel]:
        return [
            Panel(path="page", title="Page", template="", handler=self.page, permission="user"),
            Panel(path="secret", title="Secret", template="", handler=self.page, permission="admin"),
        ]

    @hookimpl
    def routes(self) -> Sequence[Route]:
        return [
            Route("POST", "form", self.form, permission="user"),
            Route("POST", "open", self.hook, permission="public"),
            Route("GET", "guests", self.page, permission="guest"),
            Route("GET", "broken", self.broken, permission="user"),
            Route("POST", "hook/{name}", self.hook, permission="public", api=True),
            Route("POST", "small", self.hook, permission="public", api=True, max_body=100),
            Route("POST", "large", self.hook, permission="public", api=True, max_body=20 * 1024 * 1024),
            Route("POST", "act", self.form, permission="user", api=True),
        ]

    @hookimpl
    async def setup(self, ctx: PluginContext) -> None:
        ctx.ws.command("hello", self.hello, schema=vol.Schema({vol.Optional("n"): int}))
        self.ctx = ctx

    async def hello(self, user: Caller, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"hello": user.role, **data}

    async def page(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=f"page for {request['user'].name}", content_type="text/html")

    async def form(self, _request: web.Request) -> web.StreamResponse:
        raise web.HTTPSeeOther("/x/example/page")

    async def broken(self, _request: web.Request) -> web.StreamResponse:
        raise ZeroDivisionError("quite broken")

    async def hook(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        return web.json_response({"name": request.match_info.get("name", ""), "length": len(body)})


@pytest.fixture
async def example(hub: TestHub) -> TestHub:
    """The hub, with the plugin above."""
    await hub.load_plugin("example", Example)
    return hub


@pytest.fixture
async def anyone(hub: TestHub) -> AsyncIterator[ClientSession]:
    """A client that is not signed in and follows no redirect by itself."""
    async with ClientSession(base_url=f"http://127.0.0.1:{hub.web.port}", cookie_jar=CookieJar(unsafe=True)) as client:
        yield client


SignIn = Callable[[User], Awaitable[str]]


@pytest.fixture
def sign_in(hub: TestHub, anyone: ClientSession) -> SignIn:
    """Give `anyone` the cookie of a person's session; answers the token for forms."""

    async def give(user: User) -> str:
        session = await hub.auth.sign_in(user.name, PASSWORD, "127.0.0.1")
        anyone.cookie_jar.update_cookies({COOKIE: session.cookie}, URL(f"http://127.0.0.1:{hub.web.port}"))
        return session.csrf

    return give


Connect = Callable[[str], Awaitable[ClientWebSocketResponse]]


@pytest.fixture
async def connect(anyone: ClientSession) -> Connect:
    """Open a WebSocket and sign in with a token."""

    async def open_socket(token: str) -> ClientWebSocketResponse:
        socket = await anyone.ws_connect("/api/websocket")
        assert (await socket.receive_json())["type"] == "auth_required"
        await socket.send_json({"type": "auth", "access_token": token})
        assert (await socket.receive_json())["type"] == "auth_ok"
        return socket

    return open_socket
