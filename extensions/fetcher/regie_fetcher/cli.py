"""`regie-fetch URL… -o DIR`: the engine on the command line, with a library of its own in the folder."""

import argparse
import asyncio
import fcntl
import hashlib
import logging
import shutil
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

from .address import AllowList, Judge
from .budget import GIB, MIB, Budget, RateLimit
from .convert import Converter
from .cookies import Cookie, parse_cookies
from .encoders import HARDWARE, Encoders
from .engine import Engine, Job, Listed, Stored
from .errors import FetcherError, StoreUnavailable
from .extract import Preset
from .ffmpeg import Tools
from .probe import Prober
from .progress import Progress
from .reconcile import reconcile
from .store import MediaStore
from .tables import sqlite_rows

_LIBRARY = ".regie"
_RESUMABLE_S = 7 * 24 * 3600
_BAR = 24
# A channel holds playlists, and those hold videos; a feed that holds itself ends here too.
_MAX_DEPTH = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch the addresses of the command line; 1 if any of them failed, 130 if interrupted."""
    options = _parser().parse_args(arguments)
    logging.disable()
    try:
        return asyncio.run(_run(options))
    except KeyboardInterrupt:
        _say("Interrupted; the same command goes on where it stopped.")
        return 130
    except (FetcherError, OSError) as error:
        _say(f"{error}")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="regie-fetch", description="Fetch addresses as files that play everywhere.")
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument("-o", "--output", type=Path, default=Path(), metavar="DIR", help="where the files go")
    parser.add_argument("--preset", choices=[each.value for each in Preset], default=Preset.BEST.value)
    parser.add_argument(
        "--allow", action="append", default=[], metavar="HOST|NETWORK", help="an inner address to let through"
    )
    parser.add_argument("--cookies", type=Path, metavar="FILE", help="a cookie export, Netscape or JSON")
    parser.add_argument("--max-entries", type=_positive, default=500, help="of a playlist")
    parser.add_argument("--max-gib", type=_positive, default=50, help="of a file")
    parser.add_argument("--rate-mib", type=_positive, metavar="N", help="mebibytes a second, for all together")
    parser.add_argument("--at-once", type=_positive, default=4, help="downloads at once")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


async def _run(options: argparse.Namespace) -> int:
    try:
        judge = Judge(AllowList.parse(options.allow))
    except ValueError as error:
        _say(str(error))
        return 1
    cookies = await asyncio.to_thread(_read_cookies, options.cookies)
    root = options.output / _LIBRARY
    async with _opened(root, options.output) as store:
        rate = RateLimit(options.rate_mib * MIB) if options.rate_mib else None
        tools = await Tools.find()
        async with Prober() as prober:
            converter = Converter(tools, prober, encoders=Encoders(tools, HARDWARE))
            async with Engine(judge, store, converter, rate=rate, downloads=options.at_once) as engine:
                jobs = [_job(url, options, cookies) for url in dict.fromkeys(options.urls)]
                return await Fetching(engine, options, cookies).run(jobs)


def _read_cookies(path: Path | None) -> tuple[Cookie, ...]:
    return tuple(parse_cookies(path.read_text(errors="replace"))) if path else ()


@asynccontextmanager
async def _opened(root: Path, tree: Path) -> AsyncIterator[MediaStore]:
    """The folder's library, mended after a crash, for one process at a time."""
    with await asyncio.to_thread(_locked, root):
        async with sqlite_rows(root / "library.db") as rows:
            store = MediaStore(root, rows, tree=tree).create()
            since = time.time() - _RESUMABLE_S
            await reconcile(store, live_jobs=[path.name for path in store.works() if path.stat().st_mtime > since])
            store.empty_trash(_RESUMABLE_S)
            yield store


def _locked(root: Path) -> TextIO:
    root.mkdir(parents=True, exist_ok=True)
    lock = (root / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StoreUnavailable(f"Another regie-fetch works in {root.parent}") from None
    return lock


def _job(url: str, options: argparse.Namespace, cookies: tuple[Cookie, ...], title: str = "", folder: str = "") -> Job:
    # The id follows from the wish: the same command twice adds nothing twice and resumes what was begun.
    job_id = hashlib.sha256(f"{options.preset} {url}".encode()).hexdigest()[:32]
    budget = Budget(max_bytes=options.max_gib * GIB, max_file_bytes=options.max_gib * GIB)
    return Job(
        id=job_id,
        url=url,
        title=title,
        folder=folder,
        preset=Preset(options.preset),
        max_entries=options.max_entries,
        cookies=cookies,
        budget=budget,
    )


class Fetching:
    """The jobs of one command and their lines on the terminal."""

    def __init__(self, engine: Engine, options: argparse.Namespace, cookies: tuple[Cookie, ...]) -> None:
        self._engine = engine
        self._options = options
        self._cookies = cookies
        self._output: Path = options.output
        self._bars: dict[str, str] = {}
        self._seen: set[str] = set()

    async def run(self, jobs: Sequence[Job], depth: int = 0) -> int:
        """Fetch all, and the entries of playlists among them."""
        fresh = {job.id: job for job in jobs if job.id not in self._seen}
        self._seen.update(fresh)
        failed = await asyncio.gather(*(self._fetch(job, depth) for job in fresh.values()))
        return 1 if any(failed) else 0

    async def _fetch(self, job: Job, depth: int) -> bool:
        try:
            done = await self._engine.fetch(job, lambda progress: self._show(job, progress))
        except FetcherError as error:
            self._finish(job, f"failed  {job.title or job.url}: {error}")
            return True
        finally:
            self._bars.pop(job.id, None)
        if isinstance(done, Listed):
            self._finish(job, f"list    {done.found.title or job.url}: {len(done.entries)} entries")
            if depth == _MAX_DEPTH:
                return True
            folder = done.found.title or "playlist"
            entries = [_job(each.url, self._options, self._cookies, each.title, folder) for each in done.entries]
            return bool(await self.run(entries, depth + 1))
        self._finish(job, _told(done, self._output))
        return False

    def _show(self, job: Job, progress: Progress) -> None:
        self._bars[job.id] = _bar(progress)
        if sys.stderr.isatty():
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[K{'  '.join(self._bars.values())[:width]}")
            sys.stderr.flush()

    def _finish(self, job: Job, line: str) -> None:
        self._bars.pop(job.id, None)
        _say(line)


def _bar(progress: Progress) -> str:
    fraction = progress.fraction
    if fraction is None:
        return f"{progress.step} {progress.done / MIB:.1f} MiB" if progress.done else f"{progress.step} …"
    bar = "█" * round(fraction * _BAR)
    eta = f" {progress.eta_s:.0f} s" if progress.eta_s is not None else ""
    return f"{progress.step} {bar:░<{_BAR}} {fraction:4.0%}{eta}"


def _told(done: Stored, output: Path) -> str:
    word = "known" if done.is_known else done.plan.action.value
    return f"{word:<7} {output / done.item.link}  ({done.media.size / MIB:.1f} MiB). {done.plan.why}"


def _say(line: str) -> None:
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""
    printable = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    sys.stderr.write(f"{clear}{printable}\n")
