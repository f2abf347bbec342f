import asyncio
import datetime as dt
import gzip
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from regie_fetcher.address import Judge
from regie_fetcher.budget import GIB, MIB, Budget, Meter
from regie_fetcher.errors import (
    AddressRefused,
    ExtractionFailed,
    FetcherError,
    NoSpace,
    OverBudget,
    SourceRefused,
    Throttled,
    ToolMissing,
    TransferFailed,
)
from regie_fetcher.extract import Extracted, Extractor, Preset, Wanted, assess
from regie_fetcher.progress import Progress
from regie_fetcher.proxy import PolicyProxy

FAILURES = {
    "404 Not Found": SourceRefused,
    "403 Forbidden": SourceRefused,
    "410 Gone": SourceRefused,
    "500 Oops": TransferFailed,
}
PAGE = """<!doctype html><title>{title}</title><video src="{src}"></video>"""


@pytest.fixture
async def extractor(judge: Judge) -> AsyncIterator[Extractor]:
    async with PolicyProxy(judge) as proxy, Extractor(proxy) as opened:
        yield opened


def video_page(origin: Any, body: bytes, path: str = "/watch", title: str = "A film") -> str:
    origin.file("/film.mp4", body)
    return str(origin.page(path, PAGE.format(title=title, src="/film.mp4")))


async def test_a_pages_film_is_fetched_into_the_folder(
    extractor: Extractor, origin: Any, work: Path, noise: bytes
) -> None:
    seen: list[Progress] = []
    meter = Meter(Budget())
    url = video_page(origin, noise)
    got = await extractor.download(Wanted(url=url, folder=work), meter=meter, on_progress=seen.append)
    assert got.path == work / "source.mp4"
    assert content(got) == noise
    assert got.found.title.startswith("A film")
    assert (got.found.extractor, got.is_playlist) == ("HTML5MediaEmbed", False)
    assert seen[-1].done == len(noise)
    assert meter.wire_bytes > len(noise)
    assert oct(got.path.stat().st_mode & 0o777) == "0o600"


def content(got: Extracted) -> bytes:
    assert got.path is not None
    return got.path.read_bytes()


async def test_a_page_is_inspected_without_its_media(
    extractor: Extractor, origin: Any, work: Path, noise: bytes
) -> None:
    got = await extractor.inspect(Wanted(url=video_page(origin, noise), folder=work))
    assert got.path is None
    assert got.found.title.startswith("A film")
    assert sum("range" not in each.headers and each.target == "/film.mp4" for each in origin.requests) <= 1


async def test_a_feed_of_500_entries_comes_as_entries(extractor: Extractor, origin: Any, work: Path) -> None:
    items = "".join(
        f"<item><title>Part {n}</title><enclosure url='{origin.url(f'/{n}.mp3')}' type='audio/mpeg'/></item>"
        for n in range(500)
    )
    feed = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Feed</title>{items}</channel></rss>"
    url = origin.file("/feed.xml", feed.encode(), content_type="application/rss+xml")
    got = await extractor.download(Wanted(url=url, folder=work))
    assert got.is_playlist
    assert got.path is None
    assert [each.url for each in got.entries[:2]] == [origin.url("/0.mp3"), origin.url("/1.mp3")]
    assert (len(got.entries), got.entries[499].title) == (500, "Part 499")
    assert len((await extractor.download(Wanted(url=url, folder=work, max_entries=7))).entries) == 7


async def test_a_title_never_names_a_file(extractor: Extractor, origin: Any, work: Path, noise: bytes) -> None:
    for title in ("..", "../../../x", "\u202eevil", "🎬" * 300, "-x", "a/b:c"):
        got = await extractor.download(Wanted(url=video_page(origin, noise, title=title), folder=work))
        assert got.path == work / "source.mp4"
        assert got.found.title.startswith(title)


async def test_failures_are_sorted(extractor: Extractor, origin: Any, work: Path) -> None:
    for status, error in FAILURES.items():

        async def handler(exchange: Any, status: str = status) -> None:
            await exchange.answer(status=status)

        with pytest.raises(error):
            await extractor.download(Wanted(url=origin.route("/watch", handler), folder=work))


async def test_other_failures_are_sorted_too(extractor: Extractor, origin: Any, work: Path) -> None:
    async def throttled(exchange: Any) -> None:
        await exchange.answer(status="429 Too Many Requests", Retry_After="42")

    with pytest.raises(Throttled) as caught:
        await extractor.download(Wanted(url=origin.route("/429", throttled), folder=work))
    assert caught.value.retry_after_s == 42
    with pytest.raises(SourceRefused, match="Unsupported URL"):
        await extractor.download(Wanted(url=origin.page("/text", "<p>no film"), folder=work))
    with pytest.raises(FetcherError):
        await extractor.download(Wanted(url="nonsense", folder=work))


async def test_cookies_go_out_and_come_back_without_touching_the_disk(
    extractor: Extractor, origin: Any, work: Path, noise: bytes
) -> None:
    async def page(exchange: Any) -> None:
        body = PAGE.format(title="x", src="/film.mp4").encode()
        await exchange.answer(body, Content_Type="text/html", Set_Cookie="fresh=new; Path=/; Max-Age=9999")

    origin.file("/film.mp4", noise)
    jar = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\tsecret\n"
    got = await extractor.download(Wanted(url=origin.route("/watch", page), folder=work, cookies=jar))
    assert origin.requests[0].headers["cookie"] == "sid=secret"
    assert "fresh\tnew" in got.cookies
    assert "sid\tsecret" in got.cookies
    assert "\0" not in got.cookies
    assert [path.name for path in work.iterdir()] == ["source.mp4"]


async def test_a_long_film_is_refused_before_it_is_fetched(
    extractor: Extractor, origin: Any, work: Path, noise: bytes
) -> None:
    data = '<script type="application/ld+json">{"@context":"https://schema.org","@type":"VideoObject","name":"Long",'
    data += f'"contentUrl":"{origin.file("/film.mp4", noise)}","duration":"PT2H"}}</script>'
    url = origin.page("/watch", data)
    with pytest.raises(SourceRefused, match="7200 s long"):
        await extractor.download(Wanted(url=url, folder=work, max_duration_s=3600))
    got = await extractor.inspect(Wanted(url=url, folder=work, preset=Preset.AUDIO))
    assert got.found.duration_s == 7200


async def test_a_cancel_ends_the_process_at_once(
    gone: Callable[[int], Awaitable[None]], extractor: Extractor, origin: Any, work: Path, noise: bytes
) -> None:
    begun = asyncio.Event()

    async def dribble(exchange: Any) -> None:
        await exchange.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 9000000\r\n\r\n" + noise[:9000]
        )
        begun.set()
        await exchange.reader.read()

    origin.route("/film.mp4", dribble)
    url = origin.page("/watch", PAGE.format(title="x", src="/film.mp4"))
    job = asyncio.create_task(extractor.download(Wanted(url=url, folder=work)))
    await begun.wait()
    (child,) = children(extractor)
    job.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await job
    await gone(child.pid)


def children(extractor: Extractor) -> list[psutil.Process]:
    assert extractor._server is not None
    return psutil.Process(extractor._server._process.pid).children()


async def test_a_killed_job_and_a_killed_server_are_failures_and_the_next_job_runs(
    gone: Callable[[int], Awaitable[None]], extractor: Extractor, origin: Any, work: Path, noise: bytes
) -> None:
    reached = asyncio.Event()

    async def silent(exchange: Any) -> None:
        reached.set()
        await exchange.reader.read()

    url = origin.route("/silent", silent)
    for victim in ("job", "server"):
        reached.clear()
        job = asyncio.create_task(extractor.download(Wanted(url=url, folder=work)))
        await reached.wait()
        assert extractor._server is not None
        (child,) = children(extractor)
        os.kill(child.pid if victim == "job" else extractor._server._process.pid, signal.SIGKILL)
        if victim == "server":
            # The job lives while the service does, and is ended through its socket.
            job.cancel()
            with pytest.raises(asyncio.CancelledError):
                await job
        else:
            with pytest.raises(ExtractionFailed, match="died"):
                await job
        await gone(child.pid)
    if extractor._server is not None:
        await extractor._server._process.wait()
    assert (await extractor.download(Wanted(url=video_page(origin, noise), folder=work))).path is not None


async def test_a_page_that_eats_memory_ends_its_own_process_only(
    extractor: Extractor, origin: Any, work: Path, noise: bytes
) -> None:
    async def bomb(exchange: Any) -> None:
        # Two gigabytes as members that are joined: quick to make, and as slow to take in as one.
        body = gzip.compress(b"<p>" * (8 * MIB), 1) * 80
        await exchange.answer(body, Content_Type="text/html", Content_Encoding="gzip")

    with pytest.raises(ExtractionFailed, match="memory"):
        await extractor.download(Wanted(url=origin.route("/bomb", bomb), folder=work))
    assert (await extractor.download(Wanted(url=video_page(origin, noise), folder=work))).path is not None


async def test_an_endless_page_is_cut(extractor: Extractor, origin: Any, work: Path) -> None:
    async def endless(exchange: Any) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>")
        while True:
            await exchange.send(b"<p>more" * 9000)

    with pytest.raises(OverBudget, match="The page has more"):
        await extractor.download(Wanted(url=origin.route("/endless", endless), folder=work))


async def test_a_file_beyond_the_budget_is_cut(extractor: Extractor, origin: Any, work: Path, noise: bytes) -> None:
    url = video_page(origin, noise)
    with pytest.raises(OverBudget, match="bytes were sent"):
        await extractor.download(Wanted(url=url, folder=work), meter=Meter(Budget(max_bytes=MIB)))
    with pytest.raises((NoSpace, ExtractionFailed)):
        await extractor.download(Wanted(url=url, folder=work), meter=Meter(Budget(max_file_bytes=MIB)))


async def test_a_job_that_takes_too_long_is_ended(extractor: Extractor, origin: Any, work: Path) -> None:
    async def silent(exchange: Any) -> None:
        await exchange.reader.read()

    await extractor.health()
    with pytest.raises(OverBudget, match="longer than"):
        await extractor.download(Wanted(url=origin.route("/f", silent), folder=work), meter=Meter(Budget(total_s=0.5)))


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    extractor: Extractor, origin: Any, work: Path, self_signed: ssl.SSLContext
) -> None:
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0, ssl=self_signed)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(TransferFailed, match="CERTIFICATE_VERIFY_FAILED"):
            await extractor.download(Wanted(url=f"https://127.0.0.1:{port}/watch", folder=work))
    assert not origin.requests


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "self-signed.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


INWARDS = [
    "http://127.0.0.1:{port}/inner",
    "http://127.1:{port}/inner",
    "http://2130706433:{port}/inner",
    "http://0x7f000001:{port}/inner",
    "http://[::ffff:127.0.0.1]:{port}/inner",
    "http://localhost:{port}/inner",
]


async def test_an_inner_address_is_not_reached(origin: Any, work: Path) -> None:
    async with PolicyProxy(Judge()) as proxy, Extractor(proxy) as extractor:
        for target in INWARDS:
            with pytest.raises(AddressRefused):
                await extractor.download(Wanted(url=target.format(port=origin.port), folder=work))
    assert origin.connections == 0


@pytest.mark.parametrize("with_server", [False, True])
async def test_the_service_may_die_and_nothing_is_left_behind(
    gone: Callable[[int], Awaitable[None]], origin: Any, work: Path, *, with_server: bool
) -> None:
    """Alone, or with its fork server in the same instant: the job ends itself when its socket closes."""
    reached = asyncio.Event()

    async def silent(exchange: Any) -> None:
        reached.set()
        await exchange.reader.read()

    program = f"""
import asyncio
from pathlib import Path
from regie_fetcher.address import AllowList, Judge
from regie_fetcher.extract import Extractor, Wanted
from regie_fetcher.proxy import PolicyProxy
async def main():
    async with PolicyProxy(Judge(AllowList.parse(["127.0.0.1"]))) as proxy, Extractor(proxy) as extractor:
        await extractor.download(Wanted(url={origin.route("/f", silent)!r}, folder=Path({str(work)!r})))
asyncio.run(main())
"""
    service = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    await reached.wait()
    family = [each.pid for each in psutil.Process(service.pid).children(recursive=True)]
    assert len(family) == 2
    for pid in [service.pid, *family[:1]] if with_server else [service.pid]:
        os.kill(pid, signal.SIGKILL)
    await service.wait()
    for pid in family:
        await gone(pid)


async def test_a_python_without_ytdlp_is_told_clearly(judge: Judge, tmp_path: Path) -> None:
    fake = tmp_path / "yt_dlp"
    fake.mkdir()
    (fake / "__init__.py").write_text("raise ImportError('No module named yt_dlp')")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    async with PolicyProxy(judge) as proxy, Extractor(proxy, python=str(python)) as extractor:
        with pytest.raises(ToolMissing, match="pip install"):
            await extractor.health()
    async with PolicyProxy(judge) as proxy, Extractor(proxy, python="/bin/false") as extractor:
        with pytest.raises(ToolMissing, match="cannot be started"):
            await extractor.health()


async def test_the_health_of_this_machine_is_told(extractor: Extractor) -> None:
    health = await extractor.health()
    assert dt.date(*map(int, health.version.split(".")[:3])).year >= 2025


def test_what_is_old_or_missing_is_complained_about() -> None:
    node = {"name": "node", "version": "20.1.0", "is_supported": False}
    poor = assess({"version": "2025.11.12", "runtimes": [node], "has_scripts": False}, dt.date(2026, 11, 12))
    assert [each.split(" ")[0] for each in poor.complaints] == ["yt-dlp", "No", "The"]
    assert "365 days old" in poor.complaints[0]
    assert "node 20.1.0 found, too old" in poor.complaints[1]
    deno = {"name": "deno", "version": "2.5.0", "is_supported": True}
    fine = assess({"version": "2026.11.1", "runtimes": [deno], "has_scripts": True}, dt.date(2026, 11, 12))
    assert (fine.runtimes, fine.complaints) == (("deno 2.5.0",), ())


def test_budgets_leave_room_for_films() -> None:
    assert Budget().max_file_bytes >= 20 * GIB
