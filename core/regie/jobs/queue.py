"""The job queue of one process: a lease table in the database, and workers on the loop.

What was acknowledged runs, also after a kill: a lease that is not renewed passes to the next worker. Handlers are
therefore called at least once, and must be idempotent.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from regie.bus import Bus
from regie.bus.bus import OnFault, Undo
from regie.bus.event import ulid
from regie.jobs.job import Handler, Job
from regie.storage.database import Database
from regie.storage.models import JobRow

WORKERS = 2
LEASE_S = 20.0
POLL_S = 5.0
MAX_ATTEMPTS = 5
FIRST_RETRY_S = 5.0
LAST_RETRY_S = 600.0

Spawn = Callable[[Coroutine[Any, Any, None], str], object]


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as pages show it."""

    id: str
    kind: str
    state: str
    done: int
    total: int | None
    text: str
    error: str
    attempts: int
    created_at: float
    finished_at: float | None


class JobQueue:
    """Queues jobs and works them, one at a time a kind."""

    def __init__(self, database: Database, bus: Bus, on_fault: OnFault, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._bus = bus
        self._on_fault = on_fault
        self._clock = clock
        self._handlers: dict[str, Handler] = {}
        self._running: dict[str, tuple[Job, asyncio.Task[None]]] = {}
        self._claiming = asyncio.Lock()
        self._busy_kinds: set[str] = set()
        self._wake = asyncio.Event()
        self._worker_id = ulid()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work."""
        self._tasks = [asyncio.create_task(self._work(), name=f"job worker {number}") for number in range(WORKERS)]

    async def stop(self) -> None:
        """Stop working; what runs goes back to the queue at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def register(self, kind: str, handler: Handler) -> Undo:
        """Work the jobs of a kind; what returns ends it, and what runs goes back to the queue."""
        if kind in self._handlers:
            raise ValueError(f"The jobs {kind} have a handler already")
        self._handlers[kind] = handler
        self._wake.set()

        def undo() -> None:
            if self._handlers.get(kind) is handler:
                del self._handlers[kind]
            for job, task in tuple(self._running.values()):
                if job.kind == kind:
                    task.cancel()

        return undo

    async def enqueue(
        self,
        kind: str,
        args: Mapping[str, Any],
        *,
        unique: str | None = None,
        at: datetime | None = None,
        priority: int = 0,
        session: AsyncSession | None = None,
    ) -> str:
        """Queue a job and answer its id; while one with the same `unique` waits or runs, that one's id is the answer."""
        if session is not None:
            return await self._insert(session, kind, args, (unique, at, priority))
        async with self._database.write() as own:
            job_id = await self._insert(own, kind, args, (unique, at, priority))
        self._wake.set()
        return job_id

    async def cancel(self, job_id: str) -> None:
        """End a job that waits, or ask one that runs to end."""
        if job_id in self._running:
            job, task = self._running[job_id]
            job.is_cancelled = True
            task.cancel()
        await self._finish(job_id, "cancelled")

    async def all(self, limit: int = 100) -> list[JobStatus]:
        """The newest jobs first."""
        columns = [getattr(JobRow, name) for name in JobStatus.__slots__]
        async with self._database.read() as connection:
            rows = (await connection.execute(select(*columns).order_by(JobRow.id.desc()).limit(limit))).all()
        return [JobStatus(*row) for row in rows]

    async def _insert(
        self, session: AsyncSession, kind: str, args: Mapping[str, Any], when: tuple[str | None, datetime | None, int]
    ) -> str:
        unique, at, priority = when
        key = f"{kind}:{unique}" if unique is not None else None
        if key is not None:
            if self._database.dialect == "postgresql":
                # Two that queue the same work at once: the second waits, then finds the first one's job.
                await session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"job:{key}"})
            known = (await session.execute(select(JobRow.id).where(JobRow.unique_key == key))).scalar_one_or_none()
            if known is not None:
                return known
        now = self._clock()
        row = JobRow(id=ulid(now), kind=kind, args=dict(args), unique_key=key, state="waiting", created_at=now)
        row.run_at, row.priority = at.timestamp() if at else now, priority
        session.add(row)
        await session.flush()
        return row.id

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            async with self._claiming:
                row = await self._claim()
                if row is not None:
                    self._busy_kinds.add(row.kind)
            if row is None:
                try:
                    async with asyncio.timeout(POLL_S):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                continue
            await self._run(row)

    async def _claim(self) -> JobRow | None:
        """Take the most urgent job that is due, or whose worker has died; one at a time a kind."""
        now = self._clock()
        kinds = [kind for kind in self._handlers if kind not in self._busy_kinds]
        if not kinds:
            return None
        free = or_(JobRow.state == "waiting", (JobRow.state == "running") & (JobRow.lease_until < now))
        wanted = select(JobRow).where(free, JobRow.run_at <= now, JobRow.kind.in_(kinds))
        try:
            async with self._database.write() as session:
                query = wanted.order_by(JobRow.priority.desc(), JobRow.run_at, JobRow.id).limit(1)
                row = (await session.execute(query.with_for_update(skip_locked=True))).scalar_one_or_none()
                is_poison = row is not None and row.state == "running" and row.attempts >= MAX_ATTEMPTS
                if row is not None and not is_poison:
                    row.state, row.worker, row.lease_until = "running", self._worker_id, now + LEASE_S
                    row.attempts += 1
            if row is not None and is_poison:
                # It has taken worker after worker down with it.
                await self._finish(row.id, "failed", error="It never came to an end")
                self._wake.set()
                return None
        except Exception as error:  # noqa: BLE001 - the database may be away; the worker goes on
            self._on_fault("core", error, "job queue")
            return None
        return row

    async def _run(self, row: JobRow) -> None:
        async def progress(done: int, total: int | None, text: str) -> None:
            values = {"done": done, "total": total, "text": text, "lease_until": self._clock() + LEASE_S}
            await self._update(row.id, **values)
            self._bus.fire(
                "regie_job_progress", {"job_id": row.id, "kind": row.kind, "done": done, "total": total, "text": text}
            )

        job = Job(row.id, row.kind, row.args, row.attempts, progress)
        task = asyncio.create_task(self._handle(job), name=f"job {row.kind}")
        heartbeat = asyncio.create_task(self._heartbeat(row.id), name=f"heartbeat of {row.kind}")
        self._running[row.id] = (job, task)
        try:
            await asyncio.wait([task])
            await self._conclude(job, task)
        except Exception as error:  # noqa: BLE001 - the database may be away; the job runs again when its lease ends
            self._on_fault("core", error, "job queue")
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            await asyncio.shield(self._update(row.id, state="waiting", worker=None, lease_until=None))
            raise
        finally:
            heartbeat.cancel()
            del self._running[row.id]
            self._busy_kinds.discard(row.kind)
            self._wake.set()

    async def _handle(self, job: Job) -> None:
        handler = self._handlers.get(job.kind)
        if handler is None:
            raise asyncio.CancelledError
        try:
            await handler(job)
        except SystemExit as error:  # or it would end the loop, and with it the hub
            raise RuntimeError(f"the job called sys.exit({error.code!r})") from error

    async def _heartbeat(self, job_id: str) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            try:
                await self._update(job_id, lease_until=self._clock() + LEASE_S)
            except Exception as error:  # noqa: BLE001 - the database may be away; the next beat may reach it
                self._on_fault("core", error, "job queue")

    async def _conclude(self, job: Job, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            if not job.is_cancelled:
                await self._update(job.id, state="waiting", worker=None, lease_until=None)
            return
        error = task.exception()
        if error is None:
            await self._finish(job.id, "done")
            return
        self._on_fault(job.kind.partition(".")[0], error, f"job {job.kind}")
        if job.attempt >= MAX_ATTEMPTS:
            await self._finish(job.id, "failed", error=f"{type(error).__name__}: {error}")
            return
        delay_s = min(FIRST_RETRY_S * 2 ** (job.attempt - 1), LAST_RETRY_S)
        reason = f"{type(error).__name__}: {error}"
        await self._update(
            job.id, state="waiting", worker=None, lease_until=None, error=reason, run_at=self._clock() + delay_s
        )

    async def _finish(self, job_id: str, state: str, error: str = "") -> None:
        values = {"state": state, "error": error, "finished_at": self._clock(), "unique_key": None, "lease_until": None}
        if await self._update(job_id, **values):
            self._bus.fire("regie_job_finished", {"job_id": job_id, "state": state, "error": error})

    async def _update(self, job_id: str, **values: Any) -> bool:
        """Whether the job was there and not finished."""
        change = update(JobRow).where(JobRow.id == job_id, JobRow.finished_at.is_(None)).values(**values)
        async with self._database.write() as session:
            return bool(cast("CursorResult[Any]", await session.execute(change)).rowcount)
