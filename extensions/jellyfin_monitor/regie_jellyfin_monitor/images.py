"""Artwork for the pages, fetched from the server for those who are signed in, and kept on disk."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from regie.api import RegieError

from .monitor import Monitor

WIDTH = 300
KEPT_FILES = 2000
KINDS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/avif": ".avif",
    "image/svg+xml": ".svg",
}
"""What browsers draw; anything else is not passed on."""
NOTHING = '<svg xmlns="http://www.w3.org/2000/svg"/>'
"""What is drawn in the place of artwork that there is not: the gradient behind it shows."""
HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    # An SVG that is opened as a page of its own runs nothing.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}

_SAFE = re.compile(r"[0-9a-zA-Z_-]{1,64}\Z")


class Images:
    """Answers `image/{server}/{item}`."""

    def __init__(self, monitor: Callable[[], Monitor]) -> None:
        self._find = monitor
        self._fetching = asyncio.Semaphore(4)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The primary image of an item, cached for ever by its tag."""
        server_id, item_id = request.match_info["server"], request.match_info["item"]
        tag = request.query.get("tag", "")[:64]
        if not _SAFE.match(item_id) or server_id not in self._find().watches:
            return _nothing()
        name = hashlib.blake2b(f"{server_id}\n{item_id}\n{tag}".encode(), digest_size=16).hexdigest()
        path = await asyncio.to_thread(self._kept, name)
        if path is None:
            async with self._fetching:
                path = await self._fetch(server_id, item_id, tag, name)
        return web.FileResponse(path, headers=HEADERS) if path else _nothing()

    async def _fetch(self, server_id: str, item_id: str, tag: str, name: str) -> Path | None:
        server = self._find().watches[server_id].server
        try:
            content, kind = await server.image(item_id, width=WIDTH, tag=tag)
        except RegieError:
            return None
        suffix = KINDS.get(kind.partition(";")[0].strip().lower())
        return await asyncio.to_thread(self._keep, name + suffix, content) if suffix else None

    @property
    def _folder(self) -> Path:
        return self._find().ctx.data_dir / "images"

    def _kept(self, name: str) -> Path | None:
        return next((path for suffix in KINDS.values() if (path := self._folder / (name + suffix)).exists()), None)

    def _keep(self, name: str, content: bytes) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / name
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(content)
        unfinished.replace(path)
        files = [one for one in self._folder.iterdir() if one.suffix != ".part"]
        if len(files) > KEPT_FILES:
            for old in sorted(files, key=lambda one: one.stat().st_mtime)[: KEPT_FILES // 10]:
                old.unlink(missing_ok=True)
        return path


def _nothing() -> web.Response:
    return web.Response(status=404, text=NOTHING, content_type="image/svg+xml")
