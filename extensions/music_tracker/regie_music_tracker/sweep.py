"""Rows in order of time to listens, remembering one stretch of time only: how a whole history is replayed."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from regie_music_tracker.listen import Listen
from regie_music_tracker.matching import REACH_S, SIMILAR_WITHIN_S, divide, may_meet
from regie_music_tracker.submission import RowKey
from regie_music_tracker.track import ALIKE, Row


@dataclass(slots=True, eq=False)
class _Group:
    """Rows that may be one listen, directly or through others; `open` counts those still within reach."""

    rows: list[Row]
    open: int = 1


@dataclass(slots=True)
class Sweep:
    """Takes rows by ascending start, hands out listens that no later row can change."""

    detached: frozenset[RowKey] = frozenset()
    _recent: deque[Row] = field(default_factory=deque)
    _blocks: dict[str, list[Row]] = field(default_factory=dict)

    def feed(self, row: Row) -> Iterator[Listen]:
        """Take the next row; the listens that are complete now."""
        if self._recent and row.start < self._recent[-1].start:
            raise ValueError("rows must come by ascending start")
        if row.key in self.detached:
            yield Listen((row,))
            return
        while self._recent and row.start - self._recent[0].start > REACH_S:
            yield from self._retire()
        self._join(row)

    def close(self) -> Iterator[Listen]:
        """The listens that were still open."""
        while self._recent:
            yield from self._retire()

    def _join(self, row: Row) -> None:
        row.group = _Group([row])
        self._recent.append(row)
        for block in row.blocks:
            if (others := self._blocks.get(block)) is None:
                self._blocks[block] = [row]
                continue
            _unite_near(others, row, SIMILAR_WITHIN_S if block[0] == ALIKE else REACH_S)
            others.append(row)

    def _retire(self) -> Iterator[Listen]:
        row = self._recent.popleft()
        for block in row.blocks:
            others = self._blocks[block]
            if len(others) == 1:
                del self._blocks[block]
            else:
                del others[0]
        group = row.group
        group.open -= 1
        if not group.open:
            for one in group.rows:
                # Rows and groups that hold each other would wait for the garbage collector.
                one.group = None
            yield from listens_of(group.rows)


def _unite_near(others: list[Row], row: Row, reach_s: int) -> None:
    for other in reversed(others):
        if row.start - other.start > reach_s:
            break
        if other.group is not row.group and may_meet(other, row):
            _unite(other.group, row.group)


def _unite(one: _Group, other: _Group) -> None:
    large, small = (one, other) if len(one.rows) >= len(other.rows) else (other, one)
    large.rows += small.rows
    large.open += small.open
    for row in small.rows:
        row.group = large


def listens_of(rows: list[Row]) -> Iterator[Listen]:
    """The listens of a group that is complete."""
    if len(rows) == 1:
        yield Listen((rows[0],))
    else:
        yield from (Listen(tuple(part)) for part in divide(rows))


def sweep(rows: Iterable[Row], detached: frozenset[RowKey] = frozenset()) -> Iterator[Listen]:
    """All listens of rows by ascending start, in bounded memory."""
    sweeping = Sweep(detached)
    for row in rows:
        yield from sweeping.feed(row)
    yield from sweeping.close()
