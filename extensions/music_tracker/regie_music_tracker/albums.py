"""Which album a listen belongs to: an album is its title and its album artist, never the title alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from regie_music_tracker.credits import is_various
from regie_music_tracker.text import text_key

NO_ALBUM = frozenset({"unknown album", "unknown", "no album", "none", "n a", "album inconnu", "unbekanntes album"})
COMPILATION_ARTISTS = 3


class AlbumKey(NamedTuple):
    """Names an album: two albums of one title by two artists are two."""

    title: str
    artist: str


@dataclass(frozen=True, slots=True)
class Album:
    """An album as a source names it."""

    title: str
    artist: str

    @property
    def key(self) -> AlbumKey:
        """The album's name for comparing."""
        artist = "various artists" if is_various(self.artist) else text_key(self.artist)
        return AlbumKey(text_key(self.title), artist)


def album_of(title: str, album_artist: str, primary_artist: str) -> Album | None:
    """The album of a row: a guest on one track makes no second album, "Unknown Album" is none."""
    if not title.strip() or text_key(title) in NO_ALBUM:
        return None
    return Album(title.strip(), album_artist.strip() or primary_artist)


@dataclass(slots=True)
class AlbumShelf:
    """The albums known for each track, to fill in a listen that names none; counts, so that it can forget again."""

    _albums: defaultdict[str, Counter[Album]] = field(default_factory=lambda: defaultdict(Counter))

    def learn(self, track: str, album: Album | None) -> None:
        """A listen of this track named this album."""
        if album:
            self._albums[track][album] += 1

    def forget(self, track: str, album: Album | None) -> None:
        """The undo of `learn`."""
        if album and (counts := self._albums.get(track)):
            counts[album] -= 1
            self._albums[track] = +counts

    def fill(self, track: str, album: Album | None) -> Album | None:
        """The album of a listen: its own, else the only one known for its track."""
        return album or self.only(track)

    def only(self, track: str) -> Album | None:
        """The album of a track, if all listens that name one agree; its commonest spelling."""
        counts = self._albums.get(track)
        if not counts or len({album.key for album in counts}) > 1:
            return None
        return min(counts, key=lambda album: (-counts[album], album.title, album.artist))


def is_compilation(album_artist: str, primary_artists: Iterable[str]) -> bool:
    """Whether the tracks of one release id make a compilation: various artists, or three primary artists and more."""
    return is_various(album_artist) or len({text_key(name) for name in primary_artists}) >= COMPILATION_ARTISTS
