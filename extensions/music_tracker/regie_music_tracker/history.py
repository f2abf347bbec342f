"""One person's history: raw rows in any order, from any source, twice; listens out, and nothing that cannot be undone."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from regie_music_tracker.credits import Known, unknown
from regie_music_tracker.listen import Listen
from regie_music_tracker.matching import order
from regie_music_tracker.recent import RecentRows
from regie_music_tracker.rules import Rule, Rulebook
from regie_music_tracker.store import MemoryStore, SubmissionStore
from regie_music_tracker.submission import Submission
from regie_music_tracker.sweep import sweep
from regie_music_tracker.thresholds import Rejection
from regie_music_tracker.track import Normaliser, Row

# No protocol lets a stamp through that lies beyond.
BEGINNING, END = -(10**18), 10**18

Undo = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Change:
    """What one submission did: listens that are no more, listens that are new, and why there is none for it."""

    removed: tuple[Listen, ...] = ()
    added: tuple[Listen, ...] = ()
    rejection: Rejection | None = None
    is_duplicate: bool = False


class History:
    """Listens derived from raw rows under rules. The same rows and rules give the same listens, however they came.

    Its own memory is bounded; the rows are the storage's. `known` tells which artist keys the library knows.
    """

    def __init__(
        self,
        store: SubmissionStore | None = None,
        *,
        rules: Iterable[Rule] = (),
        known: Known = unknown,
        count_short: bool = False,
    ) -> None:
        self.store = store if store is not None else MemoryStore()
        self._known = known
        self._count_short = count_short
        self._batches = [list(rules)]
        self._reread()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force, oldest first."""
        return self._rulebook.rules

    def submit(self, submission: Submission) -> Change:
        """Take one raw row in; what it changes."""
        return self._change(submission, self.store.add)

    def withdraw(self, submission: Submission) -> Change:
        """Take one raw row back, as if it had never come."""
        return self._change(submission, self.store.discard)

    def load(self, submissions: Iterable[Submission]) -> int:
        """Take many raw rows in without telling each change, for a replay afterwards; how many were new."""
        count = sum(self.store.add(submission) for submission in submissions)
        self._recent = RecentRows(self._rows)
        return count

    def withdraw_import(self, import_id: str) -> list[Submission]:
        """Take back everything that came with one import; the rows, so that `load` can undo it."""
        rows = self.store.of_import(import_id)
        for row in rows:
            self.store.discard(row)
        self._recent = RecentRows(self._rows)
        return rows

    def apply(self, *rules: Rule) -> Undo:
        """Put rules in force for the whole history; the undo takes exactly these out again."""
        batch = list(rules)
        self._batches.append(batch)
        self._reread()

        def undo() -> None:
            # Not by equality: an equal rule may be somebody else's decision.
            self._batches = [one for one in self._batches if one is not batch]
            self._reread()

        return undo

    def know(self, known: Known) -> None:
        """Judge artist lines by another library from now on, the whole history included."""
        self._known = known
        self._reread()

    def listens(self) -> Iterator[Listen]:
        """Every listen, derived anew in one pass."""
        return sweep(self._rows(BEGINNING, END), self._rulebook.detached)

    def rejected(self) -> Iterator[tuple[Submission, Rejection]]:
        """The rows that make no listen, and why."""
        for submission in self.store.between(BEGINNING, END):
            if isinstance(row := self._normaliser.row(submission), Rejection):
                yield submission, row

    def _reread(self) -> None:
        self._rulebook = Rulebook(rule for batch in self._batches for rule in batch)
        self._normaliser = Normaliser(self._rulebook, self._known, count_short=self._count_short)
        self._recent = RecentRows(self._rows)

    def _rows(self, start: int, end: int) -> Iterator[Row]:
        """Rows that make listens, by start as corrected."""
        kept = (one for one in self.store.between(start, end) if one.key not in self._rulebook.moved)
        rows = self._normalised(kept)
        if not self._rulebook.moved:
            return rows
        found = (best for key in self._rulebook.moved if (best := self.store.best(key)))
        moved = sorted((row for row in self._normalised(found) if start <= row.start < end), key=order)
        return heapq.merge(rows, moved, key=order)

    def _normalised(self, submissions: Iterable[Submission]) -> Iterator[Row]:
        for submission in submissions:
            if isinstance(row := self._normaliser.row(submission), Row):
                yield row

    def _change(self, submission: Submission, act: Callable[[Submission], bool]) -> Change:
        before = self._best(submission)
        old = self._recent.find(before) if isinstance(before, Row) else None
        affected = {row.key: row for row in self._recent.group(old)} if old else {}
        if not act(submission):
            return Change(is_duplicate=True)
        after = self._best(submission)
        if isinstance(before, Row) and isinstance(after, Row) and before.submission == after.submission:
            return Change(is_duplicate=True)
        if old:
            self._recent.remove(old)
        new = after if isinstance(after, Row) else None
        if new:
            self._recent.put(new)
            affected |= {row.key: row for row in self._recent.group(new)}
        rest = [row for row in affected.values() if row is not old and row is not new]
        removed = list(self._listens([*rest, old] if old else rest))
        added = list(self._listens([*rest, new] if new else rest))
        return _difference(removed, added, after if isinstance(after, Rejection) else None)

    def _best(self, submission: Submission) -> Row | Rejection | None:
        best = self.store.best(submission.key)
        return self._normaliser.row(best) if best else None

    def _listens(self, rows: list[Row]) -> Iterator[Listen]:
        return sweep(sorted(rows, key=order), self._rulebook.detached)


def _difference(removed: list[Listen], added: list[Listen], rejection: Rejection | None) -> Change:
    gone = {tuple(map(id, listen.rows)) for listen in removed}
    come = {tuple(map(id, listen.rows)) for listen in added}
    return Change(
        removed=tuple(listen for listen in removed if tuple(map(id, listen.rows)) not in come),
        added=tuple(listen for listen in added if tuple(map(id, listen.rows)) not in gone),
        rejection=rejection,
    )
