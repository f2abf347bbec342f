"""Whole jobs: from an address on the origin to a file that plays, a row and a readable name."""

import asyncio
import hashlib
import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from regie_fetcher.address import Judge
from regie_fetcher.budget import Budget
from regie_fetcher.convert import Converter
from regie_fetcher.cookies import Cookie
from regie_fetcher.engine import Engine, Job, Listed, Stored, without_credentials
from regie_fetcher.errors import NoSpace, SourceRefused, Throttled, TransferFailed, Unreadable
from regie_fetcher.extract import Preset
from regie_fetcher.ffmpeg import Tools
from regie_fetcher.plan import Action
from regie_fetcher.probe import Prober
from regie_fetcher.progress import Progress, Step
from regie_fetcher.reconcile import Report, reconcile
from regie_fetcher.rows import MemoryRows
from regie_fetcher.store import MediaStore

STREAMS = "-f lavfi -i testsrc2=size=64x36:rate=10:duration=1 -f lavfi -i sine=duration=1"


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("clips")
    words = folder / "words.srt"
    words.write_text("1\n00:00:00,100 --> 00:00:00,900\nGuten Tag & <i>willkommen</i>\n")
    makes = {
        "good.mp4": "-c:v libx264 -pix_fmt yuv420p -c:a aac -movflags +faststart",
        "old.avi": "-c:v mpeg4 -c:a libmp3lame",
        "foreign.mkv": f"-i {words} -map 0 -map 1 -map 2 -c:v libx264 -pix_fmt yuv420p -c:a aac -c:s srt"
        " -metadata:s:s:0 language=../../up",
    }
    for name, make in makes.items():
        command = ["ffmpeg", "-v", "error", *STREAMS.split(), *make.split(), folder / name]
        subprocess.run(command, check=True, timeout=50)
    return {name: (folder / name).read_bytes() for name in makes}


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "store", MemoryRows(), tree=tmp_path / "tree", reserve_bytes=0).create()


@pytest.fixture
def waited() -> list[float]:
    return []


@pytest.fixture
async def engine(judge: Judge, store: MediaStore, prober: Prober, waited: list[float]) -> AsyncIterator[Engine]:
    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await asyncio.sleep(0)

    async with Engine(judge, store, Converter(await Tools.find(), prober), sleep=sleep) as opened:
        yield opened


async def stored(engine: Engine, job: Job, seen: list[Progress] | None = None) -> Stored:
    done = await engine.fetch(job, (seen if seen is not None else []).append)
    assert isinstance(done, Stored)
    return done


def tree(store: MediaStore) -> list[str]:
    assert store.tree is not None
    return sorted(path.relative_to(store.tree).as_posix() for path in store.tree.rglob("*") if path.is_file())


def files(store: MediaStore) -> int:
    return len(list(store.root.glob("[0-9a-f][0-9a-f]/*")))


async def test_a_good_file_is_kept_as_it_is(
    engine: Engine, store: MediaStore, origin: Any, clips: dict[str, bytes]
) -> None:
    seen: list[Progress] = []
    url = origin.file("/good.mp4", clips["good.mp4"])
    done = await stored(engine, Job(id="j1", url=url, folder="Films"), seen)
    assert done.plan.action is Action.KEEP
    assert done.media.sha256 == done.media.source_sha256 == hashlib.sha256(clips["good.mp4"]).hexdigest()
    assert tree(store) == ["Films/good.mp4"]
    assert [each.step for each in seen][-1] == Step.STORE
    assert store.works() == []


async def test_an_old_file_is_converted_once_and_recognised_the_second_time(
    engine: Engine, store: MediaStore, origin: Any, clips: dict[str, bytes]
) -> None:
    url = origin.file("/old.avi", clips["old.avi"])
    first = await stored(engine, Job(id="j1", url=url, owner="ann"))
    assert first.plan.action is Action.TRANSCODE
    assert first.media.sha256 != first.media.source_sha256
    second = await stored(engine, Job(id="j2", url=url, owner="ben"))
    assert second.is_known
    assert second.item.sha256 == first.item.sha256
    assert (files(store), tree(store)) == (1, ["old (2).mp4", "old.mp4"])
    original = await stored(engine, Job(id="j3", url=url, preset=Preset.ORIGINAL))
    assert original.media.sha256 == original.media.source_sha256
    audio = await stored(engine, Job(id="j4", url=url, preset=Preset.AUDIO))
    assert (audio.plan.action, audio.media.suffix) == (Action.AUDIO_ONLY, ".m4a")
    assert tree(store) == ["old (2).mp4", "old.avi", "old.m4a", "old.mp4"]


async def test_subtitles_stand_beside_the_file_and_go_with_it(
    engine: Engine, store: MediaStore, origin: Any, clips: dict[str, bytes]
) -> None:
    done = await stored(engine, Job(id="j1", url=origin.file("/foreign.mkv", clips["foreign.mkv"])))
    (path,) = store.subtitles(done.media)
    (track,) = json.loads(done.media.streams)["subtitles"]
    assert path == store.place(done.media).with_name(f"{done.media.sha256}.{track['index']}.vtt")
    assert (track["codec"], path.read_text().partition("\n")[0]) == ("mov_text", "WEBVTT")
    assert "Guten Tag & <i>willkommen</i>" in path.read_text()
    assert await reconcile(store) == Report()
    await store.delete_media("j1")
    assert files(store) == 0
    again = await stored(engine, Job(id="j2", url=origin.url("/foreign.mkv")))
    assert [each.name for each in store.subtitles(again.media)] == [path.name]


async def test_a_page_goes_to_the_extractor_and_a_feed_becomes_a_list(
    engine: Engine, store: MediaStore, origin: Any, clips: dict[str, bytes]
) -> None:
    origin.file("/film.mp4", clips["good.mp4"])
    page = origin.page("/watch", "<title>A film: one/two</title><video src='/film.mp4'></video>")
    assert (await stored(engine, Job(id="j1", url=page))).plan.action is Action.KEEP
    (name,) = tree(store)
    assert name.startswith("A film one two")
    item = f"<item><title>One</title><enclosure url='{origin.url('/film.mp4')}' type='video/mp4'/></item>"
    feed = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Feed</title>{item * 2}</channel></rss>"
    listed = await engine.fetch(Job(id="j2", url=origin.file("/feed", feed.encode(), content_type="text/xml")))
    assert isinstance(listed, Listed)
    assert [each.title for each in listed.entries] == ["One", "One"]
    assert store.works() == []


async def test_a_throttled_job_waits_as_long_as_it_is_told_and_no_more_than_thrice(
    engine: Engine, origin: Any, clips: dict[str, bytes], waited: list[float]
) -> None:
    async def busy(exchange: Any) -> None:
        if len(origin.requests) <= 2:
            await exchange.answer(status="429 Slow down", Retry_After="7")
        else:
            await exchange.answer_file(clips["good.mp4"])

    await stored(engine, Job(id="j1", url=origin.route("/f", busy)))
    assert waited == [7, 7]

    async def always(exchange: Any) -> None:
        await exchange.answer(status="429 Slow down", Retry_After="7")

    with pytest.raises(Throttled):
        await engine.fetch(Job(id="j2", url=origin.route("/g", always)))


async def test_media_whose_address_has_expired_is_extracted_once_more(
    engine: Engine, origin: Any, clips: dict[str, bytes]
) -> None:
    async def expired_once(exchange: Any) -> None:
        if sum(each.target == "/film.mp4" for each in origin.requests) == 1:
            await exchange.answer(status="403 Forbidden")
        else:
            await exchange.answer_file(clips["good.mp4"])

    origin.route("/film.mp4", expired_once)
    page = origin.page("/watch", "<title>x</title><video src='/film.mp4'></video>")
    assert (await stored(engine, Job(id="j1", url=page))).plan.action is Action.KEEP

    async def forbidden(exchange: Any) -> None:
        await exchange.answer(status="403 Forbidden")

    origin.route("/film.mp4", forbidden)
    with pytest.raises(SourceRefused):
        await engine.fetch(Job(id="j2", url=page))


async def test_an_interrupted_job_goes_on_with_the_part_that_it_has(
    engine: Engine, store: MediaStore, origin: Any, noise: bytes
) -> None:
    begun = asyncio.Event()

    async def stalls(exchange: Any) -> None:
        if "range" in exchange.headers:
            await exchange.answer(status="404 Not Found")
            return
        await exchange.send(f'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: {len(noise)}\r\n\r\n'.encode())
        await exchange.send(noise[:2_500_000])
        begun.set()
        await exchange.reader.read()

    job = Job(id="j1", url=origin.route("/f", stalls))
    waiting = asyncio.Event()

    def note(progress: Progress) -> None:
        if progress.done >= 2_200_000:
            waiting.set()

    running = asyncio.create_task(engine.fetch(job, note))
    await begun.wait()
    await waiting.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [path.name for path in store.works()] == ["j1"]
    with pytest.raises(SourceRefused):
        await engine.fetch(job)
    resumed_at = int(origin.requests[-1].headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert 1_000_000 < resumed_at <= 2_500_000
    assert store.works() == []


async def test_a_job_killed_after_its_download_does_not_download_again(
    engine: Engine, store: MediaStore, origin: Any, clips: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(id="j1", url=origin.file("/good.mp4", clips["good.mp4"]))

    async def die(*_: object) -> None:
        raise TransferFailed("as if the process had ended here")

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "_keep", die)
        with pytest.raises(TransferFailed):
            await engine.fetch(job)
    await stored(engine, job)
    assert len(origin.requests) == 1
    assert len(await store.rows.all_items()) == 1


async def test_what_is_no_media_is_refused_and_leaves_nothing(
    engine: Engine, store: MediaStore, origin: Any, noise: bytes
) -> None:
    with pytest.raises(Unreadable):
        await engine.fetch(Job(id="j1", url=origin.file("/f.mp4", noise)))
    assert (store.works(), files(store), tree(store)) == ([], 0, [])


async def test_a_disk_without_room_stops_a_job_before_the_body(
    judge: Judge, prober: Prober, tmp_path: Path, origin: Any, noise: bytes
) -> None:
    store = MediaStore(tmp_path, MemoryRows(), reserve_bytes=1000, free=lambda _: 5_000_000).create()
    async with Engine(judge, store, Converter(await Tools.find(), prober)) as engine:
        with pytest.raises(NoSpace, match="are needed"):
            await engine.fetch(Job(id="j1", url=origin.file("/f.mp4", noise)))
        page = origin.page("/watch", "<title>x</title><video src='/f.mp4'></video>")
        with pytest.raises(NoSpace, match="are needed"):
            await engine.fetch(Job(id="j2", url=page))
    assert store.works() == []


async def test_cookies_stay_with_their_site_and_come_back_changed(
    engine: Engine, origin: Any, clips: dict[str, bytes]
) -> None:
    async def page(exchange: Any) -> None:
        body = b"<title>x</title><video src='/film.mp4'></video>"
        await exchange.answer(body, Content_Type="text/html", Set_Cookie="sid=new; Path=/; Max-Age=9999")

    origin.file("/film.mp4", clips["good.mp4"])
    ours = Cookie(domain="127.0.0.1", name="sid", value="old", is_http_only=True)
    other = Cookie(domain="example.org", name="other", value="secret")
    done = await stored(engine, Job(id="j1", url=origin.route("/watch", page), cookies=(ours, other)))
    assert origin.requests[0].headers["cookie"] == "sid=old"
    assert [replace(each, expires=0) for each in done.cookies] == [replace(ours, value="new")]


async def test_many_jobs_at_once_share_one_file(
    engine: Engine, store: MediaStore, origin: Any, clips: dict[str, bytes]
) -> None:
    for number in range(20):
        origin.file(f"/{number}.mp4", clips["good.mp4"])
    await asyncio.gather(*(engine.fetch(Job(id=f"j{n}", url=origin.url(f"/{n}.mp4"))) for n in range(20)))
    assert files(store) == 1
    assert len(tree(store)) == len(await store.rows.all_items()) == 20


def test_credentials_do_not_reach_a_row() -> None:
    assert without_credentials("https://ann:pw@example.com:8443/a?v=1") == "https://example.com:8443/a?v=1"


async def test_a_name_that_is_no_text_becomes_one_that_a_row_can_hold(
    engine: Engine, origin: Any, clips: dict[str, bytes]
) -> None:
    async def handler(exchange: Any) -> None:
        name, body = b'attachment; filename="caf\xe9\x85.mp4"', clips["good.mp4"]
        head = b"HTTP/1.1 200 OK\r\nContent-Disposition: %s\r\nContent-Length: %d\r\n\r\n" % (name, len(body))
        await exchange.send(head + body)

    done = await stored(engine, Job(id="j1", url=f"{origin.route('/f', handler)}#\ud800", folder="a\0b"))
    assert (done.item.title, done.item.folder) == ("caf\ufffd\ufffd", "a\ufffdb")
    assert done.item.source_url == f"{origin.url('/f')}#\ufffd"


async def test_a_body_without_length_leaves_the_reserve_alone(
    judge: Judge, prober: Prober, tmp_path: Path, origin: Any, noise: bytes
) -> None:
    def free(path: Path) -> int:
        return 5_000_000 - sum(each.stat().st_size for each in path.rglob("source*"))

    async def endless(exchange: Any) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + noise)
        while True:
            await exchange.send(noise)

    store = MediaStore(tmp_path, MemoryRows(), reserve_bytes=1_000_000, free=free).create()
    async with Engine(judge, store, Converter(await Tools.find(), prober)) as engine:
        with pytest.raises(NoSpace, match="are needed"):
            await engine.fetch(Job(id="j1", url=origin.route("/f", endless), budget=Budget(max_bytes=30_000_000)))


async def test_a_disk_that_others_fill_ends_a_transfer_that_still_waits(
    judge: Judge, prober: Prober, tmp_path: Path, origin: Any, noise: bytes
) -> None:
    is_full = False

    async def stalls(exchange: Any) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + noise[:100_000])
        await exchange.reader.read()

    def fill(progress: Progress) -> None:
        nonlocal is_full
        is_full = progress.done >= 100_000

    def free(_: Path) -> int:
        return 0 if is_full else 5_000_000

    store = MediaStore(tmp_path, MemoryRows(), reserve_bytes=1000, free=free, look_s=0.01).create()
    async with Engine(judge, store, Converter(await Tools.find(), prober)) as engine:
        with pytest.raises(NoSpace, match="filled up"):
            await engine.fetch(Job(id="j1", url=origin.route("/f", stalls)), fill)
    assert store.works() == []
