"""Static files of plugins: only files that were there when the plugin was mounted, found by name, never by path."""

import asyncio
import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ETag, hdrs, web

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "public, no-cache"
PACKED_SUFFIXES = frozenset({".css", ".js", ".mjs", ".json", ".svg", ".txt", ".map"})
MAX_PACKED = 2 * 1024 * 1024
"""Larger files are sent as they are, from the disk."""
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Opened by itself a drawing may hold scripts; in a page it is an image."""


def file_version(path: Path) -> str:
    """A short hash of a file's content, for its address."""
    return hashlib.blake2b(path.read_bytes(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Known:
    """What was read of a file, until it changes."""

    changed: float
    version: str
    packed: bytes | None


class Assets:
    """The static files of one plugin."""

    def __init__(self, folder: Path | None) -> None:
        self._files: dict[str, Path] = {}
        self._known: dict[Path, Known] = {}
        if folder is not None and folder.is_dir():
            root = folder.resolve()
            found = (path for path in folder.rglob("*") if path.is_file() and path.resolve().is_relative_to(root))
            self._files = {path.relative_to(folder).as_posix(): path for path in found}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a file; for ever when its address carries its version."""
        path = self._files.get(request.match_info["path"])
        if path is None or not path.is_file():
            raise web.HTTPNotFound
        known = await asyncio.to_thread(self._read, path)
        response = _answer(request, path, known)
        response.headers[hdrs.CACHE_CONTROL] = IMMUTABLE if request.query.get("v") == known.version else REVALIDATE
        if path.suffix == ".svg":
            response.headers["Content-Security-Policy"] = DRAWING_POLICY
        return response

    def _read(self, path: Path) -> Known:
        changed = path.stat().st_mtime
        known = self._known.get(path)
        if known is None or known.changed != changed:
            is_packed = path.suffix in PACKED_SUFFIXES and path.stat().st_size <= MAX_PACKED
            packed = gzip.compress(path.read_bytes(), mtime=0) if is_packed else None
            known = self._known[path] = Known(changed, file_version(path), packed)
        return known


def _answer(request: web.Request, path: Path, known: Known) -> web.StreamResponse:
    content_type = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if known.packed is None:
        return web.FileResponse(path, headers={hdrs.CONTENT_TYPE: content_type})
    if any(tag.value == known.version for tag in request.if_none_match or ()):
        response = web.Response(status=304)
    elif "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        response = web.Response(body=known.packed, headers={hdrs.CONTENT_ENCODING: "gzip"}, content_type=content_type)
    else:
        response = web.Response(body=gzip.decompress(known.packed), content_type=content_type)
    response.etag = ETag(known.version)
    response.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    return response
