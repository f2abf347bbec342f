"""From the server's structures to the words of `regie.roles`. Pure: no I/O, no clock."""

import hashlib
import ipaddress
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from regie.roles import Library, MediaItem, MediaKind, MediaUser, Method, Session, StreamShape, Track

from . import wire

TICKS_PER_SECOND = 10_000_000
KINDS: dict[str, MediaKind] = {
    "Movie": "movie",
    "Episode": "episode",
    "Audio": "track",
    "MusicVideo": "music_video",
    "TvChannel": "live_tv",
    "LiveTvChannel": "live_tv",
    "TvProgram": "live_tv",
    "LiveTvProgram": "live_tv",
    "Program": "live_tv",
    "Trailer": "trailer",
    "AudioBook": "audiobook",
    "Book": "book",
    "Photo": "photo",
}
METHODS: dict[str, Method] = {"DirectPlay": "direct_play", "DirectStream": "remux", "Transcode": "transcode"}
"""What a player claims, read as what it means: its `DirectStream` changes only the container."""

_SESSIONS = msgspec.json.Decoder(list[msgspec.Raw])
_SESSION = msgspec.json.Decoder(wire.Session)


def guid(text: str) -> str:
    """An id as 32 lower-case hexadecimal digits; what is no GUID stays as it is."""
    bare = text.replace("-", "").strip("{}").lower()
    return bare if len(bare) == 32 else text


def session_id(client: str, device_id: str) -> str:
    """The id that the server gives to a session: the MD5 of client and device id in UTF-16, read as a .NET Guid."""
    digest = hashlib.md5((client + device_id).encode("utf-16-le", "surrogatepass"), usedforsecurity=False).digest()
    return uuid.UUID(bytes_le=digest).hex


def seconds(ticks: int | None) -> float | None:
    """Units of 100 ns as seconds."""
    return None if ticks is None else ticks / TICKS_PER_SECOND


def moment(text: str | None) -> datetime | None:
    """A time stamp in UTC; None for an absent, unreadable or empty one (the server writes the year 1 for "never")."""
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        parsed = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return parsed if parsed.year > 1 else None


def address(text: str | None) -> str | None:
    """An address without port, scope and IPv4-in-IPv6 wrapping; None when it is none."""
    if not text:
        return None
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


def user(source: wire.User) -> MediaUser:
    """An account."""
    policy = source.policy or wire.Policy()
    return MediaUser(
        guid(source.id), source.name or "", policy.is_administrator, policy.is_disabled, source.primary_image_tag
    )


def library(source: wire.Folder) -> Library:
    """A library."""
    return Library(guid(source.item_id or ""), source.name or "", source.collection_type or "")


def media_item(source: wire.Item, *, library_id: str | None = None) -> MediaItem:
    """An item; its kind is `video` when we do not know the server's word."""
    kind = KINDS.get(source.type or "", "video")
    return MediaItem(
        id=guid(source.id),
        kind=kind,
        title=source.name or "",
        runtime_s=seconds(source.run_time_ticks) or None,
        year=source.production_year,
        series_id=guid(source.series_id) if source.series_id else None,
        series=source.series_name,
        season=source.parent_index_number if kind == "episode" else None,
        episode=source.index_number if kind == "episode" else None,
        album=source.album,
        artist=source.album_artist or next(iter(source.artists or ()), None),
        library_id=library_id,
        provider_ids={key.lower(): value for key, value in (source.provider_ids or {}).items() if value},
        image_tag=(source.image_tags or {}).get("Primary"),
        extra_type=source.extra_type,
    )


def sessions(text: bytes | msgspec.Raw) -> tuple[tuple[Session, ...], int]:
    """The sessions that play something, and how many could not be read: one odd player must not hide the others."""
    playing, unreadable = [], 0
    for raw in _SESSIONS.decode(text):
        try:
            decoded = session(_SESSION.decode(raw))
        except msgspec.MsgspecError:
            unreadable += 1
            continue
        if decoded:
            playing.append(decoded)
    return tuple(playing), unreadable


def session(source: wire.Session) -> Session | None:
    """A session, or None while it plays nothing or nobody is signed in."""
    item = source.now_playing_item
    if item is None or not source.user_id:
        return None
    state = source.play_state or wire.PlayState()
    encoder = source.transcoding_info
    encodes_video = _has_video(item) and encoder is not None and not encoder.is_video_direct
    return Session(
        id=guid(source.id) if source.id else session_id(source.client or "", source.device_id or ""),
        user=MediaUser(guid(source.user_id), source.user_name or ""),
        client=source.client or "",
        device=source.device_name or "",
        device_id=source.device_id or "",
        item=media_item(item),
        position_s=seconds(state.position_ticks),
        is_paused=bool(state.is_paused),
        address=address(source.remote_end_point),
        app_version=source.application_version or "",
        last_check_in=moment(source.last_playback_check_in),
        paused_since=moment(source.last_paused_date) if state.is_paused else None,
        shape=shape(item, state, encoder),
        bitrate_kbps=_bitrate_kbps(item, state, encoder),
        encoder_fps=encoder.framerate if encoder and encodes_video else None,
        other_users=tuple(MediaUser(guid(u.user_id), u.user_name or "") for u in source.additional_users or ()),
        can_be_controlled=bool(source.supports_remote_control),
    )


def effective_method(claimed: str | None, encoder: wire.Transcoding | None, *, has_video: bool = True) -> Method | None:
    """What really happens: the encoder's own word counts before the player's claim."""
    if encoder is None:
        return METHODS.get(claimed or "")
    if has_video and not encoder.is_video_direct:
        return "transcode"
    if encoder.is_audio_direct:
        return "remux"
    return "direct_stream" if has_video else "transcode"


def shape(item: wire.Item, state: wire.PlayState, encoder: wire.Transcoding | None) -> StreamShape:
    """The stream decision: what the file holds, what the viewer receives, and why."""
    video, audio, subtitle = _chosen(item, state)
    source = StreamShape(
        method=effective_method(state.play_method, encoder, has_video=_has_video(item)),
        container=(item.container or "").partition(",")[0],
        video=_track(video),
        audio=_track(audio),
        subtitle=_track(subtitle),
    )
    if encoder is None:
        return source
    encodes_video = _has_video(item) and not encoder.is_video_direct
    hardware = encoder.hardware_acceleration_type
    return replace(
        source,
        target_container=encoder.container,
        target_video=Track(encoder.video_codec or "", encoder.width, encoder.height) if encodes_video else None,
        target_audio=None
        if encoder.is_audio_direct
        else Track(encoder.audio_codec or "", channels=encoder.audio_channels),
        reasons=tuple(encoder.transcode_reasons or ()),
        hardware=hardware if encodes_video and hardware != "none" else None,
    )


def _has_video(item: wire.Item) -> bool:
    if item.media_streams:
        return any(stream.type == "Video" for stream in item.media_streams)
    return KINDS.get(item.type or "") not in {"track", "audiobook", "book"}


def _chosen(
    item: wire.Item, state: wire.PlayState
) -> tuple[wire.Stream | None, wire.Stream | None, wire.Stream | None]:
    streams = item.media_streams or []
    return (
        _pick(streams, "Video", None),
        _pick(streams, "Audio", state.audio_stream_index),
        _pick(streams, "Subtitle", state.subtitle_stream_index) if state.subtitle_stream_index is not None else None,
    )


def _pick(streams: list[wire.Stream], kind: str, index: int | None) -> wire.Stream | None:
    """The stream of that index; without one the default, else the first of its kind."""
    ours = [stream for stream in streams if stream.type == kind]
    if index is not None and index >= 0:
        return next((stream for stream in ours if stream.index == index), None)
    if index is not None and kind == "Subtitle":
        return None
    return next((stream for stream in ours if stream.is_default), ours[0] if ours else None)


def _track(stream: wire.Stream | None) -> Track | None:
    if stream is None:
        return None
    return Track(
        stream.codec or "",
        stream.width,
        stream.height,
        stream.channels,
        stream.language,
        _dynamic_range(stream.video_range_type),
        stream.real_frame_rate,
    )


def _dynamic_range(word: str | None) -> str | None:
    if word in {None, "", "SDR", "Unknown"}:
        return None
    return "DolbyVision" if word and word.startswith("DOVI") else word


def _bitrate_kbps(item: wire.Item, state: wire.PlayState, encoder: wire.Transcoding | None) -> int | None:
    if encoder and encoder.bitrate:
        return round(encoder.bitrate / 1000)
    sent = [stream.bit_rate for stream in _chosen(item, state)[:2] if stream and stream.bit_rate]
    return round(sum(sent) / 1000) if sent else None
