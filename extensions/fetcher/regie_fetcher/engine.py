"""The whole way of one job: download, probe, plan, convert, verify, store."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from .address import Judge
from .budget import Budget, Meter, RateLimit, Sleep
from .convert import Converter
from .cookies import Cookie, cookies_for, merged, parse_cookies, to_jar, to_netscape
from .direct import DirectDownloader, Download, Order
from .disk import hash_file
from .errors import CookieFormat, FetcherError, NoSpace, SourceRefused, Throttled, Unreadable
from .extract import Extracted, Extractor, Found, Preset, Wanted
from .media import Media
from .names import as_text
from .plan import Action, Plan, make_plan
from .progress import OnProgress, Progress, Step, ignore
from .proxy import PolicyProxy
from .rows import LibraryItem, MediaFile
from .store import MediaStore

DOWNLOADS_AT_ONCE = 4
_WAITS = 3
# A result beside its source, and what the index needs when it is moved to the front.
_ROOM_FACTOR = 2
_STATE = "downloaded.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One address of one user. `id` stays the same when the job runs again after a crash."""

    id: str
    url: str
    owner: str = ""
    folder: str = ""
    title: str = ""
    preset: Preset = Preset.BEST
    playlist: bool = True
    max_entries: int = 500
    max_duration_s: float | None = None
    cookies: tuple[Cookie, ...] = ()
    budget: Budget = field(default_factory=Budget)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The item that a job has added, what was done for it, and its cookies as the site left them."""

    item: LibraryItem
    media: MediaFile
    plan: Plan
    is_known: bool = False
    cookies: tuple[Cookie, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The address is a playlist: each entry is to become a job of its own."""

    found: Found
    entries: tuple[Found, ...]


class Engine:
    """Runs jobs; as many downloads and conversions at once as it has slots."""

    def __init__(
        self,
        judge: Judge,
        store: MediaStore,
        converter: Converter,
        *,
        rate: RateLimit | None = None,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.time,
        downloads: int = DOWNLOADS_AT_ONCE,
    ) -> None:
        self._judge = judge
        self._store = store
        self._converter = converter
        self._rate = rate
        self._sleep = sleep
        self._clock = clock
        self._slots = asyncio.Semaphore(downloads)
        self._parts = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as parts:
            proxy = await parts.enter_async_context(PolicyProxy(self._judge))
            self._direct = await parts.enter_async_context(DirectDownloader(self._judge, sleep=self._sleep))
            self.extractor = await parts.enter_async_context(Extractor(proxy))
            self._parts = parts.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._parts.aclose()

    async def fetch(self, job: Job, on_progress: OnProgress = ignore) -> Stored | Listed:
        """Take an address into the library, or list what it holds.

        An interrupted job goes on where its work folder says; other ends clear that folder.
        """
        folder, held = await asyncio.to_thread(self._enter, job)
        try:
            async with self._store.watch_space():
                got = held or await self._download(job, folder, on_progress)
                done = got if isinstance(got, Listed) else await self._keep(job, got, folder, on_progress)
        except BaseException as error:
            if not _may_go_on(error):
                await self.forget(job.id)
            raise
        await self.forget(job.id)
        return done

    def _enter(self, job: Job) -> tuple[Path, _Source | None]:
        """The job's work folder, and what an earlier run has downloaded there."""
        folder = self._store.work(job.id)
        return folder, _downloaded(folder)

    async def forget(self, job_id: str) -> None:
        """Clear the work folder of a job that will not go on."""
        await asyncio.to_thread(self._store.clear_work, job_id)

    async def _download(self, job: Job, folder: Path, on_progress: OnProgress) -> _Source | Listed:
        for _ in range(_WAITS):
            try:
                async with self._slots:
                    return await self._transfer(job, folder, on_progress)
            except Throttled as error:
                # The slot is free while we wait, as the server asked.
                await self._sleep(error.retry_after_s)
        async with self._slots:
            return await self._transfer(job, folder, on_progress)

    async def _transfer(self, job: Job, folder: Path, on_progress: OnProgress) -> _Source | Listed:
        cookies = cookies_for(job.cookies, job.url, now=self._clock())
        meter = Meter(job.budget)
        with _Room(self._store) as room:
            order = Order(
                url=job.url,
                folder=folder,
                meter=meter,
                rate=self._rate,
                jar=to_jar(cookies) if cookies else None,
                on_progress=room.watching(on_progress),
                on_length=room.need,
            )
            got = await self._direct.download(order)
            if isinstance(got, Download):
                source = _Source(got.path, got.sha256, job.title or Path(got.name).stem, tuple(cookies))
            else:
                on_progress(Progress(Step.EXTRACT))
                made = await self._extract(_wanted(job, folder, cookies), meter, room.watching(on_progress))
                if made.path is None:
                    return Listed(found=made.found, entries=made.entries)
                source = await _extracted(job, made, cookies)
        await asyncio.to_thread(_note, folder, source)
        return source

    async def _extract(self, wanted: Wanted, meter: Meter, on_progress: OnProgress) -> Extracted:
        try:
            return await self.extractor.download(wanted, meter=meter, rate=self._rate, on_progress=on_progress)
        except SourceRefused as error:
            if error.status != 403:
                raise
            # Addresses of media expire; the page gives fresh ones.
            return await self.extractor.download(wanted, meter=meter, rate=self._rate, on_progress=on_progress)

    async def _keep(self, job: Job, source: _Source, folder: Path, on_progress: OnProgress) -> Stored:
        item = LibraryItem(
            id=job.id,
            owner=job.owner,
            title=as_text(source.title),
            sha256="",
            folder=as_text(job.folder),
            source_url=as_text(without_credentials(job.url)),
        )
        recipe = self._converter.recipe(job.preset.value)
        known = await self._store.rows.media_by_source(source.sha256, recipe)
        if known is not None and (shown := await self._store.add_known(known, item)) is not None:
            plan = Plan(action=Action.KEEP, why="The library has it already.")
            return Stored(item=shown.item, media=shown.media, plan=plan, is_known=True, cookies=source.cookies)
        on_progress(Progress(Step.PROBE))
        media = await self._converter.prober.probe(source.path)
        plan = _plan(job, media)
        path, result = await self._convert(source, media, plan, folder, on_progress)
        on_progress(Progress(Step.STORE))
        subtitles = await self._converter.write_webvtt(path, result, folder)
        result = replace(result, subtitles=tuple(subtitles))
        suffix = media.suffix if job.preset is Preset.ORIGINAL else plan.suffix
        facts = _facts(source, media, result, recipe, suffix)
        if path == source.path:
            facts = replace(facts, sha256=source.sha256)
        shown = await self._store.add_media(path, facts, item, subtitles.values())
        return Stored(item=shown.item, media=shown.media, plan=plan, cookies=source.cookies)

    async def _convert(
        self, source: _Source, media: Media, plan: Plan, folder: Path, on_progress: OnProgress
    ) -> tuple[Path, Media]:
        if plan.action is Action.KEEP:
            return source.path, media
        target = folder / f"result{plan.suffix}"
        with self._store.claim(media.size):
            return target, await self._converter.convert(source.path, media, plan, target, on_progress)


@dataclass(frozen=True, slots=True)
class _Source:
    """A file in the work folder, and what is known of it."""

    path: Path
    sha256: str
    title: str
    cookies: tuple[Cookie, ...] = ()


class _Room(ExitStack):
    """Disk space held for a download, as soon as its length is known."""

    def __init__(self, store: MediaStore) -> None:
        super().__init__()
        self._store = store
        self._held = 0

    def __enter__(self) -> Self:
        self.need(0)
        return super().__enter__()

    def need(self, count: int) -> None:
        """Hold room for a file of this length and its result; NoSpace if there is none."""
        self.close()
        self.enter_context(self._store.claim(count * _ROOM_FACTOR))
        self._held = count

    def watching(self, on_progress: OnProgress) -> OnProgress:
        """Hold room as a progress tells of more."""

        def watch(progress: Progress) -> None:
            total = int(progress.total or progress.done)
            if total > self._held:
                self.need(total)
            on_progress(progress)

        return watch


def _may_go_on(error: BaseException) -> bool:
    """Whether the job may run again and use what it has; a full disk wants its bytes back."""
    if isinstance(error, NoSpace):
        return False
    return isinstance(error, asyncio.CancelledError) or (isinstance(error, FetcherError) and error.retriable)


def _note(folder: Path, source: _Source) -> None:
    state = {"name": source.path.name, "sha256": source.sha256, "title": source.title}
    part = folder / f"{_STATE}.part"
    part.write_text(json.dumps(state))
    part.replace(folder / _STATE)


def _downloaded(folder: Path) -> _Source | None:
    """What an earlier run of the job has downloaded, if it is all there."""
    try:
        state = json.loads((folder / _STATE).read_text())
        path = folder / Path(state["name"]).name
        return _Source(path, state["sha256"], state["title"]) if hash_file(path) == state["sha256"] else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _wanted(job: Job, folder: Path, cookies: list[Cookie]) -> Wanted:
    return Wanted(
        url=job.url,
        folder=folder,
        preset=job.preset,
        playlist=job.playlist,
        max_entries=job.max_entries,
        max_duration_s=job.max_duration_s,
        cookies=to_netscape(cookies) if cookies else "",
    )


async def _extracted(job: Job, made: Extracted, cookies: list[Cookie]) -> _Source:
    path = made.path or Path()
    with suppress(CookieFormat):
        cookies = merged(cookies, parse_cookies(made.cookies)) if cookies else cookies
    title = job.title or made.found.title or "untitled"
    return _Source(path, await asyncio.to_thread(hash_file, path), title, tuple(cookies))


def _plan(job: Job, media: Media) -> Plan:
    plan = make_plan(media, audio_only=job.preset is Preset.AUDIO)
    if plan.action is Action.REJECT:
        raise Unreadable(plan.why)
    if job.preset is Preset.ORIGINAL:
        return replace(plan, action=Action.KEEP, why="The original is wanted.")
    return plan


def _facts(source: _Source, media: Media, result: Media, recipe: str, suffix: str) -> MediaFile:
    facts = asdict(result)
    streams = {kind: facts[kind] for kind in ("videos", "audios", "subtitles")}
    return MediaFile(
        sha256="",
        size=0,
        source_sha256=source.sha256,
        source_bytes=media.size,
        recipe=recipe,
        duration_s=result.duration_s,
        streams=json.dumps(streams),
        suffix=suffix,
    )


def without_credentials(url: str) -> str:
    """An address without user name and password, as a row may hold it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
