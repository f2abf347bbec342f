"""The job that brings people, libraries and items of a server into our tables: paged, incremental, resumable."""

from datetime import UTC, datetime, timedelta
from typing import Any

from regie.api import Job, NotReady
from regie.roles import Library, MediaServer

from .monitor import Monitor

AGAIN_AFTER = timedelta(minutes=1)
OVERLAP = timedelta(minutes=10)
"""How far an incremental sync reaches back before the last one began: clocks differ."""


class LibrarySync:
    """Works `sync` jobs. Where it is stands in a document: libraries done, and the position in the one under way."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._ctx = monitor.ctx

    async def run(self, job: Job) -> None:
        """Sync one server; one that is away is tried again later, from where it was."""
        watch = self._monitor.watches.get(str(job.args["server_id"]))
        if watch is None:
            return
        try:
            await self._sync(job, watch.server)
        except NotReady as error:
            self._ctx.log.info("the library sync waits", server=watch.server.name, reason=str(error))
            later = datetime.now(UTC) + AGAIN_AFTER
            await self._ctx.jobs.enqueue("sync", job.args, at=later, unique=f"{job.kind}.{watch.server.id}.later")

    async def _sync(self, job: Job, server: MediaServer) -> None:
        dimensions = self._monitor.store.dimensions
        users, libraries = await server.users(), await server.libraries()
        async with self._ctx.session() as session:
            number = await dimensions.server_id(session, server.id, server.name)
            await dimensions.users(session, number, users, synced=True)
            ids = await dimensions.libraries(session, number, libraries)
        place = await self._place(server)
        done = int(place.get("items", 0))
        for library in libraries:
            if library.id in place["libraries"]:
                continue
            done = await self._library(job, server, (library, number, ids[library.id]), place, done)
            if job.is_cancelled:
                return
            place["libraries"].append(library.id)
            place |= {"start": 0, "items": done}
            await self._save(server, place)
        await self._save(server, {"finished": place["began"]})
        await job.progress(done, done, server.name)

    async def _library(
        self, job: Job, server: MediaServer, library: tuple[Library, int, int], place: dict[str, Any], done: int
    ) -> int:
        known, number, library_id = library
        since = datetime.fromisoformat(place["since"]) if place["since"] else None
        async for page in server.items(known.id, since=since, start=place["start"]):
            async with self._ctx.session() as session:
                await self._monitor.store.dimensions.items(session, number, page, library_id)
            done += len(page)
            place |= {"start": place["start"] + len(page), "items": done}
            await self._save(server, place)
            await job.progress(done, None, f"{server.name}: {known.name}")
            if job.is_cancelled:
                break
        return done

    async def _place(self, server: MediaServer) -> dict[str, Any]:
        """Where a broken-off sync was, or the beginning of a new one: of what changed since the last that finished."""
        saved = await self._ctx.store.load(f"sync.{server.id}") or {}
        if "began" in saved:
            return saved
        finished = saved.get("finished")
        since = (datetime.fromisoformat(finished) - OVERLAP).isoformat() if finished else None
        return {"began": datetime.now(UTC).isoformat(), "since": since, "libraries": [], "start": 0, "items": 0}

    async def _save(self, server: MediaServer, place: dict[str, Any]) -> None:
        await self._ctx.store.save(f"sync.{server.id}", place)
