from dataclasses import replace

import pytest
from tests.extensions.jellyfin_monitor.conftest import EPOCH, SESSION, Tale

from regie.roles import MediaItem, Place, StreamShape, Track
from regie_jellyfin_monitor import live
from regie_jellyfin_monitor.dimensions import resolution_of
from regie_jellyfin_monitor.pages import country_name, position_now

TRANSCODE = StreamShape(
    "transcode",
    video=Track("hevc", 3840, 1600, dynamic_range="HDR10", frame_rate=24),
    audio=Track("eac3", channels=6),
    subtitle=Track("pgssub", language="fre"),
    target_video=Track("h264", 1920, 800),
    reasons=("VideoCodecNotSupported", "NeverHeardOf"),
    hardware="qsv",
)


def test_a_chain_says_what_goes_in_and_what_comes_out() -> None:
    assert live.chain(TRANSCODE) == [
        {"part": "video", "in": "HEVC 4K HDR10", "out": "H.264 1080p"},
        {"part": "audio", "in": "E-AC-3 5.1", "out": None},
        {"part": "subtitle", "in": "fre", "out": None},
    ]


def test_a_record_tells_a_stream(tale: Tale) -> None:
    tale.see(0, 30, shape=TRANSCODE, encoder_fps=18.0, bitrate_kbps=6100, can_be_controlled=True)
    (play,) = tale.state.open.values()
    told = live.record(play, "home", Place("FR", city="Lyon"))
    assert (told["title"], told["user"], told["city"], told["method"]) == ("Night Signal", "Alice", "Lyon", "transcode")
    assert (told["speed"], told["reasons"]) == (0.75, ["video codec not supported", "never heard of"])
    assert position_now(told, EPOCH.timestamp() + 12) == 42
    assert position_now(told | {"paused": True}, EPOCH.timestamp() + 12) == 30
    assert position_now(told | {"runtime_s": 35}, EPOCH.timestamp() + 12) == 35


@pytest.mark.parametrize(
    ("item", "title"),
    [
        (MediaItem("i", "movie", "Night Signal"), "Night Signal"),
        (MediaItem("i", "episode", "Tide", series="Coastlines", season=1, episode=2), "Coastlines · S01E02 · Tide"),
        (MediaItem("i", "episode", "Tide", series="Coastlines"), "Coastlines · Tide"),
        (MediaItem("i", "track", "Low Tide", artist="Cassia Holt"), "Cassia Holt · Low Tide"),
    ],
)
def test_a_full_title_stands_alone(item: MediaItem, title: str) -> None:
    assert live.full_title(item) == title


@pytest.mark.parametrize(
    ("size", "name"),
    [
        ((7680, 4320), "8K"),
        ((3840, 1600), "4K"),
        ((1920, 800), "1080p"),
        ((1440, 1080), "1080p"),
        ((1280, 536), "720p"),
        ((720, 576), "576p"),
        ((None, 480), "480p"),
        ((640, 360), "SD"),
        ((None, None), ""),
    ],
)
def test_a_resolution_is_the_class_of_the_picture(size: tuple[int | None, int | None], name: str) -> None:
    assert resolution_of(Track("hevc", *size)) == name


def test_audio_of_any_layout_is_named() -> None:
    assert [live.audio_text(Track("flac", channels=channels)) for channels in (None, 2, 8, 12)] == [
        "FLAC",
        "FLAC 2.0",
        "FLAC 7.1",
        "FLAC 12 ch",
    ]


def test_a_country_has_a_name_in_each_language() -> None:
    assert [country_name("DE", language) for language in ("en", "fr", "nonsense")] == ["Germany", "Allemagne", "DE"]


def test_an_event_carries_no_page_detail(tale: Tale) -> None:
    tale.session = replace(SESSION)
    tale.see(0, 30)
    (play,) = tale.state.open.values()
    data = live.event_data(play, "home", Place())
    assert "chain" not in data
    assert (data["watch_s"], data["stream"]) == (0, str(play.uid))
