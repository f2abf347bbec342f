from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_jellyfin_monitor import charts
from regie_jellyfin_monitor.models import UNKNOWN_METHOD
from regie_jellyfin_monitor.rollups import day_number
from regie_jellyfin_monitor.statistics import Sum, Window

LAST = day_number(date(2026, 3, 31))


@pytest.mark.parametrize(
    ("days", "step", "most"), [(7, "day", 7), (30, "day", 30), (365, "week", 53), (1000, "month", 34)]
)
def test_the_step_fits_the_window(days: int, step: str, most: int) -> None:
    found, columns = charts.columns({}, Window((1,), LAST - days + 1, LAST), "hours")
    assert found == step
    assert most - 1 <= len(columns) <= most


@given(
    st.dictionaries(st.integers(LAST - 1200, LAST), st.integers(0, 9000), max_size=30), st.sampled_from([9, 200, 1200])
)
def test_no_second_is_lost_between_days_and_columns(seconds: dict[int, int], length: int) -> None:
    window = Window((1,), LAST - length + 1, LAST)
    days = {day: {day % 5: Sum(1, watched)} for day, watched in seconds.items() if day >= LAST - length + 1}
    _, columns = charts.columns(days, window, "plays")
    assert sum(sum(column.values) for column in columns) == len(days)
    assert [column.on for column in columns] == sorted({column.on for column in columns})


def test_a_window_without_beginning_begins_with_its_first_play() -> None:
    days = {LAST - 100: {UNKNOWN_METHOD: Sum(2, 7200)}, LAST: {3: Sum(1, 3600)}}
    step, columns = charts.columns(days, Window((1,), None, LAST), "hours")
    assert step == "week"
    assert columns[0].values == [2, 0, 0, 0]
    assert columns[-1].values == [0, 0, 0, 1]
    assert charts.shares(days, "hours") == {UNKNOWN_METHOD: 2, 3: 1}
