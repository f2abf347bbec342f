"""A file, or an archive of files, into chunks of submissions."""

import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from regie_music_tracker.importers.faults import ImportFault, Skip
from regie_music_tracker.importers.formats import Format, recognise
from regie_music_tracker.importers.guard import MEGABYTE, UNREADABLE, GuardedStream
from regie_music_tracker.importers.rows import Feedback, Read, Target
from regie_music_tracker.submission import Submission
from regie_music_tracker.thresholds import rejection

CHUNK_ROWS = 2000
MOST_FILES = 500
MOST_BYTES_A_FILE = 500 * MEGABYTE
MOST_BYTES = 4000 * MEGABYTE
# Others can ask for gigabytes of memory before they give a byte.
PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
TAKEN = "taken"


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """How far a file was read: the rows up to `row` of its `file`th file (0 outside archives) are done."""

    file: int = 0
    row: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file. `counts` tells how many were taken and how many not, by reason; rejected ones are kept raw."""

    format: str
    submissions: tuple[Submission, ...]
    feedback: tuple[Feedback, ...]
    counts: Counter[str]
    cursor: Cursor


@dataclass(slots=True)
class _Batch:
    """A chunk in the making."""

    submissions: list[Submission] = field(default_factory=list)
    feedback: list[Feedback] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    def add(self, read: Read) -> None:
        self.rows += 1
        if isinstance(read, Skip):
            self.counts[read.value] += 1
        elif isinstance(read, Feedback):
            self.feedback.append(read)
            self.counts[TAKEN] += 1
        else:
            self.submissions.append(read)
            refused = rejection(read)
            self.counts[refused.value if refused else TAKEN] += 1

    def chunk(self, format_: str, cursor: Cursor) -> Chunk:
        return Chunk(format_, tuple(self.submissions), tuple(self.feedback), self.counts, cursor)


def read_import(
    file: BinaryIO, target: Target, *, after: Cursor | None = None, rows: int = CHUNK_ROWS
) -> Iterator[Chunk]:
    """The submissions of a seekable file, from behind a cursor on.

    What was read before a fault comes as a chunk, then the ImportFault: the next try may start at that chunk's cursor.
    """
    start = after or Cursor()
    if not zipfile.is_zipfile(file):
        file.seek(0)
        stream = GuardedStream(file)
        yield from _read_stream(stream, _known(stream), target, start, rows)
        return
    try:
        with zipfile.ZipFile(file) as archive:
            yield from _read_archive(archive, target, start, rows)
    except (*UNREADABLE, RuntimeError, NotImplementedError) as error:
        raise ImportFault(f"The archive is damaged or locked: {error}") from None


def _known(stream: GuardedStream) -> Format:
    if format_ := recognise(stream.head):
        return format_
    if not stream.head:
        raise ImportFault("The file is empty.")
    raise ImportFault("The file is of no known format: its content is that of no listening history.")


def _read_archive(archive: zipfile.ZipFile, target: Target, start: Cursor, rows: int) -> Iterator[Chunk]:
    files = sorted((info for info in archive.infolist() if not info.is_dir()), key=lambda info: info.filename)
    if len(files) > MOST_FILES:
        raise ImportFault(f"The archive holds {len(files)} files; {MOST_FILES} are allowed.")
    sizes = [info.file_size for info in files]
    if max(sizes, default=0) > MOST_BYTES_A_FILE or sum(sizes) > MOST_BYTES:
        raise ImportFault(f"The archive unpacks to more than {MOST_BYTES_A_FILE // MEGABYTE} MB a file.")
    if any(info.compress_type not in PACKINGS for info in files):
        raise ImportFault("The archive is packed in an unusual way: pack it again as a common zip file.")
    found = False
    for number, info in enumerate(files):
        if number < start.file:
            found = True
            continue
        with archive.open(info) as raw:
            stream = GuardedStream(raw, MOST_BYTES_A_FILE)
            if format_ := recognise(stream.head):
                found = True
                here = Cursor(number, start.row if number == start.file else 0)
                yield from _read_stream(stream, format_, target, here, rows)
            else:
                yield Chunk("", (), (), Counter({Skip.OTHER_FILE.value: 1}), Cursor(number + 1))
    if not found:
        raise ImportFault("No file in the archive is a listening history of a known format.")


def _read_stream(stream: GuardedStream, format_: Format, target: Target, start: Cursor, rows: int) -> Iterator[Chunk]:
    """The chunks of one file; what was complete before a fault is handed out first."""
    batch, done, fault = _Batch(), 0, None
    source = iter(format_.rows(stream))
    while True:
        try:
            raw = next(source)
            read = format_.read(raw, target) if done >= start.row else None
        except StopIteration:
            break
        except ImportFault as error:
            fault = error
            break
        done += 1
        if read is not None:
            batch.add(read)
        if batch.rows >= rows:
            yield batch.chunk(format_.name, Cursor(start.file, done))
            batch = _Batch()
    if batch.rows:
        yield batch.chunk(format_.name, Cursor(start.file, done))
    if fault:
        raise fault
