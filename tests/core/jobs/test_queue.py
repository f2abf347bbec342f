import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from regie.bus import Bus
from regie.jobs import Job, JobQueue
from regie.jobs.queue import LEASE_S, MAX_ATTEMPTS, WORKERS
from regie.storage import Database, Storage, migrate
from regie.storage.models import Base, JobRow


class Clock:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.step = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Works:
    """A database with as many queues as a test wants."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.faults: list[str] = []
        self.bus = Bus(self._fault)
        self.queues: list[JobQueue] = []

    def _fault(self, owner: str, error: BaseException, where: str) -> None:
        self.faults.append(f"{owner} {where}: {error}")

    def queue(self) -> JobQueue:
        queue = JobQueue(self.database, self.bus, self._fault, self.clock)
        self.queues.append(queue)
        return queue

    async def finished(self, act: Callable[[], Any]) -> dict[str, Any]:
        """What the next job to finish says, after an act."""
        ended: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        undo = self.bus.on(
            "regie_job_finished", lambda event: None if ended.done() else ended.set_result(dict(event.data))
        )
        act()
        async with asyncio.timeout(20):
            result = await ended
        undo()
        return result


@pytest.fixture
async def works(database_url: str) -> AsyncIterator[Works]:
    database = Database(database_url)
    await migrate(database, "core", Storage(Base.metadata, "regie.storage.migrations"))
    works = Works(database)
    yield works
    for queue in works.queues:
        await queue.stop()
    await database.stop()


async def test_a_job_runs_with_its_arguments_and_progress(works: Works) -> None:
    seen: list[Any] = []

    async def handle(job: Job) -> None:
        await job.progress(1, 2, "half")
        seen.append((dict(job.args), job.attempt))

    queue = works.queue()
    queue.register("demo.sync", handle)
    job_id = await queue.enqueue("demo.sync", {"library": 3})
    result = await works.finished(queue.start)
    assert result == {"job_id": job_id, "state": "done", "error": ""}
    assert seen == [({"library": 3}, 1)]
    status = (await queue.all())[0]
    assert (status.state, status.done, status.total, status.text) == ("done", 1, 2, "half")


async def test_the_same_work_is_not_queued_twice(works: Works) -> None:
    queue = works.queue()
    first = await queue.enqueue("demo.sync", {}, unique="all")
    assert await queue.enqueue("demo.sync", {}, unique="all") == first
    assert await queue.enqueue("demo.sync", {}, unique="other") != first


async def test_a_job_of_a_rolled_back_transaction_does_not_exist(works: Works) -> None:
    queue = works.queue()
    with pytest.raises(ValueError, match="no"):
        async with works.database.write() as session:
            await queue.enqueue("demo.sync", {}, session=session)
            raise ValueError("no")
    assert await queue.all() == []


async def test_what_a_killed_worker_held_passes_on_when_its_lease_ends(works: Works) -> None:
    held = asyncio.Event()

    async def hang(_job: Job) -> None:
        held.set()
        await asyncio.Event().wait()

    dead = works.queue()
    dead.register("demo.sync", hang)
    job_id = await dead.enqueue("demo.sync", {})
    dead.start()
    async with asyncio.timeout(10):
        await held.wait()
    for task in dead._tasks:  # as a kill does: nothing is handed back
        task.cancel()
    attempts: list[int] = []

    async def handle(job: Job) -> None:
        attempts.append(job.attempt)

    heir = works.queue()
    heir.register("demo.sync", handle)
    works.clock.now += LEASE_S + 1
    result = await works.finished(heir.start)
    assert result["job_id"] == job_id
    assert attempts == [2]


async def test_a_job_that_ends_every_worker_is_given_up(works: Works) -> None:
    queue = works.queue()
    job_id = await queue.enqueue("demo.poison", {}, unique="all")
    async with works.database.write() as session:
        cut_off = {"state": "running", "attempts": MAX_ATTEMPTS, "lease_until": works.clock.now - 1}
        await session.execute(update(JobRow).where(JobRow.id == job_id).values(**cut_off))
    seen: list[str] = []

    async def handle(job: Job) -> None:
        seen.append(job.id)

    queue.register("demo.poison", handle)
    await works.finished(queue.start)
    status = (await queue.all())[0]
    assert (status.state, status.error, seen) == ("failed", "It never came to an end", [])
    assert await queue.enqueue("demo.poison", {}, unique="all") != job_id


async def test_a_failing_job_is_tried_again_then_given_up(works: Works) -> None:
    async def fail(_job: Job) -> None:
        raise ValueError("no")

    works.clock.step = 1000  # each look at the clock is later than any pause between two attempts
    queue = works.queue()
    queue.register("demo.sync", fail)
    await queue.enqueue("demo.sync", {})
    result = await works.finished(queue.start)
    assert result["state"] == "failed"
    assert "ValueError: no" in result["error"]
    assert len(works.faults) == MAX_ATTEMPTS
    assert (await queue.all())[0].attempts == MAX_ATTEMPTS


async def test_a_job_for_later_waits(works: Works) -> None:
    async def handle(_job: Job) -> None:
        return None

    queue = works.queue()
    queue.register("demo.late", handle)
    queue.register("demo.soon", handle)
    later = datetime.fromtimestamp(works.clock.now, UTC) + timedelta(hours=1)
    await queue.enqueue("demo.late", {}, at=later)
    soon = await queue.enqueue("demo.soon", {})
    result = await works.finished(queue.start)
    assert result["job_id"] == soon
    assert {status.kind: status.state for status in await queue.all()} == {"demo.late": "waiting", "demo.soon": "done"}


async def test_a_waiting_job_can_be_cancelled(works: Works) -> None:
    queue = works.queue()
    job_id = await queue.enqueue("demo.sync", {}, unique="x")
    await queue.cancel(job_id)
    assert (await queue.all())[0].state == "cancelled"
    assert await queue.enqueue("demo.sync", {}, unique="x") != job_id


async def test_stopping_hands_running_work_back(works: Works) -> None:
    started = asyncio.Event()

    async def hang(_job: Job) -> None:
        started.set()
        await asyncio.Event().wait()

    queue = works.queue()
    queue.register("demo.sync", hang)
    await queue.enqueue("demo.sync", {})
    queue.start()
    async with asyncio.timeout(10):
        await started.wait()
    await queue.stop()
    assert (await queue.all())[0].state == "waiting"


async def test_a_database_that_goes_away_does_not_end_the_workers(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = works.queue()
    write, broken = works.database.write, WORKERS

    async def handle(_job: Job) -> None:
        nonlocal broken
        if broken:
            broken -= 1
            monkeypatch.setattr(works.database, "write", fail)

    def fail() -> Any:
        monkeypatch.setattr(works.database, "write", write)
        raise OSError("the database is gone")

    queue.register("slug.work", handle)
    works.clock.step = LEASE_S / 4
    await queue.enqueue("slug.work", {})
    for _ in range(WORKERS):
        await queue.enqueue("slug.work", {})
    ended = await works.finished(queue.start)
    assert ended["state"] == "done"
    assert any("the database is gone" in fault for fault in works.faults)


async def test_the_same_work_queued_side_by_side_is_one_job(works: Works) -> None:
    queue = works.queue()
    ids = await asyncio.gather(*(queue.enqueue("slug.work", {}, unique="a") for _ in range(4)))
    assert len(set(ids)) == 1


async def test_a_job_that_is_done_is_not_cancelled_after_it(works: Works) -> None:
    queue = works.queue()

    async def handle(_job: Job) -> None:
        pass

    queue.register("slug.work", handle)
    job_id = await queue.enqueue("slug.work", {})
    await works.finished(queue.start)
    told: list[str] = []
    works.bus.on("regie_job_finished", lambda event: told.append(event.data["state"]))
    await queue.cancel(job_id)
    assert told == []
