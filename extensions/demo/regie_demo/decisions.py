"""How a player and a title together decide what the server does with the stream."""

import random
from dataclasses import replace

from .catalogue import Title
from .jellyfin.state import Transcode
from .people import Player

REMUXED = Transcode("h264", "aac", "mp4", video_direct=True, audio_direct=True, bitrate_kbps=9_400, reasons=("ContainerNotSupported",))  # fmt: skip


def decide(title: Title, player: Player, rng: random.Random) -> Transcode | None:
    """The stream's beginning: as it is, another container, other sound, or all anew."""
    if title.picture is None:
        return None
    if title.picture.height > 1080 and not player.plays_4k:
        return encoded(title, 1080, rng, ("VideoCodecNotSupported", "VideoRangeTypeNotSupported"))
    if player.client == "Infuse":
        return None
    chance = rng.random()
    if chance < 0.12:
        return replace(REMUXED, video_codec=title.picture.codec, bitrate_kbps=title.bitrate_kbps)
    if chance < 0.3:
        return _other_sound(title)
    return None


def encoded(title: Title, height: int, rng: random.Random, reasons: tuple[str, ...]) -> Transcode:
    """The picture made anew, at most `height` lines high."""
    kbps = {1080: 8_000, 720: 4_000, 480: 1_500}[height]
    return Transcode(
        "h264",
        "aac",
        "ts",
        video_direct=False,
        audio_direct=False,
        bitrate_kbps=kbps,
        width=height * 16 // 9,
        height=height,
        encoder_fps=encoder_fps(title, rng),
        hardware="vaapi",
        reasons=reasons,
    )


def encoder_fps(title: Title, rng: random.Random) -> float:
    """How fast the encoder runs now: mostly several times as fast as needed, now and then too slow."""
    rate = title.picture.frame_rate if title.picture else 25.0
    return round(rate * rng.choice((0.9, 1.4, 2.1, 2.8, 3.6)), 1)


def _other_sound(title: Title) -> Transcode:
    codec = title.picture.codec if title.picture else ""
    return Transcode(
        codec,
        "aac",
        "mp4",
        video_direct=True,
        audio_direct=False,
        bitrate_kbps=title.bitrate_kbps,
        channels=2,
        reasons=("AudioCodecNotSupported",),
    )
