"""What a release name says: one frozen record, each field with the text it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

Span = tuple[int, int]
Number = int | float


class Source(StrEnum):
    """Where the picture was taken from."""

    CAM = "cam"
    TELESYNC = "telesync"
    TELECINE = "telecine"
    SCREENER = "screener"
    WORKPRINT = "workprint"
    TV = "tv"
    DVD = "dvd"
    WEBRIP = "webrip"
    WEB_DL = "web-dl"
    BLURAY = "bluray"


class AudioClass(StrEnum):
    """What a French viewer hears."""

    MULTI = "MULTI"
    VF = "VF"
    VOSTFR = "VOSTFR"
    VO = "VO"


class Kind(StrEnum):
    """What a release holds, as far as its name tells."""

    FILM = "film"
    EPISODE = "episode"
    DAILY = "daily"
    SEASON = "season"
    PARTIAL_SEASON = "partial_season"
    MULTI_SEASON = "multi_season"
    EXTRAS = "extras"
    UNKNOWN = "unknown"


class Doubt(StrEnum):
    """What the parser saw and would not guess."""

    AMBIGUOUS_DATE = "ambiguous_date"
    IMPLAUSIBLE_DATE = "implausible_date"
    SCRAMBLED = "scrambled"
    IMPLIED_SEASON = "implied_season"
    NO_TITLE = "no_title"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class ReleaseName:
    """A release name, understood. Empty and None mean that the name does not say."""

    name: str
    title: str = ""
    alternative_titles: tuple[str, ...] = ()
    year: int | None = None
    country: str | None = None
    kind: Kind = Kind.UNKNOWN
    season: int | None = None
    seasons: tuple[int, ...] = ()
    episodes: tuple[int, ...] = ()
    absolute: tuple[Number, ...] = ()
    air_date: date | None = None
    part: int | None = None
    special: bool = False
    episode_title: str | None = None
    resolution: str | None = None
    source: Source | None = None
    remux: bool = False
    raw: bool = False
    disc: bool = False
    video_codec: str | None = None
    bit_depth: int | None = None
    hdr: tuple[str, ...] = ()
    audio_codecs: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    subtitle_languages: tuple[str, ...] = ()
    audio_class: AudioClass = AudioClass.VO
    french_tags: tuple[str, ...] = ()
    line_dubbed: bool = False
    dual_audio: bool = False
    hardcoded_subtitles: bool = False
    edition: str | None = None
    proper: bool = False
    repack: bool = False
    real: bool = False
    version: int = 1
    hash: str | None = None
    group: str | None = None
    imdb_id: str | None = None
    tmdb_id: int | None = None
    doubts: tuple[Doubt, ...] = ()
    spans: Mapping[str, tuple[Span, ...]] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @property
    def numbered(self) -> bool:
        """Whether the name says which episodes or seasons it holds."""
        return bool(self.seasons or self.episodes or self.absolute or self.air_date)

    @property
    def serial(self) -> bool:
        """Whether it is part of a series, numbered or not."""
        return self.kind not in {Kind.FILM, Kind.UNKNOWN}

    @property
    def pack(self) -> bool:
        """Whether it holds a season, a part of one or several."""
        return self.kind in {Kind.SEASON, Kind.PARTIAL_SEASON, Kind.MULTI_SEASON}
