"""What is in a file, by FFmpeg's libraries and its MP4 boxes: never by its name or by what a server calls it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .errors import ToolMissing, Unreadable
from .ffmpeg import wrapped
from .media import Media

PROBE_S = 60.0
# A file that takes longer holds up no other: those go to a second worker.
PATIENCE_S = 1.0
# A worker holds some 40 MB, so it ends when there is nothing to do; what files have leaked ends with it too.
IDLE_S = 60.0
FILES_A_WORKER = 500
_READY_S = 60.0
_LINE_BYTES = 1 << 20
# A worker needs no more of the environment, which may hold secrets.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE")


class Prober:
    """Looks into files by processes of its own, started when needed, so that a hostile file harms no other."""

    def __init__(
        self,
        *,
        python: str = sys.executable,
        limit_s: float = PROBE_S,
        patience_s: float = PATIENCE_S,
        idle_s: float = IDLE_S,
        files_a_worker: int = FILES_A_WORKER,
    ) -> None:
        self._python = python
        self._limit_s = limit_s
        self._patience_s = patience_s
        self._idle_s = idle_s
        self._files_a_worker = files_a_worker
        self._turns = asyncio.Semaphore(1)
        self._has_second = False
        self._is_closed = False
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._retirement: asyncio.TimerHandle | None = None
        self._endings: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed = True
        self._retire()
        # Those too that are at work: whoever still waits for one is told that it broke.
        await asyncio.gather(*map(self._end, list(self._workers)), *self._endings)

    async def probe(self, path: Path) -> Media:
        """Read a file's streams; Unreadable if it is no media, or a kind that opens other files."""
        async with self._turn(), self._worker() as worker:
            try:
                async with asyncio.timeout(self._limit_s):
                    answer = await worker.ask(path)
                if "error" in answer:
                    raise Unreadable(f"The file is no media that can be played ({answer['error']})")
                return Media.from_json(answer["media"])
            except TimeoutError as error:
                raise Unreadable(f"The file could not be read within {self._limit_s:g} s") from error
            except (ConnectionError, ValueError, TypeError, KeyError) as error:
                raise Unreadable("The file broke the program that read it") from error

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One file after the other; a second turn is made when the first takes long, and unmade when nobody waits."""
        try:
            async with asyncio.timeout(self._patience_s):
                await self._turns.acquire()
        except TimeoutError:
            if not self._has_second:
                self._has_second = True
                self._turns.release()
            await self._turns.acquire()
        try:
            yield
        finally:
            self._turns.release()
            if self._has_second and not self._turns.locked():
                await self._turns.acquire()
                self._has_second = False

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator["_Worker"]:
        """A worker for one file, which goes on to the next unless it is dead, busy or has done enough."""
        worker = self._idle.pop() if self._idle else await self._start()
        if not worker.is_alive:
            await self._end(worker)
            worker = await self._start()
        try:
            yield worker
        finally:
            if worker.is_waiting and worker.files < self._files_a_worker and not self._is_closed:
                self._idle.append(worker)
                self._retire_later()
            else:
                await self._end(worker)

    async def _start(self) -> "_Worker":
        self._check_open()
        worker = await _Worker.start(self._python)
        self._workers.add(worker)
        if self._is_closed:
            await self._end(worker)
        self._check_open()
        return worker

    def _check_open(self) -> None:
        if self._is_closed:
            raise RuntimeError("The prober is closed")

    async def _end(self, worker: "_Worker") -> None:
        self._workers.discard(worker)
        await worker.end()

    def _retire_later(self) -> None:
        if self._retirement is not None:
            self._retirement.cancel()
        self._retirement = asyncio.get_running_loop().call_later(self._idle_s, self._retire)

    def _retire(self) -> None:
        """End the workers that have nothing to do."""
        if self._retirement is not None:
            self._retirement.cancel()
        while self._idle:
            ending = asyncio.create_task(self._end(self._idle.pop()), name="fetcher probe worker ends")
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)


class _Worker:
    """One process that is asked about one file at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        assert process.stdout is not None  # noqa: S101 - the same
        self._process = process
        self._questions = process.stdin
        self._replies = process.stdout
        self.files = 0
        # Whoever asked and left without an answer must leave no worker behind, or the next would hear it.
        self.is_waiting = False

    @classmethod
    async def start(cls, python: str) -> Self:
        """A process that has loaded its libraries; ToolMissing if it cannot."""
        process = await asyncio.create_subprocess_exec(
            *wrapped([python, "-P", "-m", "regie_fetcher.probe_worker"]),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            limit=_LINE_BYTES,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
        worker = cls(process)
        try:
            async with asyncio.timeout(_READY_S):
                await worker.hear()
        except (TimeoutError, ConnectionError, ValueError) as error:
            raise ToolMissing("FFmpeg's libraries cannot be loaded. To mend it: pip install -U av") from error
        finally:
            if not worker.is_waiting:
                await worker.end()
        return worker

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked. The kernel knows that it has ended a little before the loop does."""
        if self._process.returncode is not None:
            return False
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:
            return False

    async def ask(self, path: Path) -> dict[str, Any]:
        """What it says of a file; ConnectionError when it dies over it."""
        self.is_waiting = False
        self._questions.write(json.dumps(str(path)).encode() + b"\n")
        said = await self.hear()
        self.files += 1
        return said

    async def hear(self) -> dict[str, Any]:
        """Its next line."""
        line = await self._replies.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError("The process has ended")
        said = json.loads(line)
        if not isinstance(said, dict):
            raise TypeError("The process talks nonsense")
        self.is_waiting = True
        return said

    async def end(self) -> None:
        """Kill it, whatever it does."""
        if self._process.returncode is None:
            self._process.kill()
        self._questions.close()
        await self._process.wait()
