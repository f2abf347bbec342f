"""The policy proxy: all traffic of extractors passes here, judged, counted, limited and cut at will.

One request a connection: whatever a client sends after its request never reaches the dialled host, so a judged
connection cannot be used for another address.
"""

import asyncio
import base64
import binascii
import contextlib
import hmac
import secrets
import socket
import struct
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from .address import Judge
from .budget import Budget, Clock, Meter, Pace, RateLimit
from .errors import AddressRefused, FetcherError, OverBudget, TransferFailed
from .proxy_message import BadMessage, Request, Response, read_head

_BUFFER = 512 * 1024
_HEAD_S = 30.0

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Ticket:
    """One job's leave to use the proxy; `url` holds its credentials."""

    def __init__(self, name: str, port: int, meter: Meter, rate: RateLimit | None) -> None:
        self.name = name
        self.token = secrets.token_urlsafe(24)
        self.url = f"http://{name}:{self.token}@127.0.0.1:{port}"
        self.meter = meter
        self.rate = rate
        self.refusal: FetcherError | None = None
        self.is_reading_pages = True
        self._is_cut = False
        self._connections: set[asyncio.Task[object]] = set()

    def begin_media(self) -> None:
        """From now on a connection may carry more than a page."""
        self.is_reading_pages = False

    def cut(self) -> None:
        """End every connection of the job now, and let it open no other."""
        self._is_cut = True
        for task in list(self._connections):
            task.cancel()

    @contextlib.contextmanager
    def connection(self) -> Iterator[None]:
        """Hold the running task as one of the job's connections."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker: coroutines run in tasks
        if self._is_cut:
            raise OverBudget("The job's leave to use the network has ended")
        if len(self._connections) >= self.meter.budget.connections:
            raise OverBudget(f"More than {self.meter.budget.connections} connections at once")
        self._connections.add(task)
        try:
            yield
        finally:
            self._connections.discard(task)


class PolicyProxy:
    """An HTTP proxy on loopback for those who hold a ticket."""

    def __init__(self, judge: Judge, *, clock: Clock = time.monotonic) -> None:
        self._judge = judge
        self._clock = clock
        self._tickets: dict[str, Ticket] = {}
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_BUFFER)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for ticket in list(self._tickets.values()):
            ticket.cut()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    @property
    def port(self) -> int:
        """The port that the proxy listens on."""
        if self._server is None:
            raise RuntimeError("The proxy is not open")
        return int(self._server.sockets[0].getsockname()[1])

    @contextlib.contextmanager
    def admit(self, meter: Meter, rate: RateLimit | None = None) -> Iterator[Ticket]:
        """A ticket for the length of a job; its connections end with it."""
        ticket = Ticket(secrets.token_hex(8), self.port, meter, rate)
        self._tickets[ticket.name] = ticket
        try:
            yield ticket
        finally:
            del self._tickets[ticket.name]
            ticket.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer((reader, writer))
        except (OSError, asyncio.CancelledError):
            # Cancelled by a cut: the connection ends, the task with it, and nobody awaits either.
            _reset(writer)
        finally:
            with contextlib.suppress(OSError):
                writer.close()

    async def _answer(self, client: Streams) -> None:
        try:
            async with asyncio.timeout(_HEAD_S):
                request = Request.parse(await read_head(client[0]))
        except (BadMessage, TimeoutError) as error:
            await _refuse(client, 400, "Bad Request", str(error))
            return
        ticket = self._holder(request)
        if ticket is None:
            await _refuse(client, 407, "Proxy Authentication Required", "The proxy wants a ticket")
            return
        try:
            with ticket.connection():
                await self._forward(client, request, ticket)
        except (AddressRefused, OverBudget) as error:
            ticket.refusal = ticket.refusal or error
            await _refuse(client, 403, "Forbidden", str(error))
        except (BadMessage, TransferFailed, TimeoutError, asyncio.IncompleteReadError) as error:
            await _refuse(client, 502, "Bad Gateway", str(error) or "The server does not answer")

    def _holder(self, request: Request) -> Ticket | None:
        scheme, _, encoded = request.header("proxy-authorization").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        ticket = self._tickets.get(name)
        if ticket is None or not hmac.compare_digest(token.encode(), ticket.token.encode()):
            return None
        return ticket

    async def _forward(self, client: Streams, request: Request, ticket: Ticket) -> None:
        host, port = request.target()
        server = await self._dial(host, port, ticket.meter.budget)
        stream = _Stream(server[0], client[1], ticket, self._clock)
        try:
            if request.method == "CONNECT":
                client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _first_to_end(stream.pump(), _upload(client[0], server[1]))
            else:
                server[1].write(request.head())
                await _send_body(client[0], server[1], request.body_bytes())
                await _first_to_end(stream.answer(request.method), _until_closed(client[0]))
        finally:
            server[1].transport.abort()

    async def _dial(self, host: str, port: int, budget: Budget) -> Streams:
        async with asyncio.timeout(budget.connect_s):
            addresses = await self._judge.addresses(host, port)
            failure: OSError | None = None
            for address in addresses:
                try:
                    return await asyncio.open_connection(address, port, limit=_BUFFER)
                except OSError as error:
                    failure = error
        raise TransferFailed(f"{host} cannot be reached: {failure}")


class _Stream:
    """What flows from a server to the client, under the ticket's limits."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ticket: Ticket, clock: Clock
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._ticket = ticket
        self._pace = Pace(ticket.meter.budget, clock)
        self._bytes = 0

    async def answer(self, method: str) -> None:
        """Pass on one HTTP answer."""
        async with asyncio.timeout(self._ticket.meter.budget.idle_s):
            response = Response.parse(await read_head(self._reader))
            while response.is_interim:
                response = Response.parse(await read_head(self._reader))
        head = response.head()
        await self._pass_on(head)
        await self.pump(response.body_bytes(method))

    async def pump(self, count: int | None = None) -> None:
        """Pass on `count` bytes, or all until the server closes."""
        idle_s = self._ticket.meter.budget.idle_s
        while count is None or count > 0:
            try:
                async with asyncio.timeout(idle_s):
                    chunk = await self._reader.read(_BUFFER if count is None else min(_BUFFER, count))
            except TimeoutError as error:
                # An answer has begun: no other may follow it, so the connection breaks.
                raise ConnectionAbortedError(f"Nothing came for {idle_s} s") from error
            if not chunk:
                return
            if count is not None:
                count -= len(chunk)
            await self._pass_on(chunk)

    async def _pass_on(self, chunk: bytes) -> None:
        try:
            self._count(len(chunk))
        except OverBudget as error:
            # The client has its answer half; the only clear word left is the end of the connection.
            self._ticket.refusal = self._ticket.refusal or error
            self._ticket.cut()
            # The cut arrives a turn later, in which more of what has come would pass.
            raise ConnectionAbortedError(str(error)) from error
        if self._ticket.rate is not None:
            await self._ticket.rate.take(len(chunk))
        self._writer.write(chunk)
        await self._writer.drain()

    def _count(self, count: int) -> None:
        self._bytes += count
        self._ticket.meter.received(count)
        self._pace.received(count)
        if self._ticket.is_reading_pages and self._bytes > self._ticket.meter.budget.page_bytes:
            raise OverBudget(f"The page has more than {self._ticket.meter.budget.page_bytes} bytes")


def _reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection so that the client cannot take the end for the end of the file."""
    raw = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _first_to_end(*streams: "asyncio._CoroutineLike[None]") -> None:
    tasks = [asyncio.create_task(stream, name="fetcher proxy stream") for stream in streams]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _upload(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_BUFFER):
        writer.write(chunk)
        await writer.drain()


async def _until_closed(reader: asyncio.StreamReader) -> None:
    while await reader.read(_BUFFER):
        pass


async def _send_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: int) -> None:
    while count > 0:
        chunk = await reader.read(min(_BUFFER, count))
        if not chunk:
            raise BadMessage("The request ends in its middle")
        count -= len(chunk)
        writer.write(chunk)
        await writer.drain()


async def _refuse(client: Streams, status: int, phrase: str, reason: str) -> None:
    text = reason.encode("ascii", "replace").replace(b"\r", b" ").replace(b"\n", b" ")[:200]
    lines = [f"HTTP/1.1 {status} {phrase}".encode(), b"Content-Length: 0", b"Connection: close", b"X-Reason: " + text]
    if status == 407:
        lines.append(b'Proxy-Authenticate: Basic realm="regie"')
    client[1].write(b"\r\n".join(lines) + b"\r\n\r\n")
    await client[1].drain()
