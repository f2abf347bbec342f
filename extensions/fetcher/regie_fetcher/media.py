"""What a file holds, in our own terms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})
_SUFFIXES = {"mov": ".mp4", "matroska": ".mkv", "mpegts": ".ts", "asf": ".wmv", "mpeg": ".mpg"} | {
    name: f".{name}" for name in ("avi", "ogg", "flac", "mp3", "wav", "aac", "flv", "gif")
}
_TEXT_SUBTITLES = frozenset({"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text", "ttml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A picture stream that is not a cover."""

    index: int
    codec: str
    profile: str = ""
    level: int = 0
    pixel_format: str = ""
    width: int = 0
    height: int = 0
    field_order: str = ""
    transfer: str = ""  # named where it is HDR


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """A sound stream."""

    index: int
    codec: str
    channels: int = 2
    language: str = ""
    is_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtitle:
    """A subtitle stream; bitmap ones cannot become text."""

    index: int
    codec: str
    language: str = ""

    @property
    def is_text(self) -> bool:
        """Whether FFmpeg can write it as mov_text and WebVTT."""
        return self.codec in _TEXT_SUBTITLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file's streams and how its container is laid out."""

    container: str
    duration_s: float | None = None
    size: int = 0
    videos: tuple[Video, ...] = ()
    covers: int = 0
    audios: tuple[Audio, ...] = ()
    subtitles: tuple[Subtitle, ...] = ()
    chapters: int = 0
    is_mp4: bool = False
    is_faststart: bool = False
    is_fragmented: bool = False
    is_whole: bool = True
    is_protected: bool = False

    @property
    def suffix(self) -> str:
        """The usual end of a name for the container."""
        return _SUFFIXES.get(self.container.partition(",")[0], ".media")

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Self:
        """Undo `dataclasses.asdict` and JSON; TypeError or KeyError for anything else."""
        return cls(
            **{
                **facts,
                "videos": tuple(Video(**each) for each in facts["videos"]),
                "audios": tuple(Audio(**each) for each in facts["audios"]),
                "subtitles": tuple(Subtitle(**each) for each in facts["subtitles"]),
            }
        )
