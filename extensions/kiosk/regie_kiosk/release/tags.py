"""Finds the tags of a release name and tells which of them belong to the technical part."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from . import languages
from .text import Word
from .vocabulary import Entry, Strength, Vocabulary

_RESOLUTION = re.compile(r"([a-z0-9]*?)(\d{3,4})[pi](?:\d\d(?=$|[a-z]))?([a-z0-9]*)")
_FRAME = re.compile(r"([a-z]*)(\d{3,4})x(\d{3,4})p?")
_AUDIO = re.compile(r"(aac|ddpa?|dd|e?ac3|dtsx?|flac|opus|truehd|l?pcm|mp[23]|ogg|ddplus)(\d{1,2})(?:ch)?")
_OF_LANGUAGE = re.compile(r"(?:[2-9]x?|(sub))?([a-z]{2,3})(subs?|subbed|dub|dubbed|audio|aud)?")
_CHINESE_AUDIO = re.compile(r"国语|國語|粤语|粵語|普通话|国粤|國粵|国配|中文配音|双语")
_CHINESE_SUBTITLES = re.compile(r"[简簡繁]|中字|中文字幕|内嵌|內嵌|内封|內封|双字|字幕$")
_CHANNELS = re.compile(r"\d{1,2}ch")
_SIZE = re.compile(r"\d[.,]\d{1,2} ?GB$")
_DISCS = re.compile(r"\d{1,2}x?dvd[59r]?")
_GROWN = re.compile(r"(hdtv|pdtv|dvdrip|webrip|bluray|bdrip)(?=[xh]26[45]|xvid|divx)[a-z0-9]+")
_BIT_DEPTH = re.compile(r"(8|10|12)bits?")
_SERVICE = re.compile(
    r"(?:netflix|amazon|amzn|itunes|maxdome|disney|hbomax|hulu|apple|sky|rtl|joyn|paramount|nf|atv|wow)u?hd"
)
_AUDIO_OF = {
    "ddp": "eac3",
    "ddpa": "eac3",
    "ddplus": "eac3",
    "dd": "ac3",
    "dtsx": "dts-x",
    "lpcm": "pcm",
    "ogg": "vorbis",
}
_HEIGHTS = frozenset({240, 360, 384, 404, 432, 480, 540, 544, 576, 720, 960, 1080, 1440, 2160, 4320})
_STEPS = ((1440, "2160p"), (1000, "1080p"), (650, "720p"), (540, "576p"), (400, "480p"), (0, "360p"))
_WIDTHS = ((3000, "2160p"), (1800, "1080p"), (1200, "720p"), (1000, "576p"), (620, "480p"), (0, "360p"))


class Tag(NamedTuple):
    """One recognised phrase: its meaning, its words (first and last index) and its place."""

    kind: str
    value: str
    strength: Strength
    first: int
    last: int
    start: int
    end: int


def scan(words: Sequence[Word], plain: str, vocabulary: Vocabulary) -> list[Tag]:
    """Every phrase of the vocabulary among the words, the longest at each place."""
    tags: list[Tag] = []
    index = 0
    while index < len(words):
        low = words[index].low
        entries = vocabulary.get(low)
        found = _phrase(words, index, plain, entries) if entries else []
        if not found:
            found = _pattern(words, index, vocabulary)
        tags.extend(found)
        index = found[0].last + 1 if found else index + 1
    return tags


def _phrase(words: Sequence[Word], index: int, plain: str, entries: tuple[Entry, ...]) -> list[Tag]:
    tags: list[Tag] = []
    length = -1
    for entry in entries:
        if len(entry.rest) < length:
            break
        last = index + len(entry.rest)
        if not _follows(words, index, entry.rest):
            continue
        start, end = words[index].start, words[last].end
        if entry.capitals and (not plain[start:end].isupper() or _SIZE.search(plain, max(0, start - 5), end)):
            continue
        length = len(entry.rest)
        if any((tag.kind, tag.value) == (entry.kind, entry.value) for tag in tags):
            continue
        value = entry.value
        if plain[end : end + 1] == "+":
            value = {"hdr10": "hdr10+", "ac3": "eac3"}.get(value, value)
        tags.append(Tag(entry.kind, value, entry.strength, index, last, start, end))
    return tags


def _follows(words: Sequence[Word], index: int, rest: tuple[str, ...]) -> bool:
    if index + len(rest) >= len(words):
        return False
    for offset, word in enumerate(rest, index + 1):
        if words[offset].low != word or words[offset].start - words[offset - 1].end > 2:
            return False
    return True


def _pattern(words: Sequence[Word], index: int, vocabulary: Vocabulary) -> list[Tag]:
    """Tags with a number or a language in them, which no dictionary can hold."""
    word = words[index]
    low = word.low
    if not low.isascii():
        return _chinese(word, index)
    if low.isdecimal() or len(low) > 40:
        return []
    if low.endswith("hd") and _SERVICE.fullmatch(low):
        return [_whole(word, index, "source", "web-dl")]
    if found := _OF_LANGUAGE.fullmatch(low):
        return _of_language(word, index, found)
    return [] if low.isalpha() else _measured(word, index, vocabulary)


def _measured(word: Word, index: int, vocabulary: Vocabulary) -> list[Tag]:
    low = word.low
    if found := _RESOLUTION.fullmatch(low):
        return _glued(word, index, found, vocabulary)
    if found := _FRAME.fullmatch(low):
        return _framed(word, index, found, vocabulary)
    if found := _AUDIO.fullmatch(low):
        return [_whole(word, index, "audio", _AUDIO_OF.get(found.group(1), found.group(1)))]
    if found := _BIT_DEPTH.fullmatch(low):
        return [_whole(word, index, "depth", found.group(1))]
    if _CHANNELS.fullmatch(low):
        return [_whole(word, index, "misc", "")._replace(strength=Strength.WEAK)]
    return _source(word, index, vocabulary)


def _source(word: Word, index: int, vocabulary: Vocabulary) -> list[Tag]:
    """A source with a count of discs, or grown together with the codec and more."""
    if _DISCS.fullmatch(word.low):
        return [_whole(word, index, "source", "dvd")]
    if found := _GROWN.fullmatch(word.low):
        return [_whole(word, index, entry.kind, entry.value) for entry in vocabulary[found.group(1)] if not entry.rest]
    return []


def _whole(word: Word, index: int, kind: str, value: str) -> Tag:
    return Tag(kind, value, Strength.STRONG, index, index, word.start, word.end)


def _glued(word: Word, index: int, found: re.Match[str], vocabulary: Vocabulary) -> list[Tag]:
    """A resolution, perhaps grown together with its neighbours: BD1080p, 720pHDTV."""
    height = int(found.group(2))
    if height not in _HEIGHTS:
        return []
    value = next(step for least, step in _STEPS if height >= least)
    place = word.start + found.start(2), word.start + found.end(2) + 1
    tags = [Tag("lines", value, Strength.STRONG, index, index, *place)]
    for part, start in ((found.group(1), word.start), (found.group(3), word.start + found.start(3))):
        tags.extend(
            Tag(entry.kind, entry.value, Strength.STRONG, index, index, start, start + len(part))
            for entry in vocabulary.get(part, ())
            if not entry.rest and entry.kind in {"source", "flag", "codec"}
        )
    if found.group(1).endswith("remux"):
        tags.append(Tag("flag", "remux", Strength.STRONG, index, index, word.start, place[0]))
    return tags


def _framed(word: Word, index: int, found: re.Match[str], vocabulary: Vocabulary) -> list[Tag]:
    """A frame, perhaps grown together with its source: BD1920x1080."""
    prefix = found.group(1)
    entries = (
        [entry for entry in vocabulary.get(prefix, ()) if not entry.rest and entry.kind == "source"] if prefix else []
    )
    if prefix and not entries:
        return []
    value = _step(int(found.group(2)), int(found.group(3)))
    start = word.start + len(prefix)
    tags = [Tag("frame", value, Strength.STRONG, index, index, start, word.end)]
    tags.extend(Tag("source", entry.value, Strength.STRONG, index, index, word.start, start) for entry in entries)
    return tags


def _of_language(word: Word, index: int, found: re.Match[str]) -> list[Tag]:
    """A language with what it is for, in one word: PLSUB, CZDUB, 2xRus."""
    before, name, behind = found.groups()
    code = languages.THREE.get(name) or languages.TWO.get(name.upper())
    if code is None or (behind is None and name not in languages.THREE):
        return []
    kind = "subs-of" if before or (behind or "").startswith("sub") else "language"
    return [Tag(kind, code, Strength.WEAK, index, index, word.start, word.end)]


def _chinese(word: Word, index: int) -> list[Tag]:
    """What Chinese groups write without spaces: the dub, and the script of the subtitles."""
    tags = []
    if _CHINESE_AUDIO.search(word.low):
        tags.append(Tag("language", "zh", Strength.WEAK, index, index, word.start, word.end))
    elif len(word.low) <= 12 and _CHINESE_SUBTITLES.search(word.low):
        tags.append(Tag("zh-subs", "zh", Strength.WEAK, index, index, word.start, word.end))
    return tags


def _step(width: int, height: int) -> str:
    by_height = next(step for least, step in _STEPS if height >= least)
    by_width = next(step for least, step in _WIDTHS if width >= least)
    return max(by_height, by_width, key=lambda step: int(step[:-1]))


def spans(tags: Iterable[Tag]) -> tuple[tuple[int, int], ...]:
    """The places of tags."""
    return tuple((tag.start, tag.end) for tag in tags)
