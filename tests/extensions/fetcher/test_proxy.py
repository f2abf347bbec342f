import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_fetcher.address import AllowList, Judge
from regie_fetcher.budget import MIB, Budget, Meter, RateLimit
from regie_fetcher.errors import AddressRefused, OverBudget
from regie_fetcher.proxy import PolicyProxy, Ticket
from regie_fetcher.proxy_message import BadMessage, Request, Response


@pytest.fixture
async def proxy(judge: Judge) -> AsyncIterator[PolicyProxy]:
    async with PolicyProxy(judge) as opened:
        yield opened


async def get(url: str, ticket: Ticket, **options: Any) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(url, proxy=ticket.url, **options) as response:
        return response.status, await response.read()


async def raw(proxy: PolicyProxy, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(data)
    answer = await reader.read()
    writer.close()
    return answer


async def get_raw(proxy: PolicyProxy, url: str, ticket: Ticket) -> bytes:
    return await raw(proxy, f"GET {url} HTTP/1.1\r\n".encode() + credentials(ticket) + b"\r\n")


def credentials(ticket: Ticket) -> bytes:
    auth = aiohttp.encode_basic_auth if hasattr(aiohttp, "encode_basic_auth") else aiohttp.BasicAuth
    made = auth(ticket.name, ticket.token)
    return f"Proxy-Authorization: {made if isinstance(made, str) else made.encode()}\r\n".encode()


async def connect(proxy: PolicyProxy, ticket: Ticket, target: str) -> tuple[bytes, Any, Any]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(f"CONNECT {target} HTTP/1.1\r\n".encode() + credentials(ticket) + b"\r\n")
    return await reader.readuntil(b"\r\n\r\n"), reader, writer


async def test_a_request_passes_and_its_bytes_are_counted(proxy: PolicyProxy, origin: Any, noise: bytes) -> None:
    url = origin.file("/f?a=1&b=%2f", noise)
    origin.routes["/f"] = origin.routes.pop("/f?a=1&b=%2f")
    meter = Meter(Budget())
    with proxy.admit(meter) as ticket:
        assert await get(url, ticket) == (200, noise)
    assert len(noise) < meter.wire_bytes < len(noise) + 500
    sent = origin.requests[0]
    assert sent.headers["host"] == f"127.0.0.1:{origin.port}"
    assert not [name for name in sent.headers if name.startswith("proxy")]


async def test_a_tunnel_passes_and_its_bytes_are_counted(proxy: PolicyProxy, origin: Any, noise: bytes) -> None:
    origin.file("/f", noise)
    meter = Meter(Budget())
    with proxy.admit(meter) as ticket:
        head, reader, writer = await connect(proxy, ticket, f"127.0.0.1:{origin.port}")
        assert head.startswith(b"HTTP/1.1 200")
        writer.write(b"GET /f HTTP/1.1\r\n\r\n")
        assert (await reader.read(-1)).endswith(noise)
        writer.close()
    assert meter.wire_bytes > len(noise)


async def test_a_body_is_passed_to_the_server_and_nothing_after_it(proxy: PolicyProxy, origin: Any) -> None:
    received = bytearray()

    async def sink(exchange: Any) -> None:
        received.extend(await exchange.reader.readexactly(4))
        await exchange.answer(b"thanks")
        received.extend(await exchange.reader.read())

    url = origin.route("/sink", sink)
    with proxy.admit(Meter(Budget())) as ticket:
        smuggled = b"GET http://127.0.0.1:1/ HTTP/1.1\r\n\r\n"
        head = f"POST {url} HTTP/1.1\r\nContent-Length: 4\r\n".encode() + credentials(ticket) + b"\r\n"
        answer = await raw(proxy, head + b"body" + smuggled)
    assert answer.endswith(b"thanks")
    assert b"connection: close" in answer.lower()
    assert bytes(received) == b"body"


@pytest.mark.parametrize(
    "line",
    [b"", b"Proxy-Authorization: Basic eDp5\r\n", b"Proxy-Authorization: Basic !\r\n", b"Proxy-Authorization: x\r\n"],
)
async def test_without_a_ticket_nothing_is_dialled(proxy: PolicyProxy, origin: Any, line: bytes) -> None:
    answer = await raw(proxy, f"GET {origin.url('/f')} HTTP/1.1\r\n".encode() + line + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 407")
    assert b"Proxy-Authenticate: Basic" in answer
    assert origin.connections == 0


async def test_a_ticket_ends_with_its_job(proxy: PolicyProxy, origin: Any, noise: bytes) -> None:
    url = origin.file("/f", noise)
    with proxy.admit(Meter(Budget())) as ticket:
        pass
    assert (await get(url, ticket))[0] == 407


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "half.example",
        "169.254.169.254",
    ],
)
@pytest.mark.parametrize("method", ["GET", "CONNECT"])
async def test_an_inner_target_is_refused_with_the_reason_on_the_ticket(origin: Any, target: str, method: str) -> None:
    async def resolve(_: str) -> list[str]:
        return ["8.8.8.8", "127.0.0.1"]

    async with PolicyProxy(Judge(resolve=resolve)) as proxy:
        with proxy.admit(Meter(Budget())) as ticket:
            uri = f"{target}:{origin.port}" if method == "CONNECT" else f"http://{target}:{origin.port}/"
            answer = await raw(proxy, f"{method} {uri} HTTP/1.1\r\n".encode() + credentials(ticket) + b"\r\n")
            assert answer.startswith(b"HTTP/1.1 403")
            assert isinstance(ticket.refusal, AddressRefused)
    assert origin.connections == 0


async def test_the_judged_address_is_the_one_that_is_dialled(origin: Any, noise: bytes) -> None:
    origin.file("/f", noise)
    asked: list[str] = []

    async def rebinding(name: str) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with PolicyProxy(Judge(AllowList.parse(["127.0.0.1"]), rebinding)) as proxy:
        with proxy.admit(Meter(Budget())) as ticket:
            assert (await get(f"http://rebind.example:{origin.port}/f", ticket))[0] == 200
            assert (await get(f"http://rebind.example:{origin.port}/f", ticket))[0] == 403
    assert asked == ["rebind.example", "rebind.example"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET  http://a/ HTTP/1.1\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\nbad header: x\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\nno colon\r\n\r\n",
        b"X" * 600_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_answered_400(proxy: PolicyProxy, data: bytes) -> None:
    assert (await raw(proxy, data)).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /relative HTTP/1.1\r\n", b"403"),
        (b"GET ftp://127.0.0.1/ HTTP/1.1\r\n", b"403"),
        (b"GET https://127.0.0.1/ HTTP/1.1\r\n", b"403"),
        (b"GET http://[/ HTTP/1.1\r\n", b"403"),
        (b"GET http://127.0.0.1:22/ HTTP/1.1\r\n", b"403"),
        (b"CONNECT 127.0.0.1 HTTP/1.1\r\n", b"403"),
        (b"CONNECT 127.0.0.1:25 HTTP/1.1\r\n", b"403"),
        (b"CONNECT 127.0.0.1:x HTTP/1.1\r\n", b"403"),
    ],
)
async def test_other_targets_are_refused(proxy: PolicyProxy, line: bytes, status: bytes) -> None:
    with proxy.admit(Meter(Budget())) as ticket:
        assert (await raw(proxy, line + credentials(ticket) + b"\r\n"))[9:12] == status


@pytest.mark.parametrize(
    "header",
    [b"Transfer-Encoding: chunked\r\n", b"Content-Length: 4\r\nContent-Length: 5\r\n", b"Content-Length: -1\r\n"],
)
async def test_a_body_without_a_clear_length_is_not_passed_on(proxy: PolicyProxy, origin: Any, header: bytes) -> None:
    with proxy.admit(Meter(Budget())) as ticket:
        head = f"POST {origin.url('/f')} HTTP/1.1\r\n".encode() + header + credentials(ticket) + b"\r\n"
        assert (await raw(proxy, head + b"body")).startswith(b"HTTP/1.1 502")


@pytest.mark.parametrize(
    "answer", [b"", b"junk\r\n\r\n", b"HTTP/1.1 999 x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
)
async def test_a_server_that_does_not_speak_http_is_a_bad_gateway(
    proxy: PolicyProxy, origin: Any, answer: bytes
) -> None:
    async def handler(exchange: Any) -> None:
        await exchange.send(answer)

    with proxy.admit(Meter(Budget())) as ticket:
        status, _ = await get(origin.route("/f", handler), ticket)
    assert status == 502


async def test_interim_answers_are_skipped_and_chunks_are_kept(proxy: PolicyProxy, origin: Any) -> None:
    async def handler(exchange: Any) -> None:
        await exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        await exchange.reader.read()

    with proxy.admit(Meter(Budget())) as ticket:
        assert await get(origin.route("/f", handler), ticket) == (200, b"abc")


async def test_a_closed_port_and_an_unknown_host_are_bad_gateways() -> None:
    async def nowhere(_: str) -> list[str]:
        return []

    async with PolicyProxy(Judge(AllowList.parse(["127.0.0.1"]), nowhere)) as proxy:
        with proxy.admit(Meter(Budget())) as ticket:
            assert (await get("http://127.0.0.1:3/", ticket))[0] == 502
            assert (await get("http://unknown.example/", ticket))[0] == 502


async def test_a_cap_ends_all_connections_of_the_job_and_of_no_other(
    proxy: PolicyProxy, origin: Any, noise: bytes
) -> None:
    async def endless(exchange: Any) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await exchange.send(noise)

    url = origin.route("/endless", endless)
    other = origin.file("/f", noise)
    meter = Meter(Budget(max_bytes=8 * MIB))
    with proxy.admit(meter) as ticket, proxy.admit(Meter(Budget())) as second:
        ticket.begin_media()
        with pytest.raises(ConnectionResetError):
            await get_raw(proxy, url, ticket)
        assert isinstance(ticket.refusal, OverBudget)
        assert (await get(other, second))[1] == noise
    assert meter.wire_bytes <= 8 * MIB + MIB // 2


async def test_a_page_may_not_be_as_large_as_media(proxy: PolicyProxy, origin: Any, noise: bytes) -> None:
    url = origin.file("/f", noise)
    with proxy.admit(Meter(Budget(page_bytes=MIB))) as ticket:
        with pytest.raises(aiohttp.ClientError):
            await get(url, ticket)
        assert isinstance(ticket.refusal, OverBudget)
    with proxy.admit(Meter(Budget(page_bytes=MIB))) as ticket:
        ticket.begin_media()
        assert (await get(url, ticket))[1] == noise


async def test_connections_at_once_are_capped(proxy: PolicyProxy, origin: Any, noise: bytes) -> None:
    origin.file("/f", noise)
    with proxy.admit(Meter(Budget(connections=2))) as ticket:
        tunnels = [await connect(proxy, ticket, f"127.0.0.1:{origin.port}") for _ in range(3)]
        assert [head[9:12] for head, _, _ in tunnels] == [b"200", b"200", b"403"]
        for _, _, writer in tunnels:
            writer.close()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n\r\nx"])
async def test_a_cut_is_instant_even_on_a_silent_server(proxy: PolicyProxy, origin: Any, answer: bytes) -> None:
    reached = asyncio.Event()

    async def silent(exchange: Any) -> None:
        await exchange.send(answer)
        reached.set()
        await exchange.reader.read()

    url = origin.route("/f", silent)
    with proxy.admit(Meter(Budget())) as ticket:
        job = asyncio.create_task(get_raw(proxy, url, ticket))
        await reached.wait()
        ticket.cut()
        async with asyncio.timeout(1):
            with pytest.raises(ConnectionResetError):
                await job
        assert (await get_raw(proxy, url, ticket)).startswith(b"HTTP/1.1 403")


async def test_a_silent_server_is_left_after_the_idle_time(proxy: PolicyProxy, origin: Any) -> None:
    async def stuck(exchange: Any) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx")
        await exchange.reader.read()

    async def silent(exchange: Any) -> None:
        await exchange.reader.read()

    with proxy.admit(Meter(Budget(idle_s=0.5))) as ticket:
        with pytest.raises(aiohttp.ClientError):
            await get(origin.route("/stuck", stuck), ticket)
        assert (await get(origin.route("/silent", silent), ticket))[0] == 502


async def test_a_dribble_is_cut(judge: Judge, origin: Any) -> None:
    now = 0.0

    async def dribble(exchange: Any) -> None:
        nonlocal now
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            now += 2.0
            await exchange.send(b"x")
            await asyncio.sleep(0)

    async with PolicyProxy(judge, clock=lambda: now) as proxy:
        with proxy.admit(Meter(Budget())) as ticket:
            with pytest.raises(ConnectionResetError):
                await get_raw(proxy, origin.route("/f", dribble), ticket)
            assert "bytes a second" in str(ticket.refusal)


async def test_the_rate_limit_holds(proxy: PolicyProxy, origin: Any, noise: bytes) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    rate = RateLimit(500_000, clock=lambda: 0.0, sleep=sleep)
    with proxy.admit(Meter(Budget()), rate) as ticket:
        await get(origin.file("/f", noise), ticket)
    assert waited[-1] == pytest.approx(len(noise) / 500_000 - 1, rel=0.01)


async def test_a_closed_proxy_has_no_port(judge: Judge) -> None:
    with pytest.raises(RuntimeError):
        _ = PolicyProxy(judge).port


@given(st.binary(max_size=200))
def test_heads_of_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    for parse in (Request.parse, Response.parse):
        try:
            message = parse(data + b"\r\n\r\n")
        except BadMessage:
            continue
        assert message.headers is not None


@given(st.text(alphabet="abc/?&=%.:@[]#\\", max_size=30))
def test_a_rewritten_request_keeps_its_shape(path: str) -> None:
    request = Request.parse(f"GET http://host.example/{path} HTTP/1.1\r\nHost: evil\r\n\r\n".encode())
    try:
        host, _ = request.target()
    except AddressRefused:
        return
    lines = request.head().decode().split("\r\n")
    assert host == "host.example"
    assert lines[0].startswith("GET /")
    assert [line for line in lines if line.lower().startswith("host:")] == ["Host: host.example"]
