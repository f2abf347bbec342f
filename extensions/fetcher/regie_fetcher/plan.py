"""What has to be done to a file so that every browser plays it, and why, in a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from .media import HDR_TRANSFERS, Audio, Media, Subtitle, Video

# Part of every recipe: a changed rule makes a new result of an old source.
PLANNER_VERSION = 1

_PIXEL_FORMATS = frozenset({"yuv420p", "yuvj420p"})
_PROFILES = frozenset(
    {"", "unknown", "Baseline", "Constrained Baseline", "Main", "Extended", "High", "Progressive High"}
    | {"Constrained High"}
)
_PROGRESSIVE = frozenset({"", "progressive", "unknown"})
_MAX_LEVEL = 52
# The largest frame of H.264 level 5.2: 36,864 macroblocks.
_MAX_PIXELS = 4096 * 2304
_NAMES = {
    "hevc": "HEVC",
    "av1": "AV1",
    "vp8": "VP8",
    "vp9": "VP9",
    "mpeg4": "MPEG-4 Part 2",
    "mpeg2video": "MPEG-2",
    "ac3": "AC-3",
    "eac3": "E-AC-3",
    "opus": "Opus",
    "vorbis": "Vorbis",
    "flac": "FLAC",
    "mp3": "MP3",
    "dts": "DTS",
}


class Action(StrEnum):
    """The ways to bring a file to MP4, H.264 and AAC; each costs more than the one before."""

    KEEP = "keep"
    REMUX = "remux"
    AUDIO = "audio"
    VIDEO = "video"
    TRANSCODE = "transcode"
    AUDIO_ONLY = "audio-only"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class VideoPlan:
    """What becomes of the picture."""

    source: Video
    is_copied: bool

    @property
    def is_interlaced(self) -> bool:
        """Whether it has to be deinterlaced."""
        return self.source.field_order not in _PROGRESSIVE

    @property
    def is_hdr(self) -> bool:
        """Whether it has to be tone-mapped."""
        return self.source.transfer in HDR_TRANSFERS

    @property
    def is_too_large(self) -> bool:
        """Whether no level of H.264 that devices decode holds the frame."""
        return self.source.width * self.source.height > _MAX_PIXELS


@dataclass(frozen=True, slots=True)
class AudioPlan:
    """What becomes of one sound track."""

    source: Audio
    is_copied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The action, its reason, and the streams of the result in their order."""

    action: Action
    why: str
    video: VideoPlan | None = None
    audios: tuple[AudioPlan, ...] = ()
    subtitles: tuple[Subtitle, ...] = ()

    @property
    def suffix(self) -> str:
        """The name's end of the result."""
        return ".mp4" if self.video is not None else ".m4a"

    def encoding_all(self) -> Self:
        """The plan for when copying has failed."""
        return replace(
            self,
            action=Action.TRANSCODE if self.video is not None else Action.AUDIO_ONLY,
            video=None if self.video is None else replace(self.video, is_copied=False),
            audios=tuple(replace(each, is_copied=False) for each in self.audios),
        )


def make_plan(media: Media, *, audio_only: bool = False) -> Plan:
    """Decide what a file needs; `audio_only` drops its picture."""
    flaw = next(_flaws(media, audio_only=audio_only), None)
    if flaw is not None:
        return Plan(action=Action.REJECT, why=flaw)
    tracks = sorted(media.audios, key=lambda each: not each.is_default)
    audios = tuple(AudioPlan(each, each.codec == "aac") for each in tracks)
    if audio_only or not media.videos:
        return _plan_audio(media, audios[:1] if audio_only else audios)
    complaints = list(_video_complaints(media.videos[0]))
    video = VideoPlan(media.videos[0], not complaints)
    complaints += [f"the audio is {_name(each.codec)}" for each in media.audios if each.codec != "aac"]
    return _plan_video(media, video, audios, complaints)


def _plan_video(media: Media, video: VideoPlan, audios: tuple[AudioPlan, ...], complaints: list[str]) -> Plan:
    layout = list(_layout_complaints(media))
    is_sound_fine = all(each.is_copied for each in audios)
    if video.is_copied and is_sound_fine:
        action = Action.REMUX if layout else Action.KEEP
    elif video.is_copied:
        action = Action.AUDIO
    else:
        action = Action.VIDEO if is_sound_fine else Action.TRANSCODE
    return Plan(
        action=action,
        why=_sentence(complaints + layout) or "It plays everywhere as it is.",
        video=video,
        audios=audios,
        subtitles=tuple(each for each in media.subtitles if each.is_text),
    )


def _plan_audio(media: Media, audios: tuple[AudioPlan, ...]) -> Plan:
    complaints = [f"the audio is {_name(each.source.codec)}" for each in audios if not each.is_copied]
    complaints += _layout_complaints(media)
    if media.videos:
        complaints.append("only the audio is wanted")
    if not complaints:
        return Plan(action=Action.KEEP, why="It plays everywhere as it is.", audios=audios)
    return Plan(action=Action.AUDIO_ONLY, why=_sentence(complaints), audios=audios)


def _flaws(media: Media, *, audio_only: bool) -> Iterator[str]:
    if not media.is_whole:
        yield "The file is cut off: its index or its end is missing."
    if media.is_protected:
        yield "The file is protected (DRM) and cannot be played."
    if not media.videos and not media.audios:
        yield "The file holds neither video nor audio."
    if audio_only and not media.audios:
        yield "Only the audio is wanted, but there is none."
    if any(not each.codec or each.width <= 0 or each.height <= 0 for each in media.videos[:1]):
        yield "The video has no size or an unknown codec."
    if any(not each.codec or each.channels <= 0 for each in media.audios):
        yield "The audio has no channels or an unknown codec."
    if media.videos and media.duration_s is None and media.container == "gif":
        yield "The picture does not move."


def _video_complaints(video: Video) -> Iterator[str]:
    if video.codec != "h264":
        yield f"the video is {_name(video.codec)}"
    elif video.pixel_format not in _PIXEL_FORMATS or video.profile not in _PROFILES:
        yield f"no browser plays H.264 in {video.pixel_format} ({video.profile or 'unknown profile'})"
    elif video.level > _MAX_LEVEL:
        yield f"its level {video.level / 10} is above 5.2"
    if video.width % 2 or video.height % 2:
        yield f"its size {video.width}x{video.height} is odd"
    if video.field_order not in _PROGRESSIVE:
        yield "it is interlaced"
    if video.transfer in HDR_TRANSFERS:
        yield "its colours are HDR"


def _layout_complaints(media: Media) -> Iterator[str]:
    if not media.is_mp4:
        yield f"the container is {media.container.partition(',')[0]}"
    elif media.is_fragmented:
        yield "the file is in fragments"
    elif not media.is_faststart:
        yield "the index stands at the end of the file"


def _sentence(parts: list[str]) -> str:
    if not parts:
        return ""
    unique = list(dict.fromkeys(parts))
    text = ", ".join(unique[:-1]) + (" and " if len(unique) > 1 else "") + unique[-1]
    return f"{text[0].upper()}{text[1:]}."


def _name(codec: str) -> str:
    return _NAMES.get(codec, codec.upper())
