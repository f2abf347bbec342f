"""FFmpeg as a program: where it is, and how it is run, watched and ended."""

import asyncio
import os
import re
import shutil
import signal
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .errors import ConversionFailed, NoSpace, ToolMissing

_TAIL_BYTES = 8192
_FULL_DISK = re.compile(r"No space left on device|Disk quota exceeded")
_END_S = 5.0

OnLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tools:
    """The program FFmpeg, and its version."""

    ffmpeg: str
    version: str

    @classmethod
    async def find(cls, path: str | None = None) -> Self:
        """Look on PATH; ToolMissing says how to install what is not there."""
        program = shutil.which("ffmpeg", path=path)
        if program is None:
            raise ToolMissing("ffmpeg is not installed. On Debian: sudo apt-get install ffmpeg")
        lines: list[str] = []
        await run([program, "-hide_banner", "-version"], on_line=lines.append, stall_s=20)
        match = re.match(r"ffmpeg version (\S+)", lines[0] if lines else "")
        if match is None:
            raise ToolMissing(f"{program} does not tell its version")
        return cls(program, match[1])


def wrapped(argv: Sequence[str], *, nice: int = 0) -> list[str]:
    """The command with a lower priority, ended by the kernel when this process dies."""
    prefix: list[str] = []
    if nice and (program := shutil.which("nice")):
        prefix += [program, "-n", str(nice)]
    if program := shutil.which("setpriv"):
        prefix += [program, "--pdeathsig", "KILL"]
    return [*prefix, *argv]


async def run(argv: Sequence[str], *, on_line: OnLine, stall_s: float, nice: int = 0) -> None:
    """Run a program to its end, its lines of output passed on as they come.

    It is killed with its children when it neither prints, reads nor writes for `stall_s`, and when the caller is cancelled.
    """
    process = await asyncio.create_subprocess_exec(
        *wrapped(argv, nice=nice),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        limit=1 << 24,
    )
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    assert process.stderr is not None  # noqa: S101 - the same
    errors = asyncio.create_task(_tail(process.stderr), name="fetcher ffmpeg errors")
    try:
        await _read_lines(process.pid, process.stdout, on_line, stall_s)
        async with asyncio.timeout(_END_S):
            status = await process.wait()
        said = await errors
    except TimeoutError as error:
        raise ConversionFailed(f"FFmpeg stood still for {stall_s:g} s and was ended") from error
    finally:
        errors.cancel()
        await _end(process)
    if status != 0:
        raise NoSpace("The disk is full") if _FULL_DISK.search(said) else ConversionFailed(_complaint(argv, said))


async def _read_lines(pid: int, stream: asyncio.StreamReader, on_line: OnLine, stall_s: float) -> None:
    while True:
        moved = _moved(pid)
        try:
            async with asyncio.timeout(stall_s):
                line = await stream.readline()
        except TimeoutError:
            # FFmpeg says nothing while it moves the index to the front, which takes minutes in a large file.
            if _moved(pid) == moved:
                raise
            continue
        if not line:
            return
        on_line(line.decode(errors="replace").rstrip("\n"))


def _moved(pid: int) -> str:
    """What a process has read and written so far, in the kernel's words; empty where that is not told."""
    try:
        return Path(f"/proc/{pid}/io").read_text()
    except OSError:
        return ""


async def _tail(stream: asyncio.StreamReader) -> str:
    chunks: deque[bytes] = deque(maxlen=2)
    while chunk := await stream.read(_TAIL_BYTES):
        chunks.append(chunk)
    return b"".join(chunks)[-_TAIL_BYTES:].decode(errors="replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        # The group outlives its leader while a child runs, so it is ended whether or not the leader has gone.
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _complaint(argv: Sequence[str], said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    program = os.path.basename(argv[0])  # noqa: PTH119 - a name, not a file
    return f"{program} failed: {lines[-1] if lines else 'without a word'}"
