"""The direct path: an address that answers with media is fetched without any extractor."""

import asyncio
import socket
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractCookieJar, AbstractResolver, ResolveResult
from yarl import URL

from .address import Judge
from .budget import MIB, Budget, Clock, Meter, Pace, RateLimit, Sleep
from .errors import Changed, NoSpace, OverBudget, SourceRefused, Throttled, TransferFailed
from .partfile import PartFile, Validator
from .progress import OnProgress, Progress, Step, ignore
from .retry import retry_after_s, with_retries
from .sniff import SNIFF_BYTES, is_page

USER_AGENT = "Mozilla/5.0 (compatible; Regie)"
_CHUNK = 256 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_THROTTLED = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Download:
    """A finished file of the work folder and what its server said about it."""

    path: Path
    sha256: str
    size: int
    url: str
    name: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Page:
    """The address is a document: an extractor may find media in it."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to fetch, where to, and within which limits."""

    url: str
    folder: Path
    meter: Meter = field(default_factory=lambda: Meter(Budget()))
    rate: RateLimit | None = None
    jar: AbstractCookieJar | None = None
    on_progress: OnProgress = ignore
    on_length: Callable[[int], None] = lambda _: None


class _JudgedResolver(AbstractResolver):
    """Hands only judged addresses to the connector."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """All addresses of the host, or a refusal."""
        del family
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._judge.addresses(host, port)
        ]

    async def close(self) -> None:
        """Nothing is held."""


class DirectDownloader:
    """Fetches media addresses over a pool of connections whose every socket is judged."""

    def __init__(self, judge: Judge, *, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._judge = judge
        self._clock = clock
        self._sleep = sleep
        self._connector: aiohttp.TCPConnector | None = None

    async def __aenter__(self) -> Self:
        # Literals never reach the resolver, so the socket is judged as well.
        self._connector = aiohttp.TCPConnector(
            resolver=_JudgedResolver(self._judge), socket_factory=self._socket, use_dns_cache=False, limit=0
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connector is not None:
            await self._connector.close()

    def _socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, sockaddr = info
        self._judge.check_socket(str(sockaddr[0]), int(sockaddr[1]))
        return socket.socket(family, kind, protocol)

    async def download(self, order: Order) -> Download | Page:
        """Fetch an address into `folder/source`; network failures are retried and resumed there."""
        if self._connector is None:
            raise RuntimeError("The downloader is not open")
        try:
            async with asyncio.timeout(order.meter.budget.total_s) as limit, self._session(order) as session:
                part = PartFile(order.folder)
                return await with_retries(lambda: self._attempt(session, order, part), sleep=self._sleep)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise OverBudget(f"The transfer takes longer than {order.meter.budget.total_s} s") from error

    @asynccontextmanager
    async def _session(self, order: Order) -> AsyncIterator[aiohttp.ClientSession]:
        budget = order.meter.budget
        async with aiohttp.ClientSession(
            connector=self._connector,
            connector_owner=False,
            cookie_jar=order.jar or aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=budget.connect_s, sock_read=budget.idle_s),
            headers={"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"},
        ) as session:
            yield session

    async def _attempt(self, session: aiohttp.ClientSession, order: Order, part: PartFile) -> Download | Page:
        held = part.held(order.url)
        headers = {}
        if held is not None:
            headers = {"Range": f"bytes={part.held_bytes()}-", "If-Range": held.if_range}
        try:
            async with self._follow(session, order, headers) as response:
                transfer = _Transfer(response, order, part, self._clock)
                return await transfer.run(held)
        except (Changed, NoSpace):
            part.discard()
            raise
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            await part.flush()
            raise TransferFailed(f"The transfer broke off: {str(error) or 'nothing came in time'}") from error
        finally:
            part.close()

    @asynccontextmanager
    async def _follow(
        self, session: aiohttp.ClientSession, order: Order, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer at the end of the redirects, each hop judged."""
        budget = order.meter.budget
        url = self._judge.url(order.url)
        for _ in range(budget.redirects + 1):
            async with asyncio.timeout(budget.connect_s + budget.idle_s):
                response = await session.get(url, headers=headers, allow_redirects=False)
            if response.status not in _REDIRECTS:
                async with response:
                    yield response
                return
            location = response.headers.get("Location", "")
            response.close()
            url = self._judge.url(_join(url, location))
        raise SourceRefused(f"The address redirects more than {budget.redirects} times")


def _join(url: URL, location: str) -> URL:
    try:
        if not location:
            raise ValueError("nowhere")
        return url.join(URL(location))
    except ValueError as error:
        raise SourceRefused(f"The server redirects to what is no address: {error}") from error


class _Transfer:
    """One answer on its way into the part file."""

    def __init__(self, response: aiohttp.ClientResponse, order: Order, part: PartFile, clock: Clock) -> None:
        self._response = response
        self._order = order
        self._part = part
        self._clock = clock
        self._meter = Meter(order.meter.budget)
        self._pace = Pace(order.meter.budget, clock)
        self._decoder = _decoder(response.headers.get("Content-Encoding", ""))
        self._started = clock()

    async def run(self, held: Validator | None) -> Download | Page:
        """Fetch the whole answer, unless it proves to be a page."""
        check_status(self._response.status, self._response.headers)
        fresh = self._validator()
        is_resumed = self._response.status == 206
        if is_resumed:
            self._check_continues(held, fresh)
        self._check_length()
        blocks = self._blocks()
        head = b"" if is_resumed else await _first(blocks)
        if head and is_page(head[:SNIFF_BYTES], self._response.content_type):
            return Page(str(self._response.url))
        await self._part.begin(fresh, resume=is_resumed)
        self._meter.decoded(self._part.size)
        await self._take(head)
        async for block in blocks:
            await self._take(block)
        return await self._finish()

    def _validator(self) -> Validator:
        headers = self._response.headers
        length = self._response.content_length
        if "Content-Range" in headers:
            total = headers["Content-Range"].rpartition("/")[2]
            length = int(total) if total.isascii() and total.isdigit() else None
        etag = "" if "Content-Encoding" in headers else headers.get("ETag", "")
        modified = "" if "Content-Encoding" in headers else headers.get("Last-Modified", "")
        return Validator(self._order.url, etag, modified, length)

    def _check_continues(self, held: Validator | None, fresh: Validator) -> None:
        unit, _, span = self._response.headers.get("Content-Range", "").partition(" ")
        start = span.partition("-")[0]
        if held is None or unit != "bytes" or start != str(self._part.held_bytes()) or not held.matches(fresh):
            raise Changed("The file at the address has changed since its first part came")

    def _check_length(self) -> None:
        declared = self._response.content_length
        if declared is not None:
            self._order.meter.declared(declared)
            self._order.on_length(declared)

    async def _blocks(self) -> AsyncIterator[bytes]:
        """Decoded blocks, counted as they come."""
        # A first read may bring a few bytes only; the judgement of pages wants a full head.
        pending = b""
        is_judged = False
        async for chunk in self._response.content.iter_chunked(_CHUNK):
            self._order.meter.received(len(chunk))
            self._pace.received(len(chunk))
            if self._order.rate is not None:
                await self._order.rate.take(len(chunk))
            for block in self._decoder.feed(chunk):
                self._meter.decoded(len(block))
                pending += block
                if is_judged or len(pending) >= SNIFF_BYTES:
                    is_judged = True
                    yield pending
                    pending = b""
        if pending:
            yield pending
        self._decoder.check_end()

    async def _take(self, block: bytes) -> None:
        await self._part.write(block)
        elapsed = self._clock() - self._started
        total = self._part_total()
        speed = self._order.meter.wire_bytes / elapsed if elapsed > 0 else None
        eta = (total - self._part.size) / speed if total and speed else None
        self._order.on_progress(Progress(Step.DOWNLOAD, self._part.size, total, speed, eta))

    def _part_total(self) -> int | None:
        return None if "Content-Encoding" in self._response.headers else self._validator().length

    async def _finish(self) -> Download:
        total = self._part_total()
        if total is not None and self._part.size != total:
            raise Changed(f"{self._part.size} bytes came, {total} were declared")
        disposition = self._response.content_disposition
        name = (disposition.filename if disposition else None) or self._response.url.name or "download"
        sha256 = await self._part.finish()
        return Download(
            path=self._part.path,
            sha256=sha256,
            size=self._part.size,
            url=str(self._response.url),
            name=name,
            content_type=self._response.content_type,
        )


def check_status(status: int, headers: Mapping[str, str]) -> None:
    """Sort an HTTP status into what may be tried again and what may not."""
    if status in {200, 206}:
        return
    if status in _THROTTLED:
        wait_s = retry_after_s(headers.get("Retry-After", ""), now=time.time())
        raise Throttled(f"The server asks to wait {wait_s:.0f} s (HTTP {status})", wait_s)
    if status == 416:
        raise Changed("The file at the address is shorter than the part that we hold")
    if status >= 500 or status == 408:
        raise TransferFailed(f"The server failed (HTTP {status})")
    raise SourceRefused(f"The server refuses (HTTP {status})", status)


async def _first(blocks: AsyncIterator[bytes]) -> bytes:
    return await anext(blocks, b"")


class _Identity:
    """Bytes that are sent as they are."""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Pass the bytes on."""
        yield chunk

    def check_end(self) -> None:
        """Any end will do: the length is judged elsewhere."""


class _Inflate:
    """Undoes gzip and deflate; never makes more than a mebibyte at once, whatever it is fed."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The blocks that these bytes make."""
        block = b"begin"
        while block:
            try:
                block = self._inflate.decompress(chunk, MIB)
            except zlib.error as error:
                raise TransferFailed(f"The server's {self._encoding} is broken: {error}") from error
            yield block
            chunk = self._inflate.unconsumed_tail
        if self._inflate.unused_data:
            # What zlib does not use it would gather in memory for ever.
            raise TransferFailed(f"The server sends more than its {self._encoding} holds")

    def check_end(self) -> None:
        """Refuse an end in the middle."""
        if not self._inflate.eof:
            raise TransferFailed(f"The server's {self._encoding} is cut off")


def _decoder(encoding: str) -> _Identity | _Inflate:
    if encoding.lower() in {"", "identity"}:
        return _Identity()
    if encoding.lower() in {"gzip", "x-gzip", "deflate"}:
        return _Inflate(encoding)
    raise SourceRefused(f"The server sends {encoding!r}, although plain bytes were asked for")
