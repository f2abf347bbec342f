"""Media or page? Judged by the first bytes, because types and names lie."""

SNIFF_BYTES = 4096

_SIGNATURES: tuple[tuple[int, bytes], ...] = (
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"wide"),
    (4, b"free"),
    (4, b"skip"),
    (0, b"\x1a\x45\xdf\xa3"),  # Matroska, WebM
    (0, b"OggS"),
    (0, b"RIFF"),
    (0, b"fLaC"),
    (0, b"ID3"),
    (0, b"FLV\x01"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),  # ASF
    (0, b"\x00\x00\x01\xba"),  # MPEG program stream
    (0, b"\x00\x00\x01\xb3"),  # MPEG video
    (0, b"\x06\x0e\x2b\x34"),  # MXF
    (0, b".RMF"),
    (0, b"FORM"),
    (0, b"caff"),
    (0, b"\x0b\x77"),  # AC-3
    (0, b"DKIF"),
)
_PAGE_TYPES = frozenset(
    {"text/html", "application/xhtml+xml", "application/xml", "text/xml", "application/json", "application/rss+xml"}
    | {"application/atom+xml", "application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl"}
    | {"audio/x-mpegurl", "application/dash+xml"}
)
# MPEG audio: eleven sync bits, then version and layer that are not reserved.
_MPEG_AUDIO_SYNC = 0xFFE0
_TS_PACKET = 188


def is_page(head: bytes, content_type: str) -> bool:
    """Whether the start of an answer is a document to read rather than media to keep."""
    if is_media(head):
        return False
    return content_type.lower() in _PAGE_TYPES or is_text(head)


def is_media(head: bytes) -> bool:
    """Whether the bytes carry the signature of a container or stream that FFmpeg knows."""
    if any(head[at : at + len(mark)] == mark for at, mark in _SIGNATURES):
        return True
    if len(head) > _TS_PACKET and head[0] == head[_TS_PACKET] == 0x47:
        return True
    sync = int.from_bytes(head[:2], "big")
    return sync & _MPEG_AUDIO_SYNC == _MPEG_AUDIO_SYNC and sync not in {0xFFFE, 0xFFFF}


def is_text(head: bytes) -> bool:
    """Whether the bytes read as text in UTF-8 or UTF-16."""
    if not head:
        return False
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if any(byte < 9 or 13 < byte < 27 for byte in head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4
    return True
