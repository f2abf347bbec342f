"""Where raw rows live: what a history asks of its storage, and the storage of tests and small histories."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Protocol

from regie_music_tracker.submission import RowKey, Submission


class SubmissionStore(Protocol):
    """Keeps every distinct submission; of those that share a key the richest speaks."""

    def add(self, submission: Submission) -> bool:
        """Keep a submission; False if exactly this one is kept already."""

    def discard(self, submission: Submission) -> bool:
        """Take a submission back; False if it was not kept."""

    def best(self, key: RowKey) -> Submission | None:
        """The submission that speaks for a key."""

    def between(self, start: int, end: int) -> Iterator[Submission]:
        """The submissions that speak, with start <= their start < end, ascending by start."""

    def of_import(self, import_id: str) -> list[Submission]:
        """Every submission that came with one import."""


class MemoryStore:
    """Raw rows in memory, sorted by start."""

    def __init__(self) -> None:
        self._variants: dict[RowKey, list[Submission]] = {}
        self._sorted: list[tuple[int, RowKey]] = []

    def add(self, submission: Submission) -> bool:
        """Keep a submission; False if exactly this one is kept already."""
        key = submission.key
        variants = self._variants.get(key)
        if variants is None:
            self._variants[key] = [submission]
            insort(self._sorted, (key.start, key))
            return True
        if submission in variants:
            return False
        variants.append(submission)
        return True

    def discard(self, submission: Submission) -> bool:
        """Take a submission back; False if it was not kept."""
        key = submission.key
        variants = self._variants.get(key, [])
        if submission not in variants:
            return False
        variants.remove(submission)
        if not variants:
            del self._variants[key]
            del self._sorted[bisect_left(self._sorted, (key.start, key))]
        return True

    def best(self, key: RowKey) -> Submission | None:
        """The submission that speaks for a key."""
        variants = self._variants.get(key, [])
        if len(variants) < 2:
            return variants[0] if variants else None
        return max(variants, key=lambda one: one.richness)

    def between(self, start: int, end: int) -> Iterator[Submission]:
        """The submissions that speak, with start <= their start < end, ascending by start."""
        low = bisect_left(self._sorted, start, key=lambda pair: pair[0])
        high = bisect_left(self._sorted, end, key=lambda pair: pair[0])
        for _, key in self._sorted[low:high]:
            if best := self.best(key):
                yield best

    def of_import(self, import_id: str) -> list[Submission]:
        """Every submission that came with one import."""
        return [one for variants in self._variants.values() for one in variants if one.import_id == import_id]
