"""The text of a release name: letters of one width, words with their places, titles made readable."""

import re
from typing import NamedTuple

from .model import Span

MAX_LENGTH = 512

MEDIA_EXTENSIONS = frozenset({
    "3gp", "avi", "divx", "flv", "img", "iso", "m2ts", "m4v", "mk3d", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "ogm", "ogv",
    "rmvb", "strm", "ts", "vob", "webm", "wmv", "wtv",
})  # fmt: skip
OTHER_EXTENSIONS = frozenset({
    "7z", "ass", "idx", "nfo", "nzb", "par2", "rar", "srt", "ssa", "sub", "sup", "torrent", "vtt", "zip",
})  # fmt: skip


class Word(NamedTuple):
    """One run of letters and digits, in lower case, with its place."""

    low: str
    start: int
    end: int


class Text(NamedTuple):
    """A name with every character replaced by one simple character, so that places stay true."""

    plain: str
    low: str
    start: int
    end: int


def _one_for_one() -> dict[int, str]:
    table = {0xFF01 + offset: chr(0x21 + offset) for offset in range(94)}
    for characters, simple in (
        ("　\u00a0\u2002\u2003\u2009\u200a\u200b\u200c\u200d\u2060\ufeff\ufffd\t\r\n", " "),
        ("‘’ʼ`´", "'"),
        ("“”«»", '"'),
        ("‐‑‒–—―−", "-"),
        ("〜∼", "~"),
        ("【「『〖〔", "["),
        ("】」』〗〕", "]"),
        ("·•・", " "),
    ):
        table.update({ord(character): simple for character in characters})
    return table


_SIMPLE = _one_for_one()
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_EXTENSION = re.compile(r"\.([a-z0-9]{2,7})\s*$")
_DOMAIN = r"(?:www\.)[a-z0-9-]{2,40}(?:\.[a-z]{2,12}){1,2}|[a-z0-9-]{2,40}(?:\.(?:com|org|net|info|io|cc|me|tv|to))"
_SITE_PREFIX = re.compile(rf"\s*(?:\[\s*(?:{_DOMAIN})\s*\]\s*-?|(?:{_DOMAIN})\s+-)\s*")
_SITE_SUFFIX = re.compile(rf"[\s\-]*[\[(]\s*(?:{_DOMAIN})\s*[\])]\s*$")
_REQUEST = re.compile(r"\s*(?:\[[a-z0-9#.@ -]{3,24}\])?\s*\[\d{5,7}\](?:\s*-\s*)?")
_JUNK_PREFIX = re.compile(r"(?:_unpack[_ ]|_failed_|\s+)")
_POSTED = re.compile(
    r"[\[(]\s*([a-z0-9][^\[\]()]{0,120}[\s._-]s\d{1,4}e\d{1,4}[\s._][^\[\]]{0,200}-[a-z0-9]{2,20})\s*[\])]"
)
_QUOTED = re.compile(
    r'"\s?([^"]{2,120}[\s._-](?:s\d{1,4}[\s._]?e\d{1,4}|\d{1,2}x\d\d|season\s\d{1,2}\sepisode\s\d{1,3})(?!\d)[^"]{0,160}?)(?:\.(?:nfo|nzb|rar|par2|vol[0-9+]+\.par2|part\d+\.rar|r\d\d|sfv|zip|mkv|mp4))?\s?"'
)
_SEPARATORS = re.compile(r"[\s._]+")
_BRACKETS = re.compile(r"[\[\](){}<>*|]+")
_ACRONYM = re.compile(r"(?<![^\s._])(?:[^\W\d_][.]){2,}(?![^\W\d_]{2})")


def simplify(name: str) -> str:
    """The name with full-width and typographic characters made plain, of the same length."""
    return name if name.isascii() and "\t" not in name else name.translate(_SIMPLE)


def lower(plain: str) -> str:
    """Lower case, of the same length."""
    low = plain.lower()
    if len(low) == len(plain):
        return low
    return "".join(letter if len(letter := character.lower()) == 1 else character for character in plain)


def trim(name: str) -> Text:
    """Leave out what surrounds a release name: sites, request numbers, the file extension."""
    plain = simplify(name)
    low = lower(plain)
    start, end = 0, len(low.rstrip())
    if (found := _EXTENSION.search(low, max(0, end - 9), end)) and _is_extension(found.group(1)):
        end = found.start()
    if low.startswith(("[", "("), start) and (found := _POSTED.search(low, start, end)):
        # A news post: the name stands in one bracket among others.
        return Text(plain, low, *found.span(1))
    if '"' in low and low.startswith(("[", "(", '"'), start) and (found := _QUOTED.search(low, start, len(low))):
        return Text(plain, low, *found.span(1))
    for pattern in (_JUNK_PREFIX, _SITE_PREFIX, _REQUEST):
        if (found := pattern.match(low, start, end)) and found.end() < end:
            start = found.end()
    while (found := _SITE_SUFFIX.search(low, max(start, end - 80), end)) and found.start() > start:
        end = found.start()
    return Text(plain, low, start, end)


def extension(name: str) -> str | None:
    """The media or side file extension, if the name ends in one."""
    found = _EXTENSION.search(name.lower()[-9:])
    return found.group(1) if found and _is_extension(found.group(1)) else None


def _is_extension(word: str) -> bool:
    return word in MEDIA_EXTENSIONS or word in OTHER_EXTENSIONS


def words(low: str, span: Span) -> list[Word]:
    """The words between two places."""
    return [Word(found.group(), found.start(), found.end()) for found in _WORD.finditer(low, *span)]


def readable(text: str) -> str:
    """A title as a person writes it: separators made spaces, acronyms kept, brackets gone."""
    text = _BRACKETS.sub(" ", text)
    if "." in text:
        if " " in text.strip():
            return " ".join(text.replace("_", " ").split()).strip(' -_,;/~"')
        text = _ACRONYM.sub(lambda found: found.group().replace(".", "\0") + " ", text)
    text = _SEPARATORS.sub(" ", text).replace("\0", ".")
    return " ".join(text.split()).strip(' -_,;/~+"')
