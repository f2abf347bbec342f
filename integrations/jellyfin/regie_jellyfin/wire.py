"""The server's JSON as typed structures: only what we read; unknown fields are skipped, unknown words kept."""

import msgspec


class Wire(msgspec.Struct, rename="pascal", kw_only=True):
    """A structure whose fields the server writes in PascalCase; anything may be absent or null."""


class PublicInfo(Wire):
    """PublicSystemInfo."""

    id: str
    version: str
    server_name: str | None = None
    product_name: str | None = None


class Policy(Wire):
    """UserPolicy."""

    is_administrator: bool = False
    is_disabled: bool = False


class User(Wire):
    """UserDto."""

    id: str
    name: str | None = None
    primary_image_tag: str | None = None
    policy: Policy | None = None


class SignedIn(Wire):
    """AuthenticationResult."""

    access_token: str


class Folder(Wire):
    """VirtualFolderInfo."""

    name: str | None = None
    item_id: str | None = None
    collection_type: str | None = None


class Stream(Wire):
    """MediaStream."""

    type: str | None = None
    index: int | None = None
    codec: str | None = None
    language: str | None = None
    width: int | None = None
    height: int | None = None
    channels: int | None = None
    bit_rate: int | None = None
    video_range_type: str | None = None
    real_frame_rate: float | None = None
    is_default: bool | None = None


class Item(Wire):
    """BaseItemDto."""

    id: str
    name: str | None = None
    type: str | None = None
    run_time_ticks: int | None = None
    production_year: int | None = None
    series_id: str | None = None
    series_name: str | None = None
    parent_index_number: int | None = None
    index_number: int | None = None
    album: str | None = None
    album_artist: str | None = None
    artists: list[str] | None = None
    provider_ids: dict[str, str | None] | None = None
    image_tags: dict[str, str] | None = None
    extra_type: str | None = None
    container: str | None = None
    media_streams: list[Stream] | None = None


class Items(Wire):
    """BaseItemDtoQueryResult."""

    items: list[msgspec.Raw]


class PlayState(Wire):
    """PlayerStateInfo."""

    position_ticks: int | None = None
    is_paused: bool | None = None
    play_method: str | None = None
    audio_stream_index: int | None = None
    subtitle_stream_index: int | None = None


class Transcoding(Wire):
    """TranscodingInfo."""

    audio_codec: str | None = None
    video_codec: str | None = None
    container: str | None = None
    is_video_direct: bool | None = None
    is_audio_direct: bool | None = None
    bitrate: int | None = None
    framerate: float | None = None
    width: int | None = None
    height: int | None = None
    audio_channels: int | None = None
    hardware_acceleration_type: str | None = None
    transcode_reasons: list[str] | None = None


class AdditionalUser(Wire):
    """SessionUserInfo."""

    user_id: str
    user_name: str | None = None


class Session(Wire):
    """SessionInfoDto."""

    id: str | None = None
    user_id: str | None = None
    user_name: str | None = None
    client: str | None = None
    device_name: str | None = None
    device_id: str | None = None
    application_version: str | None = None
    remote_end_point: str | None = None
    last_playback_check_in: str | None = None
    last_paused_date: str | None = None
    supports_remote_control: bool | None = None
    additional_users: list[AdditionalUser] | None = None
    now_playing_item: Item | None = None
    play_state: PlayState | None = None
    transcoding_info: Transcoding | None = None


class Frame(Wire):
    """One message of the websocket."""

    message_type: str
    data: msgspec.Raw = msgspec.Raw()
