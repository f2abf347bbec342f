from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_fetcher.arguments import Settings, convert_arguments
from regie_fetcher.boxes import read_boxes
from regie_fetcher.convert import ProgressReader
from regie_fetcher.encoders import HARDWARE
from regie_fetcher.ffmpeg import Tools
from regie_fetcher.media import Audio, Media, Subtitle, Video
from regie_fetcher.plan import Action, make_plan

TOOLS = Tools("ffmpeg", "0")
H264 = Video(index=0, codec="h264", profile="High", level=40, pixel_format="yuv420p", width=1920, height=1080)
AAC = Audio(index=1, codec="aac")
GOOD = Media(container="mov,mp4", duration_s=60, videos=(H264,), audios=(AAC,), is_mp4=True, is_faststart=True)

videos = st.builds(
    Video,
    index=st.just(0),
    codec=st.sampled_from(["h264", "hevc", "vp9", "av1", "mpeg2video", ""]),
    profile=st.sampled_from(["High", "Main", "High 10", "High 4:4:4 Predictive", ""]),
    level=st.sampled_from([-99, 0, 10, 52, 60]),
    pixel_format=st.sampled_from(["yuv420p", "yuv420p10le", "yuv444p", ""]),
    width=st.integers(-1, 8000),
    height=st.integers(-1, 8000),
    field_order=st.sampled_from(["", "progressive", "tt", "bb"]),
    transfer=st.sampled_from(["", "bt709", "smpte2084", "arib-std-b67"]),
)
audios = st.builds(
    Audio,
    index=st.integers(1, 9),
    codec=st.sampled_from(["aac", "ac3", "opus", "mp3", ""]),
    channels=st.integers(0, 8),
    is_default=st.booleans(),
)
media_files = st.builds(
    Media,
    container=st.sampled_from(["mov,mp4", "matroska,webm", "avi"]),
    duration_s=st.none() | st.floats(0.1, 1e5),
    videos=st.lists(videos, max_size=2).map(tuple),
    audios=st.lists(audios, max_size=3).map(tuple),
    subtitles=st.just(()) | st.just((Subtitle(index=12, codec="subrip"), Subtitle(index=13, codec="dvd_subtitle"))),
    is_mp4=st.booleans(),
    is_faststart=st.booleans(),
    is_fragmented=st.booleans(),
    is_whole=st.booleans(),
    is_protected=st.booleans(),
)


@given(media_files, st.booleans())
def test_every_plan_gives_a_reason_and_a_command_without_the_network(media: Media, audio_only: bool) -> None:  # noqa: FBT001
    plan = make_plan(media, audio_only=audio_only)
    assert plan.why.endswith(".")
    assert plan.why[0].isupper()
    if plan.action in {Action.REJECT, Action.KEEP}:
        return
    command = convert_arguments(TOOLS, plan, Path("/w/-in"), Path("/w/-out"), settings=Settings())
    assert command[command.index("-protocol_whitelist") + 1] == "file,pipe,crypto,data"
    assert command[command.index("-i") + 1] == "file:/w/-in"
    assert "file:/w/-out" in command
    assert "+faststart" in command
    assert command.count("-map") == len(plan.audios) + len(plan.subtitles) + (plan.video is not None)


@given(media_files)
def test_a_file_is_kept_only_when_nothing_is_left_to_wish(media: Media) -> None:
    plan = make_plan(media)
    if plan.action is not Action.KEEP:
        return
    assert media.is_mp4
    assert media.is_faststart
    assert not media.is_fragmented
    assert all(each.codec == "aac" for each in media.audios)
    for video in media.videos[:1]:
        assert (video.codec, video.pixel_format) == ("h264", "yuv420p")
        assert video.width % 2 == video.height % 2 == 0


@given(media_files)
def test_encoding_all_copies_nothing(media: Media) -> None:
    plan = make_plan(media).encoding_all()
    assert plan.video is None or not plan.video.is_copied
    assert not any(each.is_copied for each in plan.audios)


def test_a_frame_beyond_every_level_is_made_smaller() -> None:
    plan = make_plan(replace(GOOD, videos=(replace(H264, codec="hevc", width=7680, height=4320),)))
    command = " ".join(convert_arguments(TOOLS, plan, Path("a"), Path("b"), settings=Settings()))
    assert "scale=3840:2160:force_divisible_by=2:force_original_aspect_ratio=decrease" in command


def test_an_encoder_brings_its_device_and_filters() -> None:
    plan = make_plan(replace(GOOD, videos=(replace(H264, codec="hevc"),)))
    vaapi = next(each for each in HARDWARE if each.name == "h264_vaapi")
    command = convert_arguments(TOOLS, plan, Path("a"), Path("b"), settings=Settings(), encoder=vaapi)
    assert command[1:3] == ["-vaapi_device", "/dev/dri/renderD128"]
    assert "format=nv12" in " ".join(command)
    assert "hwupload" in " ".join(command)
    assert command[command.index("-c:v") + 1] == "h264_vaapi"


def test_protected_and_cut_off_files_are_rejected_with_their_reason() -> None:
    assert "DRM" in make_plan(replace(GOOD, is_protected=True)).why
    assert "cut off" in make_plan(replace(GOOD, is_whole=False)).why


@pytest.mark.parametrize(
    ("lines", "done", "speed", "eta"),
    [
        (["out_time_us=30000000", "speed=2.0x", "progress=continue"], 30, 2.0, 15),
        (["out_time_us=N/A", "speed=N/A", "progress=continue"], 0, None, None),
        (["out_time_us=-500", "speed=1e+03x", "progress=continue"], 0, 1000, 0.06),
        (["progress=end"], 60, None, None),
        (["junk", "=", "out_time_us=15000000", "progress=continue"], 15, 1.5, 30),
    ],
)
def test_progress_is_read_from_ffmpegs_blocks(
    lines: list[str], done: float, speed: float | None, eta: float | None
) -> None:
    ticks = iter([0.0, 10.0])
    reader = ProgressReader(60, clock=lambda: next(ticks))
    *nothing, last = [reader.feed(line) for line in lines]
    assert not any(nothing)
    assert last is not None
    assert last.done == done
    if speed is not None:
        assert (last.speed, last.eta_s) == (speed, eta)


@given(st.lists(st.text(max_size=20) | st.sampled_from(["progress=continue", "out_time_us=5", "speed=x"]), max_size=20))
def test_any_lines_give_a_sane_progress(lines: list[str]) -> None:
    reader = ProgressReader(10)
    for progress in filter(None, map(reader.feed, lines)):
        assert progress.done >= 0
        assert 0 <= (progress.fraction or 0) <= 1


@given(st.binary(max_size=300))
def test_boxes_of_any_bytes_are_read_or_found_wanting(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "boxes.mp4"
    path.write_bytes(data)
    assert read_boxes(path).is_whole in {True, False}


def box(kind: bytes, body: bytes = b"") -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


@pytest.mark.parametrize(
    ("data", "faststart", "fragmented", "whole"),
    [
        (box(b"ftyp") + box(b"moov") + box(b"mdat", b"x"), True, False, True),
        (box(b"ftyp") + box(b"mdat", b"x") + box(b"moov"), False, False, True),
        (box(b"ftyp") + box(b"moov") + box(b"moof") + box(b"mdat"), True, True, True),
        (box(b"ftyp") + box(b"moov") + box(b"mdat", b"xyz")[:-1], True, False, False),
        (box(b"ftyp") + box(b"mdat"), False, False, False),
        (box(b"moov") + b"\0\0\0\x01mdat" + (20).to_bytes(8, "big") + b"1234", True, False, True),
        (box(b"moov") + b"\0\0\0\0mdat to the end", True, False, True),
        (b"", False, False, False),
    ],
)
def test_boxes_tell_the_layout(tmp_path: Path, data: bytes, *, faststart: bool, fragmented: bool, whole: bool) -> None:
    (tmp_path / "f").write_bytes(data)
    found = read_boxes(tmp_path / "f")
    assert (found.is_faststart, found.is_fragmented, found.is_whole) == (faststart, fragmented, whole)
