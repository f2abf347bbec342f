"""The ways in which files hold rows: JSON items, JSON lines, separated values."""

import csv
import json
from collections.abc import Iterator
from typing import Any

import ijson

from regie_music_tracker.importers.faults import ImportFault
from regie_music_tracker.importers.guard import MEGABYTE, GuardedStream

LONGEST_LINE = MEGABYTE
PIECE = 1 << 16


class _Tabs(csv.excel_tab):
    quoting = csv.QUOTE_NONE


def json_items(stream: GuardedStream, prefix: str) -> Iterator[Any]:
    """The values below a prefix ("item" for those of an array), one at a time."""
    try:
        for item in ijson.items(stream, prefix, use_float=True, buf_size=PIECE):
            stream.rest()
            yield item
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise ImportFault(f"The JSON is damaged or cut off: {_first_line(error)}") from None


def json_lines(stream: GuardedStream) -> Iterator[Any]:
    """The value of each line; a line that is no JSON is None."""
    for line in lines(stream):
        if line.strip():
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                yield None


def separated(stream: GuardedStream, delimiter: str = ",") -> Iterator[list[str]]:
    """The fields of each row."""
    # Tab-separated logs know no quotes: one in a title is a quote.
    dialect = csv.excel if delimiter == "," else _Tabs
    try:
        yield from (row for row in csv.reader(lines(stream), dialect) if row)
    except csv.Error as error:
        raise ImportFault(f"The table is damaged: {error}") from None


def headed(stream: GuardedStream) -> Iterator[dict[str, str]]:
    """Each row under the names of the first one, which are told in lower case."""
    rows = separated(stream)
    names = [name.strip().lower() for name in next(rows, [])]
    for row in rows:
        yield dict(zip(names, row, strict=False))


def lines(stream: GuardedStream) -> Iterator[str]:
    """The lines of a text, with their ends."""
    waiting = b""
    while piece := stream.read(PIECE):
        *complete, waiting = (waiting + piece).split(b"\n")
        for line in complete:
            stream.rest()
            yield f"{line.decode('utf-8', 'replace')}\n"
        if len(waiting) > LONGEST_LINE:
            raise ImportFault("A line is longer than 1 MB: this is no listening history.")
    if waiting:
        yield waiting.decode("utf-8", "replace")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or "it ends too early"
