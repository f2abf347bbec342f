"""What is in a file, by ffprobe and by its MP4 boxes: never by its name or by what a server calls it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .boxes import Boxes, read_boxes
from .errors import ConversionFailed, Unreadable
from .ffmpeg import FORMATS, PROTOCOLS, Tools, run

_SUFFIXES = {"mov": ".mp4", "matroska": ".mkv", "mpegts": ".ts", "asf": ".wmv", "mpeg": ".mpg"} | {
    name: f".{name}" for name in ("avi", "ogg", "flac", "mp3", "wav", "aac", "flv", "gif")
}
_PROBE_S = 30.0
_TEXT_SUBTITLES = frozenset({"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text", "ttml"})
_MP4_BRANDS = frozenset(
    {"isom", "iso2", "iso3", "iso4", "iso5", "iso6", "avc1", "mp41", "mp42", "M4A ", "M4V ", "M4VP", "MSNV", "dash"}
)


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
    transfer: str = ""
    rotation: int = 0


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


async def probe(tools: Tools, path: Path) -> Media:
    """Read a file's streams; Unreadable if it is no media, or a kind that opens other files."""
    command = [tools.ffprobe, "-v", "error", "-protocol_whitelist", PROTOCOLS, "-format_whitelist", FORMATS]
    command += ["-show_format", "-show_streams", "-show_chapters", "-of", "json", "-i", f"file:{path}"]
    lines: list[str] = []
    try:
        await run(command, on_line=lines.append, stall_s=_PROBE_S)
        found = json.loads("".join(lines))
        boxes = read_boxes(path) if "mp4" in found["format"]["format_name"] else None
        return parse(found, boxes)
    except ConversionFailed as error:
        raise Unreadable(f"The file is no media that can be played ({error})") from error
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unreadable("The file's streams cannot be read") from error


def parse(found: Mapping[str, Any], boxes: Boxes | None) -> Media:
    """Make ffprobe's answer into our own terms."""
    streams = list(found.get("streams", []))
    videos = [each for each in streams if each.get("codec_type") == "video"]
    pictures = [each for each in videos if not _is_cover(each)]
    form = found["format"]
    return Media(
        container=str(form["format_name"]),
        duration_s=_seconds(form.get("duration")),
        size=int(form.get("size", 0)),
        videos=tuple(_video(each) for each in pictures),
        covers=len(videos) - len(pictures),
        audios=tuple(_audio(each) for each in streams if each.get("codec_type") == "audio"),
        subtitles=tuple(
            Subtitle(index=each["index"], codec=each.get("codec_name", ""), language=_tag(each, "language"))
            for each in streams
            if each.get("codec_type") == "subtitle"
        ),
        chapters=len(found.get("chapters", [])),
        is_mp4=boxes is not None and _tag(form, "major_brand") in _MP4_BRANDS,
        is_faststart=boxes is not None and boxes.is_faststart,
        is_fragmented=boxes is not None and boxes.is_fragmented,
        is_whole=boxes is None or boxes.is_whole,
        is_protected=boxes is not None and boxes.is_protected,
    )


def _is_cover(stream: Mapping[str, Any]) -> bool:
    disposition = stream.get("disposition", {})
    return bool(disposition.get("attached_pic") or disposition.get("still_image"))


def _video(stream: Mapping[str, Any]) -> Video:
    turned = [each["rotation"] for each in stream.get("side_data_list", []) if "rotation" in each]
    return Video(
        index=stream["index"],
        codec=stream.get("codec_name", ""),
        profile=str(stream.get("profile", "")),
        level=int(stream.get("level", 0)),
        pixel_format=stream.get("pix_fmt", ""),
        width=int(stream.get("width", 0)),
        height=int(stream.get("height", 0)),
        field_order=stream.get("field_order", ""),
        transfer=stream.get("color_transfer", ""),
        rotation=int(float(turned[0])) if turned else 0,
    )


def _audio(stream: Mapping[str, Any]) -> Audio:
    return Audio(
        index=stream["index"],
        codec=stream.get("codec_name", ""),
        channels=int(stream.get("channels", 0)),
        language=_tag(stream, "language"),
        is_default=bool(stream.get("disposition", {}).get("default")),
    )


def _tag(holder: Mapping[str, Any], name: str) -> str:
    return str(holder.get("tags", {}).get(name, ""))


def _seconds(text: object) -> float | None:
    try:
        seconds = float(str(text))
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None
