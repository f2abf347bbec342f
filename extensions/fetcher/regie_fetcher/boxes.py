"""The top-level boxes of an MP4 file (ISO/IEC 14496-12): what libavformat does not tell."""

import re
from dataclasses import dataclass
from pathlib import Path

_MAX_BOXES = 10_000
_HEADER = 8
_LARGE_HEADER = 16
_MAX_INDEX_BYTES = 64 * 1024 * 1024
# A protection scheme (`sinf`) that names the format it hides (`frma`): ISO/IEC 14496-12, 8.12.
_PROTECTION = re.compile(rb"sinf....frma", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Boxes:
    """How an MP4 file is laid out."""

    is_faststart: bool
    is_fragmented: bool
    is_whole: bool
    is_protected: bool = False


def read_boxes(path: Path) -> Boxes:
    """Walk the headers of the top-level boxes; of the rest, only the index is read."""
    end = path.stat().st_size
    seen: list[bytes] = []
    is_protected = False
    offset = 0
    with path.open("rb") as file:
        while offset + _HEADER <= end and len(seen) < _MAX_BOXES:
            file.seek(offset)
            header = file.read(_LARGE_HEADER)
            size, kind = int.from_bytes(header[:4], "big"), header[4:8]
            if size == 1:
                size = int.from_bytes(header[8:16], "big")
            elif size == 0:
                size = end - offset
            if size < _HEADER:
                break
            seen.append(kind)
            if kind == b"moov":
                file.seek(offset)
                is_protected = _PROTECTION.search(file.read(min(size, _MAX_INDEX_BYTES))) is not None
            offset += size
    if b"moov" not in seen:
        return Boxes(is_faststart=False, is_fragmented=b"moof" in seen, is_whole=False)
    media_at = seen.index(b"mdat") if b"mdat" in seen else len(seen)
    return Boxes(
        is_faststart=seen.index(b"moov") < media_at,
        is_fragmented=b"moof" in seen,
        is_whole=offset <= end,
        is_protected=is_protected,
    )
