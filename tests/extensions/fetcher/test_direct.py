import asyncio
import gzip
import hashlib
import zlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from regie_fetcher.address import AllowList, Judge
from regie_fetcher.budget import MIB, Budget, Meter, RateLimit
from regie_fetcher.direct import DirectDownloader, Download, Order, Page
from regie_fetcher.errors import (
    AddressRefused,
    FetcherError,
    NoSpace,
    OverBudget,
    SourceRefused,
    Throttled,
    TransferFailed,
)
from regie_fetcher.progress import Progress


async def fetch(direct: DirectDownloader, url: str, work: Path, **changes: Any) -> Download:
    found = await direct.download(Order(url=url, folder=work, **changes))
    assert isinstance(found, Download)
    return found


def content(got: Download) -> bytes:
    return got.path.read_bytes()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_file_arrives_whole_with_its_hash_and_progress(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    url = origin.file("/a/film.mp4", noise)
    seen: list[Progress] = []
    lengths: list[int] = []
    got = await fetch(direct, url, work, on_progress=seen.append, on_length=lengths.append)
    assert content(got) == noise
    assert got.sha256 == hashlib.sha256(noise).hexdigest()
    assert (got.size, got.name, got.content_type) == (len(noise), "film.mp4", "video/mp4")
    assert lengths == [len(noise)]
    assert seen[-1].fraction == 1.0
    assert names(work) == ["source"]


async def test_the_name_comes_from_the_disposition_when_there_is_one(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    url = origin.file("/x", noise[:9000], Content_Disposition="attachment; filename*=UTF-8''na%C3%AFve.mp4")
    assert (await fetch(direct, url, work)).name == "naïve.mp4"


@pytest.mark.parametrize("content_type", ["text/html", "video/mp4", "application/octet-stream"])
async def test_a_page_is_a_page_whatever_it_calls_itself(
    direct: DirectDownloader, origin: Any, work: Path, content_type: str
) -> None:
    url = origin.file("/watch", b"<!doctype html><p>film" + b" " * 9000, content_type=content_type)
    assert await direct.download(Order(url=url, folder=work)) == Page(url)
    assert names(work) == []


async def test_media_is_media_whatever_it_calls_itself(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    url = origin.file("/watch.html", noise, content_type="text/html")
    assert (await fetch(direct, url, work)).size == len(noise)


async def test_redirects_are_followed_to_the_limit_and_no_further(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    origin.file("/10", noise)
    for hop in range(10):
        origin.redirect(f"/{hop}", f"/{hop + 1}")
    assert (await fetch(direct, origin.url("/0"), work)).url == origin.url("/10")
    origin.redirect("/loop", "/loop")
    with pytest.raises(SourceRefused, match="redirects more than 10"):
        await fetch(direct, origin.url("/loop"), work)


@pytest.mark.parametrize("location", ["", "http://[", "http://127.0.0.1:99999/"])
async def test_a_redirect_to_nowhere_is_refused(
    direct: DirectDownloader, origin: Any, work: Path, location: str
) -> None:
    with pytest.raises(FetcherError):
        await fetch(direct, origin.redirect("/r", location), work)


@pytest.mark.parametrize("cut_at", [1_200_000, 3_000_000])
async def test_a_broken_transfer_resumes_where_it_broke(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes, cut_at: int
) -> None:
    async def flaky(exchange: Any) -> None:
        if len(origin.requests) > 1:
            await exchange.answer_file(noise)
            return
        etag = f'"{hashlib.md5(noise, usedforsecurity=False).hexdigest()}"'
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(noise)}\r\nETag: {etag}\r\n\r\n"
        await exchange.send(head.encode() + noise[:cut_at])

    got = await fetch(direct, origin.route("/f", flaky), work)
    assert got.sha256 == hashlib.sha256(noise).hexdigest()
    assert origin.requests[1].headers["range"] == f"bytes={cut_at}-"
    assert "if-range" in origin.requests[1].headers


async def test_a_file_that_changed_between_two_attempts_is_fetched_afresh(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    other = noise[:12] + noise[12:][::-1]

    async def changing(exchange: Any) -> None:
        if len(origin.requests) > 1:
            await exchange.answer_file(other)
            return
        await exchange.send(f'HTTP/1.1 200 OK\r\nContent-Length: {len(noise)}\r\nETag: "old"\r\n\r\n'.encode())
        await exchange.send(noise[:2_000_000])

    got = await fetch(direct, origin.route("/f", changing), work)
    assert content(got) == other


async def test_a_server_that_ignores_if_range_cannot_mix_two_files(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    async def careless(exchange: Any) -> None:
        if len(origin.requests) == 1:
            await exchange.send(f'HTTP/1.1 200 OK\r\nContent-Length: {len(noise)}\r\nETag: "old"\r\n\r\n'.encode())
            await exchange.send(noise[:2_000_000])
        elif "range" in exchange.headers:
            start = int(exchange.headers["range"][6:-1])
            span = f"bytes {start}-{len(noise) - 1}/{len(noise)}"
            await exchange.answer(noise[start:], "206 Partial Content", ETag='"new"', Content_Range=span)
        else:
            await exchange.answer(noise, ETag='"new"')

    got = await fetch(direct, origin.route("/f", careless), work)
    assert got.sha256 == hashlib.sha256(noise).hexdigest()
    assert [("range" in each.headers) for each in origin.requests] == [False, True, False]


async def test_a_part_beyond_the_end_starts_over(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    async def shrunk(exchange: Any) -> None:
        if "range" in exchange.headers:
            await exchange.answer(status="416 Range Not Satisfiable")
        elif len(origin.requests) == 1:
            await exchange.send(f'HTTP/1.1 200 OK\r\nContent-Length: {len(noise)}\r\nETag: "a"\r\n\r\n'.encode())
            await exchange.send(noise[:2_000_000])
        else:
            await exchange.answer(noise[:5000], ETag='"b"')

    assert (await fetch(direct, origin.route("/f", shrunk), work)).size == 5000


async def test_a_server_that_always_truncates_ends_in_a_failure(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    async def truncating(exchange: Any) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n" + noise[:80000])

    with pytest.raises(TransferFailed, match="broke off"):
        await fetch(direct, origin.route("/f", truncating), work)
    assert len(origin.requests) == 4


@pytest.mark.parametrize(
    ("status", "error", "attempts"),
    [
        ("401 Unauthorized", SourceRefused, 1),
        ("403 Forbidden", SourceRefused, 1),
        ("404 Not Found", SourceRefused, 1),
        ("410 Gone", SourceRefused, 1),
        ("500 Oops", TransferFailed, 4),
        ("502 Bad Gateway", TransferFailed, 4),
        ("408 Request Timeout", TransferFailed, 4),
    ],
)
async def test_statuses_are_sorted_by_whether_trying_again_helps(
    direct: DirectDownloader, origin: Any, tmp_path: Path, status: str, *, error: type[FetcherError], attempts: int
) -> None:
    async def handler(exchange: Any) -> None:
        await exchange.answer(status=status)

    with pytest.raises(error):
        await fetch(direct, origin.route("/f", handler), tmp_path)
    assert len(origin.requests) == attempts


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_throttling_server_is_not_pressed(
    direct: DirectDownloader, origin: Any, work: Path, status: str
) -> None:
    async def handler(exchange: Any) -> None:
        await exchange.answer(status=status, Retry_After="17")

    with pytest.raises(Throttled) as caught:
        await fetch(direct, origin.route("/f", handler), work)
    assert caught.value.retry_after_s == 17
    assert len(origin.requests) == 1


async def test_cookies_do_not_follow_a_redirect_to_another_host(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    jar.update_cookies({"session": "secret"}, URL(origin.url("/")))
    origin.file("/there", noise[:9000])
    origin.redirect("/here", f"http://127.0.0.2:{origin.port}/there")

    async def second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await origin.serve(reader, writer)

    server = await asyncio.start_server(second, "127.0.0.2", origin.port)
    async with server:
        await fetch(direct, origin.url("/here"), work, jar=jar)
    assert [each.headers.get("cookie") for each in origin.requests] == ["session=secret", None]


async def test_gzip_is_undone_and_the_hash_is_that_of_the_file(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    url = origin.file("/f", gzip.compress(noise), Content_Encoding="gzip")
    got = await fetch(direct, url, work)
    assert got.sha256 == hashlib.sha256(noise).hexdigest()
    assert origin.requests[0].headers["accept-encoding"] == "identity"


async def test_a_gzip_bomb_is_stopped_by_what_it_becomes(direct: DirectDownloader, origin: Any, work: Path) -> None:
    bomb = zlib.compress(b"\0\0\0\x18ftypisom" + bytes(60 * MIB), 9)
    url = origin.file("/bomb", bomb, Content_Encoding="deflate")
    with pytest.raises(OverBudget, match="grows"):
        await fetch(direct, url, work, meter=Meter(Budget(max_file_bytes=5 * MIB)))
    assert not (work / "source").exists()
    assert (work / "source.part").stat().st_size <= 5 * MIB


async def test_an_unknown_encoding_and_broken_gzip_are_refused(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    with pytest.raises(SourceRefused, match="'br'"):
        await fetch(direct, origin.file("/br", noise[:9000], Content_Encoding="br"), work)
    with pytest.raises(TransferFailed, match="broken"):
        await fetch(direct, origin.file("/gz", noise[:9000], Content_Encoding="gzip"), work)


async def test_a_declared_length_over_the_budget_is_refused_before_the_body(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    async def huge(exchange: Any) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n" + noise[:9000])
        await exchange.reader.read()

    with pytest.raises(OverBudget, match="99999999999999"):
        await fetch(direct, origin.route("/f", huge), work)


async def test_an_endless_body_is_cut_at_the_budget(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    async def endless(exchange: Any) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await exchange.send(noise)

    with pytest.raises(OverBudget):
        await fetch(direct, origin.route("/f", endless), work, meter=Meter(Budget(max_bytes=8 * MIB)))


async def test_a_dribbling_server_is_given_up(judge: Judge, origin: Any, work: Path, noise: bytes) -> None:
    now = 0.0

    async def dribble(exchange: Any) -> None:
        nonlocal now
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + noise[:4096])
        while True:
            now += 2.0
            await exchange.send(b"x")
            await asyncio.sleep(0)

    async with DirectDownloader(judge, clock=lambda: now) as direct:
        with pytest.raises(OverBudget, match="bytes a second"):
            await fetch(direct, origin.route("/f", dribble), work)


async def test_a_silent_server_is_given_up(direct: DirectDownloader, origin: Any, work: Path) -> None:
    async def silent(exchange: Any) -> None:
        await exchange.reader.read()

    with pytest.raises(TransferFailed, match="broke off"):
        await fetch(direct, origin.route("/f", silent), work, meter=Meter(Budget(idle_s=0.05, connect_s=0.05)))
    with pytest.raises(OverBudget, match="longer than"):
        await fetch(direct, origin.route("/g", silent), work, meter=Meter(Budget(total_s=0.1)))


async def test_a_cancel_on_a_dribbling_server_is_answered_at_once(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    begun = asyncio.Event()

    async def dribble(exchange: Any) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + noise[:5000])
        begun.set()
        await exchange.reader.read()

    job = asyncio.create_task(fetch(direct, origin.route("/f", dribble), work))
    await begun.wait()
    job.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await job


async def test_a_full_disk_is_named_and_leaves_no_part(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    (work / "source.part").symlink_to("/dev/full")
    with pytest.raises(NoSpace, match="disk is full"):
        await fetch(direct, origin.file("/f", noise), work)
    assert not (work / "source.part").exists()


async def test_the_rate_limit_stretches_a_transfer(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    rate = RateLimit(100_000, clock=lambda: 0.0, sleep=sleep)
    await fetch(direct, origin.file("/f", noise), work, rate=rate)
    assert waited[-1] == pytest.approx(len(noise) / 100_000 - 1, rel=0.01)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "[::ffff:127.0.0.1]", "localhost", "rebound.example", "0x7f.1"]
)
async def test_an_inner_address_is_never_dialled(origin: Any, work: Path, host: str) -> None:
    answers = iter([["8.8.8.8", "127.0.0.1"], ["127.0.0.1"]])

    async def resolve(name: str) -> list[str]:
        return next(answers, ["127.0.0.1"]) if name == "rebound.example" else ["127.0.0.1"]

    async with DirectDownloader(Judge(resolve=resolve)) as direct:
        with pytest.raises(AddressRefused):
            await fetch(direct, f"http://{host}:{origin.port}/", work)
    assert origin.connections == 0


async def test_a_redirect_inwards_is_refused(origin: Any, work: Path) -> None:
    async def resolve(_: str) -> list[str]:
        return ["127.0.0.1"]

    allow = AllowList.parse(["outer.example"])
    for path, host in (("/a", "127.0.0.9"), ("/b", "inner.example"), ("/c", "2130706433"), ("/d", "[::1]")):
        origin.redirect(path, f"http://{host}:{origin.port + 1}/secret")
        async with DirectDownloader(Judge(allow, resolve)) as direct:
            with pytest.raises(AddressRefused):
                await fetch(direct, f"http://outer.example:{origin.port}{path}", work)
    origin.redirect("/e", "file:///etc/passwd")
    async with DirectDownloader(Judge(allow, resolve)) as direct:
        with pytest.raises(AddressRefused, match="http and https"):
            await fetch(direct, f"http://outer.example:{origin.port}/e", work)


async def test_the_sockets_judge_stands_behind_the_resolvers(origin: Any, judge: Judge) -> None:
    async with DirectDownloader(Judge()) as direct:
        with pytest.raises(AddressRefused):
            direct._socket((2, 1, 6, "", ("127.0.0.1", origin.port)))
    async with DirectDownloader(judge) as direct:
        with direct._socket((2, 1, 6, "", ("127.0.0.1", origin.port))) as made:
            assert made.fileno() >= 0


async def test_proxies_of_the_environment_are_ignored(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert (await fetch(direct, origin.file("/f", noise), work)).size == len(noise)


async def test_gzip_with_an_endless_tail_or_cut_short_is_no_file(
    direct: DirectDownloader, origin: Any, work: Path, noise: bytes
) -> None:
    packed = gzip.compress(noise)
    for number, body in enumerate((packed + bytes(600_000), packed[:-9])):
        url = origin.file(f"/{number}", body, Content_Encoding="gzip")
        with pytest.raises(TransferFailed):
            await direct.download(Order(url=url, folder=work))
