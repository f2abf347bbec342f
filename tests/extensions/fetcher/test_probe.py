"""The processes that read files: killed, late, crashed, cancelled, retired."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from regie_fetcher.errors import ToolMissing, Unreadable
from regie_fetcher.media import Media
from regie_fetcher.probe import Prober

Gone = Callable[[int], Awaitable[None]]


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("song") / "song.flac"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", path], check=True, timeout=50)
    return path


@pytest.fixture
def stuck(tmp_path: Path) -> Path:
    """A file that is never read to its end: a pipe that nobody writes to."""
    os.mkfifo(tmp_path / "stuck.mp4")
    return tmp_path / "stuck.mp4"


@asynccontextmanager
async def stuck_probe(prober: Prober, path: Path) -> AsyncIterator[asyncio.Task[Media]]:
    """A probe whose worker has opened the pipe and waits for bytes."""
    job = asyncio.create_task(prober.probe(path))
    # Opening a pipe to write waits for its reader.
    handle = await asyncio.to_thread(os.open, path, os.O_WRONLY)
    try:
        yield job
    finally:
        os.close(handle)


def workers() -> list[psutil.Process]:
    return [
        each
        for each in psutil.Process().children()
        if each.is_running() and "regie_fetcher.probe_worker" in each.cmdline()
    ]


async def test_one_process_reads_many_files(prober: Prober, song: Path) -> None:
    media = await prober.probe(song)
    (first,) = workers()
    assert (media.container, media.duration_s) == ("flac", 1.0)
    assert (await prober.probe(song), workers()) == (media, [first])


async def test_many_files_at_once_share_a_process(prober: Prober, song: Path) -> None:
    found = await asyncio.gather(*(prober.probe(song) for _ in range(20)))
    assert {each.container for each in found} == {"flac"}
    assert len(workers()) == 1


async def test_a_file_that_takes_long_holds_up_no_other(song: Path, stuck: Path) -> None:
    async with Prober(patience_s=0) as prober, stuck_probe(prober, stuck) as job:
        assert (await prober.probe(song)).container == "flac"
        assert len(workers()) == 2
        assert not job.done()
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)


async def test_whoever_waits_takes_the_first_turn_that_ends(song: Path, stuck: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "other.mp4")
    async with (
        Prober(patience_s=0) as prober,
        stuck_probe(prober, stuck) as first,
        stuck_probe(prober, tmp_path / "other.mp4") as second,
    ):
        waiting = [asyncio.create_task(prober.probe(song)) for _ in range(3)]
        await asyncio.sleep(0)
        first.cancel()
        assert {each.container for each in await asyncio.gather(*waiting)} == {"flac"}
        assert not second.done()
        assert (await prober.probe(song)).container == "flac"
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)


async def test_a_file_that_is_not_there_is_unreadable(prober: Prober, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        await prober.probe(tmp_path / "nothing.mp4")


async def test_a_file_that_cannot_be_read_in_time_is_given_up(song: Path, stuck: Path) -> None:
    async with Prober(limit_s=0.5) as prober:
        with pytest.raises(Unreadable, match=r"within 0\.5 s"):
            await prober.probe(stuck)
        assert workers() == []
        assert (await prober.probe(song)).container == "flac"


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
async def test_a_file_that_kills_its_reader_harms_no_other(
    prober: Prober, song: Path, stuck: Path, number: signal.Signals
) -> None:
    async with stuck_probe(prober, stuck) as first:
        following = asyncio.create_task(prober.probe(song))
        workers()[0].send_signal(number)
        with pytest.raises(Unreadable, match="broke the program"):
            await first
        assert (await following).container == "flac"


async def test_a_worker_that_died_between_two_files_is_replaced_unnoticed(
    prober: Prober, song: Path, gone: Gone
) -> None:
    await prober.probe(song)
    (worker,) = workers()
    worker.kill()
    await gone(worker.pid)
    assert (await prober.probe(song)).container == "flac"


@pytest.mark.parametrize("answer", ["no json", "[]", json.dumps({"media": {"videos": []}})])
async def test_a_worker_that_talks_nonsense_is_not_believed(song: Path, tmp_path: Path, answer: str) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho '{{}}'\nread request\necho '{answer}'\nread request\n")
    python.chmod(0o755)
    async with Prober(python=str(python)) as prober:
        with pytest.raises(Unreadable, match="broke the program"):
            await prober.probe(song)


async def test_a_cancelled_probe_ends_its_reader(prober: Prober, song: Path, stuck: Path, gone: Gone) -> None:
    async with stuck_probe(prober, stuck) as job:
        (worker,) = workers()
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        await gone(worker.pid)
    assert (await prober.probe(song)).container == "flac"


async def test_a_worker_without_work_retires(song: Path, gone: Gone) -> None:
    async with Prober(idle_s=0.01) as prober:
        await prober.probe(song)
        for worker in workers():
            await gone(worker.pid)
        assert (await prober.probe(song)).container == "flac"


async def test_a_worker_is_replaced_after_enough_files(song: Path) -> None:
    seen = set()
    async with Prober(files_a_worker=2) as prober:
        for _ in range(4):
            await prober.probe(song)
            seen |= {each.pid for each in workers()}
    assert len(seen) == 2


async def test_closing_ends_all(song: Path) -> None:
    async with Prober() as prober:
        await prober.probe(song)
        assert workers() != []
    assert workers() == []
    with pytest.raises(RuntimeError, match="closed"):
        await prober.probe(song)


async def test_closing_ends_those_at_work_too(stuck: Path) -> None:
    prober = Prober()
    async with stuck_probe(prober, stuck) as job:
        await prober.__aexit__(None, None, None)
        assert workers() == []
        with pytest.raises(Unreadable, match="broke the program"):
            await job


async def test_missing_libraries_are_named(tmp_path: Path, song: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    async with Prober(python=str(python)) as prober:
        with pytest.raises(ToolMissing, match="pip install -U av"):
            await prober.probe(song)


async def test_a_worker_dies_with_the_service(song: Path, stuck: Path, gone: Gone) -> None:
    """Even when the service is killed and the worker is busy."""
    code = f"""
import asyncio
from pathlib import Path
from regie_fetcher.probe import Prober
async def main():
    async with Prober() as prober:
        await prober.probe(Path({str(song)!r}))
        print("ready", flush=True)
        await prober.probe(Path({str(stuck)!r}))
asyncio.run(main())
"""
    service = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    assert service.stdout is not None
    assert await service.stdout.readline() == b"ready\n"
    (worker,) = psutil.Process(service.pid).children()
    service.kill()
    await service.wait()
    await gone(worker.pid)


async def test_a_worker_may_write_nothing_and_sees_no_secrets(
    prober: Prober, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGIE_DATABASE_URL", "postgresql://ann:secret@db/regie")
    await prober.probe(song)
    (worker,) = workers()
    assert "REGIE_DATABASE_URL" not in worker.environ()
    assert worker.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
    assert worker.rlimit(psutil.RLIMIT_DATA) == (1 << 30, 1 << 30)
    # What a file may name as pipe: leads nowhere.
    assert {Path(f"/proc/{worker.pid}/fd/{number}").readlink() for number in range(3)} == {Path(os.devnull)}
