"""Strangers' values, read safely: whatever is not what it should be is nothing."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

LONGEST_TEXT = 2000
MBID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_SURROGATES = re.compile("[\ud800-\udfff\0]")


def text(value: Any) -> str:
    """A text without what no storage takes; empty for anything else."""
    return _SURROGATES.sub("", value).strip()[:LONGEST_TEXT] if isinstance(value, str) else ""


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list."""
    return tuple(found for one in value if (found := text(one))) if isinstance(value, list) else ()


def part(value: Any, *names: str) -> Any:
    """What lies below these names; None if anything on the way is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def number(value: Any) -> float | None:
    """A number above 0 from a number or its text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and 0 < found < 1e15 else None


def whole(value: Any) -> int | None:
    """A whole number above 0."""
    found = number(value)
    return int(found) if found else None


def moment(value: Any, form: str = "", zone: tzinfo = UTC) -> int | None:
    """The Unix time of a written one: by `form`, else ISO 8601; local to `zone` if it tells no zone itself."""
    try:
        written = datetime.strptime(text(value), form) if form else datetime.fromisoformat(text(value))  # noqa: DTZ007
        return int((written if written.tzinfo else written.replace(tzinfo=zone)).timestamp())
    except (ValueError, OverflowError):
        return None
