"""Kills a process at every step of the store's work, and looks at what the next process makes of it.

A step is a change of the file system (seen by an audit hook) or a statement or commit of the database. Each run is a
fork of this process, so that hundreds of kills cost seconds. Prints how many steps the named scenario has.
"""

import asyncio
import hashlib
import itertools
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine

from regie_fetcher.disk import hash_file
from regie_fetcher.reconcile import Report, reconcile
from regie_fetcher.rows import LibraryItem, MediaFile
from regie_fetcher.store import MediaStore
from regie_fetcher.tables import SqlRows, metadata

EVENTS = {
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.utime",
    "os.truncate",
    "shutil.rmtree",
}
FILM, OTHER = b"film" * 5000, b"other" * 4000
SHA, OTHER_SHA = (hashlib.sha256(data).hexdigest() for data in (FILM, OTHER))
FACTS = MediaFile(sha256="", size=0, source_sha256="5" * 64, source_bytes=9, recipe="r")

# What a kill leaves is the same on every file system, and this one syncs at once.
MEMORY = Path("/dev/shm")

Scenario = Callable[[MediaStore], Awaitable[object]]
steps_left = -1


def step(*_: object) -> None:
    global steps_left  # noqa: PLW0603 - one process, one countdown
    if steps_left > 0:
        steps_left -= 1
        if steps_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def audit(name: str, arguments: tuple[Any, ...]) -> None:
    if name in EVENTS and "/store-killer-" in str(arguments[0]):
        step()


async def with_store(root: Path, run: Scenario) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{root}/library.db")
    event.listen(engine.sync_engine, "before_cursor_execute", step)
    event.listen(engine.sync_engine, "commit", step)
    if not (root / "library.db").exists():
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
    store = MediaStore(root / "store", SqlRows(engine), tree=root / "tree", reserve_bytes=0).create()
    await run(store)
    await engine.dispose()


async def add(store: MediaStore, job: str, data: bytes) -> None:
    path = store.work(job) / "result.mp4"
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)
    subtitles = store.work(job) / "2.vtt"
    subtitles.write_bytes(b"words of " + data)
    await store.add_media(path, FACTS, LibraryItem(id=job, owner="ann", title="Title", sha256=""), [subtitles])
    store.clear_work(job)


async def nothing(_: MediaStore) -> None:
    pass


async def add_first(store: MediaStore) -> None:
    await add(store, "j1", FILM)


async def add_twin(store: MediaStore) -> None:
    await add(store, "j2", FILM)


async def add_both(store: MediaStore) -> None:
    await add(store, "j1", FILM)
    await add(store, "j2", FILM)


async def delete_first(store: MediaStore) -> None:
    await store.delete_media("j1")


async def add_and_delete(store: MediaStore) -> None:
    await add_first(store)
    await delete_first(store)


async def make_a_mess(store: MediaStore) -> None:
    await add_both(store)
    await add(store, "j3", OTHER)
    media = await store.rows.media(SHA)
    assert media is not None
    for path in (store.place(media), *store.subtitles(media)):
        path.rename(store.trash(media).with_name(path.name))
    (store.root / "aa").mkdir(exist_ok=True)
    (store.root / "aa" / f"{'a' * 64}.mp4").write_bytes(b"stray")
    (store.root / "aa" / f"{'a' * 64}.3.vtt").write_bytes(b"stray words")
    (store.root / "aa" / f"{'b' * 64}.mp4.part").write_bytes(b"half")
    (store.work("dead") / "source.part").write_bytes(b"half")
    assert store.tree is not None
    (store.tree / "Title.mp4").rename(store.tree / "Astray.mp4")


# name: what was there before, what is killed, the items expected once it has run again
SCENARIOS: dict[str, tuple[Scenario, Scenario, dict[str, str]]] = {
    "add": (nothing, add_first, {"j1": SHA}),
    "add a twin": (add_first, add_twin, {"j1": SHA, "j2": SHA}),
    "add after delete": (add_and_delete, add_twin, {"j2": SHA}),
    "delete the last": (add_first, delete_first, {}),
    "delete one of two": (add_both, delete_first, {"j2": SHA}),
    "reconcile": (make_a_mess, reconcile, {"j1": SHA, "j2": SHA, "j3": OTHER_SHA}),
}


async def check(store: MediaStore, expected: dict[str, str]) -> None:
    items = {item.id: item for item in await store.rows.all_items()}
    assert {each.id: each.sha256 for each in items.values()} == expected, items
    media = {each.sha256: each for each in await store.rows.all_media()}
    assert set(media) == set(expected.values())
    files = {path.name: path for path in store.root.glob("[0-9a-f][0-9a-f]/*")}
    assert set(files) == {f"{sha256}{end}" for sha256 in media for end in (".mp4", ".2.vtt")}, files
    for sha256 in media:
        assert hash_file(files[f"{sha256}.mp4"]) == sha256
        assert files[f"{sha256}.2.vtt"].read_bytes() == b"words of " + files[f"{sha256}.mp4"].read_bytes()
    assert not any(each.is_missing for each in media.values())
    assert store.works() == []
    links = {path.relative_to(store.tree).as_posix() for path in store.tree.rglob("*")} if store.tree else set()
    assert links == {item.link for item in items.values()}, links
    assert await reconcile(store) == Report(), "a second look finds nothing to do"


def forked(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_at(name: str, number: int, *, is_live: bool) -> bool:
    """Run a scenario, killed at a step; False when it has fewer steps."""
    before, killed, expected = SCENARIOS[name]
    with tempfile.TemporaryDirectory(prefix="store-killer-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        root = Path(folder)

        def armed() -> None:
            async def run(store: MediaStore) -> None:
                global steps_left  # noqa: PLW0603 - one process, one countdown
                await before(store)
                steps_left = number
                await killed(store)
                steps_left = -1

            asyncio.run(with_store(root, run))

        async def recover(store: MediaStore) -> None:
            await reconcile(store, live_jobs=["j1", "j2"] if is_live else [])
            if is_live:
                await killed(store)
                await reconcile(store)
                await check(store, expected)
            else:
                await check(store, {item.id: item.sha256 for item in await store.rows.all_items()})

        status = forked(armed)
        assert forked(lambda: asyncio.run(with_store(root, recover))) == 0, f"{name}: killed at step {number}"
        return status == -signal.SIGKILL


def main() -> None:
    sys.addaudithook(audit)
    for number in itertools.count(1):
        if not kill_at(sys.argv[1], number, is_live=True) or not kill_at(sys.argv[1], number, is_live=False):
            sys.stdout.write(str(number - 1))
            return


if __name__ == "__main__":
    main()
