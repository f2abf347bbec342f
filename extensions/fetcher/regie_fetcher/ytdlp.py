"""yt-dlp inside a job's process: the only module that imports it, and the only options that it is given."""

import functools
import io
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlsplit

import yt_dlp
from yt_dlp.downloader import external, get_suitable_downloader, hls
from yt_dlp.downloader.dash import DashSegmentsFD
from yt_dlp.downloader.hls import HlsFD
from yt_dlp.downloader.http import HttpFD
from yt_dlp.extractor.common import InfoExtractor
from yt_dlp.networking import common as networking
from yt_dlp.networking.exceptions import HTTPError, TransportError
from yt_dlp.postprocessor import ffmpeg as postprocessor
from yt_dlp.postprocessor.ffmpeg import FFmpegPostProcessor
from yt_dlp.utils import DownloadError, ExtractorError, GeoRestrictedError, UnsupportedError, YoutubeDLError
from yt_dlp.version import __version__

from .formats import FORMATS, PROTOCOLS

Event = dict[str, object]
Send = Callable[[Event], None]

# The first release with `js_runtimes`.
MINIMUM = (2025, 11, 12)
SOCKET_S = 30
RETRIES = 3
MAX_ENTRIES = 5000
MAX_TEXT = 2000

_TEXTS = ("id", "extractor_key", "title", "uploader", "thumbnail", "webpage_url")
_SORTS = {
    "best": ["vcodec:h264", "res", "acodec:aac", "ext:mp4:m4a"],
    "1080p": ["res:1080", "vcodec:h264", "acodec:aac", "ext:mp4:m4a"],
    "720p": ["res:720", "vcodec:h264", "acodec:aac", "ext:mp4:m4a"],
    "audio": ["acodec:aac", "ext:m4a"],
    "original": ["res", "br"],
}


def warm_up() -> Event:
    """Do once what every first extraction does, and tell versions and JavaScript runtimes."""
    version = tuple(int(part) for part in __version__.split(".")[:3])
    if version < MINIMUM:
        return {"error": f"yt-dlp {__version__} is too old"}
    options = {"proxy": "", "quiet": True, "logger": _Mute(), "cachedir": False, "retries": 0}
    _share_tls()
    _forget_tests()
    # A page with a plain video sends yt-dlp through every one of its extractors, and then on to choose a format.
    with _blank_page() as url, yt_dlp.YoutubeDL(options) as ydl, suppress(YoutubeDLError):
        ydl.extract_info(url, download=False)
    return {"version": __version__, "runtimes": _runtimes(), "has_scripts": _has_scripts()}


def _share_tls() -> None:
    """Make one TLS context for all jobs to inherit: the authorities in it are 7 MB that each would read for itself."""
    with suppress(AttributeError):  # it is no part of yt-dlp's API; where it has moved, each job does read them
        networking.make_ssl_context = functools.cache(networking.make_ssl_context)


def _forget_tests() -> None:
    """Load extractors without the test cases that each brings: 10 MB, and what is left lies closer together."""
    with suppress(AttributeError):  # no part of yt-dlp's API either
        inherited = InfoExtractor.__init_subclass__.__func__

        def make_subclass(cls: Any, /, **options: Any) -> None:
            if "_TESTS" in vars(cls):
                cls._TESTS = ()
            inherited(cls, **options)

        InfoExtractor.__init_subclass__ = classmethod(make_subclass)


class _Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>blank</title><video src='/blank.mp4'></video>")

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def _blank_page() -> Iterator[str]:
    """An empty page on loopback; its thread has ended when the server begins to fork."""
    with HTTPServer(("127.0.0.1", 0), _Blank) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def _runtimes() -> list[Event]:
    try:
        from yt_dlp.globals import supported_js_runtimes  # noqa: PLC0415 - no part of yt-dlp's API, it may move
    except ImportError:
        return []
    found = []
    for name, runtime in supported_js_runtimes.value.items():
        info = runtime().info if runtime is not None else None
        if info is not None:
            found.append({"name": name, "version": info.version, "is_supported": bool(info.supported)})
    return found


def _has_scripts() -> bool:
    try:
        import yt_dlp_ejs  # type: ignore[import-not-found] # noqa: F401, PLC0415 - an optional package
    except ImportError:
        return False
    return True


def _input_arguments() -> dict[str, list[str]]:
    """For whatever yt-dlp does with FFmpeg: a track may be a playlist in disguise, and lead to files of this machine."""
    arguments = ["-protocol_whitelist", PROTOCOLS, "-format_whitelist", FORMATS]
    steps: list[Any] = [each for each in vars(postprocessor).values() if isinstance(each, type)]
    return {f"{each.pp_key().lower()}+ffmpeg_i": arguments for each in steps if issubclass(each, FFmpegPostProcessor)}


class _Mute:
    """A logger that says nothing: yt-dlp's lines may hold addresses with tokens and cookies."""

    def debug(self, _: str) -> None: ...

    def info(self, _: str) -> None: ...

    def warning(self, _: str) -> None: ...

    def error(self, _: str) -> None: ...


class _OwnDownloaders(yt_dlp.YoutubeDL):  # type: ignore[misc] # published without types
    """Fetches over HTTP by yt-dlp's own code only: rtmpdump, mpv, WebSockets and their kin dial past the proxy."""

    def dl(self, name: str, info: dict[str, Any], *args: Any, **options: Any) -> Any:
        """Fetch one format, unless that takes another program or protocol."""
        downloader = get_suitable_downloader(info, self.params, to_stdout=name == "-")
        schemes = {urlsplit(str(each.get("url", ""))).scheme for each in info.get("requested_formats") or [info]}
        if downloader not in {HttpFD, HlsFD, DashSegmentsFD} or not schemes <= {"http", "https"}:
            raise Refusal(f"Media by {info.get('protocol') or 'another protocol'} cannot be fetched safely")
        return super().dl(name, info, *args, **options)


class FFmpegFD(external.FFmpegFD):  # type: ignore[misc] # published without types
    """FFmpeg for the streams that HlsFD cannot read; yt-dlp knows the program by the name of this class."""

    def real_download(self, filename: str, info: dict[str, Any]) -> Any:
        """Fetch, unless cookies would stand in the command line for all to see."""
        if self.ydl.cookiejar.get_cookies_for_url(info["url"]):
            raise Refusal("Such a stream is fetched by FFmpeg, which would show the site's cookies to other users")
        return super().real_download(filename, info)


hls.FFmpegFD = FFmpegFD


class Refusal(Exception):
    """A rule of ours that the page's media breaks."""


class Job:
    """One request, from the page's address to a file in the folder or a list of entries."""

    def __init__(self, request: dict[str, Any], send: Send, wait_for_go: Callable[[], object]) -> None:
        self._request = request
        self._send = send
        self._wait_for_go = wait_for_go
        self._refusal = ""
        self._may_fetch = False
        cookies = request.get("cookies") or ""
        self._cookies = io.StringIO(cookies) if cookies else None

    def run(self) -> None:
        """Work, and send one last event that says how it ended."""
        try:
            info = self._extract()
            self._send(self._outcome(info) | {"cookies": self._changed_cookies()})
        except Exception as error:  # noqa: BLE001 - the process ends here, and its parent wants a word
            self._send(failure(error))

    def _extract(self) -> dict[str, Any]:
        download = bool(self._request["download"])
        # Programs that yt-dlp starts find the proxy here; yt-dlp itself is told by its options.
        os.environ.update(dict.fromkeys(("http_proxy", "https_proxy"), self._request["proxy"]))
        with _OwnDownloaders(self.options()) as ydl:
            info = ydl.extract_info(self._request["url"], download=download)
            if self._refusal:
                raise Refusal(self._refusal)
            return dict(ydl.sanitize_info(info))

    def options(self) -> dict[str, Any]:
        """Everything that yt-dlp is told; users choose among presets, never options."""
        preset = self._request["preset"]
        folder = self._request["folder"]
        return {
            "quiet": True,
            "noprogress": True,
            "no_color": True,
            "logger": _Mute(),
            "proxy": self._request["proxy"],
            "cachedir": False,
            "enable_file_urls": False,
            "socket_timeout": SOCKET_S,
            "retries": RETRIES,
            "fragment_retries": RETRIES,
            "extractor_retries": 1,
            "skip_unavailable_fragments": False,
            # Resuming would join parts of two versions of a file: yt-dlp sends no If-Range.
            "continuedl": False,
            "overwrites": True,
            "updatetime": False,
            "noplaylist": not self._request["playlist"],
            "playlistend": min(int(self._request["max_entries"]), MAX_ENTRIES),
            "extract_flat": "in_playlist",
            "hls_prefer_native": True,
            "paths": {"home": folder, "temp": folder},
            "outtmpl": {"default": "source.%(ext)s"},
            "format": "bestaudio/best" if preset == "audio" else "bestvideo*+bestaudio/best",
            "format_sort": _SORTS[preset],
            "merge_output_format": "mp4/mkv",
            "postprocessor_args": _input_arguments(),
            "js_runtimes": {name: {} for name in self._request["runtimes"]},
            "remote_components": [],
            "match_filter": self._match,
            "progress_delta": 0.5,
            "progress_hooks": [self._on_progress],
            "cookiefile": self._cookies,
        }

    def _match(self, info: dict[str, Any], *, incomplete: object) -> str | None:
        """Refuse what breaks a rule; the last call before a transfer asks the service for leave."""
        longest_s = self._request.get("max_duration_s")
        duration_s = info.get("duration")
        if info.get("is_live"):
            self._refusal = "A live broadcast has no end; it is not recorded"
        elif longest_s and duration_s and duration_s > longest_s:
            self._refusal = f"It is {duration_s:.0f} s long, {longest_s:.0f} s are allowed"
        if self._refusal:
            return self._refusal
        if not incomplete and not self._may_fetch and self._request["download"]:
            self._send({"event": "media"} | _summary(info))
            self._wait_for_go()
            self._may_fetch = True
        return None

    def _on_progress(self, status: dict[str, Any]) -> None:
        total = status.get("total_bytes") or status.get("total_bytes_estimate")
        numbers = {"done": status.get("downloaded_bytes"), "total": total}
        self._send({"event": "progress", **numbers, "speed": status.get("speed"), "eta": status.get("eta")})

    def _outcome(self, info: dict[str, Any]) -> Event:
        if info.get("_type") in {"playlist", "multi_video"}:
            entries = [_summary(each) | {"url": _text(each.get("url"))} for each in _some(info.get("entries"))]
            return {"event": "playlist", **_summary(info), "entries": entries}
        files = [each["filepath"] for each in info.get("requested_downloads") or [] if each.get("filepath")]
        if self._request["download"] and not files:
            raise Refusal("The page names media, but nothing could be fetched")
        return {"event": "done", **_summary(info), "path": files[0] if files else ""}

    def _changed_cookies(self) -> str:
        if self._cookies is None:
            return ""
        # yt-dlp truncates without going back to the start, which leaves NULs there.
        return self._cookies.getvalue().lstrip("\0")


def _some(entries: Iterable[Any] | None) -> list[dict[str, Any]]:
    return [each for each in list(entries or [])[:MAX_ENTRIES] if each]


def _summary(info: dict[str, Any]) -> Event:
    summary: Event = {name: _text(info.get(name)) for name in _TEXTS}
    duration = info.get("duration")
    summary["duration"] = float(duration) if isinstance(duration, int | float) else None
    return summary


def _text(value: object) -> str:
    return "" if value is None else str(value)[:MAX_TEXT].encode(errors="replace").decode()


def failure(error: BaseException) -> Event:
    """Sort an error into a kind that the service knows what to do about."""
    causes = list(_causes(error))
    http = next((each for each in causes if isinstance(each, HTTPError)), None)
    event: Event = {"event": "error", "kind": _kind(causes), "message": _message(error)}
    if http is not None:
        retry_after = http.response.headers.get("Retry-After", "") if http.response else ""
        event |= {"kind": "http", "status": http.status, "retry_after": str(retry_after)}
    return event


def _kind(causes: list[BaseException]) -> str:
    kinds: dict[str, tuple[type[BaseException], ...]] = {
        "rule": (Refusal,),
        "unsupported": (UnsupportedError,),
        "refused": (GeoRestrictedError,),
        "memory": (MemoryError,),
        "network": (TransportError, TimeoutError, ConnectionError),
        "disk": (OSError,),
        "page": (ExtractorError, DownloadError, YoutubeDLError),
    }
    return next((kind for kind, types in kinds.items() if any(isinstance(each, types) for each in causes)), "crash")


def _causes(error: BaseException | None) -> Iterable[BaseException]:
    waiting = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        info = getattr(each, "exc_info", None)
        waiting += [info[1] if info else None, getattr(each, "cause", None), each.__cause__, each.__context__]


def _message(error: BaseException) -> str:
    text = str(error).removeprefix("ERROR: ").partition("; please report")[0].partition(" Set --")[0]
    return _text(text.strip() or type(error).__name__)
