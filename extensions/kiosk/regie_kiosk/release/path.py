"""Names that are paths: the file speaks, its folders fill in."""

import re
from dataclasses import replace
from types import MappingProxyType

from .model import Doubt, Kind, ReleaseName, Span
from .parser import parse
from .text import extension

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_INSIDE = re.compile(r"\([^()/\\]*/[^()]*\)|\[[^\[\]/\\]*/[^\[\]]*\]")
_SPLIT = re.compile(r"[^\\/]+")
_REVERSED = re.compile(r"(?i)(?:p027|p0801|p0612|\d{2,3}e\d{2}s)(?![a-z0-9])")
_LEADING_NUMBER = re.compile(r"(\d{1,4})(?!\d)(?:\s|\.\s|\s?-|_|\.?$|\.[a-z0-9]{2,4}$)")
_FILLED = [
    "resolution",
    "source",
    "remux",
    "raw",
    "disc",
    "video_codec",
    "bit_depth",
    "hdr",
    "audio_codecs",
    "languages",
    "subtitle_languages",
    "french_tags",
    "edition",
    "group",
    "hash",
    "year",
    "country",
    "imdb_id",
    "tmdb_id",
]
_EMPTY = ReleaseName("")


def parse_release_name(name: str) -> ReleaseName:
    """Understand a release name, a folder or a file path. Never raises; what it does not know stays empty."""
    if "\\" not in name and "/" not in name:
        return _upright(name)
    parts = list(_SPLIT.finditer(name))
    if not _is_path(name) or not parts:
        return _upright(name)
    pieces = [_placed(_upright(part.group()), part.start()) for part in parts[-3:]]
    return _join(name, pieces, parts[-1].start())


def _is_path(name: str) -> bool:
    if "\\" in name or name.startswith("/") or _DRIVE.match(name):
        return True
    return bool(extension(name)) and " / " not in name and not _INSIDE.search(name)


def _upright(name: str) -> ReleaseName:
    """Some posters write names backwards."""
    stem, dot, suffix = name.rpartition(".")
    backwards = stem if dot and extension(name) else name
    if not _REVERSED.search(backwards):
        return parse(name)
    parsed = parse(backwards[::-1])
    last = len(backwards)
    turned = {key: tuple((last - b, last - a) for a, b in places) for key, places in parsed.spans.items()}
    return replace(parsed, name=name, spans=MappingProxyType(turned)) if parsed.numbered or suffix else parse(name)


def _placed(parsed: ReleaseName, offset: int) -> ReleaseName:
    moved = {key: tuple((a + offset, b + offset) for a, b in places) for key, places in parsed.spans.items()}
    return replace(parsed, spans=MappingProxyType(moved)) if offset else parsed


def _join(name: str, pieces: list[ReleaseName], start: int) -> ReleaseName:
    file, folders = pieces[-1], pieces[-2::-1]
    for folder in folders:
        file = _with_folder(file, folder, start)
    doubts = [doubt for doubt in file.doubts if doubt is not Doubt.NO_TITLE]
    return replace(file, name=name, doubts=tuple(doubts if file.title else [*doubts, Doubt.NO_TITLE]))


def _with_folder(file: ReleaseName, folder: ReleaseName, start: int) -> ReleaseName:
    """The file's own words first; a folder that says more about the episode wins over a nameless file."""
    if folder.episodes and folder.title and not (file.episodes and file.title):
        return _filled(folder, file)
    if folder.season is not None and not file.episodes and (found := _LEADING_NUMBER.match(file.name)):
        return _numbered(file, folder, _in_season(found.group(1), folder.season), (start, start + found.end(1)))
    implied = file.season is None or Doubt.IMPLIED_SEASON in file.doubts
    if folder.season is not None and file.episodes and implied:
        file = replace(file, season=folder.season, seasons=folder.seasons, spans=_merged(file, folder, ["season"]))
    if folder.absolute and file.name.partition(".")[0].isdecimal():
        return replace(folder, absolute=(int(file.name.partition(".")[0]),))
    if not _telling(file):
        return _filled(folder, file) if _telling(folder) else file
    if not file.title and folder.title and not folder.doubts:
        file = replace(file, title=folder.title, spans=_merged(file, folder, ["title"]))
    return _filled(file, folder)


def _in_season(digits: str, season: int) -> int:
    """207 in the folder of season 2 is its episode 7."""
    return int(digits[-2:]) if digits[:-2] == str(season) else int(digits)


def _telling(piece: ReleaseName) -> bool:
    return Doubt.SCRAMBLED not in piece.doubts and bool(piece.numbered or piece.special or piece.kind is Kind.FILM)


def _numbered(file: ReleaseName, folder: ReleaseName, number: int, place: Span) -> ReleaseName:
    """A file that opens with a number, in the folder of a season."""
    spans = {
        **{key: found for key, found in file.spans.items() if key != "title"},
        **folder.spans,
        "episodes": (place,),
    }
    made = replace(
        file,
        title=folder.title,
        season=folder.season,
        seasons=folder.seasons,
        episodes=(number,),
        absolute=(),
        kind=Kind.EPISODE,
        spans=MappingProxyType(spans),
    )
    return _filled(made, folder)


def _filled(first: ReleaseName, second: ReleaseName) -> ReleaseName:
    """What the first leaves open, from the second."""
    open_fields = [
        field for field in _FILLED if getattr(first, field) == getattr(_EMPTY, field) != getattr(second, field)
    ]
    if not open_fields:
        return first
    changes = {field: getattr(second, field) for field in open_fields}
    if "french_tags" in changes or "languages" in changes or "subtitle_languages" in changes:
        changes["audio_class"] = second.audio_class
    return replace(first, **changes, spans=_merged(first, second, open_fields))


def _merged(first: ReleaseName, second: ReleaseName, names: list[str]) -> MappingProxyType[str, tuple[Span, ...]]:
    return MappingProxyType({**first.spans, **{key: second.spans[key] for key in names if key in second.spans}})
