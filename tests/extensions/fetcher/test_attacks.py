"""A hostile site that is allowed itself, and tries to lead the service to an inner listener beside it."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from regie_fetcher.address import AllowList, Judge
from regie_fetcher.budget import Budget, Meter
from regie_fetcher.direct import DirectDownloader, Order, Page
from regie_fetcher.errors import AddressRefused, FetcherError, SourceRefused
from regie_fetcher.extract import Extractor, Wanted
from regie_fetcher.proxy import PolicyProxy

HLS = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n#EXT-X-MEDIA-SEQUENCE:0\n{body}\n#EXT-X-ENDLIST\n"
DASH = """<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT5S"
 profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4">
<Representation id="1" bandwidth="1000" codecs="avc1.4d401e" width="64" height="36"><BaseURL>{target}</BaseURL>
</Representation></AdaptationSet></Period></MPD>"""


class Inner:
    """The listener that nobody may reach."""

    def __init__(self) -> None:
        self.hits = 0
        self.url = ""

    async def serve(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hits += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 6\r\n\r\nsecret")
        writer.close()


@pytest.fixture
async def inner() -> AsyncIterator[Inner]:
    listener = Inner()
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/secret"
    async with server:
        yield listener


@pytest.fixture
def outer_judge() -> Judge:
    """Lets `outer.example` through, which is the origin; every other name leads inwards."""

    async def resolve(_: str) -> list[str]:
        return ["127.0.0.1"]

    return Judge(AllowList.parse(["outer.example"]), resolve)


def outer(origin: Any, path: str) -> str:
    return f"http://outer.example:{origin.port}{path}"


def lay_traps(origin: Any, target: str) -> dict[str, str]:
    """Pages and manifests of the hostile site, each with a way to the target."""
    origin.redirect("/hop", target)
    segments = {
        "segment": f"#EXTINF:5,\n{target}",
        "redirected segment": "#EXTINF:5,\n/hop",
        "key": f'#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF:5,\n/segment.ts',
        "map": f'#EXT-X-MAP:URI="{target}"\n#EXTINF:5,\n/segment.ts',
        "local file": "#EXTINF:5,\nfile:///etc/passwd",
    }
    origin.file("/segment.ts", b"\x47" + bytes(187))
    traps = {"redirect": "/hop", "literal": target}
    for name, body in segments.items():
        path = f"/{name.replace(' ', '-')}.m3u8"
        origin.file(path, HLS.format(body=body).encode(), content_type="application/vnd.apple.mpegurl")
        traps[name] = path
    origin.file("/dash.mpd", DASH.format(target=target).encode(), content_type="application/dash+xml")
    origin.page("/embed", f"<title>x</title><video src='{target}'></video>")
    origin.page("/refresh", f"<meta http-equiv='refresh' content='0; url={target}'>")
    origin.page(
        "/json", f'<script type="application/ld+json">{{"@type":"VideoObject","contentUrl":"{target}"}}</script>'
    )
    feed = f"<rss version='2.0'><channel><item><enclosure url='{target}' type='video/mp4'/></item></channel></rss>"
    origin.file("/feed", feed.encode(), content_type="application/rss+xml")
    for name in ("dash.mpd", "embed", "refresh", "json", "feed"):
        traps[name] = f"/{name}"
    return {name: path if path.startswith("http") else outer(origin, path) for name, path in traps.items()}


async def test_no_trap_of_a_page_reaches_the_inner_listener(
    origin: Any, inner: Inner, outer_judge: Judge, work: Path
) -> None:
    traps = lay_traps(origin, inner.url)
    assert len(traps) >= 12
    async with PolicyProxy(outer_judge) as proxy, Extractor(proxy) as extractor:
        for name, url in traps.items():
            try:
                got = await extractor.download(Wanted(url=url, folder=work))
            except FetcherError:
                continue
            assert got.is_playlist, f"{name} gave a file"
    assert origin.connections > 10
    assert inner.hits == 0


async def test_no_trap_catches_the_direct_path(origin: Any, inner: Inner, outer_judge: Judge, work: Path) -> None:
    traps = lay_traps(origin, inner.url)
    async with DirectDownloader(outer_judge) as direct:
        for url in traps.values():
            try:
                assert isinstance(await direct.download(Order(url=url, folder=work)), Page)
            except AddressRefused:
                continue
    assert inner.hits == 0


async def test_ffmpeg_behind_the_proxy_is_held_as_well(
    origin: Any, inner: Inner, outer_judge: Judge, noise: bytes
) -> None:
    origin.file("/film.mp4", noise[:5000])

    async def through(ticket_url: str, target: str) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *("ffmpeg", "-v", "error", "-nostdin", "-i", target, "-f", "null", "-"),
            env={"http_proxy": ticket_url, "PATH": "/usr/bin:/bin"},
            stderr=asyncio.subprocess.PIPE,
        )
        return (await process.communicate())[1]

    async with PolicyProxy(outer_judge) as proxy:
        with proxy.admit(Meter(Budget())) as ticket:
            await through(ticket.url, outer(origin, "/film.mp4"))
            assert origin.requests[0].target == "/film.mp4"
            await through(ticket.url, inner.url)
            assert isinstance(ticket.refusal, AddressRefused)
    assert inner.hits == 0


async def test_a_track_that_is_a_playlist_brings_in_no_file_of_the_machine(
    origin: Any, outer_judge: Judge, work: Path, tmp_path: Path
) -> None:
    private, sound = tmp_path / "private.ts", tmp_path / "sound.mp4"
    for kind, target in (("testsrc2=size=64x36:rate=10:duration=1", private), ("sine=duration=1", sound)):
        command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", kind, target]
        await asyncio.to_thread(subprocess.run, command, check=True, timeout=50)
    playlist = HLS.format(body=f"#EXTINF:1,\nfile://{private}")
    origin.file("/video.mp4", playlist.encode())
    origin.file("/audio.mp4", sound.read_bytes())
    second = (
        '</Representation></AdaptationSet><AdaptationSet mimeType="audio/mp4">'
        '<Representation id="2" bandwidth="100" codecs="mp4a.40.2"><BaseURL>/audio.mp4</BaseURL>\n</Representation>'
    )
    manifest = DASH.format(target="/video.mp4").replace("\n</Representation>", second)
    origin.file("/two.mpd", manifest.encode(), content_type="application/dash+xml")
    async with PolicyProxy(outer_judge) as proxy, Extractor(proxy) as extractor:
        with pytest.raises(FetcherError):
            await extractor.download(Wanted(url=outer(origin, "/two.mpd"), folder=work))
    assert {each.target for each in origin.requests} >= {"/video.mp4", "/audio.mp4"}


async def test_cookies_never_stand_in_a_command_line(origin: Any, outer_judge: Judge, work: Path) -> None:
    body = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="/key"\n#EXTINF:5,\n/segment.ts'
    manifest = HLS.format(body=body).encode()
    origin.file("/film.m3u8", manifest, content_type="application/vnd.apple.mpegurl")
    jar = "# Netscape HTTP Cookie File\nouter.example\tFALSE\t/\tFALSE\t0\tsid\tsecret\n"
    async with PolicyProxy(outer_judge) as proxy, Extractor(proxy) as extractor:
        with pytest.raises(SourceRefused, match="would show the site's cookies"):
            await extractor.download(Wanted(url=outer(origin, "/film.m3u8"), folder=work, cookies=jar))
