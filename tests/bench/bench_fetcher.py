"""Fetcher: downloads, pages, a feed and conversions, beside bare curl, yt-dlp and ffmpeg in the same run."""

import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from aiohttp import web

from regie_fetcher.address import AllowList, Judge
from regie_fetcher.convert import Converter
from regie_fetcher.direct import DirectDownloader, Order
from regie_fetcher.engine import Engine, Job, Listed
from regie_fetcher.extract import Extractor, Wanted
from regie_fetcher.ffmpeg import Tools
from regie_fetcher.media import Media
from regie_fetcher.plan import make_plan
from regie_fetcher.probe import Prober
from regie_fetcher.proxy import PolicyProxy
from regie_fetcher.store import MediaStore
from regie_fetcher.tables import sqlite_rows

FILES, ENTRIES, AT_ONCE, ROUNDS = 20, 500, 4, 5
CLIP = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=10 -f lavfi -i sine=duration=10"
H264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -c:a aac"


class Lag:
    """The longest and the 99th percentile of the loop's stalls, in milliseconds."""

    def __init__(self) -> None:
        self.stalls: list[float] = []

    async def watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            self.stalls.append((time.perf_counter() - before - 0.005) * 1000)

    def __str__(self) -> str:
        stalls = sorted(self.stalls) or [0.0]
        return f"loop stalls p99 {stalls[int(len(stalls) * 0.99)]:.0f} ms, max {stalls[-1]:.0f} ms"


class Memory:
    """The peak of this process tree's children, in PSS: what they add to the machine."""

    def __init__(self) -> None:
        self.peak_mb = 0.0

    async def watch(self) -> None:
        while True:
            self.peak_mb = max(self.peak_mb, await asyncio.to_thread(self._now))
            await asyncio.sleep(0.05)

    def _now(self) -> float:
        total = 0
        for process in psutil.Process().children(recursive=True):
            try:
                if "--origin" not in process.cmdline():
                    total += process.memory_full_info().pss
            except psutil.Error:
                continue
        return total / 1e6


@asynccontextmanager
async def watching(*watches: Lag | Memory) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each.watch()) for each in watches]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True)
class Cost:
    """What a piece of work took; processor time says more than the clock on a machine with other work."""

    wall_s: float
    cpu_s: float


def row(name: str, cost: Cost, note: object = "") -> None:
    print(f"  {name:<50} {cost.wall_s:8.3f} s {cost.cpu_s:8.3f} s cpu   {note}", flush=True)


async def timed(work: Awaitable[object]) -> Cost:
    wall, cpu = time.perf_counter(), processor_s()
    await work
    return Cost(time.perf_counter() - wall, processor_s() - cpu)


def processor_s() -> float:
    """Processor time of this process and all it has started, the origin aside."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(each.ru_utime + each.ru_stime for each in used)
    for process in psutil.Process().children():
        if "--origin" not in process.cmdline():
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


async def at_once(number: int, works: Sequence[Callable[[], Awaitable[object]]]) -> None:
    slots = asyncio.Semaphore(number)

    async def one(work: Callable[[], Awaitable[object]]) -> None:
        async with slots:
            await work()

    await asyncio.gather(*(one(work) for work in works))


async def command(*argv: object) -> None:
    process = await asyncio.create_subprocess_exec(*map(str, argv), stdout=subprocess.DEVNULL)
    if await process.wait():
        raise RuntimeError(f"{argv[0]} failed")


def make_media(folder: Path) -> None:
    """Files of about 190 kB with bytes of their own, pages around them, a feed, and sources to convert."""
    folder.mkdir()
    shared = folder / "clip.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", *CLIP.split(), *H264.split(), "-movflags", "+faststart", shared], check=True
    )
    subprocess.run(["ffmpeg", "-v", "error", "-i", shared, "-c", "copy", folder / "clip.mkv"], check=True)
    body = shared.read_bytes()
    for number in range(ENTRIES):
        # A box that players skip makes each file another one.
        (folder / f"{number}.mp4").write_bytes(body + b"\0\0\0\x10free" + number.to_bytes(8, "big"))
        (folder / f"{number}.html").write_text(f"<title>Film {number}</title><video src='/{number}.mp4'></video>")
    (folder / "drip.html").write_text("<title>x</title><video src='/drip'></video>")


def serve(folder: Path) -> None:
    """The origin, in a process of its own."""

    async def feed(request: web.Request) -> web.Response:
        items = "".join(
            f"<item><title>Part {n}</title><enclosure url='http://{request.host}/{n}.mp4' type='video/mp4'/></item>"
            for n in range(ENTRIES)
        )
        text = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Feed</title>{items}</channel></rss>"
        return web.Response(text=text, content_type="application/rss+xml")

    async def drip(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "video/mp4", "Content-Length": "9000000"})
        await answer.prepare(request)
        await answer.write(b"\0\0\0\x18ftypisom" + bytes(5000))
        with suppress(ConnectionError):
            while True:
                await answer.write(b"x")
                await asyncio.sleep(0.1)
        return answer

    app = web.Application()
    app.add_routes([web.get("/feed", feed), web.get("/drip", drip), web.static("/", folder)])
    web.run_app(app, host="127.0.0.1", port=0, print=lambda text: print(text, flush=True), handle_signals=True)


@asynccontextmanager
async def origin(folder: Path) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, "--origin", str(folder)), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            while b"http://" not in (line := await process.stdout.readline()):
                pass
        yield "http://" + line.decode().split("http://")[1].split(" ")[0].strip()
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def opened(root: Path, judge: Judge) -> AsyncIterator[Engine]:
    async with sqlite_rows(root / "library.db") as rows, Prober() as prober:
        store = MediaStore(root / "store", rows, reserve_bytes=0).create()
        async with Engine(judge, store, Converter(await Tools.find(), prober)) as engine:
            yield engine


async def bench_direct(base: str, root: Path, judge: Judge) -> None:
    print(f"{FILES} files of 190 kB, {AT_ONCE} at once")
    curl = [lambda n=n: command("curl", "-s", "-o", root / f"curl-{n}", f"{base}/{n}.mp4") for n in range(FILES)]
    row("curl, a process each", await timed(at_once(AT_ONCE, curl)))
    async with DirectDownloader(judge) as direct:

        def fetch(number: int) -> Awaitable[object]:
            folder = root / f"direct-{number}"
            folder.mkdir()
            return direct.download(Order(url=f"{base}/{number}.mp4", folder=folder))

        row("direct path, hashed", await timed(at_once(AT_ONCE, [lambda n=n: fetch(n) for n in range(FILES)])))
        lag = Lag()
        async with watching(lag):
            every = [lambda n=n: fetch(n) for n in range(FILES, ENTRIES)]
            row(f"direct path, {ENTRIES - FILES} files  (bar 5 with a feed)", await timed(at_once(AT_ONCE, every)), lag)
    probes = [lambda n=n: command("ffprobe", "-v", "error", root / f"curl-{n}") for n in range(FILES)]
    row("ffprobe alone, one a file", await timed(at_once(AT_ONCE, probes)))
    lag = Lag()
    async with opened(root, judge) as engine, watching(lag):
        jobs = [lambda n=n: engine.fetch(Job(id=f"d{n}", url=f"{base}/{n}.mp4")) for n in range(FILES)]
        row("engine, probed, stored, in rows  (bar 0.5)", await timed(at_once(AT_ONCE, jobs)), lag)
        again = [lambda n=n: engine.fetch(Job(id=f"e{n}", url=f"{base}/{n}.mp4")) for n in range(FILES)]
        row("engine, all known already", await timed(at_once(AT_ONCE, again)))


async def bench_pages(base: str, root: Path, judge: Judge) -> None:
    print(f"{FILES} pages through yt-dlp, {AT_ONCE} at once")
    program = shutil.which("yt-dlp", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    cli = [
        lambda n=n: command(program, "-q", "--no-warnings", "-o", root / f"cli-{n}.mp4", f"{base}/{n}.html")
        for n in range(FILES)
    ]
    await command(program, "-q", "--no-warnings", "-o", root / "cli-first.mp4", f"{base}/0.html")
    row("yt-dlp, a process each", await timed(at_once(AT_ONCE, cli)))
    lag, memory = Lag(), Memory()
    async with PolicyProxy(judge) as proxy, Extractor(proxy) as extractor:
        row("fork server, warming up", await timed(extractor.health()))

        def fetch(number: int) -> Awaitable[object]:
            folder = root / f"page-{number}"
            folder.mkdir()
            return extractor.download(Wanted(url=f"{base}/{number}.html", folder=folder))

        row("one page", await timed(fetch(FILES)))
        async with watching(lag):
            row(
                "fork server  (bar 3)", await timed(at_once(AT_ONCE, [lambda n=n: fetch(n) for n in range(FILES)])), lag
            )
        async with watching(memory):
            await at_once(AT_ONCE, [lambda n=n: fetch(n) for n in range(FILES + 1, 2 * FILES)])
        print(f"  peak of the processes  (bar 180): {memory.peak_mb:.0f} MB PSS")
        await bench_cancel(base, root, extractor)


async def bench_cancel(base: str, root: Path, extractor: Extractor) -> None:
    folder = root / "drip"
    folder.mkdir()
    begun = asyncio.Event()
    job = asyncio.create_task(
        extractor.download(Wanted(url=f"{base}/drip.html", folder=folder), on_progress=lambda _: begun.set())
    )
    async with asyncio.timeout(30):
        await begun.wait()

    async def cancelled() -> None:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)

    row("cancel on a dribbling server, process gone  (bar 1)", await timed(cancelled()))


async def bench_feed(base: str, root: Path, judge: Judge) -> None:
    print(f"A feed of {ENTRIES} entries")
    async with opened(root, judge) as engine:
        await engine.extractor.health()
        listed: list[Listed] = []

        async def read() -> None:
            found = await engine.fetch(Job(id="feed", url=f"{base}/feed"))
            assert isinstance(found, Listed)
            listed.append(found)

        row("all entries visible  (bar 3)", await timed(read()), f"{len(listed[0].entries)} entries")
        lag = Lag()
        async with watching(lag):
            entries = enumerate(listed[0].entries)
            # All are handed over, as the command line does; the engine's own slots let four download at once.
            jobs = [engine.fetch(Job(id=f"f{n}", url=e.url)) for n, e in entries]
            row("all probed, stored, in rows  (bar 5)", await timed(asyncio.gather(*jobs)), lag)


async def bench_convert(media: Path, root: Path) -> None:
    print(f"Conversions of a clip of 10 s, median of {ROUNDS}")
    source = media / "clip.mkv"
    async with Prober() as prober:
        converter = Converter(await Tools.find(), prober)
        found = await prober.probe(source)
        await compare(converter, source, found, root)


async def compare(converter: Converter, source: Path, found: Media, root: Path) -> None:
    remux = make_plan(found)
    bare_remux = ("-c", "copy", "-movflags", "+faststart")
    encode = (
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "21",
        "-profile:v",
        "high",
        "-c:a",
        "aac",
        "-b:a",
        "192k",
    )
    bare_encode = ("-vf", "scale=320:180,format=yuv420p", *encode, "-movflags", "+faststart")
    for name, plan, bare in (("remux", remux, bare_remux), ("transcode", remux.encoding_all(), bare_encode)):
        theirs, ours = [], []
        for _ in range(ROUNDS):
            target = root / "bare.mp4"
            argv = ("ffmpeg", "-v", "error", "-y", "-i", source, *bare, target)
            theirs.append(await timed(both(argv, ("ffprobe", "-v", "error", "-show_streams", target))))
            ours.append(await timed(converter.convert(source, found, plan, root / "ours.mp4")))
        one, two = median(theirs), median(ours)
        row(f"{name}: bare ffmpeg and ffprobe", one)
        row(f"{name}: ours, verified  (bar +0.050)", two, f"{two.wall_s - one.wall_s:+.3f} s")


async def both(first: Sequence[object], second: Sequence[object]) -> None:
    await command(*first)
    await command(*second)


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(statistics.median(each.wall_s for each in costs), statistics.median(each.cpu_s for each in costs))


async def main() -> None:
    judge = Judge(AllowList.parse(["127.0.0.1"]))
    with tempfile.TemporaryDirectory(prefix="bench-fetcher-") as name:
        media, root = Path(name, "media"), Path(name, "root")
        # Everyone may keep bytecode, as on a machine that has run before.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(name, "bytecode"))
        await asyncio.to_thread(make_media, media)
        await asyncio.to_thread(root.mkdir)
        async with origin(media) as base:
            for number, bench in enumerate((bench_direct, bench_pages, bench_feed)):
                folder = root / str(number)
                folder.mkdir()
                await bench(base, folder, judge)
        await bench_convert(media, root)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--origin"]:
        serve(Path(sys.argv[2]))
    else:
        asyncio.run(main())
