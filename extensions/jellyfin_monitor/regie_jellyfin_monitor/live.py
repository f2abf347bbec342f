"""What is said of an open play: the record in the live store, and the data of events. Plain values only."""

from collections.abc import Mapping
from typing import Any

from regie.roles import MediaItem, Place, Session, StreamShape, Track

from .devices import identify
from .dimensions import resolution_of
from .plays import Play
from .reducer import speed_of

_CODECS = {
    "hevc": "HEVC",
    "h265": "HEVC",
    "h264": "H.264",
    "av1": "AV1",
    "vp9": "VP9",
    "mpeg2video": "MPEG-2",
    "vc1": "VC-1",
    "aac": "AAC",
    "ac3": "AC-3",
    "eac3": "E-AC-3",
    "dts": "DTS",
    "truehd": "TrueHD",
    "flac": "FLAC",
    "mp3": "MP3",
    "opus": "Opus",
    "vorbis": "Vorbis",
    "alac": "ALAC",
}
_CHANNELS = {1: "1.0", 2: "2.0", 6: "5.1", 7: "6.1", 8: "7.1"}


def record(play: Play, server_name: str, place: Place) -> dict[str, Any]:
    """An open play for the live store. `position_s` was true at `at`; the page lets it run on."""
    session = play.session
    return {
        "stream": str(play.uid),
        "server_id": play.server_id,
        "server": server_name,
        "session_id": session.id,
        "can_be_controlled": session.can_be_controlled,
        "user": play.user.name,
        "user_id": play.user.id,
        **_media(session.item),
        "position_s": play.position_s,
        "at": play.evidence_at,
        "paused": play.paused,
        "started": play.started,
        **_player(session, place),
        **_stream(play.shape, session),
    }


def event_data(play: Play, server_name: str, place: Place) -> dict[str, Any]:
    """The data of an event about a play, for automations."""
    data = record(play, server_name, place)
    del data["chain"]
    return data | {"watch_s": round(play.watch_s), "watched": play.watched, "end_reason": play.end_reason}


def full_title(item: MediaItem) -> str:
    """A title that stands alone: `Coastlines · S01E02 · Tide`, `Cassia Holt · Low Tide`."""
    if item.series:
        return " · ".join(part for part in (item.series, episode_number(item.season, item.episode), item.title) if part)
    return f"{item.artist} · {item.title}" if item.artist else item.title


def episode_number(season: int | None, episode: int | None) -> str:
    """`S02E05`, as far as known."""
    parts = ("" if season is None else f"S{season:02}", "" if episode is None else f"E{episode:02}")
    return "".join(parts)


def chain(shape: StreamShape) -> list[dict[str, Any]]:
    """What goes in and what comes out, a row for video, audio and subtitles; `out` is None when passed through."""
    rows = []
    pairs = (("video", shape.video, shape.target_video), ("audio", shape.audio, shape.target_audio))
    for name, source, target in pairs:
        if source is not None:
            shown = video_text if name == "video" else audio_text
            rows.append({"part": name, "in": shown(source), "out": shown(target) if target else None})
    if shape.subtitle is not None:
        rows.append(
            {"part": "subtitle", "in": shape.subtitle.language or codec_text(shape.subtitle.codec), "out": None}
        )
    return rows


def video_text(track: Track) -> str:
    """`HEVC 4K HDR10`."""
    return " ".join(part for part in (codec_text(track.codec), resolution_of(track), track.dynamic_range or "") if part)


def audio_text(track: Track) -> str:
    """`TrueHD 7.1`."""
    channels = _CHANNELS.get(track.channels or 0, f"{track.channels} ch" if track.channels else "")
    return " ".join(part for part in (codec_text(track.codec), channels) if part)


def codec_text(codec: str) -> str:
    """A codec as people write it."""
    return _CODECS.get(codec.lower(), codec.upper())


def reason_text(reason: str, _language: str = "") -> str:
    """`VideoCodecNotSupported` as `video codec not supported`."""
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in reason).lower().split()
    return " ".join(words)


def _media(item: MediaItem) -> dict[str, Any]:
    return {
        "title": item.series or item.title,
        "full_title": full_title(item),
        "episode_title": item.title if item.series else "",
        "episode_number": episode_number(item.season, item.episode) if item.series else "",
        "kind": item.kind,
        "year": item.year,
        "artist": item.artist,
        "album": item.album,
        "item_id": item.id,
        "series_id": item.series_id,
        "image_tag": item.image_tag,
        "runtime_s": item.runtime_s,
    }


def _player(session: Session, place: Place) -> dict[str, Any]:
    identity = identify(session.client, session.device, session.device_id)
    return {
        "client": session.client,
        "device": session.device,
        "device_label": identity.label,
        "form": identity.form,
        "address": session.address,
        "country": place.country,
        "city": place.city,
        "is_local": place.local,
    }


def _stream(shape: StreamShape, session: Session) -> Mapping[str, Any]:
    return {
        "method": shape.method,
        "chain": chain(shape),
        "reasons": [reason_text(reason) for reason in shape.reasons],
        "hardware": shape.hardware,
        "resolution": resolution_of(shape.video) if shape.video else "",
        "bitrate_kbps": session.bitrate_kbps,
        "speed": speed_of(session) if shape.method == "transcode" else None,
    }
