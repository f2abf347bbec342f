"""Rollups as pages draw them: columns over time with a fitting step, and shares of methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from .models import METHODS, UNKNOWN_METHOD
from .rollups import date_of, month_of, month_start
from .statistics import Measure, Sum, Window

Step = Literal["day", "week", "month"]
Days = Mapping[int, Mapping[int, Sum]]

LONGEST_BY_DAY = 45
LONGEST_BY_WEEK = 400


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a chart: its first day, and a value for each method."""

    on: date
    values: list[float]


def columns(days: Days, window: Window, measure: Measure) -> tuple[Step, list[Column]]:
    """The window as columns by day, week or month, with none left out between the first and the last."""
    first = window.first if window.first is not None else min(days, default=window.last)
    length = window.last - first + 1
    step: Step = "day" if length <= LONGEST_BY_DAY else "week" if length <= LONGEST_BY_WEEK else "month"
    values = {
        start: [0.0] * len(METHODS)
        for start in dict.fromkeys(_start(day, step) for day in range(first, window.last + 1))
    }
    for day, methods in days.items():
        column = values.get(_start(day, step))
        if column is not None:
            for method, counted in methods.items():
                # What has no known method was passed through as far as anybody knows.
                column[method if method != UNKNOWN_METHOD else 0] += measured(counted, measure)
    return step, [Column(date_of(start), [round(value, 2) for value in column]) for start, column in values.items()]


def shares(days: Days, measure: Measure) -> dict[int, float]:
    """What each method had of the whole window."""
    sums: dict[int, float] = {}
    for methods in days.values():
        for method, counted in methods.items():
            sums[method] = sums.get(method, 0) + measured(counted, measure)
    return sums


def measured(counted: Sum, measure: Measure) -> float:
    """Plays, or hours."""
    return counted.plays if measure == "plays" else counted.watch_s / 3600


def _start(day: int, step: Step) -> int:
    if step == "day":
        return day
    if step == "week":
        return day - date_of(day).weekday()
    return month_start(month_of(day))
