"""A file that grows while it is fetched: hashed on the way, resumable by its validator."""

import asyncio
import errno
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO, Self

from .budget import MIB
from .errors import NoSpace

_FLUSH_BYTES = MIB


@dataclass(frozen=True, slots=True)
class Validator:
    """What tells that a server still has the same file."""

    url: str
    etag: str = ""
    last_modified: str = ""
    length: int | None = None

    @property
    def if_range(self) -> str:
        """The value of If-Range; empty when the server gave nothing strong enough."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return "" if self.etag else self.last_modified

    def matches(self, other: Self) -> bool:
        """Whether both describe the same bytes."""
        return (self.etag, self.last_modified) == (other.etag, other.last_modified) and (
            self.length is None or other.length is None or self.length == other.length
        )


class PartFile:
    """Bytes on their way to `source` in a job's work folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "source"
        self._part = folder / "source.part"
        self._state = folder / "source.json"
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self._file: BinaryIO | None = None
        self.size = 0

    def held(self, url: str) -> Validator | None:
        """The validator of an unfinished part of this address, if it may be resumed."""
        try:
            validator = Validator(**json.loads(self._state.read_text()))
            has_bytes = self._part.stat().st_size > 0
        except (OSError, ValueError, TypeError):
            return None
        is_ours = validator.url == _fingerprint(url) and validator.if_range and has_bytes
        return replace(validator, url=url) if is_ours else None

    def held_bytes(self) -> int:
        """How much of the file is there already."""
        return self._part.stat().st_size

    async def begin(self, validator: Validator, *, resume: bool) -> None:
        """Begin the part: at its end when resuming (what is there is hashed again), else afresh."""
        self.close()
        self._hash, self._buffer, self.size = hashlib.sha256(), bytearray(), 0
        self._validator = validator
        if resume:
            await asyncio.to_thread(self._reopen)

    def _reopen(self) -> None:
        self._file = self._part.open("r+b")
        while chunk := self._file.read(_FLUSH_BYTES):
            self._hash.update(chunk)
            self.size += len(chunk)

    def _create(self) -> BinaryIO:
        self._state.unlink(missing_ok=True)
        file = self._part.open("wb")
        self._state.write_text(json.dumps(asdict(self._validator) | {"url": _fingerprint(self._validator.url)}))
        return file

    async def write(self, chunk: bytes) -> None:
        """Take more bytes; they reach the disk a mebibyte at a time, in a thread."""
        self._buffer += chunk
        self.size += len(chunk)
        if len(self._buffer) >= _FLUSH_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Write and hash what is buffered."""
        if self._buffer:
            block, self._buffer = bytes(self._buffer), bytearray()
            await asyncio.to_thread(self._store, block)

    def _store(self, block: bytes) -> None:
        with _no_space():
            self._file = self._file or self._create()
            self._file.write(block)
            self._file.flush()
        self._hash.update(block)

    async def finish(self) -> str:
        """Give the file its name; returns its SHA-256."""
        await asyncio.to_thread(self._finish)
        return self._hash.hexdigest()

    def _finish(self) -> None:
        block, self._buffer = bytes(self._buffer), bytearray()
        if self._file is None:
            # All of it is still here, so there is nothing that could be resumed.
            with _no_space():
                self.path.write_bytes(block)
            self._hash.update(block)
            self._part.unlink(missing_ok=True)
        else:
            self._store(block)
            self.close()
            self._part.replace(self.path)
        self._state.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; the part stays for a resume."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def discard(self) -> None:
        """Remove the part: it may not or cannot be resumed."""
        self.close()
        self._part.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)


class _no_space:  # noqa: N801 - reads as the statement that it is
    """Turns the kernel's ENOSPC and EDQUOT into our own word."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise NoSpace(f"The disk is full: {error.strerror}") from error


def _fingerprint(url: str) -> str:
    """What tells one address from another; the address itself may hold a password, which has no place on disk."""
    return hashlib.sha256(url.encode(errors="surrogatepass")).hexdigest()
