"""The invented films, series and music of the demo household."""

import hashlib
import random
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Kind = Literal["Movie", "Episode", "Audio"]
"""The media server's own words for what can be played."""

FILMS = (
    # Title; year; minutes; key of PICTURES.
    ("The Lighthouse Engineers", 2021, 112, "4k-dv"),
    ("Paper Orchard", 2018, 97, "1080p"),
    ("Salt on the Meridian", 2023, 134, "4k-hdr"),
    ("A Quiet Arithmetic", 2016, 104, "1080p"),
    ("Les Marées de verre", 2022, 118, "4k-hdr"),
    ("Nine Lanterns", 2009, 88, "720p"),
    ("Copper Winter", 2024, 141, "4k-dv"),
    ("The Cartographer's Dog", 2014, 93, "1080p"),
    ("Midnight at Pier Eleven", 1998, 101, "1080p"),
    ("Une saison à Vauclair", 2019, 109, "1080p"),
    ("Static Gardens", 2020, 96, "4k-hdr"),
    ("The Last Tram to Ostrava", 2011, 122, "1080p"),
    ("Borrowed Gravity", 2025, 148, "4k-dv"),
    ("Hollow Crown Valley", 2007, 116, "720p"),
    ("Seven Rooms of Rain", 2017, 99, "1080p"),
    ("The Beekeeper's Theorem", 2022, 107, "4k-hdr"),
    ("Foxglove Protocol", 2023, 127, "4k-hdr"),
    ("Little Harbour, Big Weather", 2015, 84, "1080p"),
    ("Der siebte Regen", 2013, 103, "1080p"),
    ("Amber Frequency", 2024, 119, "4k-dv"),
)

SERIES = (
    # Title; first year; seasons; episodes a season; minutes; key of PICTURES.
    ("Northbound Signal", 2021, 3, 8, 52, "4k-hdr"),
    ("The Understudies", 2017, 4, 10, 27, "1080p"),
    ("Maison Kestrel", 2022, 2, 8, 47, "1080p"),
    ("Orbit Kitchen", 2019, 5, 12, 24, "1080p"),
    ("Grey Harbour", 2015, 4, 10, 44, "1080p"),
    ("Les Ombres du canal", 2023, 2, 6, 55, "4k-dv"),
    ("Tinker & Moss", 2012, 3, 13, 22, "720p"),
    ("The Glass Parliament", 2024, 1, 10, 58, "4k-dv"),
    ("Ferrymen", 2020, 2, 8, 49, "1080p"),
)

EPISODE_NAMES = (
    "A Door in the Fog",
    "Low Tide",
    "The Second Key",
    "What the River Kept",
    "Overexposed",
    "Cold Soup",
    "Ballast",
    "The Long Corridor",
    "Two Clocks",
    "Static",
    "Home Ground",
    "A Fair Wind",
    "Unlit Rooms",
)

ALBUMS = (
    # Artist; album; year.
    ("Velvet Isobar", "Rooms Without Weather", 2021),
    ("Nadia Okonjo Trio", "Blue Ledger", 2018),
    ("Saint-Clair & Fils", "Carnet de bal", 2014),
    ("Ferric", "Tape Weather", 2023),
    ("The Marsh Telegraph", "Slow Wires", 2016),
    ("Lumen Choir", "Nocturnes for Glass", 2020),
)

TRACK_NAMES = (
    "Prelude in Grey",
    "Paper Boats",
    "Telegraph Hill",
    "Second Light",
    "Ninety Steps",
    "Gare de l'Aube",
    "Undertow",
    "Cinder Lane",
    "Half a Moon",
    "Closing Bell",
)


def guid(*words: str | int) -> str:
    """A stable id of 32 hexadecimal digits, as the server writes them."""
    return hashlib.md5("/".join(map(str, words)).encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Picture:
    """The video of a file."""

    codec: str
    width: int
    height: int
    range_type: str
    frame_rate: float
    bitrate_kbps: int


PICTURES = {
    "720p": Picture("h264", 1280, 720, "SDR", 25.0, 3_800),
    "1080p": Picture("h264", 1920, 1080, "SDR", 23.976, 9_400),
    "4k-hdr": Picture("hevc", 3840, 2160, "HDR10", 23.976, 38_200),
    "4k-dv": Picture("hevc", 3840, 2160, "DOVIWithHDR10", 23.976, 52_600),
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """One library of the server."""

    name: str
    kind: str

    @property
    def id(self) -> str:
        """The library's id."""
        return guid("library", self.name)


FILM_SHELF = Shelf("Films", "movies")
SERIES_SHELF = Shelf("Series", "tvshows")
MUSIC_SHELF = Shelf("Music", "music")


@dataclass(frozen=True, slots=True)
class Title:
    """One thing that can be played."""

    id: str
    kind: Kind
    name: str
    runtime_s: int
    year: int
    shelf: Shelf
    parent_id: str = ""
    parent: str = ""
    """The series or the album."""
    artist: str = ""
    season: int | None = None
    number: int | None = None
    picture: Picture | None = None

    @property
    def bitrate_kbps(self) -> int:
        """What a viewer receives when the file is sent as it is."""
        return self.picture.bitrate_kbps if self.picture else 960


class Catalogue:
    """All titles of the house, the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        rng = random.Random(seed)  # noqa: S311 a demo needs repeatable chance, not secrets
        self.shelves = (FILM_SHELF, SERIES_SHELF, MUSIC_SHELF)
        self.films = tuple(_films())
        self.episodes = tuple(_episodes(rng))
        self.tracks = tuple(_tracks(rng))
        self.titles = self.films + self.episodes + self.tracks

    @cached_property
    def by_id(self) -> dict[str, Title]:
        """The titles by their ids."""
        return {title.id: title for title in self.titles}

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {title.id: position for position, title in enumerate(self.titles)}

    @cached_property
    def names(self) -> dict[str, str]:
        """What is written on each poster: titles, series and albums."""
        parents = {title.parent_id: title.parent for title in self.titles if title.parent_id}
        return {title.id: title.name for title in self.titles} | parents

    def after(self, title: Title) -> Title | None:
        """The next episode or track of the same series or album."""
        following = self._positions[title.id] + 1
        if following < len(self.titles) and title.parent_id and self.titles[following].parent_id == title.parent_id:
            return self.titles[following]
        return None


def _films() -> list[Title]:
    return [
        Title(guid("film", name), "Movie", name, minutes * 60, year, FILM_SHELF, picture=PICTURES[picture])
        for name, year, minutes, picture in FILMS
    ]


def _episodes(rng: random.Random) -> list[Title]:
    return [
        Title(
            guid("episode", name, season, number),
            "Episode",
            rng.choice(EPISODE_NAMES),
            minutes * 60 + rng.randrange(-90, 150),
            year + season - 1,
            SERIES_SHELF,
            parent_id=guid("series", name),
            parent=name,
            season=season,
            number=number,
            picture=PICTURES[picture],
        )
        for name, year, seasons, count, minutes, picture in SERIES
        for season in range(1, seasons + 1)
        for number in range(1, count + 1)
    ]


def _tracks(rng: random.Random) -> list[Title]:
    return [
        Title(
            guid("track", artist, album, number),
            "Audio",
            name,
            rng.randrange(150, 380),
            year,
            MUSIC_SHELF,
            parent_id=guid("album", artist, album),
            parent=album,
            artist=artist,
            number=number,
        )
        for artist, album, year in ALBUMS
        for number, name in enumerate(TRACK_NAMES, 1)
    ]
