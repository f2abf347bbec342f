"""The stretches of a history that are being worked on, normalised: a bounded window on the storage."""

from bisect import insort
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator

from regie_music_tracker.matching import REACH_S, may_meet, order
from regie_music_tracker.track import Row

# As wide as any two rows of one listen lie apart, so that a row's partners are in three stretches.
STRETCH_S = REACH_S + 1
STRETCHES_KEPT = 256

Load = Callable[[int, int], Iterable[Row]]


class RecentRows:
    """Rows by stretch of time, read on demand, the longest unused forgotten first."""

    def __init__(self, load: Load, kept: int = STRETCHES_KEPT) -> None:
        self._load = load
        self._kept = max(kept, 3)
        self._stretches: OrderedDict[int, list[Row]] = OrderedDict()

    def put(self, row: Row) -> None:
        """Take a row in, now that the storage has it; reading the storage may have brought it already."""
        self.remove(row)
        insort(self._stretch(row.start // STRETCH_S), row, key=order)

    def remove(self, row: Row) -> None:
        """Forget the row of this key, if it is here: a stretch that was read again may lack it already."""
        if twin := self.find(row):
            self._stretch(row.start // STRETCH_S).remove(twin)

    def find(self, row: Row) -> Row | None:
        """The row of the same key that is here already."""
        return next((other for other in self._stretch(row.start // STRETCH_S) if other.key == row.key), None)

    def group(self, seed: Row) -> list[Row]:
        """Every row that must be judged together with this one, itself first."""
        # By key: a stretch that was forgotten on the way comes back as other objects.
        group, waiting, seen = [seed], [seed], {seed.key}
        while waiting:
            row = waiting.pop()
            blocks = set(row.blocks)
            for other in self._near(row):
                if other.key not in seen and not blocks.isdisjoint(other.blocks) and may_meet(row, other):
                    seen.add(other.key)
                    group.append(other)
                    waiting.append(other)
        return group

    def _near(self, row: Row) -> Iterator[Row]:
        middle = row.start // STRETCH_S
        for number in (middle - 1, middle, middle + 1):
            yield from self._stretch(number)

    def _stretch(self, number: int) -> list[Row]:
        rows = self._stretches.get(number)
        if rows is None:
            rows = sorted(self._load(number * STRETCH_S, (number + 1) * STRETCH_S), key=order)
            self._stretches[number] = rows
            if len(self._stretches) > self._kept:
                self._stretches.popitem(last=False)
        else:
            self._stretches.move_to_end(number)
        return rows
