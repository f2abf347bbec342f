"""The process that looks into strangers' files: `python -m regie_fetcher.probe_worker`.

It keeps FFmpeg's libraries loaded, which is most of what a run of ffprobe costs. For each line with the JSON text of a
path it answers with a line: `{"media": …}` as `Media.from_json` reads it, or `{"error": …}`. The first line comes
unasked, when the libraries are loaded. It ends with its input.
"""

import json
import os
import resource
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition, Stream
from av.subtitles.stream import SubtitleStream
from av.video.reformatter import ColorTrc
from av.video.stream import VideoStream

from .boxes import Boxes, read_boxes
from .formats import FORMATS, PROTOCOLS
from .media import Audio, Media, Subtitle, Video

MEMORY_BYTES = 1024 * 1024 * 1024
OPEN_FILES = 32
NICE = 5
# A language is a tag of a few letters; a hostile file may have a novel in its place.
MAX_TAG = 35
_OPTIONS = {"protocol_whitelist": PROTOCOLS, "format_whitelist": FORMATS}
_COVER = Disposition.attached_pic | Disposition.still_image
_MP4_BRANDS = frozenset(
    {"isom", "iso2", "iso3", "iso4", "iso5", "iso6", "avc1", "mp41", "mp42", "M4A ", "M4V ", "M4VP", "MSNV", "dash"}
)
# libavcodec's AVFieldOrder.
_FIELD_ORDERS = {1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}
_TRANSFERS = {ColorTrc.SMPTE2084: "smpte2084", ColorTrc.ARIB_STD_B67: "arib-std-b67"}


def read(path: Path) -> Media:
    """Look into a file; FFmpegError if it is no media, or a kind that opens other files."""
    with av.open(f"file:{path}", options=_OPTIONS, metadata_errors="replace") as container:
        boxes = read_boxes(path) if "mp4" in container.format.name else None
        return _media(container, boxes)


def _media(container: InputContainer, boxes: Boxes | None) -> Media:
    pictures = container.streams.video
    videos = [each for each in pictures if not each.disposition & _COVER]
    duration = container.duration
    return Media(
        container=container.format.name,
        duration_s=duration / av.time_base if duration is not None and duration > 0 else None,
        size=container.size,
        videos=tuple(_video(each) for each in videos),
        covers=len(pictures) - len(videos),
        audios=tuple(_audio(each) for each in container.streams.audio),
        subtitles=tuple(_subtitle(each) for each in container.streams.subtitles if _context(each) is not None),
        chapters=len(container.chapters()),
        is_mp4=boxes is not None and container.metadata.get("major_brand", "") in _MP4_BRANDS,
        is_faststart=boxes is not None and boxes.is_faststart,
        is_fragmented=boxes is not None and boxes.is_fragmented,
        is_whole=boxes is None or boxes.is_whole,
        is_protected=boxes is not None and boxes.is_protected,
    )


def _video(stream: VideoStream) -> Video:
    context = _context(stream)
    if context is None:
        return Video(index=stream.index, codec="")
    return Video(
        index=stream.index,
        codec=context.codec.canonical_name,
        profile=context.profile or "",
        level=context.level,
        pixel_format=context.pix_fmt or "",
        width=context.width,
        height=context.height,
        field_order=_FIELD_ORDERS.get(context.field_order, ""),
        transfer=_TRANSFERS.get(context.color_trc, ""),
    )


def _audio(stream: AudioStream) -> Audio:
    context = _context(stream)
    return Audio(
        index=stream.index,
        codec="" if context is None else context.codec.canonical_name,
        channels=0 if context is None else context.channels,
        language=_language(stream),
        is_default=bool(stream.disposition & Disposition.default),
    )


def _subtitle(stream: SubtitleStream) -> Subtitle:
    return Subtitle(index=stream.index, codec=_context(stream).codec.canonical_name, language=_language(stream))


def _context(stream: Stream) -> Any:
    """The facts of a stream's codec; None, whatever its type promises, where the libraries have no decoder."""
    return stream.codec_context


def _language(stream: Stream) -> str:
    return stream.metadata.get("language", "")[:MAX_TAG]


def _answer(path: Path) -> dict[str, object]:
    try:
        return {"media": asdict(read(path))}
    except MemoryError:
        return {"error": "it takes more memory than a file may"}
    except (FFmpegError, OSError, ValueError) as error:
        # Not the whole text, which holds the path.
        return {"error": getattr(error, "strerror", None) or type(error).__name__}


def _say(answers: BinaryIO, answer: dict[str, object]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICE)


def main() -> None:
    """Move the pipes out of reach of what a file may name, set the limits, and answer until the input ends."""
    nothing = os.open(os.devnull, os.O_RDWR)
    with os.fdopen(os.dup(0), "rb") as questions, os.fdopen(os.dup(1), "wb") as answers:
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        _limit()
        _say(answers, {"av": av.__version__})
        for line in questions:
            _say(answers, _answer(Path(json.loads(line))))


if __name__ == "__main__":
    main()
