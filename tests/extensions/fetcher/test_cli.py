import asyncio
import hashlib
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from regie_fetcher.cli import _locked

COMMAND = "import sys; from regie_fetcher.cli import main; sys.exit(main())"


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    make = "-f lavfi -i testsrc2=size=64x36:rate=10:duration=1 -c:v libx264 -pix_fmt yuv420p"
    subprocess.run(["ffmpeg", "-v", "error", *make.split(), path], check=True, timeout=50)
    return path.read_bytes()


async def run(*arguments: object) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMAND, *map(str, arguments), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    return process.returncode or 0, said.decode()


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.mp4") if ".regie" not in path.parts)


async def test_an_address_becomes_a_file_and_twice_is_once(origin: Any, tmp_path: Path, clip: bytes) -> None:
    url = origin.file("/my%20clip.mkv", clip)
    status, said = await run(url, "-o", tmp_path, "--allow", "127.0.0.1")
    assert (status, names(tmp_path)) == (0, ["my clip.mp4"]), said
    assert "remux" in said
    assert "The container is matroska." in said
    status, said = await run(url, "-o", tmp_path, "--allow", "127.0.0.1")
    assert (status, names(tmp_path)) == (0, ["my clip.mp4"])
    assert "known" in said


async def test_a_feed_is_fetched_into_a_folder_and_one_failure_is_told(
    origin: Any, tmp_path: Path, clip: bytes
) -> None:
    origin.file("/a.mkv", clip)
    items = "".join(
        f"<item><title>{name}</title><enclosure url='{origin.url(f'/{name}.mkv')}' type='video/mp4'/></item>"
        for name in ("a", "gone")
    )
    feed = f"<?xml version='1.0'?><rss version='2.0'><channel><title>..</title>{items}</channel></rss>"
    url = origin.file("/feed", feed.encode(), content_type="application/rss+xml")
    status, said = await run(url, "-o", tmp_path, "--allow", "127.0.0.1")
    assert status == 1
    assert "2 entries" in said
    assert "failed  gone: The server refuses (HTTP 404)" in said
    assert names(tmp_path) == ["a.mp4"]


async def test_an_inner_address_is_refused_and_the_cure_is_named(origin: Any, tmp_path: Path) -> None:
    status, said = await run(origin.url("/x"), "-o", tmp_path)
    assert status == 1
    assert "the owner can allow it" in said
    assert origin.connections == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--allow", "a b"], "neither a network nor a host"),
        (["--cookies", "/nonexistent"], "No such file"),
        (["--cookies", "/dev/null"], "holds no cookie"),
        (["-o", "/dev/null"], "/dev/null"),
    ],
)
async def test_bad_options_are_told_in_a_line(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    status, said = await run("http://127.0.0.1/", "-o", tmp_path, *arguments)
    assert status == 1
    assert complaint in said
    assert "Traceback" not in said


async def test_two_commands_in_one_folder_do_not_mix(origin: Any, tmp_path: Path) -> None:
    with _locked(tmp_path / ".regie"):
        status, said = await run(origin.url("/f"), "-o", tmp_path, "--allow", "127.0.0.1")
    assert status == 1
    assert "Another regie-fetch works in" in said
    assert origin.connections == 0


async def test_an_interrupt_is_answered_and_the_bar_shows_on_a_terminal(
    origin: Any, tmp_path: Path, noise: bytes
) -> None:
    held = asyncio.Event()

    async def stalls(exchange: Any) -> None:
        await exchange.send(f'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: {len(noise)}\r\n\r\n'.encode())
        await exchange.send(noise[:2_000_000])
        held.set()
        await exchange.reader.read()

    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COMMAND, origin.route("/f", stalls), "-o", str(tmp_path), "--allow", "127.0.0.1"),
        stderr=theirs,
    )
    os.close(theirs)
    await held.wait()
    said = b""
    while "█".encode() not in said:
        said += await asyncio.to_thread(os.read, ours, 4096)
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(10):
        assert await process.wait() == 130
    os.close(ours)
    assert b"download" in said


async def test_killed_in_the_middle_the_same_command_finishes_once(origin: Any, tmp_path: Path, clip: bytes) -> None:
    padded = clip + bytes(3_000_000)  # what follows the last element of a Matroska file is skipped
    held = asyncio.Event()

    async def stalls_once(exchange: Any) -> None:
        if held.is_set():
            await exchange.answer_file(padded, content_type="video/x-matroska")
            return
        etag = f'"{hashlib.md5(padded, usedforsecurity=False).hexdigest()}"'
        await exchange.send(f"HTTP/1.1 200 OK\r\nETag: {etag}\r\nContent-Length: {len(padded)}\r\n\r\n".encode())
        await exchange.send(padded[:2_500_000])
        held.set()
        await exchange.reader.read()

    url = origin.route("/clip.mkv", stalls_once)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COMMAND, url, "-o", str(tmp_path), "--allow", "127.0.0.1"),
        stderr=asyncio.subprocess.PIPE,
    )
    await held.wait()
    process.kill()
    await process.wait()
    status, said = await run(url, "-o", tmp_path, "--allow", "127.0.0.1")
    assert (status, names(tmp_path)) == (0, ["clip.mp4"]), said
    left = sorted(path.name for path in (tmp_path / ".regie" / ".work").iterdir())
    assert left == []


async def test_a_feed_that_holds_itself_comes_to_an_end(origin: Any, tmp_path: Path) -> None:
    url = origin.url("/feed")
    items = f"<item><title>again</title><link>{url}</link></item>"
    feed = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Loop</title>{items}</channel></rss>"
    origin.file("/feed", feed.encode(), content_type="application/rss+xml")
    status, said = await run(url, "-o", tmp_path, "--allow", "127.0.0.1")
    assert status == 0, said
    assert said.count("1 entries") == 1
