"""Static files of plugins: only files that were there when the plugin was mounted, found by name, never by path."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from aiohttp import hdrs, web

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "public, no-cache"
COMPRESSIBLE = (".css", ".js", ".mjs", ".json", ".svg", ".txt", ".map")
TYPES: Mapping[str, str] = {".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2"}


def file_version(path: Path) -> str:
    """A short hash of a file's content, for its address."""
    return hashlib.blake2b(path.read_bytes(), digest_size=6).hexdigest()


class Assets:
    """The static files of one plugin."""

    def __init__(self, folder: Path | None) -> None:
        self._files: dict[str, Path] = {}
        if folder is not None and folder.is_dir():
            root = folder.resolve()
            found = (path for path in folder.rglob("*") if path.is_file() and path.resolve().is_relative_to(root))
            self._files = {path.relative_to(folder).as_posix(): path for path in found}
        self._versions: dict[Path, tuple[float, str]] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a file; for ever when its address carries a version."""
        path = self._files.get(request.match_info["path"])
        if path is None or not path.is_file():
            raise web.HTTPNotFound
        response = web.FileResponse(path)
        if content_type := TYPES.get(path.suffix):
            response.content_type = content_type
        if path.suffix in COMPRESSIBLE:
            response.enable_compression()
        if path.suffix == ".svg":
            # Opened by itself, a drawing may hold scripts; in a page it is an image.
            response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        is_pinned = request.query.get("v", "") == self._version(path)
        response.headers[hdrs.CACHE_CONTROL] = IMMUTABLE if is_pinned else REVALIDATE
        return response

    def _version(self, path: Path) -> str:
        changed = path.stat().st_mtime
        known, version = self._versions.get(path, (0.0, ""))
        if known != changed:
            version = file_version(path)
            self._versions[path] = changed, version
        return version
