"""An origin server that does what hostile ones do, and what every test of the engine shares."""

import asyncio
import hashlib
import os
import random
import select
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from regie_fetcher.address import AllowList, Judge
from regie_fetcher.direct import DirectDownloader
from regie_fetcher.probe import Prober

Handler = Callable[["Exchange"], Awaitable[None]]


class Exchange:
    """One request and the writer of its answer."""

    def __init__(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = first.split(" ")
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes = b"", status: str = "200 OK", **headers: object) -> None:
        named = {"Content-Length": len(body), **{k.replace("_", "-"): v for k, v in headers.items()}}
        lines = "".join(f"{k}: {v}\r\n" for k, v in named.items() if v is not None)
        await self.send(f"HTTP/1.1 {status}\r\n{lines}Connection: close\r\n\r\n".encode())
        if self.method != "HEAD":
            await self.send(body)

    async def answer_file(self, body: bytes, *, content_type: str = "video/mp4", **headers: object) -> None:
        """As a good server does: ranges, and If-Range against the ETag."""
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        span = self.headers.get("range", "")
        if span.startswith("bytes=") and self.headers.get("if-range", etag) == etag:
            start = int(span.removeprefix("bytes=").partition("-")[0])
            headers["Content_Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            await self.answer(body[start:], "206 Partial Content", ETag=etag, Content_Type=content_type, **headers)
        else:
            await self.answer(body, ETag=etag, Content_Type=content_type, **headers)


class Origin:
    """A raw HTTP server on loopback; `requests` remembers what reached it."""

    def __init__(self) -> None:
        self.routes: dict[str, Handler] = {}
        self.requests: list[Exchange] = []
        self.connections = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def file(self, path: str, body: bytes, **headers: object) -> str:
        async def handler(exchange: Exchange) -> None:
            await exchange.answer_file(body, **headers)  # type: ignore[arg-type]

        return self.route(path, handler)

    def page(self, path: str, body: str, **headers: object) -> str:
        return self.file(path, body.encode(), content_type="text/html", **headers)

    def redirect(self, path: str, location: str) -> str:
        async def handler(exchange: Exchange) -> None:
            await exchange.answer(status="302 Found", Location=location)

        return self.route(path, handler)

    def route(self, path: str, handler: Handler) -> str:
        self.routes[path] = handler
        return self.url(path)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
                exchange = Exchange((await reader.readuntil(b"\r\n\r\n"))[:-4], reader, writer)
                self.requests.append(exchange)
                handler = self.routes.get(exchange.target.partition("?")[0])
                await (handler(exchange) if handler else exchange.answer(status="404 Not Found"))
        finally:
            self._tasks.discard(task)
            writer.close()

    def end(self) -> None:
        for task in self._tasks:
            task.cancel()


@pytest.fixture(scope="session", autouse=True)
def bytecode(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    """Let started Pythons keep the bytecode of yt-dlp's thousand modules, wherever the environment forbids it."""
    base = tmp_path_factory.getbasetemp()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str((base if worker_id == "master" else base.parent) / "bytecode")


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    served = Origin()
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    yield served
    served.end()
    server.close()
    await server.wait_closed()


@pytest.fixture
def gone() -> Callable[[int], Awaitable[None]]:
    """Waits for the end of a process that need not be our child."""

    async def wait(pid: int) -> None:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        watched = select.poll()
        watched.register(handle, select.POLLIN)
        assert await asyncio.to_thread(watched.poll, 10_000), f"process {pid} lives on"
        os.close(handle)

    return wait


@pytest.fixture
def judge() -> Judge:
    return Judge(AllowList.parse(["127.0.0.0/8"]))


@pytest.fixture
async def direct(judge: Judge) -> AsyncIterator[DirectDownloader]:
    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    async with DirectDownloader(judge, sleep=at_once) as downloader:
        yield downloader


@pytest.fixture
async def prober() -> AsyncIterator[Prober]:
    async with Prober() as opened:
        yield opened


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def noise() -> bytes:
    """Three and a half mebibytes that look like an MP4 file to a sniffer."""
    return b"\0\0\0\x18ftypisom" + random.Random(7).randbytes(3_500_000)
