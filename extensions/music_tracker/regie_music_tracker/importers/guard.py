"""A stream that cannot be used against us: limits of size, of one row, of nesting."""

import zipfile
import zlib
from typing import Protocol

from regie_music_tracker.importers.faults import ImportFault

MEGABYTE = 1 << 20
HEAD_BYTES = 1 << 16
MOST_BYTES_A_ROW = 16 * MEGABYTE
# Brackets inside texts count as well, and may drift apart; depth that is meant as an attack is beyond both.
DEEPEST = 10_000
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError)
_BOM = b"\xef\xbb\xbf"


class Readable(Protocol):
    """What can be read in pieces."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""


class GuardedStream:
    """Reads a stream on behalf of a parser. `rest()` after each row starts the next row's allowance."""

    def __init__(self, raw: Readable, most_bytes: int | None = None) -> None:
        self._raw = raw
        self._most_bytes = most_bytes
        self._total = 0
        self._row = 0
        self._depth = 0
        self.head = self._take(HEAD_BYTES).removeprefix(_BOM)
        self._waiting = self.head

    def read(self, size: int = -1) -> bytes:
        """The next bytes; raises ImportFault when they are too many."""
        if self._waiting:
            size = len(self._waiting) if size < 0 else size
            data, self._waiting = self._waiting[:size], self._waiting[size:]
        else:
            data = self._take(HEAD_BYTES if size < 0 else size)
        self._row += len(data)
        self._depth += data.count(b"[") + data.count(b"{") - data.count(b"]") - data.count(b"}")
        if self._row > MOST_BYTES_A_ROW:
            raise ImportFault(
                f"One row is larger than {MOST_BYTES_A_ROW // MEGABYTE} MB: this is no listening history."
            )
        if self._depth > DEEPEST:
            raise ImportFault("The file is nested too deeply: this is no listening history.")
        return data

    def rest(self) -> None:
        """A row is complete."""
        self._row = self._depth = 0

    def _take(self, size: int) -> bytes:
        try:
            data = self._raw.read(size)
        except UNREADABLE as error:
            raise ImportFault(f"The file cannot be unpacked or read on: {error}") from None
        self._total += len(data)
        if self._most_bytes is not None and self._total > self._most_bytes:
            raise ImportFault(f"A file in the archive is larger than {self._most_bytes // MEGABYTE} MB when unpacked.")
        return data
