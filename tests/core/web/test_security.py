import asyncio
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from regie.api import Route
from regie.auth import User
from regie.errors import ConfigError
from regie.testing.hub import PASSWORD, TestHub
from regie.web import app, security
from regie.web.security import COOKIE, as_forwarded, is_local, is_same_origin, local_path, networks


class Peer:
    """A transport from an address."""

    def __init__(self, address: str) -> None:
        self._address = address

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return (self._address, 5000) if name == "peername" else default


def asked(address: str = "127.0.0.1", method: str = "GET", **headers: str) -> web.Request:
    named = {name.replace("_", "-"): value for name, value in {"Host": "localhost:8480", **headers}.items()}
    return make_mocked_request(method, "/", headers=named, transport=Peer(address))


@pytest.mark.parametrize(
    "path", ["/", "/x/example/live", "/x/a?b=c&d=%20e", "/history?before=2026-01-01T00:00:00+00:00", "/a:b@c"]
)
def test_a_path_of_ours_is_gone_on_to(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "", "x", "//evil.example", "/\\evil.example", "/\t/evil.example", "\t//evil.example", " /x", "/x\n", "/ /evil.example",
        "https://evil.example", "javascript:alert(1)", "/%0a\n", "///evil.example", "/x\r\nSet-Cookie: a=b", None, 5, "/é",
        "/" + "x" * 3000,
    ],
)  # fmt: skip
def test_anything_else_is_not(path: object) -> None:
    assert local_path(path) == "/"


@given(st.text(st.characters(max_codepoint=256)))
def test_no_text_leads_to_another_site(text: str) -> None:
    here = URL("http://regie.local/sign-in")
    assert here.join(URL(local_path("/" + text), encoded=True)).host == "regie.local"


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        ({}, None),
        ({"Origin": "http://localhost:8480"}, True),
        ({"Origin": "https://localhost:8480"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://localhost:8480.evil.example"}, False),
        ({"Origin": "http://localhost"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "file://localhost:8480"}, False),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "http://behind.a.proxy"}, True),
        ({"Sec_Fetch_Site": "none"}, True),
        ({"Sec_Fetch_Site": "same-site", "Origin": "http://localhost:8480"}, False),
        ({"Sec_Fetch_Site": "cross-site"}, False),
    ],
)
def test_where_a_request_was_started(headers: dict[str, str], verdict: bool | None) -> None:  # noqa: FBT001 - a table
    assert is_same_origin(asked(**headers)) is verdict


@pytest.mark.parametrize(
    ("address", "headers", "verdict"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {"Host": "[::1]:8480"}, True),
        ("127.0.0.1", {"Host": "127.0.0.1"}, True),
        ("192.168.1.5", {}, False),
        ("127.0.0.1", {"Host": "rebound.evil.example:8480"}, False),
        ("127.0.0.1", {"Host": "127.0.0.1.evil.example"}, False),
        ("127.0.0.1", {"X_Forwarded_For": "203.0.113.5"}, False),
        ("127.0.0.1", {"X_Forwarded_For": "127.0.0.1"}, False),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, False),
    ],
)
def test_only_this_machine_itself_is_local(address: str, headers: dict[str, str], verdict: bool) -> None:  # noqa: FBT001 - a table
    assert is_local(asked(address, **headers)) is verdict


def test_only_listed_proxies_are_believed() -> None:
    headers = {
        "X_Forwarded_For": "10.0.0.9, 203.0.113.5, 10.0.0.2",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Host": "tv.example",
    }
    trusted = networks(["10.0.0.0/8"])
    believed = as_forwarded(asked("10.0.0.1", **headers), trusted)
    assert (believed.remote, believed.scheme, believed.host) == ("203.0.113.5", "https", "tv.example")
    stranger = as_forwarded(asked("203.0.113.7", **headers), trusted)
    assert (stranger.remote, stranger.scheme, stranger.host) == ("203.0.113.7", "http", "localhost:8480")


def test_a_proxy_that_is_no_address_is_named() -> None:
    with pytest.raises(ConfigError, match=r"REGIE_TRUSTED_PROXIES names 'proxy\.local'"):
        networks(["10.0.0.1", "proxy.local"])


async def test_behind_a_listed_proxy_pages_and_websockets_see_the_person(tmp_path: Path) -> None:
    hub = TestHub(tmp_path)
    hub.settings = replace(hub.settings, trusted_proxies=("127.0.0.1",))
    await hub.start()
    seen: list[tuple[str | None, bool, str]] = []

    async def look(request: web.Request) -> web.StreamResponse:
        seen.append((request.remote, request.secure, request.host))
        return web.Response()

    hub.web.mount("look", [], [Route("GET", "", look, permission="user")], None)
    token = await hub.auth.create_token(await hub.user(), "client")
    headers = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "tv.example"}
    async with ClientSession(f"http://127.0.0.1:{hub.web.port}", headers=headers) as client:
        async with client.get("/x/look", headers={"Authorization": f"Bearer {token}"}) as answer:
            assert answer.status == 200
        async with client.ws_connect("/api/websocket", headers={"Origin": "https://tv.example"}) as socket:
            await socket.send_json({"type": "auth", "access_token": token})
            assert [(await socket.receive_json())["type"] for _ in range(2)] == ["auth_required", "auth_ok"]
    assert seen == [("203.0.113.5", True, "tv.example")]
    await hub.stop()


async def test_a_request_without_a_host_is_refused(hub: TestHub) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.web.port)
    writer.write(b"GET /health HTTP/1.0\r\n\r\n")
    assert b" 400 " in await reader.readline()
    writer.close()


async def test_every_answer_carries_the_headers(example: TestHub, anyone: ClientSession) -> None:
    assert example.state == "RUNNING"
    nonces = set()
    for path in ("/health", "/api/", "/x/none", "/x/example/static/none.js"):
        async with anyone.get(path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert answer.headers["Server"] == ""
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        nonces.add(policy.partition("'nonce-")[2].partition("'")[0])
    assert len(nonces) == 4


async def test_a_compressed_body_is_refused_unread(http: ClientSession) -> None:
    async with http.post("/api/events/bell", data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}) as answer:
        assert answer.status == 415


async def test_a_body_has_a_limit_a_route(example: TestHub, anyone: ClientSession) -> None:
    assert example.state == "RUNNING"
    megabyte = b"x" * 1024 * 1024
    for path, size, status in (
        ("small", 100, 200),
        ("small", 101, 413),
        ("hook/a", 10 * len(megabyte), 200),
        ("hook/a", 10 * len(megabyte) + 1, 413),
        ("large", 12 * len(megabyte), 200),
    ):
        async with anyone.post(f"/api/x/example/{path}", data=BytesIO((megabyte * 12)[:size])) as answer:
            assert answer.status == status, path


async def test_a_body_without_a_length_has_it_too(example: TestHub, anyone: ClientSession) -> None:
    assert example.state == "RUNNING"

    async def endless() -> Any:
        for _ in range(12):
            yield b"x" * 1024 * 1024

    async with anyone.post("/api/x/example/hook/a", data=endless()) as answer:
        assert answer.status == 413


async def test_strangers_fill_in_small_forms_only(example: TestHub, anyone: ClientSession, sign_in: Any) -> None:
    small, large = b"x" * 64 * 1024, b"x" * (64 * 1024 + 1)

    async def in_pieces() -> Any:
        yield large

    for body, status in ((small, 200), (large, 413), (in_pieces(), 413)):
        async with anyone.post("/x/example/open", data=body) as answer:
            assert answer.status == status
    csrf = await sign_in(await example.user("Eve", "user"))
    async with anyone.post("/x/example/open", data=large, headers={"X-CSRF-Token": csrf}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("host", ["evil.example/x", "a b", "<script>", "regie.local:99999999", "user@regie.local"])
async def test_a_host_that_is_none_is_refused(anyone: ClientSession, host: str) -> None:
    async with anyone.get("/api/", headers={"Host": host}) as answer:
        assert answer.status == 400
        assert "script" not in await answer.text()


async def test_a_connection_that_sends_no_head_is_closed(hub: TestHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "FIRST_HEAD_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.web.port)
    writer.write(b"GET /health HTTP/1.1\r\nHost: loc")
    assert await reader.read() == b""
    writer.close()


async def test_a_connection_that_sends_one_lives_on(
    hub: TestHub, anyone: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "FIRST_HEAD_S", 0.05)
    async with anyone.get("/health") as answer:
        connection = answer.connection
        assert answer.status == 200
    assert not hub.web._waiting
    async with anyone.get("/health") as answer:
        assert answer.connection is connection or answer.status == 200


async def test_a_changing_request_with_a_cookie_must_be_ours(
    example: TestHub, anyone: ClientSession, sign_in: Any
) -> None:
    csrf = await sign_in(await example.user("Eve", "user"))
    here = f"http://127.0.0.1:{example.web.port}"
    cases: list[tuple[dict[str, str], int]] = [
        ({}, 403),
        ({"X-CSRF-Token": "wrong"}, 403),
        ({"X-CSRF-Token": "é"}, 403),
        ({"X-CSRF-Token": "\udce9"}, 403),
        ({"X-CSRF-Token": csrf}, 303),
        ({"Origin": here}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://evil.example", "X-CSRF-Token": csrf}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ]
    for path in ("/x/example/form", "/api/x/example/act"):
        for headers, status in cases:
            async with anyone.post(path, headers=headers, allow_redirects=False) as answer:
                assert answer.status == status, (path, headers)
    for form, status in (({"_csrf": csrf}, 303), ({"_csrf": "wrong"}, 403), ({"other": csrf}, 403)):
        async with anyone.post("/x/example/form", data=form, allow_redirects=False) as answer:
            assert answer.status == status


async def test_a_token_needs_no_such_proof_and_a_public_form_must_still_be_ours(
    example: TestHub, anyone: ClientSession
) -> None:
    token = await example.auth.create_token(await example.user("Eve", "user"), "script")
    headers = {"Authorization": f"Bearer {token}"}
    async with anyone.post("/api/x/example/act", headers=headers, allow_redirects=False) as answer:
        assert answer.status == 303
    async with anyone.post("/api/x/example/hook/a", headers={"Origin": "http://server.example"}) as answer:
        assert answer.status == 200


async def test_a_foreign_websocket_origin_is_refused(anyone: ClientSession) -> None:
    async with anyone.get("/api/websocket", headers={"Origin": "http://evil.example"}) as answer:
        assert answer.status == 403


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(example: TestHub) -> None:
    await example.user("Eve", "user")
    session = await example.auth.sign_in("Eve", PASSWORD, "127.0.0.1")
    response = web.Response()
    security.remember(response, asked(), session)
    cookie = response.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Lax", "/", False)
    security.remember(response, asked().clone(scheme="https"), session)
    assert response.cookies[COOKIE]["secure"] is True
    security.forget(response, asked())
    assert response.cookies[COOKIE].value == ""


async def test_signing_out_and_new_passwords_close_the_door_at_once(
    example: TestHub, anyone: ClientSession, sign_in: Any
) -> None:
    user: User = await example.user("Eve", "user")
    await sign_in(user)
    async with anyone.get("/x/example/page") as answer:
        assert answer.status == 200
    await example.auth.set_password(user, "battery staple")
    async with anyone.get("/x/example/page", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?next=/x/example/page")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"name=\xff"),
        ("application/x-www-form-urlencoded; charset=klingon", b"name=x"),
        ("multipart/form-data; boundary=x", b"name=x"),
        ("multipart/form-data", b"name=x"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nunnamed\r\n--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: z\r\n\r\n!\r\n--x--\r\n",
        ),
    ],
)
async def test_a_form_that_cannot_be_read_is_the_senders_fault(
    example: TestHub, http: ClientSession, content_type: str, body: bytes
) -> None:
    async with http.post("/x/example/form", data=body, headers={"Content-Type": content_type}) as answer:
        assert answer.status == 400
    assert example.faults.of("example") == []


async def test_what_is_not_there_yet_while_the_hub_starts_is_asked_for_later(hub: TestHub, http: ClientSession) -> None:
    hub.state = "STARTING"
    async with http.post("/api/x/jellyfin/webhook/secret", data="{}") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    hub.state = "RUNNING"
    async with http.post("/api/x/jellyfin/webhook/secret", data="{}") as answer:
        assert answer.status == 404
