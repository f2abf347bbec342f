"""Heads of HTTP messages as the policy proxy reads and rewrites them."""

import asyncio
import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from .errors import AddressRefused

_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authorization", "proxy-connection", "proxy-authenticate", "te", "trailer"}
    | {"upgrade", "expect", "host"}
)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MAX_HEAD = 64 * 1024


class BadMessage(Exception):
    """The head of a message breaks the rules of HTTP, or ours."""


Headers = tuple[tuple[str, str], ...]


async def read_head(reader: asyncio.StreamReader) -> bytes:
    """The bytes of a message up to its empty line."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise BadMessage("The message ends before its head does") from error
    except asyncio.LimitOverrunError as error:
        raise BadMessage("The head of the message has no end") from error
    if len(head) > _MAX_HEAD:
        raise BadMessage("The head of the message is too long")
    return head


def _parse_headers(lines: list[str]) -> Headers:
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name) or "\r" in value or "\n" in value or "\0" in value:
            raise BadMessage("A header is malformed")
        headers.append((name, value.strip()))
    return tuple(headers)


def _content_length(headers: Headers) -> int | None:
    found = {value for name, value in headers if name.lower() == "content-length"}
    if not found:
        return None
    value = found.pop()
    if found or not re.fullmatch(r"[0-9]{1,18}", value):
        raise BadMessage("The length of the message is ambiguous")
    return int(value)


def _render(first: str, headers: Headers, extra: Headers) -> bytes:
    kept = [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]
    lines = [first, *(f"{name}: {value}" for name, value in (*extra, *kept))]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request to the proxy."""

    method: str
    uri: str
    headers: Headers

    @classmethod
    def parse(cls, head: bytes) -> Self:
        """Read a request line and its headers."""
        first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        parts = first.split(" ")
        if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or parts[2] not in {"HTTP/1.0", "HTTP/1.1"}:
            raise BadMessage("This is not a request to a proxy")
        return cls(parts[0].upper(), parts[1], _parse_headers(lines))

    def header(self, name: str) -> str:
        """The first value of a header, or an empty text."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def target(self) -> tuple[str, int]:
        """The host and port to dial."""
        try:
            parts = urlsplit(f"//{self.uri}" if self.method == "CONNECT" else self.uri)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise AddressRefused(f"This is not an address: {error}") from error
        if self.method == "CONNECT":
            if not host or port is None or parts.path:
                raise AddressRefused("CONNECT wants a host and a port")
            return host, port
        if parts.scheme != "http" or not host:
            raise AddressRefused(f"Only http and https addresses are fetched, not {parts.scheme or 'this'}")
        return host, 80 if port is None else port

    def head(self) -> bytes:
        """The head to send to the server itself."""
        parts = urlsplit(self.uri)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.netloc.rpartition("@")[2]
        return _render(f"{self.method} {path} HTTP/1.1", self.headers, (("Host", host), ("Connection", "close")))

    def body_bytes(self) -> int:
        """The declared length of the body."""
        if self.header("transfer-encoding"):
            raise BadMessage("A request in chunks is not passed on")
        return _content_length(self.headers) or 0


@dataclass(frozen=True, slots=True)
class Response:
    """The head of a server's answer."""

    status: int
    phrase: str
    headers: Headers

    @classmethod
    def parse(cls, head: bytes) -> Self:
        """Read a status line and its headers."""
        first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: ([^\r\n]*))?", first)
        if match is None:
            raise BadMessage("The server does not speak HTTP/1")
        headers = _parse_headers(lines)
        _content_length(headers)
        return cls(int(match[1]), match[2] or "", headers)

    @property
    def is_interim(self) -> bool:
        """Whether another answer follows; 101 would leave HTTP and never does here."""
        return self.status < 200

    def head(self) -> bytes:
        """The head to send to the client: the connection ends with this answer."""
        return _render(f"HTTP/1.1 {self.status} {self.phrase}", self.headers, (("Connection", "close"),))

    def body_bytes(self, method: str) -> int | None:
        """How many bytes follow, or None when the end of the connection tells."""
        if method == "HEAD" or self.status in {204, 304}:
            return 0
        if any(name.lower() == "transfer-encoding" for name, _ in self.headers):
            return None
        return _content_length(self.headers)
