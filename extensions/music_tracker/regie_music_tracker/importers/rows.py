"""What every reader of rows shares: where a row goes, and what makes it a submission."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from regie_music_tracker.importers.faults import Skip
from regie_music_tracker.submission import Submission


@dataclass(frozen=True, slots=True)
class Feedback:
    """A love or hate that came with a history."""

    score: int
    created: int
    recording_mbid: str = ""
    recording_msid: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Whose history a file is read into; `zone` is for files whose times are local to a device."""

    user: str
    import_id: str = ""
    zone: tzinfo | None = None

    def row(self, source: str, at: int | None, artist: str, title: str, **given: Any) -> Submission | Skip:
        """A submission, or why there is none."""
        if at is None:
            return Skip.BAD_TIME
        if not artist:
            return Skip.NO_ARTIST
        if not title:
            return Skip.NO_TITLE
        return Submission(self.user, source, at, artist, title, import_id=self.import_id, **given)


Read = Submission | Feedback | Skip


def kept(raw: Mapping[str, Any], *dropped: str) -> dict[str, Any]:
    """The raw row as it is kept: without what is nobody's business, and without what is nested beyond reason."""
    return {name: value for name, value in raw.items() if name not in dropped and _is_shallow(value)}


def _is_shallow(value: Any, depth: int = 8) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_is_shallow(one, depth - 1) for one in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_is_shallow(one, depth - 1) for one in value)
    return True
