"""JSON at the edge: strangers' texts in, anything of ours out."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson

from regie.config.secrets import SENTINEL, Secret
from regie.errors import InvalidData

MAX_DEPTH = 64
"""Deeper texts are refused: what came in must also go out again, and encoders recurse."""

# Dataclasses have shapes of their own: an entry as it is in memory would hold its data.
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


class BadJSON(InvalidData):
    """A text that is not JSON, or JSON that nobody writes by hand or by honest program."""


def decode(text: bytes | str) -> Any:
    """The value of a JSON text; raises BadJSON."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadJSON("not valid JSON, or nested too deeply") from error
    text = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH:
        _check_depth(value)
    return value


def encode(value: Any) -> bytes:
    """A value as JSON; what JSON lacks becomes its nearest text, and a secret the sentinel."""
    try:
        return orjson.dumps(value, _plain, _OPTIONS)
    except TypeError:
        # Integers of more than 64 bits and lone surrogates: rare, and the standard library writes them.
        return json.dumps(value, default=_plain, skipkeys=True).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return SENTINEL
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for container in level for child in _children(container)]
        if not level:
            return
    raise BadJSON(f"nested more than {MAX_DEPTH} deep")


def _children(value: Any) -> list[Any]:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict | list)]
