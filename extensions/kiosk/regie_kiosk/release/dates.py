"""Air dates in release names. A date that reads two ways is no date."""

import re
from datetime import date
from typing import NamedTuple

# Daily programmes older than this, or later than that, are titles and catalogue numbers.
FIRST_YEAR, LAST_YEAR = 1960, 2079

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january janvier januar enero gennaio",
            "feb february février fevrier februar febrero febbraio",
            "mar march mars märz marzo",
            "apr april avril abril aprile",
            "may mai mayo maggio",
            "jun june juin juni junio giugno",
            "jul july juillet juli julio luglio",
            "aug august août aout agosto",
            "sep sept september septembre septiembre settembre",
            "oct october octobre oktober octubre ottobre",
            "nov november novembre noviembre",
            "dec december décembre decembre dezember diciembre dicembre",
        ),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})([.\-/_ ]|\s-\s)(\d{1,2})\2(\d{1,2})(?![\da-z])")
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})([.\-/_ ])(\d{1,2})\2(\d{4})(?!\d)")
_DAY_MONTH = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|er|\.)?[\s._-]{{1,2}}({_MONTH})[.,]?[\s._-]{{1,2}}(\d{{4}})(?!\d)"
)
_MONTH_DAY = re.compile(
    rf"(?<![a-z])({_MONTH})[.,]?[\s._-]{{1,2}}(\d{{1,2}})(?:st|nd|rd|th)?,?[\s._-]{{1,2}}(\d{{4}})(?!\d)"
)
_YEAR_MONTH = re.compile(rf"(?<!\d)(\d{{4}})[\s._-]{{1,2}}({_MONTH})[\s._-]{{1,2}}(\d{{1,2}})(?!\d)")
_EIGHT = re.compile(r"(?<![a-z0-9])(\d{4})(\d\d)(\d\d)(?![a-z0-9])")
_SIX = re.compile(r"(?<![a-z0-9])(\d\d)(\d\d)(\d\d)(?![a-z0-9])")


class Found(NamedTuple):
    """A date and its place; `day` is None where it reads two ways, or none."""

    day: date | None
    start: int
    end: int
    implausible: bool = False


def find(low: str, start: int, end: int) -> Found | None:
    """The first air date between two places."""
    for pattern, read in _READERS:
        for match in pattern.finditer(low, start, end):
            year, month, day = read(match)
            if month is None or day is None:
                return Found(None, match.start(), match.end())
            if (made := _make(year, month, day)) is None:
                continue
            plausible = FIRST_YEAR <= year <= LAST_YEAR
            return Found(made if plausible else None, match.start(), match.end(), implausible=not plausible)
    return None


def compact(low: str, start: int, end: int) -> Found | None:
    """A date of six digits, year first, as Korean and Japanese dailies write it."""
    for match in _SIX.finditer(low, start, end):
        year, month, day = (int(part) for part in match.groups())
        if (made := _make(2000 + year, month, day)) is not None:
            return Found(made, match.start(), match.end())
    return None


Parts = tuple[int, int | None, int | None]


def _make(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _year_first(match: re.Match[str]) -> Parts:
    year, second, third = int(match.group(1)), int(match.group(3)), int(match.group(4))
    return (year, third, second) if second > 12 else (year, second, third)


def _year_last(match: re.Match[str]) -> Parts:
    first, second, year = int(match.group(1)), int(match.group(3)), int(match.group(4))
    if first == second:
        return year, first, second
    if first > 12:
        return year, second, first
    if second > 12:
        return year, first, second
    return year, None, None


def _day_month(match: re.Match[str]) -> Parts:
    return int(match.group(3)), _MONTHS[match.group(2)], int(match.group(1))


def _month_day(match: re.Match[str]) -> Parts:
    return int(match.group(3)), _MONTHS[match.group(1)], int(match.group(2))


def _year_month(match: re.Match[str]) -> Parts:
    return int(match.group(1)), _MONTHS[match.group(2)], int(match.group(3))


def _eight(match: re.Match[str]) -> Parts:
    return int(match.group(1)), int(match.group(2)), int(match.group(3))


_READERS = (
    (_YEAR_FIRST, _year_first),
    (_DAY_MONTH, _day_month),
    (_MONTH_DAY, _month_day),
    (_YEAR_LAST, _year_last),
    (_YEAR_MONTH, _year_month),
    (_EIGHT, _eight),
)
