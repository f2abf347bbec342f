"""What a person does to a listen, said as rules about its rows."""

from regie_music_tracker.listen import Listen
from regie_music_tracker.rules import Correction, Detachment, Drop
from regie_music_tracker.submission import RowKey


def edit(
    listen: Listen,
    *,
    start: int | None = None,
    artist: str | None = None,
    title: str | None = None,
    album: str | None = None,
) -> tuple[Correction, ...]:
    """Change what a listen says; None leaves a part as it is."""
    moved = {row.key: None if start is None else row.start + start - listen.start for row in listen.rows}
    return tuple(Correction(key, moved[key], artist, title, album) for key in moved)


def merge(one: Listen, other: Listen) -> tuple[Correction, ...]:
    """Make `other` the same listen as `one`, whatever the rules of matching say."""
    anchor = one.anchor
    artist = anchor.submission.artist or ", ".join(anchor.submission.artists)
    title = anchor.submission.title
    return tuple(Correction(row.key, anchor.start, artist, title) for row in other.rows)


def unmerge(row: RowKey) -> Detachment:
    """Make one row of a listen a listen of its own."""
    return Detachment(row)


def delete(listen: Listen) -> tuple[Drop, ...]:
    """Make no listen of these rows; they are kept raw."""
    return tuple(Drop(row.key) for row in listen.rows)
