"""Titles from strangers made into file names that every file system takes and none is led astray by."""

import re
import unicodedata
from pathlib import Path, PurePosixPath

from .errors import StoreUnavailable

MAX_NAME_BYTES = 255
# Room for a number, `.part` and the like behind the name.
SUFFIX_ROOM_BYTES = 32
UNTITLED = "untitled"

_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
# Cf holds the bidirectional controls; Zl and Zp break lines; Cs cannot be encoded.
_UNWANTED = frozenset({"Cf", "Zl", "Zp", "Cs", "Co", "Cn"})


def as_text(title: str) -> str:
    """A title that every database takes: neither NUL nor bytes that are no character."""
    return re.sub("[\\0\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", title)


def safe_name(title: str) -> str:
    """One component of a path: no separators, controls, reserved names, and at most 223 bytes of UTF-8."""
    text = unicodedata.normalize("NFC", title)
    text = "".join(char for char in text if unicodedata.category(char) not in _UNWANTED)
    text = _FORBIDDEN.sub(" ", text)
    text = re.sub(r"\s+", " ", text).lstrip(" .-").rstrip(" .")
    if _RESERVED.fullmatch(text):
        text = f"_{text}"
    cut = text.encode()[: MAX_NAME_BYTES - SUFFIX_ROOM_BYTES].decode(errors="ignore")
    return cut.rstrip(" .") or UNTITLED


def safe_folder(folder: str) -> PurePosixPath:
    """A relative path of safe components; `.` and `..` vanish."""
    parts = [part for part in re.split(r"[/\\]", folder) if part.strip(" .")]
    return PurePosixPath(*[safe_name(part) for part in parts])


def inside(root: Path, relative: PurePosixPath | str) -> Path:
    """The path under root, links resolved; refused if it leads outside."""
    base = root.resolve()
    path = (base / relative).resolve()
    if not path.is_relative_to(base):
        raise StoreUnavailable(f"{relative} leads out of the library")
    return path
