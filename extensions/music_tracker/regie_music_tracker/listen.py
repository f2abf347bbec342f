"""A canonical listen: what the rows that tell of one play say together."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from regie_music_tracker.albums import Album
from regie_music_tracker.credits import Credit, match_keys
from regie_music_tracker.matching import Judgement, TimeRule, judge, order
from regie_music_tracker.submission import RowKey
from regie_music_tracker.track import Row


@dataclass(frozen=True, slots=True)
class Merge:
    """One row that joined a listen: by which rules it matches the row `into`."""

    row: RowKey
    into: RowKey
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Listen:
    """One play of one track, with every row that told of it, by start. All else is read from the rows."""

    rows: tuple[Row, ...]

    @property
    def anchor(self) -> Row:
        """The row that says best when: finest precision, then earliest; not one whose stamp proves to be the end."""
        first = self.rows[0]
        if len(self.rows) == 1:
            return first
        trusted = [row for row in self.rows if not _ends(first, row)]
        return min(trusted, key=lambda row: (row.submission.precision_s, *order(row)))

    @property
    def id(self) -> str:
        """A stable name: made from the anchor's key."""
        return blake2b("\x1f".join(map(str, self.anchor.key)).encode("utf-8", "replace"), digest_size=12).hexdigest()

    @property
    def start(self) -> int:
        """When the play began, Unix time."""
        return self.anchor.start

    @property
    def title(self) -> str:
        """The title, without guests and release noise."""
        return self.anchor.track.title

    @property
    def track(self) -> str:
        """The key of the track, the same for every spelling of it."""
        return self.anchor.track.key

    @property
    def credits(self) -> tuple[Credit, ...]:
        """The artists of all rows; the fullest list first, and no artist again as part of another spelling."""
        if len(self.rows) == 1:
            return self.rows[0].track.credits
        fullest = max(self.rows, key=lambda row: len(row.track.credits))
        found = list(fullest.track.credits)
        covered = set(match_keys(found))
        for row in self.rows:
            for credit in row.track.credits:
                if not (keys := match_keys([credit])) <= covered:
                    covered |= keys
                    found.append(credit)
        return tuple(found)

    @property
    def album(self) -> Album | None:
        """The first album that a row names."""
        return next((album for row in self.rows if (album := row.album)), None)

    @property
    def length_s(self) -> float | None:
        """The length of the track, from the first row that knows it."""
        return next((row.submission.length_s for row in self.rows if row.submission.length_s), None)

    @property
    def is_loved(self) -> bool:
        """Whether any row says so."""
        return any(row.submission.loved for row in self.rows)

    @property
    def sources(self) -> tuple[str, ...]:
        """Who told of it."""
        return tuple(sorted({row.source for row in self.rows}))

    @property
    def merges(self) -> tuple[Merge, ...]:
        """For each row but the anchor, the rule that made it part of this listen."""
        anchor, found = self.anchor, []
        for row in self.rows:
            if row is not anchor:
                into, judgement = _reason(row, anchor, self.rows)
                found.append(Merge(row.key, into.key, judgement))
        return tuple(found)


def _ends(first: Row, row: Row) -> bool:
    judgement = judge(first, row) if row is not first else None
    return judgement is not None and judgement.time is TimeRule.END_STAMP


def _reason(row: Row, anchor: Row, rows: Sequence[Row]) -> tuple[Row, Judgement]:
    """Why a row belongs: its match with the anchor, else with the play of its source or of another."""
    for other in (anchor, *rows):
        if other is not row and (judgement := judge(row, other)):
            return other, judgement
    raise AssertionError(f"{row.key} is in a listen without a rule")  # pragma: no cover
