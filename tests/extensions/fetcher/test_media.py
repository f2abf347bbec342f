"""Every kind of file that people meet, made by FFmpeg: each is planned, converted and looked at."""

import fcntl
import json
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from regie_fetcher.arguments import Settings
from regie_fetcher.convert import Converter
from regie_fetcher.errors import ConversionFailed, Unreadable
from regie_fetcher.ffmpeg import Tools
from regie_fetcher.formats import FORMATS, PROTOCOLS
from regie_fetcher.media import HDR_TRANSFERS, Audio, Media, Subtitle, Video
from regie_fetcher.plan import Action, make_plan
from regie_fetcher.probe import Prober

pytestmark = pytest.mark.asyncio(loop_scope="module")

V = "-f lavfi -i testsrc2=size=64x36:rate=10:duration=1"
A = "-f lavfi -i sine=duration=1"
VA = f"{V} {A}"
X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"
FAST = "-movflags +faststart"
PQ = "-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc"
HLG = "-color_primaries bt2020 -color_trc arib-std-b67 -colorspace bt2020nc"
X265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none"


@dataclass(frozen=True)
class Case:
    name: str
    make: str
    action: Action
    why: str = ""


KEEP, REMUX, AUDIO, VIDEO, TRANSCODE = Action.KEEP, Action.REMUX, Action.AUDIO, Action.VIDEO, Action.TRANSCODE
AUDIO_ONLY, REJECT = Action.AUDIO_ONLY, Action.REJECT

CASES = [
    Case("keep.mp4", f"{VA} {X264} -c:a aac {FAST}", KEEP, "as it is"),
    Case("-x.mp4", f"{VA} {X264} -c:a aac {FAST}", KEEP),
    Case("a:b 'c'%d.mp4", f"{VA} {X264} -c:a aac {FAST}", KEEP),
    Case("silent.mp4", f"{V} {X264} {FAST}", KEEP),
    Case("full-range.mp4", f"{VA} -c:v libx264 -pix_fmt yuvj420p -c:a aac {FAST}", KEEP),
    Case("anamorphic.mp4", f"{VA} {X264} -vf setsar=4/3 -c:a aac {FAST}", KEEP),
    Case("two-aac.mp4", f"{VA} {A} -map 0 -map 1 -map 2 {X264} -c:a aac {FAST}", KEEP),
    Case("surround-aac.mp4", f"{VA} {X264} -c:a aac -ac 6 {FAST}", KEEP),
    Case("rotated.mp4", f"-i keep.mp4 -c copy -metadata:s:v rotate=90 {FAST}", KEEP),
    Case("audio.m4a", f"{A} -c:a aac {FAST}", KEEP),
    Case("tail.mp4", f"{VA} {X264} -c:a aac", REMUX, "The index stands at the end"),
    Case("h264-aac.mkv", f"{VA} {X264} -c:a aac", REMUX, "The container is matroska"),
    Case("h264-aac.ts", f"{VA} {X264} -c:a aac", REMUX, "mpegts"),
    Case("h264-aac.mov", f"{VA} {X264} -c:a aac {FAST}", REMUX),
    Case("h264-aac.flv", f"{VA} {X264} -c:a aac -ar 44100", REMUX, "flv"),
    Case("h264-aac.avi", f"{VA} {X264} -bf 0 -c:a aac", REMUX, "avi"),
    Case("fragments.mp4", f"{VA} {X264} -c:a aac -movflags frag_keyframe+empty_moov", REMUX, "fragments"),
    Case("raw.h264", f"{V} {X264}", REMUX),
    Case("mkv named.mp4", f"{VA} {X264} -c:a aac -f matroska", REMUX, "matroska"),
    Case("chapters.mkv", f"{VA} -i chapters.txt -map_metadata 2 -map 0 -map 1 {X264} -c:a aac", REMUX),
    Case("subtitles.mkv", f"{VA} -i words.srt -map 0 -map 1 -map 2 {X264} -c:a aac -c:s srt", REMUX),
    Case("styled.mkv", f"{VA} -i words.srt -map 0 -map 1 -map 2 {X264} -c:a aac -c:s ass", REMUX),
    Case("unread-subtitles.mp4", f"{VA} -i words.srt -map 0 -map 1 -map 2 {X264} -c:a aac -c:s ttml {FAST}", KEEP),
    Case("h264-mp3.mp4", f"{VA} {X264} -c:a libmp3lame {FAST}", AUDIO, "The audio is MP3."),
    Case("h264-ac3.mkv", f"{VA} {X264} -c:a ac3", AUDIO, "AC-3"),
    Case("h264-eac3.mp4", f"{VA} {X264} -c:a eac3 {FAST}", AUDIO, "E-AC-3"),
    Case("h264-opus.mkv", f"{VA} {X264} -c:a libopus", AUDIO, "Opus"),
    Case("h264-flac.mkv", f"{VA} {X264} -c:a flac", AUDIO, "FLAC"),
    Case("h264-pcm.mov", f"{VA} {X264} -c:a pcm_s16le", AUDIO, "PCM"),
    Case("surround-ac3.mkv", f"{VA} {X264} -c:a ac3 -ac 6", AUDIO),
    Case(
        "mixed-audio.mkv", f"{VA} {A} -map 0 -map 1 -map 2 {X264} -c:a:0 ac3 -c:a:1 aac -disposition:a:1 default", AUDIO
    ),
    Case("ten-bit.mp4", f"{VA} -c:v libx264 -pix_fmt yuv420p10le -c:a aac {FAST}", VIDEO, "yuv420p10le"),
    Case("chroma-444.mp4", f"{VA} -c:v libx264 -pix_fmt yuv444p -c:a aac {FAST}", VIDEO, "yuv444p"),
    Case("chroma-422.mp4", f"{VA} -c:v libx264 -pix_fmt yuv422p -c:a aac {FAST}", VIDEO, "yuv422p"),
    Case("odd.mp4", f"{VA} -vf scale=65:37 -c:v libx264 -pix_fmt yuv444p -c:a aac {FAST}", VIDEO, "65x37 is odd"),
    Case("interlaced.mp4", f"{VA} {X264} -flags +ilme+ildct -x264-params tff=1 -c:a aac {FAST}", VIDEO, "interlaced"),
    Case("level-6.mp4", f"{VA} {X264} -level 6.2 -c:a aac {FAST}", VIDEO, "above 5.2"),
    Case("pq.mp4", f"{VA} -c:v libx264 -pix_fmt yuv420p10le {PQ} -c:a aac {FAST}", VIDEO, "HDR"),
    Case("pq-8-bit.mp4", f"{VA} {X264} {PQ} -c:a aac {FAST}", VIDEO, "Its colours are HDR."),
    Case("hlg.mp4", f"{VA} {X265} -pix_fmt yuv420p10le {HLG} -c:a aac -tag:v hvc1 {FAST}", VIDEO, "HEVC"),
    Case("hevc.mp4", f"{VA} {X265} -c:a aac {FAST}", VIDEO, "The video is HEVC."),
    Case("hevc-rotated.mp4", f"-i hevc.mp4 -c copy -metadata:s:v rotate=90 -tag:v hvc1 {FAST}", VIDEO),
    Case("moving.gif", V, VIDEO, "GIF"),
    Case("hevc-ac3.mkv", f"{VA} {X265} -c:a ac3", TRANSCODE, "HEVC, the audio is AC-3 and"),
    Case("av1.webm", f"{VA} -c:v libaom-av1 -cpu-used 8 -usage realtime -c:a libopus", TRANSCODE, "AV1"),
    Case("vp9.webm", f"{VA} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus", TRANSCODE, "VP9"),
    Case("vp8.webm", f"{VA} -c:v libvpx -deadline realtime -c:a libvorbis", TRANSCODE, "VP8"),
    Case("mpeg2.mpg", f"{VA} -r 25 -c:v mpeg2video -c:a mp2", TRANSCODE, "MPEG-2"),
    Case("mpeg4.avi", f"{VA} -c:v mpeg4 -c:a libmp3lame", TRANSCODE, "MPEG-4 Part 2"),
    Case("mjpeg.avi", f"{VA} -c:v mjpeg -c:a pcm_s16le", TRANSCODE, "MJPEG"),
    Case("theora.ogv", f"{VA} -c:v libtheora -c:a libvorbis", TRANSCODE, "THEORA"),
    Case("windows.wmv", f"{VA} -c:v wmv2 -c:a wmav2", TRANSCODE, "asf"),
    Case("prores.mov", f"{VA} -c:v prores_ks -c:a pcm_s16le", TRANSCODE, "PRORES"),
    Case("song.mp3", f"{A} -i cover.png -map 0 -map 1 -c:a libmp3lame -disposition:v attached_pic", AUDIO_ONLY, "MP3"),
    Case("song.flac", f"{A} -c:a flac", AUDIO_ONLY, "FLAC"),
    Case("song.ogg", f"{A} -c:a libvorbis", AUDIO_ONLY, "Vorbis"),
    Case("song.opus", f"{A} -c:a libopus", AUDIO_ONLY, "Opus"),
    Case("song.wav", A, AUDIO_ONLY, "PCM"),
    Case("song.aac", f"{A} -c:a aac", AUDIO_ONLY, "The container is aac."),
    Case("song.mka", f"{A} -c:a aac", AUDIO_ONLY, "matroska"),
    Case("covered.m4a", f"{A} -i cover.png -map 0 -map 1 -c:a aac -c:v copy -disposition:v attached_pic {FAST}", KEEP),
    Case(
        "protected.mp4",
        f"{VA} {X264} -c:a aac {FAST} -encryption_scheme cenc-aes-ctr"
        " -encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8",
        REJECT,
        "protected",
    ),
    Case("cover.png", f"{V} -frames:v 1", REJECT),
    Case("photo.jpg", f"{V} -frames:v 1", REJECT),
    Case("words only.mkv", "-i words.srt", REJECT, "neither video nor audio"),
]
BROKEN = ["empty.mp4", "page.mp4", "noise.mp4", "playlist.mp4", "concat.mp4", "no-index.mp4", "half.mp4", "words.srt"]


def generate(folder: Path) -> None:
    (folder / "words.srt").write_text("1\n00:00:00,000 --> 00:00:00,900\nHello\n")
    (folder / "chapters.txt").write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/10\nSTART=0\nEND=5\ntitle=One\n[CHAPTER]\nTIMEBASE=1/10\nSTART=5\nEND=10\n"
    )
    for case in sorted(CASES, key=lambda each: each.name != "cover.png"):
        arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y", *case.make.split(), f"file:{case.name}"]
        subprocess.run(arguments, cwd=folder, check=True, timeout=50)
    kept, tail = (folder / "keep.mp4").read_bytes(), (folder / "tail.mp4").read_bytes()
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "page.mp4").write_text("<!doctype html><p>not here")
    (folder / "noise.mp4").write_bytes(bytes(range(256)) * 40)
    (folder / "playlist.mp4").write_text(f"#EXTM3U\n#EXTINF:1,\nfile://{folder}/h264-aac.ts\n#EXT-X-ENDLIST\n")
    (folder / "concat.mp4").write_text("ffconcat version 1.0\nfile keep.mp4\n")
    (folder / "no-index.mp4").write_bytes(tail[: tail.index(b"moov") - 4])
    (folder / "half.mp4").write_bytes(kept[: len(kept) * 2 // 3])


@pytest.fixture(scope="session")
def media_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder = shared / "media-cases"
    with (shared / "media-cases.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "half.mp4").exists():
            folder.mkdir(exist_ok=True)
            generate(folder)
    return folder


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def prober() -> AsyncIterator[Prober]:
    async with Prober() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def converter(prober: Prober) -> Converter:
    return Converter(await Tools.find(), prober, settings=Settings(threads=1, nice=0))


async def test_there_are_enough_kinds_of_files() -> None:
    assert len(CASES) + len(BROKEN) >= 60
    assert {case.action for case in CASES} == set(Action)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_file_is_planned_and_made_to_play_everywhere(
    case: Case, media_folder: Path, converter: Converter, tmp_path: Path
) -> None:
    source = media_folder / case.name
    try:
        media = await converter.prober.probe(source)
    except Unreadable:
        assert case.action is REJECT
        return
    plan = make_plan(media)
    assert plan.action is case.action, plan.why
    assert case.why in plan.why
    if case.action in {KEEP, REJECT}:
        return
    target = tmp_path / f"result{plan.suffix}"
    result = await converter.convert(source, media, plan, target)
    assert make_plan(result).action is KEEP
    check_nothing_is_lost(media, result, is_turned=rotation(source) % 180 != 0 and rotation(target) == 0)


def check_nothing_is_lost(media: Media, result: Media, *, is_turned: bool) -> None:
    assert len(result.audios) == len(media.audios)
    assert [each.channels for each in result.audios] == [
        each.channels for each in sorted(media.audios, key=lambda each: not each.is_default)
    ]
    assert len(result.subtitles) == len(media.subtitles)
    assert result.chapters == media.chapters
    assert bool(result.videos) == bool(media.videos)
    if media.duration_s is not None:
        assert result.duration_s == pytest.approx(media.duration_s, abs=0.15)
    for before, after in zip(media.videos, result.videos, strict=False):
        size = (before.width // 2 * 2, before.height // 2 * 2)
        assert (after.width, after.height) == (size[::-1] if is_turned else size)
        assert after.transfer not in {"smpte2084", "arib-std-b67"}
        assert after.field_order in {"progressive", "unknown", ""} or before.codec == "h264"


@pytest.mark.parametrize("name", [case.name for case in CASES] + BROKEN)
async def test_the_reader_says_what_ffprobe_says(name: str, media_folder: Path, prober: Prober) -> None:
    """The laid-out boxes aside, which ffprobe does not tell."""
    theirs = by_ffprobe(media_folder / name)
    try:
        ours = await prober.probe(media_folder / name)
    except Unreadable:
        assert theirs is None
        return
    assert theirs is not None
    if ours.is_protected:
        # What is encrypted reads as noise: one reader may find other channels in it than the other.
        ours = replace(ours, audios=theirs.audios)
    assert theirs.duration_s == pytest.approx(ours.duration_s, abs=0.05)
    layout = {"is_mp4", "is_faststart", "is_fragmented", "is_whole", "is_protected"}
    same = {each: getattr(ours, each) for each in layout} | {"duration_s": ours.duration_s}
    assert replace(theirs, **same) == ours


def ffprobe(path: Path) -> dict[str, Any] | None:
    command = ["ffprobe", "-v", "error", "-protocol_whitelist", PROTOCOLS, "-format_whitelist", FORMATS]
    command += ["-show_format", "-show_streams", "-show_chapters", "-of", "json", "-i", f"file:{path}"]
    done = subprocess.run(command, check=False, timeout=50, capture_output=True)
    return None if done.returncode else json.loads(done.stdout)


def rotation(path: Path) -> int:
    """How far players turn the picture, in degrees."""
    streams = (ffprobe(path) or {"streams": []})["streams"]
    turned = [data["rotation"] for each in streams for data in each.get("side_data_list", []) if "rotation" in data]
    return int(turned[0]) if turned else 0


def by_ffprobe(path: Path) -> Media | None:
    found = ffprobe(path)
    if found is None:
        return None
    streams: dict[str, list[dict[str, Any]]] = {"video": [], "audio": [], "subtitle": [], "data": []}
    for each in found["streams"]:
        streams[each["codec_type"]].append(each)
    pictures = [each for each in streams["video"] if not each["disposition"]["attached_pic"]]
    return Media(
        container=found["format"]["format_name"],
        duration_s=float(found["format"]["duration"]) if "duration" in found["format"] else None,
        size=int(found["format"]["size"]),
        videos=tuple(ffprobe_video(each) for each in pictures),
        covers=len(streams["video"]) - len(pictures),
        audios=tuple(
            Audio(
                index=each["index"],
                codec=each["codec_name"],
                channels=each["channels"],
                language=each.get("tags", {}).get("language", ""),
                is_default=bool(each["disposition"]["default"]),
            )
            for each in streams["audio"]
        ),
        subtitles=tuple(
            Subtitle(index=each["index"], codec=each["codec_name"], language=each.get("tags", {}).get("language", ""))
            for each in streams["subtitle"]
        ),
        chapters=len(found["chapters"]),
    )


def ffprobe_video(stream: dict[str, Any]) -> Video:
    transfer = stream.get("color_transfer", "")
    return Video(
        index=stream["index"],
        codec=stream["codec_name"],
        # A number is the older FFmpeg's way to say that it has no name for it.
        profile="" if stream.get("profile", "").isdigit() else stream.get("profile", ""),
        level=stream["level"],
        pixel_format=stream.get("pix_fmt", ""),
        width=stream["width"],
        height=stream["height"],
        field_order=stream.get("field_order", ""),
        transfer=transfer if transfer in HDR_TRANSFERS else "",
    )


async def test_turned_files_are_turned(media_folder: Path) -> None:
    assert {abs(rotation(media_folder / name)) for name in ("rotated.mp4", "hevc-rotated.mp4")} == {90}


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{bait}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{bait}'\n",
        "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><BaseURL>file://{bait}</BaseURL></MPD>",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    ],
    ids=["hls", "concat", "dash", "sdp"],
)
async def test_a_list_of_other_files_opens_none(text: str, tmp_path: Path, prober: Prober) -> None:
    bait = tmp_path / "bait.ts"
    os.mkfifo(bait)
    (tmp_path / "list.mp4").write_text(text.format(bait=bait))
    handle = os.open(bait, os.O_RDWR | os.O_NONBLOCK)
    os.write(handle, b"\x47" * 4096)
    with pytest.raises(Unreadable):
        await prober.probe(tmp_path / "list.mp4")
    # Whoever had opened the pipe would have drained it.
    assert len(os.read(handle, 8192)) == 4096
    os.close(handle)


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_no_media_or_opens_other_files_is_refused(
    name: str, media_folder: Path, converter: Converter
) -> None:
    try:
        plan = make_plan(await converter.prober.probe(media_folder / name))
    except Unreadable:
        return
    assert plan.action is REJECT


@pytest.fixture
def cut_film(tmp_path: Path) -> Path:
    make = "-f lavfi -i testsrc2=size=64x36:rate=10:duration=6 -c:v libx264 -g 5"
    subprocess.run(["ffmpeg", "-v", "error", *make.split(), tmp_path / "whole.mkv"], check=True, timeout=50)
    whole = (tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    return tmp_path / "cut.mkv"


async def test_a_source_that_breaks_off_is_not_kept_as_a_whole_film(
    cut_film: Path, converter: Converter, tmp_path: Path
) -> None:
    media = await converter.prober.probe(cut_film)
    with pytest.raises(ConversionFailed, match="before its source does"):
        await converter.convert(cut_film, media, make_plan(media), tmp_path / "result.mp4")
    assert not (tmp_path / "result.mp4").exists()


async def test_only_the_audio_is_taken_where_that_is_wanted(
    media_folder: Path, converter: Converter, tmp_path: Path
) -> None:
    media = await converter.prober.probe(media_folder / "vp9.webm")
    plan = make_plan(media, audio_only=True)
    assert (plan.action, plan.suffix) == (AUDIO_ONLY, ".m4a")
    result = await converter.convert(media_folder / "vp9.webm", media, plan, tmp_path / "result.m4a")
    assert (len(result.videos), len(result.audios)) == (0, 1)
    silent = await converter.prober.probe(media_folder / "silent.mp4")
    assert make_plan(silent, audio_only=True).why == "Only the audio is wanted, but there is none."


async def test_the_default_track_comes_first(media_folder: Path, converter: Converter, tmp_path: Path) -> None:
    source = media_folder / "mixed-audio.mkv"
    media = await converter.prober.probe(source)
    plan = make_plan(media)
    assert plan.audios[0].source.codec == next(each.codec for each in media.audios if each.is_default)
    await converter.convert(source, media, plan, tmp_path / "result.mp4")


async def test_subtitles_become_webvtt_beside_the_file(
    media_folder: Path, converter: Converter, tmp_path: Path
) -> None:
    source = media_folder / "subtitles.mkv"
    media = await converter.prober.probe(source)
    unreadable = Subtitle(index=40, codec="ass")
    media = replace(media, subtitles=(unreadable, *media.subtitles))
    async with converter._slots:  # all of them: a conversion of hours must not hold it up
        ((subtitle, written),) = (await converter.write_webvtt(source, media, tmp_path)).items()
    assert (subtitle.index, written.name) == (2, "2.vtt")
    assert written.read_text().startswith("WEBVTT")
    assert "Hello" in written.read_text()
