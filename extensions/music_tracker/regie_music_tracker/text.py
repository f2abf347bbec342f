"""Comparable forms of names and titles: what two players must agree on to mean the same words."""

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache

# Canonical combining class 8 is the kana voicing mark: without it "ga" would become "ka".
KANA_VOICING = 8

# Comparing letter by letter takes time by the square of the length; no name is this long.
LONGEST_COMPARED = 256

_ASCII = {code: " " for code in range(128) if not chr(code).isalnum()} | {ord("&"): " and "}

_OPEN, _CLOSE = "([{<", ")]}>"
_GROUP = re.compile(r"[(\[{<]([^()\[\]{}<>]*)[)\]}>]")
_DASH = re.compile(r"\s+[-\u2010-\u2015]\s+")
_GUEST_WORD = r"(?:feat|ft|featuring)\b\.?"
# "with" opens a clause inside brackets only, and not before a pronoun: "(With You)" and "(With or Without ...)" are titles.
_GUEST_CLAUSE = re.compile(
    rf"^\s*(?:{_GUEST_WORD}|with\s+(?!(?:me|you|u|him|her|us|them|it|or|and|the|a|an|my|your|no|out|love)\b))\s*(?=\S)",
    re.IGNORECASE,
)
_BARE_GUESTS = re.compile(rf"(?<=\S)(?<!\d)\s+{_GUEST_WORD}\s+(?=\S)", re.IGNORECASE)

_NOISE = re.compile(
    r"(?:(?:\d{2,4}|\d+(?:st|nd|rd|th) anniversary|digital|digitally|newly|new) )*remaster(?:ed)?"
    r"(?: (?:\d{4}|in|version|edition|album version))*"
    r"|album version(?: explicit)?|original(?: album)? mix|explicit(?: version| album version)?"
    r"|bonus(?: track)?|explicit bonus track"
)
_NOISE_SEPARATOR = re.compile(r"\s*[/;,]\s*")
_PART = re.compile(r"\bp(?:ar)?ts?(?= (?:\d|[ivx]+\b|one\b|two\b|three\b))")

_VERSION_WORDS = frozenset(
    [
        "live",
        "remix",
        "remixed",
        "mix",
        "rmx",
        "edit",
        "acoustic",
        "demo",
        "instrumental",
        "karaoke",
        "version",
        "session",
        "sessions",
        "unplugged",
        "part",
        "mono",
        "stereo",
        "reprise",
        "dub",
        "vip",
        "cover",
        "orchestral",
        "extended",
        "outtake",
        "take",
        "alternate",
        "rehearsal",
    ]
)
_ROMAN = re.compile(r"[ivx]+")


# Names come again and again, and the parts of one title are asked for several times in a row.
@lru_cache(1 << 13)
def text_key(text: str) -> str:
    """The form in which names compare: no case, accents, punctuation; the text itself if nothing else is left."""
    if text.isascii():
        words = text.lower().translate(_ASCII).split()
        return " ".join(words) if words else " ".join(text.split())
    folded = _fold(text)
    words = "".join(_plain(char) for char in folded).split()
    return " ".join(words) if words else " ".join(folded.split())


def _fold(text: str) -> str:
    # Case folding can produce characters that decompose again, and the reverse.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).casefold()
    return "".join(char for char in folded if unicodedata.combining(char) in {0, KANA_VOICING})


def _plain(char: str) -> str:
    if char == "&":
        return " and "
    # Vowel signs of Indic and Thai scripts are marks that carry meaning: those that stand (class 0) stay.
    return char if char.isalnum() or unicodedata.category(char)[0] == "M" else " "


def title_core(title: str) -> str:
    """The key of a title without guests and without what a release adds (remaster, explicit, bonus track, ...)."""
    kept = strip_title(title)[0]
    return _PART.sub("part", text_key(kept)) if kept else text_key(title)


@lru_cache(1 << 8)
def strip_title(title: str) -> tuple[str, tuple[str, ...]]:
    """A title without guest clauses and release noise, and the guest clauses ("B & C") taken out of it."""
    guests: list[str] = []
    outside = " ".join(title.split())
    if any(char in title for char in _OPEN):
        outside = _GROUP.sub(lambda match: _kept_group(match, guests), outside)
    head, *tails = _DASH.split(outside)
    kept = [head, *(rest for tail in tails if (rest := _kept_segment(tail, guests)))]
    text = " - ".join(_cut_bare(part, guests) for part in kept)
    return " ".join(text.split()), tuple(guests)


def _kept_group(match: re.Match[str], guests: list[str]) -> str:
    rest = _kept_segment(match.group(1), guests)
    return f"({rest})" if rest else " "


def _kept_segment(segment: str, guests: list[str]) -> str:
    """What stays of a bracket's content or of a part after a dash."""
    if clause := _GUEST_CLAUSE.match(segment):
        guests.append(segment[clause.end() :].strip())
        return ""
    if _NOISE.fullmatch(text_key(segment)):
        return ""
    parts = [part for part in _NOISE_SEPARATOR.split(segment) if part]
    kept = [part for part in parts if not _NOISE.fullmatch(text_key(part))]
    return segment if len(kept) == len(parts) else " / ".join(kept)


def _cut_bare(part: str, guests: list[str]) -> str:
    """A part without `feat. X` in the open; a bracket after the guests belongs to the title again."""
    head, clause, rest = _partition(part)
    if not clause:
        return part
    bracket = next((at for at, char in enumerate(rest) if char in _OPEN), len(rest))
    guests.append(rest[:bracket].strip())
    return f"{head} {rest[bracket:]}"


def _partition(part: str) -> tuple[str, str, str]:
    found = _BARE_GUESTS.search(part)
    return (part[: found.start()], found.group(), part[found.end() :]) if found else (part, "", "")


def split_guests(artist: str) -> tuple[str, list[str]]:
    """An artist line without its guests ("A feat. B", "A (with B)"), and the guest clauses."""
    guests: list[str] = []
    outside = _GROUP.sub(lambda match: _without_guests(match, guests), " ".join(artist.split()))
    head, *tails = _DASH.split(outside)
    kept = [head]
    for tail in tails:
        if clause := _GUEST_CLAUSE.match(tail):
            guests.append(tail[clause.end() :].strip())
        else:
            kept.append(tail)
    main = " - ".join(_cut_bare(part, guests) for part in kept).strip()
    return (main, guests) if main else (artist, [])


def _without_guests(match: re.Match[str], guests: list[str]) -> str:
    if clause := _GUEST_CLAUSE.match(match.group(1)):
        guests.append(match.group(1)[clause.end() :].strip())
        return " "
    return match.group()


def marks(core: str) -> tuple[str, ...]:
    """What tells recordings of one song apart: digits, Roman numerals, words like live and remix, in order."""
    found = []
    for word in core.split():
        if digits := "".join(filter(str.isdigit, word)):
            found.append(digits)
        elif word in _VERSION_WORDS or _ROMAN.fullmatch(word):
            found.append(word)
    return tuple(found)


def similarity(one: str, other: str, floor: float = 0.0) -> float:
    """How alike two keys are, 0 to 1, whichever comes first; 0 as soon as `floor` is out of reach."""
    if one == other:
        return 1.0
    if max(len(one), len(other)) > LONGEST_COMPARED:
        return 0.0
    matcher = SequenceMatcher(None, min(one, other), max(one, other), autojunk=False)
    if matcher.real_quick_ratio() < floor or matcher.quick_ratio() < floor:
        return 0.0
    return matcher.ratio()
