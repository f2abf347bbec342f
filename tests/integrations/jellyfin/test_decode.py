"""What the server says, in the words of the roles."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_demo.jellyfin.state import StubSession
from regie_demo.people import PEOPLE
from regie_jellyfin import decode, wire

VIDEO = {"Type": "Video", "Index": 0, "Codec": "hevc", "Width": 3840, "Height": 2160, "VideoRangeType": "DOVIWithHDR10"}
VIDEO |= {"RealFrameRate": 23.976, "BitRate": 40_000_000}
SOUNDS = [
    {"Type": "Audio", "Index": 1, "Codec": "truehd", "Channels": 8, "Language": "eng", "IsDefault": True},
    {"Type": "Audio", "Index": 2, "Codec": "aac", "Channels": 2, "Language": "fre", "BitRate": 192_000},
]
TEXT = {"Type": "Subtitle", "Index": 3, "Codec": "ass", "Language": "fre"}


def _item(**more: Any) -> dict[str, Any]:
    return {"Id": "a" * 32, "Name": "Night Signal", "Type": "Movie", "MediaStreams": [VIDEO, *SOUNDS, TEXT]} | more


def _session(**more: Any) -> dict[str, Any]:
    return {
        "Id": "b" * 32,
        "UserId": "C" * 32,
        "UserName": "alice",
        "Client": "Jellyfin Web",
        "DeviceId": "d",
        "NowPlayingItem": _item(),
        "PlayState": {"PositionTicks": 600_000_000, "PlayMethod": "DirectPlay"},
    } | more


def _decoded(source: dict[str, Any]) -> Any:
    return decode.session(msgspec.json.decode(json.dumps(source), type=wire.Session))


def test_a_direct_play_passes_everything_through() -> None:
    session = _decoded(_session())
    assert session.user.id == "c" * 32
    assert session.position_s == 60
    assert session.shape.method == "direct_play"
    assert session.shape.video.dynamic_range == "DolbyVision"
    assert (session.shape.audio.codec, session.shape.subtitle) == ("truehd", None)
    assert session.shape.target_video is session.shape.target_audio is None
    assert session.encoder_fps is None


@pytest.mark.parametrize(
    ("video_direct", "audio_direct", "method"),
    [(True, True, "remux"), (True, False, "direct_stream"), (False, True, "transcode"), (False, False, "transcode")],
)
def test_the_encoder_decides_the_method(video_direct: bool, audio_direct: bool, method: str) -> None:  # noqa: FBT001 a table
    encoder = {"IsVideoDirect": video_direct, "IsAudioDirect": audio_direct, "Framerate": 20, "VideoCodec": "h264"}
    session = _decoded(_session(TranscodingInfo=encoder | {"AudioCodec": "aac", "HardwareAccelerationType": "vaapi"}))
    assert session.shape.method == method
    assert (session.shape.target_video is None) == video_direct
    assert (session.shape.target_audio is None) == audio_direct
    assert session.encoder_fps == (None if video_direct else 20)
    assert session.shape.hardware == (None if video_direct else "vaapi")


def test_a_claimed_direct_stream_without_encoder_is_a_remux() -> None:
    assert _decoded(_session(PlayState={"PlayMethod": "DirectStream"})).shape.method == "remux"


def test_music_with_the_sound_made_anew_is_a_transcode() -> None:
    track = {"Id": "1", "Type": "Audio", "MediaStreams": [{"Type": "Audio", "Index": 0, "Codec": "flac"}]}
    encoder = {"IsVideoDirect": False, "IsAudioDirect": False, "AudioCodec": "mp3", "Bitrate": 320_000}
    session = _decoded(_session(NowPlayingItem=track, TranscodingInfo=encoder))
    assert (session.shape.method, session.shape.target_video) == ("transcode", None)
    assert session.shape.target_audio.codec == "mp3"
    assert session.bitrate_kbps == 320


def test_chosen_tracks_follow_their_index() -> None:
    state = {"AudioStreamIndex": 2, "SubtitleStreamIndex": 3}
    session = _decoded(_session(PlayState=state))
    assert (session.shape.audio.language, session.shape.subtitle.codec) == ("fre", "ass")
    assert session.bitrate_kbps == 40_192
    assert _decoded(_session(PlayState={"SubtitleStreamIndex": -1})).shape.subtitle is None


def test_unknown_words_survive() -> None:
    encoder = {"TranscodeReasons": ["VideoRotationNotSupported", "NobodyKnows"], "HardwareAccelerationType": "quantum"}
    session = _decoded(
        _session(NowPlayingItem=_item(Type="Hologram", ExtraType="Smell"), TranscodingInfo=encoder, New={"x": 1})
    )
    assert session.item.kind == "video"
    assert session.item.extra_type == "Smell"
    assert session.shape.reasons == ("VideoRotationNotSupported", "NobodyKnows")
    assert session.shape.hardware == "quantum"


def test_only_a_signed_in_player_with_an_item_is_a_session() -> None:
    assert _decoded(_session(NowPlayingItem=None)) is None
    assert _decoded(_session(UserId=None)) is None


def test_one_unreadable_session_does_not_hide_the_others() -> None:
    text = json.dumps([_session(), _session(NowPlayingItem={"Id": 7}), {"Id": []}, _session(Id="e" * 32)])
    sessions, unreadable = decode.sessions(text.encode())
    assert [session.id for session in sessions] == ["b" * 32, "e" * 32]
    assert unreadable == 2


def test_an_absent_session_id_is_computed_as_the_server_does() -> None:
    for person in PEOPLE:
        for player in person.players:
            known = StubSession(player, person, datetime.now(UTC)).id
            assert decode.session_id(player.client, player.device_id) == known
    assert _decoded(_session(Id=None)).id == decode.session_id("Jellyfin Web", "d")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:5123", "203.0.113.7"),
        ("[2001:DB8::0:1]:443", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses_are_bare(written: str | None, read: str | None) -> None:
    assert decode.address(written) == read


@given(st.integers(0, 4_000_000_000_000_000), st.integers(-840, 840))
def test_moments_become_utc(microseconds: int, offset_min: int) -> None:
    zone = timezone(timedelta(minutes=offset_min))
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).astimezone(zone)
    text = f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond:06d}7{local:%z}"
    assert decode.moment(text) == local.astimezone(UTC)


@pytest.mark.parametrize("text", [None, "", "0001-01-01T00:00:00.0000000Z", "yesterday", "9999-12-31T23:59:59-10:00"])
def test_no_moment_is_none(text: str | None) -> None:
    assert decode.moment(text) is None


@given(st.uuids(), st.booleans())
def test_guids_are_bare_and_lower_case(number: Any, dashed: bool) -> None:  # noqa: FBT001 drawn by hypothesis
    written = str(number).upper() if dashed else number.hex
    assert decode.guid(written) == number.hex


@given(st.text(), st.text())
def test_session_ids_are_computed_for_any_names(client: str, device_id: str) -> None:
    assert len(decode.session_id(client, device_id)) == 32


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(_session())), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=4))
def test_any_json_list_is_read_or_counted(rows: list[Any]) -> None:
    sessions, unreadable = decode.sessions(json.dumps(rows).encode())
    assert len(sessions) + unreadable <= len(rows)
