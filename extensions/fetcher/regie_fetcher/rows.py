"""The library's rows behind an interface, and an implementation in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """A file of the store. `source_*` and `recipe` recognise a second download before it is converted."""

    sha256: str
    size: int
    source_sha256: str
    source_bytes: int
    recipe: str
    duration_s: float | None = None
    streams: str = ""
    suffix: str = ".mp4"
    is_missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryItem:
    """What a user sees: a title in a folder that shows a file. The reference count of a file is its items.

    `id` is the job's, so that a job which runs again adds nothing twice. `link` is the item's place in the tree of
    hard links, unique in the library; empty when it has none.
    """

    id: str
    owner: str
    title: str
    sha256: str
    folder: str = ""
    link: str = ""
    source_url: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """An item and the file that it shows."""

    item: LibraryItem
    media: MediaFile


class Rows(Protocol):
    """Each method is one transaction."""

    async def commit(self, media: MediaFile, item: LibraryItem) -> Shown | None:
        """Insert file and item where they are not there yet, and return them as they now are.

        None if another item holds the link. An item that shows another file stays, and nothing is inserted.
        """

    async def media(self, sha256: str) -> MediaFile | None:
        """The file with this hash."""

    async def media_by_source(self, source_sha256: str, recipe: str) -> MediaFile | None:
        """A file that the recipe once made of this source."""

    async def all_media(self) -> Sequence[MediaFile]:
        """Every file."""

    async def item(self, item_id: str) -> LibraryItem | None:
        """The item with this id."""

    async def all_items(self) -> Sequence[LibraryItem]:
        """Every item."""

    async def remove_item(self, item_id: str) -> MediaFile | None:
        """Remove an item, and its file's row with the last of them; returns that file."""

    async def remove_unreferenced(self) -> Sequence[MediaFile]:
        """Remove and return the files that no item shows."""

    async def mark_missing(self, sha256: str, *, is_missing: bool) -> None:
        """Note whether the file was found on disk."""


class MemoryRows:
    """Rows for tests and for engines without a database."""

    def __init__(self) -> None:
        self._media: dict[str, MediaFile] = {}
        self._items: dict[str, LibraryItem] = {}

    async def commit(self, media: MediaFile, item: LibraryItem) -> Shown | None:
        """Insert file and item where they are not there yet, and return them as they now are."""
        if item.id not in self._items:
            if item.link and any(each.link == item.link for each in self._items.values()):
                return None
            self._media.setdefault(media.sha256, media)
            self._items[item.id] = item
        added = self._items[item.id]
        return Shown(added, self._media[added.sha256])

    async def media(self, sha256: str) -> MediaFile | None:
        """The file with this hash."""
        return self._media.get(sha256)

    async def media_by_source(self, source_sha256: str, recipe: str) -> MediaFile | None:
        """A file that the recipe once made of this source."""
        wanted = (source_sha256, recipe)
        return next((each for each in self._media.values() if (each.source_sha256, each.recipe) == wanted), None)

    async def all_media(self) -> Sequence[MediaFile]:
        """Every file."""
        return list(self._media.values())

    async def item(self, item_id: str) -> LibraryItem | None:
        """The item with this id."""
        return self._items.get(item_id)

    async def all_items(self) -> Sequence[LibraryItem]:
        """Every item."""
        return list(self._items.values())

    async def remove_item(self, item_id: str) -> MediaFile | None:
        """Remove an item, and its file's row with the last of them; returns that file."""
        item = self._items.pop(item_id, None)
        if item is None or any(each.sha256 == item.sha256 for each in self._items.values()):
            return None
        return self._media.pop(item.sha256, None)

    async def remove_unreferenced(self) -> Sequence[MediaFile]:
        """Remove and return the files that no item shows."""
        shown = {each.sha256 for each in self._items.values()}
        return [self._media.pop(sha256) for sha256 in set(self._media) - shown]

    async def mark_missing(self, sha256: str, *, is_missing: bool) -> None:
        """Note whether the file was found on disk."""
        if sha256 in self._media:
            self._media[sha256] = replace(self._media[sha256], is_missing=is_missing)
