"""Every way in which fetching can fail.

FetcherError
├── AddressRefused      the address leads inwards, to a blocked port or is no web address
├── OverBudget          a limit of the job is spent: bytes, time, rate, redirects
├── TransferFailed      the network or the server failed; another attempt may succeed
│   ├── Throttled       the server asks to wait (429, 503 with Retry-After)
│   └── Changed         the file is another one than the part that we hold
├── SourceRefused       the server's answer is final (401, 403, 404, 410, private, unsupported)
├── ExtractionFailed    yt-dlp could not make sense of the page, or died
├── Unreadable          the bytes are no media that may be kept
├── ConversionFailed    FFmpeg failed, stalled, or its result is not what was planned
├── ToolMissing         ffmpeg, PyAV or yt-dlp is absent or too old
├── NoSpace             the disk is full, or would be
├── StoreUnavailable    the library's folder is not the library
└── SecretError
    ├── CookieFormat    the text is no cookie file; names the line, never the value
    └── SealBroken      a sealed text was changed, replayed, or made for another key or user
"""


class FetcherError(Exception):
    """Anything that ends a fetch; `retriable` says whether another attempt may help."""

    retriable = False


class AddressRefused(FetcherError):
    """The address must not be dialled."""


class OverBudget(FetcherError):
    """A limit of the job is spent."""


class TransferFailed(FetcherError):
    """The network or the server failed."""

    retriable = True


class Throttled(TransferFailed):
    """The server asks to come back after `retry_after_s`."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Changed(TransferFailed):
    """The file at the address is no longer the one whose part we hold."""


class SourceRefused(FetcherError):
    """The server's answer is final; `status` is its HTTP code, where there is one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ExtractionFailed(FetcherError):
    """The page could not be read, or the process that read it died."""


class Unreadable(FetcherError):
    """The bytes are no media that may be kept."""


class ConversionFailed(FetcherError):
    """FFmpeg failed, stalled, or made something other than planned."""


class ToolMissing(FetcherError):
    """A program or library is absent or too old; the message says how to get it."""


class NoSpace(FetcherError):
    """The disk is full, or would be; the job may wait for room."""

    retriable = True


class StoreUnavailable(FetcherError):
    """The library's folder is missing, unmounted or another one's."""


class SecretError(FetcherError):
    """A secret cannot be read; messages never hold its value."""


class CookieFormat(SecretError):
    """The text is no cookie file."""


class SealBroken(SecretError):
    """A sealed text was changed, replayed, or made for another key, user or site."""
