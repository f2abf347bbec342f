"""Makes disk and rows agree again after a crash; every step may itself be interrupted and repeated."""

import asyncio
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from .disk import hash_file
from .names import safe_name
from .rows import LibraryItem, MediaFile
from .store import MediaStore

# A file, or subtitles beside it.
_STORED = re.compile(r"([0-9a-f]{64})((?:\.\d+)?\.[a-z0-9]{1,8})")


@dataclass(slots=True)
class Report:
    """What the reconciler found and did, by hash, path or job."""

    dropped_works: list[str] = field(default_factory=list)
    dropped_parts: list[str] = field(default_factory=list)
    trashed: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    relinked: list[str] = field(default_factory=list)
    unlinked: list[str] = field(default_factory=list)


async def reconcile(
    store: MediaStore,
    *,
    live_jobs: Collection[str] = (),
    expected: Collection[str] = (),
    verify: bool = False,
) -> Report:
    """Clear the work of dead jobs, trash files without row, restore or mark rows without file, mend the links.

    `expected` are hashes that a live job is about to commit: their files stay. With `verify`, every file is read and a
    changed one is set aside as missing.
    """
    store.check()
    report = Report()
    await asyncio.to_thread(_drop_works, store, frozenset(map(safe_name, live_jobs)), report)
    for media in await store.rows.remove_unreferenced():
        await store.discard(media)
        report.trashed.append(media.sha256)
    known = {media.sha256: media for media in await store.rows.all_media()}
    for path in await asyncio.to_thread(_stored_files, store, report):
        await _settle_file(store, path, {*known, *expected}, report)
    for media in known.values():
        await _settle_row(store, media, report, verify=verify)
    items = await store.rows.all_items()
    await asyncio.to_thread(_mend_tree, store, items, known, report)
    return report


def _drop_works(store: MediaStore, live: Collection[str], report: Report) -> None:
    for folder in store.works():
        if folder.name not in live:
            shutil.rmtree(folder, ignore_errors=True)
            report.dropped_works.append(folder.name)


def _stored_files(store: MediaStore, report: Report) -> list[Path]:
    found = []
    for path in sorted(store.root.glob("[0-9a-f][0-9a-f]/*")):
        if path.name.endswith(".part"):
            path.unlink()
            report.dropped_parts.append(path.name)
        elif _STORED.fullmatch(path.name):
            found.append(path)
    return found


async def _settle_file(store: MediaStore, path: Path, wanted: Collection[str], report: Report) -> None:
    match = _STORED.fullmatch(path.name)
    if match is None or match[1] in wanted:
        return
    await store.discard(
        MediaFile(sha256=match[1], size=0, source_sha256="", source_bytes=0, recipe="", suffix=match[2])
    )
    report.trashed.append(match[1])


async def _settle_row(store: MediaStore, media: MediaFile, report: Report, *, verify: bool) -> None:
    place = store.place(media)
    if verify and await asyncio.to_thread(_set_aside_rotten, place, media.sha256):
        report.corrupt.append(media.sha256)
    is_there = place.exists()
    if not is_there and await asyncio.to_thread(store.restore, media):
        is_there = True
        report.restored.append(media.sha256)
    if not is_there:
        report.missing.append(media.sha256)
    if is_there == media.is_missing:
        await store.rows.mark_missing(media.sha256, is_missing=not is_there)


def _set_aside_rotten(place: Path, sha256: str) -> bool:
    if not place.exists() or hash_file(place) == sha256:
        return False
    place.replace(place.with_name(f"{place.name}.corrupt"))
    return True


def _mend_tree(store: MediaStore, items: Collection[LibraryItem], known: dict[str, MediaFile], report: Report) -> None:
    if store.tree is None:
        return
    for path in _strays(store, store.tree, {item.link for item in items}):
        path.unlink()
        report.unlinked.append(path.relative_to(store.tree).as_posix())
    for item in items:
        media = known.get(item.sha256)
        if not item.link or media is None or not store.place(media).exists():
            continue
        if not (store.tree / item.link).exists():
            store.link(media, item)
            report.relinked.append(item.link)


def _strays(store: MediaStore, tree: Path, named: Collection[str]) -> list[Path]:
    """Second names of stored files that no item has; what people put into the tree themselves is left alone."""
    unnamed = [
        path
        for path in sorted(tree.rglob("*"))
        if path.relative_to(tree).as_posix() not in named
        and not path.is_relative_to(store.root)
        and path.is_file()
        and not path.is_symlink()
    ]
    if not unnamed:
        return []
    stored = {_identity(path) for path in store.root.glob("*/*") if path.is_file()}
    return [path for path in unnamed if path.stat().st_nlink > 1 and _identity(path) in stored]


def _identity(path: Path) -> tuple[int, int]:
    """What two names of one file share; the inode alone recurs on every mounted disk."""
    stat = path.stat()
    return stat.st_dev, stat.st_ino
