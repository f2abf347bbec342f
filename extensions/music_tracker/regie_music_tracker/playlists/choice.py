"""A model's part in a playlist: it reads a wish, then chooses indexes from candidates. Nothing it answers is trusted.

The steps are pure, so that the caller can ask its model in between:
`wish_prompt` -> model -> `read_wish` -> `candidates` -> `choice_prompt` -> model -> `read_choice` -> `chosen`.
Without a model, or with one that answers nonsense, the same steps give a playlist by rule.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from regie_music_tracker.playlists.assemble import Brief, Candidate, Playlist, fill, weighted_order
from regie_music_tracker.playlists.library import Library, LibraryTrack
from regie_music_tracker.text import text_key

MOST_CANDIDATES = 300
MOST_WORDS = 20
LONGEST_ANSWER = 100_000
LONGEST_WISH = 1000
# An answer with more brackets than this before its list is no answer.
MOST_VALUES = 50

_OPENING = re.compile(r"[\[{]")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to hear, as a filter; empty parts filter nothing. `energy` is 0 to 1."""

    genres: frozenset[str] = frozenset()
    first_year: int | None = None
    last_year: int | None = None
    moods: frozenset[str] = frozenset()
    energy: float | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """The indexes a model chose, and what was wrong with its answer."""

    indexes: tuple[int, ...]
    complaints: tuple[str, ...] = field(default=())


def wish_prompt(wish: str, genres: Sequence[str]) -> str:
    """The question that turns a wish into a filter; `genres` are those of the library."""
    known = ", ".join(" ".join(genre.split()) for genre in genres[:100])
    return (
        "A person wishes for a playlist. Answer with one JSON object and nothing else: "
        '{"genres": [...], "first_year": null, "last_year": null, "moods": [...], "energy": 0.5}. '
        f"Take genres from this list only: {known}. Leave out what the wish does not say.\n"
        f"The wish: {json.dumps(wish[:LONGEST_WISH], ensure_ascii=False)}"
    )


def read_wish(answer: str) -> Wish:
    """The filter in a model's answer; what is not as it should be is left out."""
    found = next((value for value in _json_values(answer) if isinstance(value, dict)), {})
    first, last = _year(found.get("first_year")), _year(found.get("last_year"))
    if first and last and first > last:
        first, last = last, first
    energy = found.get("energy")
    is_energy = isinstance(energy, int | float) and not isinstance(energy, bool) and 0 <= energy <= 1
    return Wish(_words(found.get("genres")), first, last, _words(found.get("moods")), energy if is_energy else None)


def _words(value: Any) -> frozenset[str]:
    words = value[:MOST_WORDS] if isinstance(value, list) else []
    return frozenset(key for word in words if isinstance(word, str) and (key := text_key(word[:60])))


def _year(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}", value):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 1000 <= value <= 9999 else None


def candidates(library: Library, wish: Wish, brief: Brief) -> list[LibraryTrack]:
    """The tracks to choose from: those that fit the wish, at most 300, the same for the same brief."""
    fitting = [track for track in library.tracks() if _fits(track, wish)]
    if not fitting:
        fitting = list(library.tracks())
    fitting.sort(key=lambda track: track.id)
    weighed = [Candidate(track, (1 + track.plays) ** 0.5 + 5 * _has_mood(track, wish), "") for track in fitting]
    return [one.track for one in weighted_order(weighed, brief.chance("choice"))[:MOST_CANDIDATES]]


def _fits(track: LibraryTrack, wish: Wish) -> bool:
    if wish.genres and wish.genres.isdisjoint(map(text_key, track.genres)):
        return False
    if not wish.first_year and not wish.last_year:
        return True
    return track.year is not None and (wish.first_year or 0) <= track.year <= (wish.last_year or 9999)


def _has_mood(track: LibraryTrack, wish: Wish) -> bool:
    # Moods and energy are no field of a library: its genres and titles hint at them, the model judges the rest.
    words = {word for name in (*track.genres, track.title) for word in text_key(name).split()}
    return not wish.moods.isdisjoint(words)


def fingerprint(tracks: Sequence[LibraryTrack]) -> str:
    """Names a list of candidates, to be kept with the playlist that was made of it."""
    return blake2b("\n".join(track.id for track in tracks).encode("utf-8", "replace"), digest_size=8).hexdigest()


def choice_prompt(wish: str, tracks: Sequence[LibraryTrack], count: int) -> str:
    """The question that has a model choose: numbered candidates, numbers back."""
    lines = "\n".join(f"{number}. {_told(track)}" for number, track in enumerate(tracks, 1))
    return (
        f"Choose {count} tracks for this wish: {json.dumps(wish[:LONGEST_WISH], ensure_ascii=False)}. "
        "Answer with a JSON list of their numbers in the order to play, and nothing else.\n" + lines
    )


def _told(track: LibraryTrack) -> str:
    parts = [f"{track.artist} - {track.title}", str(track.year or ""), ", ".join(sorted(track.genres)[:3])]
    return " | ".join(" ".join(part.split()) for part in parts if part)


def read_choice(answer: str, available: int, wanted: int) -> Selection:
    """The numbers in a model's answer as indexes (from 0): real ones, each once, no more than wanted."""
    numbers = _numbers(answer)
    if not numbers:
        return Selection((), ("the answer holds no numbers",))
    real = [number - 1 for number in numbers if 1 <= number <= available]
    unique = list(dict.fromkeys(real))
    complaints = []
    if len(real) < len(numbers):
        complaints.append(f"{len(numbers) - len(real)} numbers name no candidate")
    if len(unique) < len(real):
        complaints.append(f"{len(real) - len(unique)} numbers came twice")
    if len(unique) > wanted:
        complaints.append(f"{len(unique) - wanted} tracks too many")
    return Selection(tuple(unique[:wanted]), tuple(complaints))


def _numbers(answer: str) -> list[int]:
    for value in _json_values(answer):
        lists = value.values() if isinstance(value, dict) else [value]
        for found in lists:
            if isinstance(found, list) and (
                numbers := [number for one in found if (number := _index(one)) is not None]
            ):
                return numbers
    return []


def _index(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,6}\.?\s*", value):
        return int(value.strip().rstrip("."))
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _json_values(answer: str) -> Iterator[Any]:
    """The JSON values in a text, which may be wrapped in prose or fences."""
    decoder, place, answer = json.JSONDecoder(), 0, answer[:LONGEST_ANSWER]
    for _ in range(MOST_VALUES):
        if not (opening := _OPENING.search(answer, place)):
            return
        try:
            value, place = decoder.raw_decode(answer, opening.start())
            yield value
        except (ValueError, RecursionError):
            place = opening.start() + 1


def chosen(
    title: str, tracks: Sequence[LibraryTrack], selection: Selection, library: Library, brief: Brief
) -> Playlist:
    """The playlist of a model's choice; what is missing is filled from the candidates, then from the library."""
    first = [Candidate(tracks[index], 0, "chosen for the wish") for index in selection.indexes if index < len(tracks)]
    rest = [Candidate(track, 0, "fits the wish, to fill up") for track in tracks]
    return fill(title, [*first, *rest], library, brief)
