"""Profiles as data: what each quality is worth, what is refused, and how much is enough."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from .release import AudioClass, ReleaseName, Source


class ProfileError(ValueError):
    """A profile's data does not make sense; the message says where."""


class VideoTier(StrEnum):
    """The classes of picture that a profile weighs."""

    UHD_HDR = "4K HDR"
    UHD = "4K"
    FHD_HEVC = "1080p HEVC"
    FHD = "1080p"
    HD = "720p"
    SD = "SD"


class MegabytesPerMinute(NamedTuple):
    """The size that one minute may have; re-encodes starved of bits fall below."""

    least: float
    most: float


class SeederStep(NamedTuple):
    """Points for more seeders than a number."""

    above: int
    points: int


class Fallback(NamedTuple):
    """After so many hours without a good release, less is enough: the upgrades finish the job."""

    after_h: int
    floor: int


_LIMITS = MappingProxyType({
    VideoTier.UHD_HDR: MegabytesPerMinute(20, 900),
    VideoTier.UHD: MegabytesPerMinute(20, 900),
    VideoTier.FHD_HEVC: MegabytesPerMinute(4, 400),
    VideoTier.FHD: MegabytesPerMinute(6, 400),
    VideoTier.HD: MegabytesPerMinute(3, 150),
    VideoTier.SD: MegabytesPerMinute(1, 80),
})  # fmt: skip
_VIDEO = MappingProxyType({
    VideoTier.UHD_HDR: 35, VideoTier.UHD: 30, VideoTier.FHD_HEVC: 25, VideoTier.FHD: 20, VideoTier.HD: 10, VideoTier.SD: 0,
})  # fmt: skip
_SOURCES = MappingProxyType({
    Source.BLURAY: 15, Source.WEB_DL: 12, Source.WEBRIP: 10, Source.TV: 5, Source.DVD: 0,
    Source.CAM: -50, Source.TELESYNC: -50, Source.TELECINE: -50, Source.SCREENER: -50, Source.WORKPRINT: -50,
})  # fmt: skip
# "More than 10" is meant: ten seeders score 2.
_RELIABILITY = (SeederStep(50, 10), SeederStep(20, 7), SeederStep(10, 5), SeederStep(-1, 2))


@dataclass(frozen=True, slots=True)
class Profile:
    """What a household wants to see and hear, in points."""

    name: str
    audio: Mapping[AudioClass, int] = field(hash=False)
    video: Mapping[VideoTier, int] = field(default_factory=lambda: _VIDEO, hash=False)
    source: Mapping[Source, int] = field(default_factory=lambda: _SOURCES, hash=False)
    reliability: tuple[SeederStep, ...] = _RELIABILITY
    line_dub: int = -50
    floor: int = 70
    least_seeders: int = 5
    fallback: Fallback | None = None
    refused_audio: frozenset[AudioClass] = frozenset()
    refused_sources: frozenset[Source] = frozenset()
    refused_words: tuple[str, ...] = ()
    required_words: tuple[str, ...] = ()
    flavours: tuple[str, ...] = ()
    allows_hardcoded: bool = False
    limits: Mapping[VideoTier, MegabytesPerMinute] = field(default_factory=lambda: _LIMITS, hash=False)

    def floor_after(self, hours: float | None) -> int:
        """The points that are enough, so many hours after the air time."""
        if self.fallback and hours is not None and hours >= self.fallback.after_h:
            return min(self.floor, self.fallback.floor)
        return self.floor


def tier(release: ReleaseName) -> VideoTier:
    """The class of a release's picture; what the name does not say counts as the least."""
    if release.resolution in {"2160p", "4320p"}:
        return VideoTier.UHD_HDR if release.hdr else VideoTier.UHD
    if release.resolution == "1080p":
        return VideoTier.FHD_HEVC if release.video_codec in {"hevc", "av1", "vvc"} else VideoTier.FHD
    return VideoTier.HD if release.resolution == "720p" else VideoTier.SD


_FALLBACK = Fallback(after_h=12, floor=40)

FRENCH = Profile(
    "French",
    audio=MappingProxyType({AudioClass.MULTI: 40, AudioClass.VF: 30, AudioClass.VOSTFR: 20, AudioClass.VO: 10}),
    flavours=("VFF", "TRUEFRENCH", "VF2", "VFI", "VFQ"),
    fallback=_FALLBACK,
)
VOSTFR = Profile(
    "VOSTFR",
    audio=MappingProxyType({AudioClass.VOSTFR: 40, AudioClass.MULTI: 35, AudioClass.VO: 15, AudioClass.VF: 5}),
    fallback=_FALLBACK,
)
VO = Profile(
    "VO",
    audio=MappingProxyType({AudioClass.VO: 40, AudioClass.MULTI: 40, AudioClass.VOSTFR: 35, AudioClass.VF: 0}),
    fallback=_FALLBACK,
)
BUILT_IN: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in (FRENCH, VOSTFR, VO)})


def to_data(profile: Profile) -> dict[str, Any]:
    """A profile as plain data, as a file or a form holds it."""
    return {
        "name": profile.name,
        "audio": {key.value: points for key, points in profile.audio.items()},
        "video": {key.value: points for key, points in profile.video.items()},
        "source": {key.value: points for key, points in profile.source.items()},
        "reliability": [list(step) for step in profile.reliability],
        "line_dub": profile.line_dub,
        "floor": profile.floor,
        "least_seeders": profile.least_seeders,
        "fallback": list(profile.fallback) if profile.fallback else None,
        "refused_audio": sorted(value.value for value in profile.refused_audio),
        "refused_sources": sorted(value.value for value in profile.refused_sources),
        "refused_words": list(profile.refused_words),
        "required_words": list(profile.required_words),
        "flavours": list(profile.flavours),
        "allows_hardcoded": profile.allows_hardcoded,
        "limits": {key.value: list(limit) for key, limit in profile.limits.items()},
    }


def from_data(data: Mapping[str, Any]) -> Profile:
    """A profile from plain data; what is left out is as in the built-in ones."""
    read: dict[str, Callable[[Any], Any]] = {
        "audio": lambda value: MappingProxyType({AudioClass(key): int(points) for key, points in value.items()}),
        "video": lambda value: MappingProxyType({VideoTier(key): int(points) for key, points in value.items()}),
        "source": lambda value: MappingProxyType({Source(key): int(points) for key, points in value.items()}),
        "reliability": lambda value: tuple(sorted((SeederStep(*map(int, step)) for step in value), reverse=True)),
        "fallback": lambda value: Fallback(*map(int, value)) if value else None,
        "refused_audio": lambda value: frozenset(map(AudioClass, value)),
        "refused_sources": lambda value: frozenset(map(Source, value)),
        "limits": lambda value: MappingProxyType(
            {VideoTier(key): MegabytesPerMinute(*limit) for key, limit in value.items()}
        ),
        "refused_words": lambda value: tuple(map(str, value)),
        "required_words": lambda value: tuple(map(str, value)),
        "flavours": lambda value: tuple(map(str, value)),
        "name": str,
        "line_dub": int,
        "floor": int,
        "least_seeders": int,
        "allows_hardcoded": bool,
    }
    if unknown := set(data) - set(read):
        raise ProfileError(f"A profile has no {', '.join(sorted(unknown))}")
    fields = {}
    for key, value in data.items():
        try:
            fields[key] = read[key](value)
        except (AttributeError, TypeError, ValueError) as error:
            raise ProfileError(f"The {key} of the profile cannot be {value!r}: {error}") from error
    if not fields.get("name") or "audio" not in fields:
        raise ProfileError("A profile needs a name and points for audio")
    return Profile(**fields)
