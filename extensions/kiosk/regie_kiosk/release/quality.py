"""Picture and sound: resolution, source, codecs, edition and revision, read from the tags."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from .model import Source, Span
from .tags import Tag, spans
from .text import Text

_VERSION = re.compile(r"(?:(?<=\d)|(?<=[\d\s\])_.]))v([2-9])(?![a-z0-9])")
_COUNTED = re.compile(r"(?:repack|proper|rerip)([2-9])(?!\d)")
_ANNIVERSARY = re.compile(
    r"(?:\d{1,3}(?:st|nd|rd|th)[\s._]anniversary|anniversary)(?:[\s._]edition)?|[a-z]+[\s._][a-z]+[\s._]edition(?![a-z])"
)
_RANK = {"lines": 0, "frame": 1, "resolution": 2}
_WEAK_SOURCES = frozenset({"web", "bd", "dvd", "ntsc", "pal", "ts", "cam", "tc", "scr"})
_LOSSY_CAPTURES = (Source.CAM, Source.TELESYNC, Source.TELECINE, Source.SCREENER, Source.WORKPRINT)


class Quality(NamedTuple):
    """The technical part of a release name."""

    resolution: str | None
    source: Source | None
    remux: bool
    raw: bool
    disc: bool
    video_codec: str | None
    bit_depth: int | None
    hdr: tuple[str, ...]
    audio_codecs: tuple[str, ...]
    spans: dict[str, tuple[Span, ...]]


class Revision(NamedTuple):
    """Which try of the release this is."""

    proper: bool
    repack: bool
    real: bool
    version: int
    spans: dict[str, tuple[Span, ...]]


def read(tags: Sequence[Tag], low: str) -> Quality:
    """The qualities that the tags name, and those that follow from them."""
    by_kind: dict[str, list[Tag]] = {}
    for tag in tags:
        by_kind.setdefault(tag.kind, []).append(tag)
    resolution = _resolution(by_kind)
    source = _source(by_kind, low)
    flags = {tag.value: tag for tag in by_kind.get("flag", ())}
    codec = by_kind.get("codec", ())
    depth = by_kind.get("depth", ())
    hdr = [tag for tag in by_kind.get("hdr", ()) if tag.value != "sdr"]
    audio = by_kind.get("audio", ())
    remux = flags.get("remux")
    raw = next((tag for tag in codec if tag.value == "mpeg2"), None)
    found = {
        "resolution": [resolution] if resolution else [],
        "source": [source] if source else [],
        "remux": [remux] if remux else [],
        "raw": [raw] if raw else [],
        "disc": [flags["disc"]] if "disc" in flags else [],
        "video_codec": codec[:1],
        "bit_depth": depth[:1],
        "hdr": hdr,
        "audio_codecs": audio,
    }
    kind = Source(source.value) if source else None
    return Quality(
        resolution=resolution.value if resolution else _implied(codec, kind),
        source=kind or (Source.BLURAY if remux else None),
        remux=remux is not None and kind in {None, Source.BLURAY},
        raw=raw is not None and kind is Source.TV,
        disc="disc" in flags,
        video_codec=codec[0].value if codec else None,
        bit_depth=int(depth[0].value) if depth else None,
        hdr=tuple(dict.fromkeys(tag.value for tag in hdr)),
        audio_codecs=tuple(dict.fromkeys(tag.value for tag in audio)),
        spans={field: spans(places) for field, places in found.items() if places},
    )


def _implied(codec: Sequence[Tag], source: Source | None) -> str | None:
    """XviD was only ever used for standard definition; a DVD has two heights."""
    return "480p" if codec and codec[0].value == "xvid" and source is not Source.DVD else None


def _resolution(by_kind: dict[str, list[Tag]]) -> Tag | None:
    """Lines (1080p) say it best, then the frame (1920x1080), then words (4K, FHD); the last lines after "to"."""
    found = [tag for kind in _RANK for tag in by_kind.get(kind, ())]
    return min(found, key=lambda tag: _RANK[tag.kind], default=None)


def _source(by_kind: dict[str, list[Tag]], low: str) -> Tag | None:
    """The surest source: a word that is a source and nothing else before one that may be a title's word."""
    found = by_kind.get("source", ())
    sure = [tag for tag in found if low[tag.start : tag.end] not in _WEAK_SOURCES]
    captures = [tag for tag in found if tag.value in _LOSSY_CAPTURES]
    web_rip = [tag for tag in sure if tag.value == "webrip"]
    for group in (captures, web_rip if all(tag.value in {"webrip", "web-dl"} for tag in sure) else [], sure, found):
        if group:
            return group[0]
    return None


def revision(tags: Sequence[Tag], low: str, start: int, end: int) -> Revision:
    """Proper, repack and the number of the version."""
    found = [tag for tag in tags if tag.kind == "revision"]
    values = {tag.value for tag in found}
    fixed = bool(values & {"proper", "repack"})
    version = 2 if fixed else 1
    places: dict[str, tuple[Span, ...]] = {
        tag.value: ((tag.start, tag.end),) for tag in found if fixed or tag.value != "real"
    }
    if match := _COUNTED.search(low, start, end):
        version = int(match.group(1)) + 1
        values.add("repack")
        places["version"] = (match.span(),)
    elif match := _VERSION.search(low, start, end):
        version = max(version, int(match.group(1)))
        places["version"] = (match.span(),)
    return Revision("proper" in values, "repack" in values, fixed and "real" in values, version, places)


def edition(tags: Sequence[Tag], text: Text, start: int) -> tuple[str, Span] | None:
    """The words of the edition, from the first to the last that touch."""
    found = [(tag.start, tag.end) for tag in tags if tag.kind == "edition"]
    if "edition" in text.low or "anniversary" in text.low:
        found += [match.span() for match in _ANNIVERSARY.finditer(text.low, start, text.end)]
    if not found:
        return None
    found.sort()
    start, end = found[0]
    for nearer, further in found[1:]:
        if nearer <= end + 2:
            end = max(end, further)
    return " ".join(re.split(r"[\s._]+", text.plain[start:end])), (start, end)
