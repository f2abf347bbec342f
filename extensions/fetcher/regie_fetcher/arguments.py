"""FFmpeg's command line for a plan, built as a graph."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from .encoders import SOFTWARE, Encoder
from .ffmpeg import Tools
from .formats import FORMATS, PROTOCOLS
from .media import Subtitle
from .plan import Plan, VideoPlan

_STEREO_BITRATE = "192k"
_SURROUND_BITRATE = "384k"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How conversions run; `threads` 0 leaves it to FFmpeg. Results repeat bit for bit only with equal settings."""

    threads: int = 0
    nice: int = 10
    stall_s: float = 60.0


def convert_arguments(
    tools: Tools, plan: Plan, source: Path, target: Path, *, settings: Settings, encoder: Encoder = SOFTWARE
) -> list[str]:
    """The command that carries a plan out."""
    read = _input(source)
    streams: list[Any] = []
    options: dict[str, Any] = {
        "format": "mp4",
        "movflags": "+faststart",
        "map_metadata": 0,
        "map_chapters": 0,
        "max_muxing_queue_size": 4096,
        "threads": settings.threads,
    }
    device: tuple[str, ...] = ()
    if plan.video is not None:
        streams.append(_picture(read, plan.video, encoder))
        options |= {"c:v": "copy"} if plan.video.is_copied else {"c:v": encoder.name, **encoder.options}
        device = () if plan.video.is_copied else encoder.device
    for number, track in enumerate(plan.audios):
        streams.append(read[str(track.source.index)])
        options |= _sound(number, is_copied=track.is_copied, channels=track.source.channels)
    for subtitle in plan.subtitles:
        streams.append(read[str(subtitle.index)])
        options["c:s"] = "mov_text"
    written = ffmpeg.output(*streams, f"file:{target}", **options)
    return _command(tools, written, device)


def webvtt_arguments(tools: Tools, targets: Mapping[Subtitle, Path], source: Path) -> list[str]:
    """The command that writes text subtitles as WebVTT, for `<track>`, all in one reading of the source."""
    read = _input(source)
    outputs = [ffmpeg.output(read[str(each.index)], f"file:{to}", format="webvtt") for each, to in targets.items()]
    return _command(tools, ffmpeg.merge_outputs(*outputs), ())


def _input(source: Path) -> Any:
    return ffmpeg.input(
        f"file:{source}", protocol_whitelist=PROTOCOLS, format_whitelist=FORMATS, fflags="+genpts", max_streams=64
    )


def _command(tools: Tools, written: Any, device: tuple[str, ...]) -> list[str]:
    flags = ["-nostdin", "-progress", "pipe:1", "-nostats", "-loglevel", "error", "-hide_banner"]
    command: list[str] = written.global_args(*flags).overwrite_output().compile(cmd=tools.ffmpeg)
    return [command[0], *device, *command[1:]]


def _sound(number: int, *, is_copied: bool, channels: int) -> dict[str, Any]:
    if is_copied:
        return {f"c:a:{number}": "copy"}
    return {f"c:a:{number}": "aac", f"b:a:{number}": _STEREO_BITRATE if channels <= 2 else _SURROUND_BITRATE}


def _picture(read: Any, video: VideoPlan, encoder: Encoder) -> Any:
    stream = read[str(video.source.index)]
    if video.is_copied:
        return stream
    if video.is_interlaced:
        stream = stream.filter("bwdif", mode="send_frame")
    if video.is_hdr:
        stream = _tone_mapped(stream, video.source.transfer)
    if video.is_too_large:
        stream = stream.filter("scale", 3840, 2160, force_original_aspect_ratio="decrease", force_divisible_by=2)
    else:
        stream = stream.filter("scale", "max(2,trunc(iw/2)*2)", "max(2,trunc(ih/2)*2)")
    stream = stream.filter("format", "yuv420p")
    for name, value in encoder.filters:
        stream = stream.filter(name, value) if value else stream.filter(name)
    return stream


def _tone_mapped(stream: Any, transfer: str) -> Any:
    """HDR to BT.709; untagged primaries are taken for BT.2020, which every HDR video has."""
    linear = stream.filter("zscale", tin=transfer, pin="bt2020", min="bt2020nc", rin="tv", t="linear", npl=100)
    narrow = linear.filter("format", "gbrpf32le").filter("zscale", p="bt709").filter("tonemap", "hable", desat=0)
    return narrow.filter("zscale", t="bt709", m="bt709", r="tv")
