"""The client against the stub server: what it asks, and what it says when things go wrong."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from regie.errors import NotFound
from regie_demo.jellyfin import ServerState, StubServer
from regie_demo.people import PEOPLE
from regie_jellyfin.client import Address, JellyfinClient, version_number
from regie_jellyfin.errors import (
    CannotConnect,
    NotJellyfin,
    Redirected,
    TooOld,
    Untrusted,
    UpgradeRefused,
    WrongCredentials,
)

from .conftest import no_pause


@asynccontextmanager
async def _client(url: str, token: str = "") -> AsyncIterator[JellyfinClient]:
    client = JellyfinClient(Address(url, token), pause=no_pause)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def _answering(response: web.Response, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async def answer(_: web.BaseRequest) -> web.Response:
        return response

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_key_below_a_base_path_opens_everything(client: JellyfinClient, state: ServerState) -> None:
    assert (await client.check_token()).id == state.id
    assert [user.name for user in await client.users()][:2] == ["Alice", "Bruno"]
    assert (await client.users())[0].is_admin
    assert [library.kind for library in await client.libraries()] == ["movies", "tvshows", "music"]


async def test_a_name_and_a_password_give_a_token(stub: StubServer) -> None:
    async with _client(stub.url) as anonymous:
        token = await anonymous.sign_in("alice", "wonderland")
        with pytest.raises(WrongCredentials):
            await anonymous.sign_in("alice", "looking-glass")
    async with _client(stub.url, token) as signed_in:
        assert (await signed_in.check_token()).name == "Demo house"


async def test_a_person_who_is_no_administrator_is_told_so(stub: StubServer) -> None:
    async with _client(stub.url) as anonymous:
        token = await anonymous.sign_in("Bruno", "b")
    async with _client(stub.url, token) as signed_in:
        with pytest.raises(WrongCredentials, match="administrator"):
            await signed_in.check_token()


async def test_items_come_in_pages_and_since_a_moment(client: JellyfinClient, state: ServerState) -> None:
    films = next(library for library in await client.libraries() if library.kind == "movies")
    first, sent = await client.items(films.id, start=0, limit=15)
    rest, _ = await client.items(films.id, start=15, limit=15)
    assert sent == len(first) == 15
    assert {item.id for item in first + rest} == {title.id for title in state.catalogue.films}
    assert all(item.library_id == films.id and item.provider_ids["tmdb"] for item in first)
    new, _ = await client.items(films.id, start=0, limit=99, since=datetime(2026, 5, 1, tzinfo=UTC))
    assert 0 < len(new) < len(state.catalogue.films)


async def test_playing_sessions_are_read(client: JellyfinClient, state: ServerState) -> None:
    session = state.session_of(PEOPLE[0], PEOPLE[0].players[0])
    state.session_of(PEOPLE[1], PEOPLE[1].players[0])
    state.start(session, state.catalogue.films[0], position_s=90)
    sessions, unreadable = await client.sessions()
    assert unreadable == 0
    assert [(s.id, s.user.name, s.position_s, s.item.title) for s in sessions] == [
        (session.id, "Alice", 90, "The Lighthouse Engineers")
    ]


async def test_commands_and_messages_reach_the_player(client: JellyfinClient, state: ServerState) -> None:
    session = state.session_of(PEOPLE[0], PEOPLE[0].players[0])
    await client.message(session.id, "Dinner!", header="Kitchen", timeout_s=5)
    await client.command(session.id, "Pause")
    assert [(command.name, command.text) for command in state.commands] == [("Message", "Dinner!"), ("Pause", "")]
    with pytest.raises(NotFound):
        await client.command("../Users", "Stop")


async def test_artwork_has_its_type(client: JellyfinClient, state: ServerState) -> None:
    body, kind = await client.image(state.catalogue.films[0].id, "Primary", width=300, tag="t")
    assert (kind, body[:4]) == ("image/png", b"\x89PNG")
    with pytest.raises(NotFound):
        await client.image("nothing", "Primary", width=300, tag="")


async def test_nothing_at_the_address(stub: StubServer) -> None:
    await stub.stop()
    async with _client(stub.url) as client:
        with pytest.raises(CannotConnect, match="Nothing answers"):
            await client.public_info()


async def test_a_web_page_is_no_jellyfin(stub: StubServer) -> None:
    stub.faults.answers_html = True
    async with _client(stub.url) as client:
        with pytest.raises(NotJellyfin, match="text/html"):
            await client.public_info()


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (web.json_response({"Id": "x", "Version": "10.8.13"}), TooOld, "10.9"),
        (web.json_response({"Id": "x", "Version": "4.9.1", "ProductName": "Emby Server"}), NotJellyfin, "Emby"),
        (web.json_response([1]), NotJellyfin, "not understood"),
        (web.Response(body=b"\xff{", content_type="application/json"), NotJellyfin, "not understood"),
        (web.Response(status=404, text="nginx"), NotJellyfin, "check the address"),
        (web.Response(status=401, text="<html>", content_type="text/html"), NotJellyfin, "proxy's sign-in"),
        (web.Response(status=308, headers={"Location": "https://tv.example/"}), Redirected, "https://tv.example/"),
    ],
)
async def test_strange_answers_have_a_plain_reason(answer: web.Response, error: type[Exception], words: str) -> None:
    async with _answering(answer) as url, _client(url) as client:
        with pytest.raises(error, match=words):
            await client.public_info()


def _self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2100, 1, 1, tzinfo=UTC)
    )
    (folder / "cert.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def test_a_self_signed_certificate_must_be_allowed(tmp_path: Path) -> None:
    info = web.json_response({"Id": "ab", "Version": "10.11.0", "ServerName": "Safe"})
    async with _answering(info, _self_signed(tmp_path)) as url:
        async with _client(url) as careful:
            with pytest.raises(Untrusted, match="certificate"):
                await careful.public_info()
        trusting = JellyfinClient(Address(url, verify_tls=False), pause=no_pause)
        assert (await trusting.public_info()).name == "Safe"
        await trusting.close()


async def test_a_wrong_key_is_refused(stub: StubServer) -> None:
    async with _client(stub.url, "wrong") as client:
        with pytest.raises(WrongCredentials):
            await client.check_token()


async def test_a_starting_server_is_asked_three_times(stub: StubServer) -> None:
    stub.faults.is_starting = True
    async with _client(stub.url) as client:
        with pytest.raises(CannotConnect, match="503"):
            await client.public_info()
    assert len(stub.requests) == 3


async def test_a_command_is_not_repeated(client: JellyfinClient, stub: StubServer) -> None:
    stub.faults.is_starting = True
    with pytest.raises(CannotConnect):
        await client.command("x", "Stop")
    assert len(stub.requests) == 1


@pytest.mark.parametrize("status", [308, 401, 404])
async def test_a_refused_websocket_says_how(client: JellyfinClient, stub: StubServer, status: int) -> None:
    stub.faults.refuse_upgrade = status
    with pytest.raises(UpgradeRefused) as refused:
        await client.socket()
    assert refused.value.status == status


async def test_our_names_may_hold_anything(stub: StubServer) -> None:
    key = stub.state.issue_key("Regie")
    client = JellyfinClient(Address(stub.url, key, device_id='a "b", c=d é'), pause=no_pause)
    assert (await client.check_token()).id == stub.state.id
    await client.close()


async def test_an_endless_answer_is_cut(monkeypatch: pytest.MonkeyPatch, client: JellyfinClient) -> None:
    monkeypatch.setattr("regie_jellyfin.client.LARGEST_ANSWER", 100)
    with pytest.raises(NotJellyfin, match="larger"):
        await client.users()


async def test_a_server_that_never_answers_times_out(client: JellyfinClient, stub: StubServer) -> None:
    stub.faults.stall = asyncio.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.users()
    stub.faults.stall.set()


@pytest.mark.parametrize(("text", "number"), [("10.11.11", (10, 11, 11)), ("12.0.0-rc1", (12, 0, 0)), ("unstable", ())])
def test_versions_compare(text: str, number: tuple[int, ...]) -> None:
    assert version_number(text) == number
