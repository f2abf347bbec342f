"""What a codec sees of HTTP, whatever server carries it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `path` is decoded, `query` is the raw query string, header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def parameters(self) -> dict[str, str]:
        """The query as names and values; of a name given twice the last holds."""
        return pairs(self.query)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


def pairs(text: str) -> dict[str, str]:
    """Form-encoded text as names and values; bytes that are no UTF-8 become replacement characters."""
    return dict(parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="replace"))


def md5(text: str) -> str:
    """The digest in which these old protocols prove that a secret is known; it keeps nothing secret by itself."""
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def json_answer(payload: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer of JSON, readable from any web page."""
    body = json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")
    return Answer(status, body, "application/json", CORS | dict(headers or {}))


def text_answer(text: str, content_type: str = "text/plain") -> Answer:
    """An answer of text."""
    return Answer(200, text.encode("utf-8", "replace"), content_type, CORS)


def preflight() -> Answer:
    """The answer to a browser's question whether it may call."""
    return Answer(204, b"", "text/plain", CORS)
