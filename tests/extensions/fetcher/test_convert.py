"""FFmpeg as a process: watched, ended, replaced when it fails."""

import asyncio
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from regie_fetcher.arguments import Settings
from regie_fetcher.convert import Converter
from regie_fetcher.encoders import HARDWARE, SOFTWARE, Encoder, Encoders
from regie_fetcher.errors import ConversionFailed, NoSpace, ToolMissing
from regie_fetcher.ffmpeg import Tools, run
from regie_fetcher.plan import Action, make_plan
from regie_fetcher.probe import Prober
from regie_fetcher.progress import Progress

TEST_STREAMS = "-f lavfi -i testsrc2=size=64x36:rate=10:duration=1 -f lavfi -i sine=duration=1"


@pytest.fixture
async def tools() -> Tools:
    return await Tools.find()


@pytest.fixture(scope="session")
def mjpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ffmpeg(f"{TEST_STREAMS} -c:v mjpeg -c:a aac", tmp_path_factory.mktemp("source") / "source.avi")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return ffmpeg(f"{TEST_STREAMS} -c:v libx264 -pix_fmt yuv420p -c:a aac", tmp_path / "film.mkv")


def program(folder: Path, name: str, body: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def ffmpeg(make: str, path: Path) -> Path:
    subprocess.run(["ffmpeg", "-v", "error", *make.split(), path], check=True, timeout=50)
    return path


async def test_a_missing_program_is_named_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match=r"ffmpeg is not installed\..*apt-get"):
        await Tools.find(str(tmp_path))
    program(tmp_path, "ffmpeg", "echo something else")
    with pytest.raises(ToolMissing, match="version"):
        await Tools.find(str(tmp_path))


async def test_progress_comes_while_a_file_is_converted(
    tools: Tools, prober: Prober, mjpeg: Path, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    media = await prober.probe(mjpeg)
    await Converter(tools, prober).convert(mjpeg, media, make_plan(media), tmp_path / "r.mp4", seen.append)
    assert seen[-1].fraction == 1.0
    assert [each.done for each in seen] == sorted(each.done for each in seen)


async def test_a_program_that_stands_still_is_ended_with_its_children(
    gone: Callable[[int], Awaitable[None]], tmp_path: Path
) -> None:
    stuck = program(tmp_path, "ffmpeg", f"sleep 600 & echo $! > {tmp_path}/child; echo begun; wait")
    with pytest.raises(ConversionFailed, match=r"stood still for 1 s"):
        await run([stuck], on_line=lambda _: None, stall_s=1)
    await gone(int((tmp_path / "child").read_text()))


async def test_a_program_that_works_without_a_word_is_left_alone(tmp_path: Path) -> None:
    # FFmpeg says nothing while it moves the index of a large file to the front.
    work = f"echo begun; n=0; while [ $n -lt 15 ]; do n=$((n+1)); echo x >> {tmp_path}/out; sleep 0.1; done; echo done"
    said: list[str] = []
    await run([program(tmp_path, "ffmpeg", work)], on_line=said.append, stall_s=1)
    assert said == ["begun", "done"]


async def test_a_cancel_ends_the_program_and_its_children(
    gone: Callable[[int], Awaitable[None]], tmp_path: Path
) -> None:
    begun = asyncio.Event()
    stuck = program(tmp_path, "ffmpeg", f"sleep 600 & echo $! > {tmp_path}/child; echo begun; wait")
    job = asyncio.create_task(run([stuck], on_line=lambda _: begun.set(), stall_s=30))
    await begun.wait()
    job.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await job
    await gone(int((tmp_path / "child").read_text()))


async def test_ffmpeg_dies_with_the_service(gone: Callable[[int], Awaitable[None]], tmp_path: Path) -> None:
    stuck = program(tmp_path, "ffmpeg", f"echo $$ > {tmp_path}/pid; echo begun; exec sleep 600")
    code = (
        "import asyncio, os, signal\n"
        "from regie_fetcher.ffmpeg import run\n"
        f"asyncio.run(run([{stuck!r}], on_line=lambda _: os.kill(os.getpid(), signal.SIGKILL), stall_s=30))"
    )
    done = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await done.wait() == -9
    await gone(int((tmp_path / "pid").read_text()))


async def test_what_the_program_says_last_is_the_reason(tmp_path: Path) -> None:
    failing = program(tmp_path, "ffmpeg", "echo first >&2; seq 20000 >&2; echo 'moov atom not found' >&2; exit 1")
    with pytest.raises(ConversionFailed, match="ffmpeg failed: moov atom not found"):
        await run([failing], on_line=lambda _: None, stall_s=30)
    with pytest.raises(ConversionFailed, match="without a word"):
        await run([program(tmp_path, "mute", "exit 1")], on_line=lambda _: None, stall_s=30)


async def test_a_full_disk_is_named(tools: Tools, prober: Prober, mjpeg: Path, tmp_path: Path) -> None:
    (tmp_path / "r.mp4").symlink_to("/dev/full")
    media = await prober.probe(mjpeg)
    with pytest.raises(NoSpace):
        await Converter(tools, prober).convert(mjpeg, media, make_plan(media), tmp_path / "r.mp4")
    assert names(tmp_path) == []


async def test_hardware_that_is_not_there_is_not_chosen(tools: Tools) -> None:
    encoders = Encoders(tools, HARDWARE)
    chosen = await encoders.choose()
    assert set(encoders.works) <= {each.name for each in HARDWARE}
    assert chosen is SOFTWARE or encoders.works[chosen.name]
    assert await Encoders(tools, (Encoder("no_such_encoder", {}),)).choose() is SOFTWARE


async def test_an_encoder_that_fails_in_the_middle_is_replaced_and_distrusted(
    tools: Tools, prober: Prober, mjpeg: Path, tmp_path: Path
) -> None:
    # It passes the trial and fails at real work, as a card does whose sessions are taken.
    fails = f'case "$*" in *file:*-c:v\\ h264_nvenc*) echo "No capable devices found" >&2; exit 1;; *testsrc*|*color=*) exit 0;; esac; exec {tools.ffmpeg} "$@"'
    fake = Tools(program(tmp_path, "ffmpeg", fails), tools.version)
    encoders = Encoders(fake, HARDWARE[:1])
    media = await prober.probe(mjpeg)
    result = await Converter(fake, prober, encoders=encoders).convert(
        mjpeg, media, make_plan(media), tmp_path / "r.mp4"
    )
    assert make_plan(result).action is Action.KEEP
    assert encoders.works == {"h264_nvenc": False}
    assert await encoders.choose() is SOFTWARE


async def test_where_a_copy_fails_all_is_encoded(tools: Tools, prober: Prober, film: Path, tmp_path: Path) -> None:
    fails = f'case "$*" in *c:v\\ copy*) exit 1;; esac; exec {tools.ffmpeg} "$@"'
    fake = Tools(program(tmp_path, "ffmpeg", fails), tools.version)
    media = await prober.probe(film)
    plan = make_plan(media)
    assert plan.action is Action.REMUX
    assert make_plan(await Converter(fake, prober).convert(film, media, plan, tmp_path / "r.mp4")).action is Action.KEEP


async def test_equal_settings_give_equal_bytes(tools: Tools, prober: Prober, mjpeg: Path, tmp_path: Path) -> None:
    media = await prober.probe(mjpeg)
    converter = Converter(tools, prober, settings=Settings(threads=1))
    for name in ("a.mp4", "b.mp4"):
        await converter.convert(mjpeg, media, make_plan(media), tmp_path / name)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert "threads 1" in converter.recipe("best")
