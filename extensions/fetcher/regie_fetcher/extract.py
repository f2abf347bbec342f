"""The extractor path: yt-dlp in one killable process a job, forked from a warm server, all traffic by the proxy."""

import asyncio
import datetime as dt
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .budget import Budget, Meter, RateLimit
from .direct import check_status
from .errors import (
    ExtractionFailed,
    FetcherError,
    NoSpace,
    OverBudget,
    SourceRefused,
    ToolMissing,
    TransferFailed,
)
from .forkserver import COMMAND, FORK, GO, KILL, LENGTH, PID
from .progress import OnProgress, Progress, Step, ignore
from .proxy import PolicyProxy, Ticket

_READY_S = 60.0
_LINE_BYTES = 64 * 1024 * 1024
_OLD_AFTER_DAYS = 90
_NEEDS = "YouTube needs one of: deno 2.3, node 22, bun 1.2.11, QuickJS 2023-12-09"
_KINDS: Mapping[str, type[FetcherError]] = {
    "rule": SourceRefused,
    "refused": SourceRefused,
    "unsupported": SourceRefused,
    "network": TransferFailed,
    "disk": NoSpace,
}


class Preset(StrEnum):
    """What a user may choose; everything else that yt-dlp is told is ours."""

    BEST = "best"
    FULL_HD = "1080p"
    HD = "720p"
    AUDIO = "audio"
    ORIGINAL = "original"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to make of a page's address."""

    url: str
    folder: Path
    preset: Preset = Preset.BEST
    playlist: bool = True
    max_entries: int = 500
    max_duration_s: float | None = None
    cookies: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What yt-dlp tells about one video or playlist."""

    id: str = ""
    extractor: str = ""
    title: str = ""
    url: str = ""
    duration_s: float | None = None
    thumbnail: str = ""
    uploader: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """How a job ended: a file, or entries to become jobs of their own. `cookies` is the jar as the site left it."""

    found: Found
    path: Path | None = None
    entries: tuple[Found, ...] = ()
    is_playlist: bool = False
    cookies: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """The extractor's version and what is wrong with its surroundings, in words for people."""

    version: str
    runtimes: tuple[str, ...]
    complaints: tuple[str, ...]


class Extractor:
    """Runs jobs of yt-dlp; opening it costs nothing until the first job."""

    def __init__(self, proxy: PolicyProxy, *, python: str = sys.executable) -> None:
        self._proxy = proxy
        self._python = python
        self._server: _Server | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.retire()

    async def retire(self) -> None:
        """End the server and its jobs; the next job starts a new one, with yt-dlp as it is then installed."""
        server, self._server = self._server, None
        if server is not None:
            await server.close()

    async def health(self, today: dt.date | None = None) -> Health:
        """Version, JavaScript runtimes and complaints; ToolMissing when yt-dlp cannot work at all."""
        report = (await self._ready()).report
        return assess(report, today or dt.datetime.now(tz=dt.UTC).date())

    async def inspect(self, wanted: Wanted, *, meter: Meter | None = None) -> Extracted:
        """Read a page without fetching its media."""
        return await self._run(wanted, meter or Meter(Budget()), None, download=False, on_progress=ignore)

    async def download(
        self,
        wanted: Wanted,
        *,
        meter: Meter | None = None,
        rate: RateLimit | None = None,
        on_progress: OnProgress = ignore,
    ) -> Extracted:
        """Fetch a page's media into the folder; a playlist comes back as its entries, unfetched."""
        return await self._run(wanted, meter or Meter(Budget()), rate, download=True, on_progress=on_progress)

    async def _ready(self) -> "_Server":
        async with self._opening:
            if self._server is None or not self._server.is_alive:
                await self.retire()
                self._server = await _Server.start(self._python)
            return self._server

    async def _run(
        self, wanted: Wanted, meter: Meter, rate: RateLimit | None, *, download: bool, on_progress: OnProgress
    ) -> Extracted:
        server = await self._ready()
        with self._proxy.admit(meter, rate) as ticket:
            request = _request(wanted, ticket, server.report, download=download)
            try:
                async with asyncio.timeout(meter.budget.total_s), server.job() as (reader, writer):
                    writer.write(json.dumps(request).encode() + b"\n")
                    last = await _listen(reader, writer, ticket, on_progress)
            except TimeoutError as error:
                raise OverBudget(f"The job takes longer than {meter.budget.total_s:g} s") from error
            if ticket.refusal is not None and last.get("event") in {"error", "dead"}:
                raise ticket.refusal
        return _outcome(last, wanted.folder)


def _request(wanted: Wanted, ticket: Ticket, report: Mapping[str, Any], *, download: bool) -> dict[str, object]:
    return {
        "url": wanted.url,
        "download": download,
        "folder": str(wanted.folder),
        "preset": wanted.preset.value,
        "playlist": wanted.playlist,
        "max_entries": wanted.max_entries,
        "max_duration_s": wanted.max_duration_s,
        "cookies": wanted.cookies,
        "proxy": ticket.url,
        "max_file_bytes": ticket.meter.budget.max_file_bytes,
        "runtimes": [each["name"] for each in report.get("runtimes", []) if each["is_supported"]],
    }


async def _listen(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ticket: Ticket, on_progress: OnProgress
) -> dict[str, Any]:
    """Follow a job's events to the last one; a job that dies without one is `dead`."""
    while True:
        try:
            line = await reader.readline()
        except (ConnectionError, ValueError):  # ended, or a line beyond all bounds
            line = b""
        if not line.endswith(b"\n"):
            return {"event": "dead"}
        event = json.loads(line)
        match event["event"]:
            case "progress":
                on_progress(_progress(event))
            case "media":
                ticket.begin_media()
                writer.write(GO)
            case _:
                return dict(event)


def _progress(event: Mapping[str, Any]) -> Progress:
    return Progress(Step.DOWNLOAD, float(event["done"] or 0), event["total"], event["speed"], event["eta"])


def _outcome(last: Mapping[str, Any], folder: Path) -> Extracted:
    if last["event"] == "dead":
        raise ExtractionFailed("The process that read the page died: it was killed or ran out of memory")
    if last["event"] == "error":
        raise _error(last)
    path = Path(last["path"]) if last.get("path") else None
    if path is not None and path.resolve().parent != folder.resolve():
        raise ExtractionFailed("yt-dlp wrote outside its folder")
    return Extracted(
        found=_found(last),
        path=path,
        entries=tuple(_found(each) for each in last.get("entries", []) if each.get("url")),
        is_playlist=last["event"] == "playlist",
        cookies=last.get("cookies", ""),
    )


def _found(event: Mapping[str, Any]) -> Found:
    return Found(
        id=event["id"],
        extractor=event["extractor_key"],
        title=event["title"],
        url=event.get("url") or event["webpage_url"],
        duration_s=event["duration"],
        thumbnail=event["thumbnail"],
        uploader=event["uploader"],
    )


def _error(event: Mapping[str, Any]) -> FetcherError:
    message = str(event["message"])
    if event["kind"] == "http":
        try:
            check_status(int(event["status"]), {"Retry-After": event["retry_after"]})
        except FetcherError as error:
            return error
    if event["kind"] == "memory":
        message = "The page needs more memory than a job may take"
    return _KINDS.get(event["kind"], ExtractionFailed)(message)


def assess(report: Mapping[str, Any], today: dt.date) -> Health:
    """Make a server's report into words."""
    complaints = []
    released = dt.date(*(int(part) for part in report["version"].split(".")[:3]))
    if (today - released).days > _OLD_AFTER_DAYS:
        complaints.append(
            f"yt-dlp {report['version']} is {(today - released).days} days old: sites may fail. Update it."
        )
    runtimes = [f"{each['name']} {each['version']}" for each in report["runtimes"] if each["is_supported"]]
    too_old = [f"{each['name']} {each['version']}" for each in report["runtimes"] if not each["is_supported"]]
    if not runtimes:
        found = f"; {' and '.join(too_old)} found, too old" if too_old else ""
        complaints.append(f"No JavaScript runtime that yt-dlp takes{found}. {_NEEDS}.")
    if not report["has_scripts"]:
        complaints.append("The package yt-dlp-ejs is missing: YouTube fails without it. pip install 'yt-dlp[default]'.")
    return Health(report["version"], tuple(runtimes), tuple(complaints))


class _Server:
    """The fork server as the service sees it."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket, report: Mapping[str, Any]) -> None:
        self._process = process
        self._control = control
        self._asking = asyncio.Lock()
        self.report = report

    @classmethod
    async def start(cls, python: str) -> Self:
        """Start the process and wait until it is warm; ToolMissing says what it lacks."""
        control, theirs = socket.socketpair()
        control.settimeout(0)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(python, "-P", "-m", "regie_fetcher.forkserver", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                env=_environment(),
            )
        try:
            async with asyncio.timeout(_READY_S):
                length = LENGTH.unpack(await _read_exactly(control, LENGTH.size))[0]
                report = json.loads(await _read_exactly(control, length))
        except (TimeoutError, ConnectionError):
            report = {"error": "yt-dlp cannot be started"}
        except BaseException:
            await cls(process, control, {}).close()
            raise
        server = cls(process, control, report)
        if "error" in report:
            await server.close()
            raise ToolMissing(f"{report['error']}. Install or update it: pip install -U 'yt-dlp[default]'")
        return server

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.returncode is None

    @asynccontextmanager
    async def job(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A forked process behind a socket; leaving kills it with its children and waits for its end."""
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        forking = asyncio.create_task(self._fork(theirs), name="fetcher fork")
        try:
            pid = await asyncio.shield(forking)
        except BaseException:
            # The fork goes on, finds its socket closed and ends; its answer has to be read all the same.
            ours.close()
            forking.add_done_callback(lambda task: task.cancelled() or task.exception())
            raise
        reader, writer = await asyncio.open_connection(sock=ours, limit=_LINE_BYTES)
        try:
            yield reader, writer
        finally:
            with suppress(OSError):
                self._control.send(COMMAND.pack(KILL, pid))
            with suppress(OSError):
                # Should the server be gone, the end of its socket tells the job to end itself.
                writer.write_eof()
            await _drain(reader)
            writer.close()

    async def _fork(self, theirs: socket.socket) -> int:
        async with self._asking:
            try:
                with theirs:
                    socket.send_fds(self._control, [COMMAND.pack(FORK, 0)], [theirs.fileno()])
                return int(PID.unpack(await _read_exactly(self._control, PID.size))[0])
            except OSError as error:
                raise ExtractionFailed("The process that starts yt-dlp has ended; try again") from error

    async def close(self) -> None:
        """Close the control socket: the server kills its jobs and ends."""
        self._control.close()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


async def _drain(reader: asyncio.StreamReader) -> None:
    """Read to the end of a job's socket, which the end of its process closes."""
    with suppress(ConnectionError, ValueError):
        while await reader.read(65536):
            pass


async def _read_exactly(source: socket.socket, count: int) -> bytes:
    loop = asyncio.get_running_loop()
    data = b""
    while len(data) < count:
        chunk = await loop.sock_recv(source, count - len(data))
        if not chunk:
            raise ConnectionError("The fork server has ended")
        data += chunk
    return data


def _environment() -> dict[str, str]:
    """No proxies of the environment, no plugins of yt-dlp."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return kept | {"YTDLP_NO_PLUGINS": "1"}
