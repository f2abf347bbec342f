"""What one hears and reads: languages, subtitles, and the class a French viewer asks for."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .model import AudioClass, Span
from .tags import Tag
from .vocabulary import FRENCH_TAG_OF

_VF_TAGS = frozenset(
    {"TRUEFRENCH", "VFF", "VFQ", "VFI", "VF2", "VFB", "VF", "VOF", "VOQ", "VQ", "VFSTFR", "FRENCH", "FRE", "FRA", "FR"}
)
_SUBTITLED = frozenset({"VOSTFR", "SUBFRENCH", "VFSTFR"})
_ORIGINAL = frozenset({"VO", "VOSTA"})


class Audio(NamedTuple):
    """The language part of a release name."""

    languages: tuple[str, ...]
    subtitle_languages: tuple[str, ...]
    audio_class: AudioClass
    french_tags: tuple[str, ...]
    dual_audio: bool
    hardcoded_subtitles: bool
    line_dubbed: bool
    spans: dict[str, tuple[Span, ...]]


def read(tags: Sequence[Tag], low: str) -> Audio:
    """Tell audio from subtitles, and name the French class."""
    spoken = [tag for tag in tags if tag.kind in {"language", "zh-subs"}]
    subtitles = _subtitled(spoken, [tag for tag in tags if tag.kind == "subs"], low)
    spoken = [tag for tag in spoken if tag not in subtitles]
    french = [(tag, tag.value) for tag in tags if tag.kind == "french"]
    french += [
        (tag, FRENCH_TAG_OF[low[tag.start : tag.end]]) for tag in spoken if low[tag.start : tag.end] in FRENCH_TAG_OF
    ]
    multi = [tag for tag in tags if tag.kind == "multi" and not _of_subtitles(tag, tags)]
    dual = [tag for tag in tags if tag.kind == "dual"]
    names = _unique(value for _, value in sorted(french, key=lambda pair: pair[0].start))
    languages = _languages(spoken, names, tags, low)
    subtitles += [tag for tag in tags if tag.kind == "subs-of"]
    written = _written(subtitles, tags, names)
    found = {
        "languages": [*spoken, *(tag for tag, value in french if value in _VF_TAGS)],
        "subtitle_languages": [*subtitles, *(tag for tag, value in french if value in _SUBTITLED)],
        "audio_class": [*multi, *(tag for tag, _ in french)],
        "french_tags": [*multi, *(tag for tag, _ in french)],
        "dual_audio": dual,
        "hardcoded_subtitles": [tag for tag in tags if _hard(tag)],
        "line_dubbed": [tag for tag in tags if tag.kind == "line"],
    }
    return Audio(
        languages=languages,
        subtitle_languages=written,
        audio_class=_class(languages, written, set(names), several=bool(multi), dual=bool(dual)),
        french_tags=("MULTI", *names) if multi else names,
        dual_audio=bool(dual),
        hardcoded_subtitles=bool(found["hardcoded_subtitles"]),
        line_dubbed=bool(found["line_dubbed"]),
        spans={field: tuple((tag.start, tag.end) for tag in places) for field, places in found.items() if places},
    )


def _hard(tag: Tag) -> bool:
    return tag.kind == "hardsub" or (tag.kind == "subs" and "hard" in tag.value)


def _subtitled(spoken: Sequence[Tag], subs: Sequence[Tag], low: str) -> list[Tag]:
    """The languages in a row with a word for subtitles; behind it, where languages stand on both sides."""
    found: list[Tag] = []
    for sub in subs:
        if sub.value:
            continue
        behind = _row([tag for tag in spoken if tag.first > sub.last], sub, low)
        before = _row([tag for tag in reversed(spoken) if tag.last < sub.first], sub, low)
        found.extend(behind or before)
    return found


def _row(outwards: Sequence[Tag], sub: Tag, low: str) -> list[Tag]:
    """The languages that touch each other and the word, all in its bracket."""
    row: list[Tag] = []
    edge = sub
    for tag in outwards:
        left, right = (edge, tag) if tag.first > edge.last else (tag, edge)
        if right.first != left.last + 1 or any(mark in low[left.end : right.start] for mark in "[]()"):
            break
        row.append(tag)
        edge = tag
    return row


def _of_subtitles(tag: Tag, tags: Sequence[Tag]) -> bool:
    return any(other.kind == "subs" and other.first == tag.last + 1 and not other.value for other in tags)


def _languages(spoken: Sequence[Tag], french: Sequence[str], tags: Sequence[Tag], low: str) -> tuple[str, ...]:
    codes = [tag.value for tag in spoken]
    if _VF_TAGS.intersection(french):
        codes.append("fr")
    marks = {low[tag.start : tag.end] for tag in tags if tag.kind == "filler"}
    if "de" in codes and marks & {"dl", "ml"}:
        codes.append("original")
        if "ml" in marks:
            codes.append("en")
    return _unique(codes)


def _written(subtitles: Sequence[Tag], tags: Sequence[Tag], french: Sequence[str]) -> tuple[str, ...]:
    codes = [tag.value for tag in subtitles]
    if _SUBTITLED.intersection(french):
        codes.append("fr")
    if "VOSTA" in french:
        codes.append("en")
    for tag in tags:
        if tag.kind == "subs":
            codes.extend(code for code in tag.value.split() if code in {"en", "ko", "multi"})
        elif tag.kind == "zh-subs":
            codes.append("zh")
    return _unique(codes)


def _class(
    languages: Sequence[str], subtitles: Sequence[str], french: set[str], *, several: bool, dual: bool
) -> AudioClass:
    dubbed = bool(_VF_TAGS & french)
    others = set(languages) - {"fr"}
    if several and (dubbed or not others or "en" in others):
        return AudioClass.MULTI
    if dubbed and (dual or others or _ORIGINAL & french or "VOSTFR" in french):
        return AudioClass.MULTI
    if dubbed:
        return AudioClass.VF
    return AudioClass.VOSTFR if "fr" in subtitles else AudioClass.VO


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
