"""The content store: each file once, under its hash; items point at it, and the last one takes it along.

Order of writing: file first, row second, link third. Each step may be repeated after a crash; what a crash leaves
between two of them is what `reconcile` mends.
"""

import asyncio
import os
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self
from weakref import WeakValueDictionary

from .budget import GIB
from .disk import duplicate, hash_file, move
from .errors import NoSpace, StoreUnavailable
from .names import inside, safe_folder, safe_name
from .rows import LibraryItem, MediaFile, Rows, Shown

MARKER = ".regie-store"
_WORK = ".work"
_TRASH = ".trash"
_MAX_TWINS = 10_000
LOOK_S = 5.0


def disk_free(path: Path) -> int:
    """The bytes free for us on the file system of a path."""
    return shutil.disk_usage(path).free


class MediaStore:
    """The files of a library under one root, and optionally their tree of readable names."""

    def __init__(
        self,
        root: Path,
        rows: Rows,
        *,
        tree: Path | None = None,
        reserve_bytes: int = GIB,
        free: Callable[[Path], int] = disk_free,
        clock: Callable[[], float] = time.time,
        look_s: float = LOOK_S,
    ) -> None:
        self.root = root
        self.rows = rows
        self.tree = tree
        self._reserve_bytes = reserve_bytes
        self._free = free
        self.clock = clock
        self._look_s = look_s
        self._claims: dict[object, int] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def create(self) -> Self:
        """Make the folders of a new store; does nothing to one that is there."""
        marker = self.root / MARKER
        for folder in (self.root / _WORK, self.root / _TRASH):
            folder.mkdir(parents=True, exist_ok=True)
        if not marker.exists():
            marker.write_text(f"{uuid.uuid4()}\n")
        return self

    def check(self) -> None:
        """Refuse a root that is not a store: an unmounted share must not look like an empty library."""
        if not (self.root / MARKER).is_file():
            raise StoreUnavailable(f"{self.root} is not the library: {MARKER} is missing. Is the share mounted?")

    def work(self, job_id: str) -> Path:
        """The folder of a job, on the same file system as its result."""
        self.check()
        folder = self.root / _WORK / safe_name(job_id)
        folder.mkdir(exist_ok=True)
        return folder

    def works(self) -> list[Path]:
        """The work folders of all jobs, dead ones too."""
        return sorted((self.root / _WORK).iterdir())

    def clear_work(self, job_id: str) -> None:
        """Remove a job's folder with all that is in it."""
        shutil.rmtree(self.root / _WORK / safe_name(job_id), ignore_errors=True)

    @contextmanager
    def claim(self, count: int) -> Iterator[None]:
        """Hold room for `count` bytes; NoSpace if disk, reserve and running jobs leave less."""
        key = object()
        spare = self._free(self.root) - self._reserve_bytes - sum(self._claims.values())
        if count > spare:
            raise NoSpace(f"{count} bytes are needed, {max(spare, 0)} are free beside the reserve")
        self._claims[key] = count
        try:
            yield
        finally:
            del self._claims[key]

    @asynccontextmanager
    async def watch_space(self) -> AsyncIterator[None]:
        """End what runs within by NoSpace when anybody has eaten into the reserve; looks every five seconds."""
        limit = asyncio.timeout(None)

        async def look() -> None:
            while not limit.expired():
                await asyncio.sleep(self._look_s)
                if self._free(self.root) < self._reserve_bytes:
                    limit.reschedule(asyncio.get_running_loop().time())

        try:
            async with limit:
                looking = asyncio.create_task(look(), name="fetcher looks at the disk")
                try:
                    yield
                finally:
                    looking.cancel()
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise NoSpace("The disk has filled up meanwhile: less is free than the reserve") from error

    def place(self, media: MediaFile) -> Path:
        """Where a file stands: a path that names its content, so it never changes."""
        return self.root / media.sha256[:2] / f"{media.sha256}{media.suffix}"

    def trash(self, media: MediaFile) -> Path:
        """Where a file goes when its last item is gone."""
        return self.root / _TRASH / f"{media.sha256}{media.suffix}"

    def subtitles(self, media: MediaFile) -> list[Path]:
        """The WebVTT files that stand beside a file, `<hash>.<stream>.vtt`."""
        return _beside(self.place(media))

    async def add_media(
        self, path: Path, media: MediaFile, item: LibraryItem, subtitles: Collection[Path] = ()
    ) -> Shown:
        """Take a finished file of a work folder into the library, and its subtitles, named `<stream>.vtt`, with it.

        `media` is made true to its bytes; a hash that it brings must be theirs, and spares reading them once more.
        """
        self.check()
        sha256 = media.sha256 or await asyncio.to_thread(hash_file, path)
        media = replace(media, sha256=sha256, size=path.stat().st_size)
        async with self._hold(sha256):
            # Equal bytes are one file, under the ending that it was first given.
            media = await self.rows.media(sha256) or media
            await asyncio.to_thread(self._put, path, media, subtitles)
            shown = await self._commit(media, item)
            if shown.media.sha256 != sha256:
                # The job has run before, and its address gave other bytes then: those it keeps.
                await self.discard(media)
            return shown

    async def add_known(self, media: MediaFile, item: LibraryItem) -> Shown | None:
        """Add an item to a file that the library has already; None if the file is not there after all."""
        async with self._hold(media.sha256):
            if not self.place(media).exists() and not self.restore(media):
                return None
            return await self._commit(media, item)

    async def _commit(self, media: MediaFile, item: LibraryItem) -> Shown:
        shown = await self._commit_named(media, replace(item, sha256=media.sha256))
        if shown.media.sha256 != media.sha256:
            return shown
        if shown.media.is_missing:
            await self.rows.mark_missing(media.sha256, is_missing=False)
            shown = replace(shown, media=replace(shown.media, is_missing=False))
        if not self.place(media).exists():
            # Another node trashed it after its last item went, just before this one came.
            self.restore(media)
        if self.tree is not None:
            await asyncio.to_thread(self.link, media, shown.item)
        return shown

    async def _commit_named(self, media: MediaFile, item: LibraryItem) -> Shown:
        if self.tree is None:
            shown = await self.rows.commit(media, replace(item, link=""))
            assert shown is not None  # noqa: S101 - without a link none can be taken
            return shown
        stem = safe_folder(item.folder) / safe_name(item.title)
        for number in range(1, _MAX_TWINS):
            link = f"{stem} ({number}){media.suffix}" if number > 1 else f"{stem}{media.suffix}"
            if inside(self.tree, link).exists():
                # Another item's name, or a file that people put there: neither is taken over.
                continue
            shown = await self.rows.commit(media, replace(item, link=link))
            if shown is not None:
                return shown
        raise StoreUnavailable(f"{stem} exists {_MAX_TWINS} times")

    def _put(self, path: Path, media: MediaFile, subtitles: Collection[Path]) -> None:
        target = self.place(media)
        for each in subtitles:
            move(each, target.with_name(f"{media.sha256}.{each.name}"), hash_file(each))
        if target.exists() and target.stat().st_size == media.size:
            path.unlink()
        else:
            move(path, target, media.sha256)

    async def delete_media(self, item_id: str) -> bool:
        """Drop an item and, with the last one, its file; False if there was no such item."""
        self.check()
        item = await self.rows.item(item_id)
        if item is None:
            return False
        async with self._hold(item.sha256):
            media = await self.rows.remove_item(item_id)
            self._unlink(item)
            if media is not None:
                await self.discard(media)
        return True

    async def discard(self, media: MediaFile) -> None:
        """Move a file without row into the trash, unless a row appeared meanwhile."""
        if await self.rows.media(media.sha256) is not None:
            return
        await asyncio.to_thread(self._to_trash, media)
        if await self.rows.media(media.sha256) is not None:
            self.restore(media)

    def _to_trash(self, media: MediaFile) -> None:
        place, trash = self.place(media), self.trash(media).parent
        # The file goes first and comes back last: wherever a crash parts them, what mends the file mends the rest.
        for each in (place, *_beside(place)):
            if each.exists():
                target = trash / each.name
                move(each, target, media.sha256 if each == place else hash_file(each))
                os.utime(target, (self.clock(),) * 2)

    def restore(self, media: MediaFile) -> bool:
        """Bring a file back from the trash; False if it is not there."""
        place, trash = self.place(media), self.trash(media)
        if not trash.exists():
            return False
        for each in _beside(trash):
            move(each, place.with_name(each.name), hash_file(each))
        move(trash, place, media.sha256)
        return True

    def empty_trash(self, older_than_s: float) -> int:
        """Remove for good what lies in the trash for longer; returns the bytes won."""
        before, won = self.clock() - older_than_s, 0
        for path in (self.root / _TRASH).iterdir():
            stat = path.stat()
            if stat.st_mtime <= before:
                path.unlink()
                won += stat.st_size
        return won

    def link(self, media: MediaFile, item: LibraryItem) -> None:
        """Give the item its readable name in the tree."""
        if self.tree is not None and item.link:
            target = inside(self.tree, item.link)
            if not target.exists():
                duplicate(self.place(media), target)

    def _unlink(self, item: LibraryItem) -> None:
        if self.tree is not None and item.link:
            inside(self.tree, item.link).unlink(missing_ok=True)

    @asynccontextmanager
    async def _hold(self, sha256: str) -> AsyncIterator[None]:
        lock = self._locks.setdefault(sha256, asyncio.Lock())
        async with lock:
            yield


def _beside(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name.partition('.')[0]}.*.vtt"))
