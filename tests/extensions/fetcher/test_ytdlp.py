"""What yt-dlp is told, and what is made of its errors, without a process around it."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from yt_dlp.utils import DownloadError, ExtractorError, GeoRestrictedError, UnsupportedError

from regie_fetcher import ytdlp
from regie_fetcher.ytdlp import Job, Refusal, failure


def job(folder: Path, **changes: Any) -> Job:
    request = {
        "url": "http://127.0.0.1:1/",
        "download": True,
        "folder": str(folder),
        "preset": "best",
        "playlist": True,
        "max_entries": 10**9,
        "max_duration_s": None,
        "cookies": "",
        "proxy": "http://127.0.0.1:1",
        "runtimes": [],
    }
    return Job(request | changes, lambda _: None, lambda: None)


def test_no_option_runs_a_program_of_others_or_leaves_the_folder(tmp_path: Path) -> None:
    options = job(tmp_path).options()
    assert not {"postprocessors", "exec_cmd", "external_downloader", "cookiesfrombrowser"} & set(options)
    assert options["enable_file_urls"] is False
    assert options["cachedir"] is False
    assert options["continuedl"] is False
    assert options["remote_components"] == []
    assert set(options["paths"].values()) == {str(tmp_path)}
    assert options["playlistend"] == ytdlp.MAX_ENTRIES


@pytest.mark.parametrize("preset", ["best", "1080p", "720p", "audio", "original"])
def test_every_preset_is_understood_by_ytdlp(tmp_path: Path, preset: str) -> None:
    with ytdlp._OwnDownloaders(job(tmp_path, preset=preset).options()) as ydl:
        assert ydl.params["format"]


def test_an_unknown_preset_is_no_way_to_an_option(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        job(tmp_path, preset="; rm -rf").options()


@pytest.mark.parametrize(
    "info",
    [
        {"url": "rtmp://127.0.0.1/x", "protocol": "rtmp"},
        {"url": "rtsp://127.0.0.1/x", "protocol": "rtsp"},
        {"url": "mms://127.0.0.1/x", "protocol": "mms"},
        {"url": "ftp://127.0.0.1/x", "protocol": "ftp"},
        {"url": "file:///etc/passwd", "protocol": "http"},
        {"url": "http://127.0.0.1/x", "protocol": "websocket_frag"},
    ],
)
def test_a_protocol_that_dials_past_the_proxy_is_refused(tmp_path: Path, info: dict[str, Any]) -> None:
    with ytdlp._OwnDownloaders(job(tmp_path).options()) as ydl, pytest.raises(Refusal):
        ydl.dl(str(tmp_path / "x"), info | {"ext": "mp4"})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Refusal("no"), "rule"),
        (UnsupportedError("http://x/"), "unsupported"),
        (GeoRestrictedError("not here"), "refused"),
        (MemoryError(), "memory"),
        (OSError(28, "No space left on device"), "disk"),
        (TimeoutError(), "network"),
        (ExtractorError("changed its page"), "page"),
        (DownloadError("x", (MemoryError, MemoryError(), None)), "memory"),
        (KeyError("bug"), "crash"),
    ],
)
def test_an_error_is_sorted_by_its_deepest_cause(error: Exception, kind: str) -> None:
    event = failure(error)
    assert event["kind"] == kind
    assert event["message"]


def test_a_message_loses_the_plea_to_report() -> None:
    event = failure(DownloadError("ERROR: it broke; please report this issue on https://example.org"))
    assert event["message"] == "it broke"


def test_an_old_ytdlp_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ytdlp, "__version__", "2024.08.06")
    assert ytdlp.warm_up() == {"error": "yt-dlp 2024.08.06 is too old"}


@pytest.mark.parametrize(
    ("info", "options", "said"),
    [
        ({"is_live": True}, {}, "no end"),
        ({"duration": 99}, {"max_duration_s": 50}, "99 s long, 50 s"),
        ({"duration": 9}, {"max_duration_s": 50}, None),
        ({}, {}, None),
    ],
)
def test_live_and_long_media_are_refused(
    tmp_path: Path, info: dict[str, Any], options: dict[str, Any], said: str | None
) -> None:
    answer = job(tmp_path, **options)._match(info, incomplete=False)
    assert (answer is None) if said is None else (answer is not None and said in answer)


def test_jobs_inherit_the_certificates_of_the_authorities(tmp_path: Path) -> None:
    ytdlp.warm_up()
    contexts = []
    for _ in range(2):
        with ytdlp._OwnDownloaders(job(tmp_path).options()) as ydl:
            contexts += [each._make_sslcontext() for each in ydl._request_director.handlers.values()]
    assert len(contexts) >= 4
    assert all(each is contexts[0] for each in contexts)
    assert contexts[0].verify_mode == ssl.CERT_REQUIRED
    assert contexts[0].check_hostname
    assert contexts[0].cert_store_stats()["x509_ca"] > 50


def test_cookies_come_back_without_the_holes_that_ytdlp_leaves(tmp_path: Path) -> None:
    made = job(tmp_path, cookies="old")
    assert made._cookies is not None
    made._cookies.truncate(0)
    made._cookies.seek(3)
    made._cookies.write("new")
    assert made._changed_cookies() == "new"
