"""Numbers, durations and times as people read them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from regie.web.formats import NOTHING, Formats, moment

NOW = datetime(2026, 11, 20, 20, 4, tzinfo=UTC)
ENGLISH = Formats(Locale("en"), ZoneInfo("Europe/Paris"), lambda: NOW)
FRENCH = Formats(Locale("fr"), ZoneInfo("Europe/Paris"), lambda: NOW)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (45, "45 s"), (60, "1 min"), (1440, "24 min"), (3599, "1 h"), (4620, "1 h 17"), (7500, "2 h 05")],
)
def test_a_duration_has_the_two_units_that_matter(seconds: float, text: str) -> None:
    assert ENGLISH.duration(seconds) == text


def test_long_durations_drop_the_minutes() -> None:
    assert ENGLISH.duration(1214 * 3600 + 900) == "1,214 h"


@pytest.mark.parametrize(("seconds", "text"), [(4622, "1:17:02"), (118, "1:58"), (0.9, "0:00"), (-3, "0:00")])
def test_a_clock_shows_hours_only_when_there_are_some(seconds: float, text: str) -> None:
    assert ENGLISH.clock(seconds) == text


@pytest.mark.parametrize(
    ("kbps", "english", "french"), [(38_240, "38.2 Mb/s", "38,2 Mb/s"), (960, "960 kb/s", "960 kb/s")]
)
def test_bitrates_follow_the_language(kbps: float, english: str, french: str) -> None:
    assert ENGLISH.bitrate(kbps) == english
    assert FRENCH.bitrate(kbps) == french


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [(3.1e9, "3.1 GB", "3,1\xa0Go"), (150e9, "150 GB", "150\xa0Go"), (412, "412B", "412o")],
)
def test_sizes_follow_the_language(count: float, english: str, french: str) -> None:
    assert ENGLISH.bytes(count).replace("\u202f", "\xa0") == english
    assert FRENCH.bytes(count).replace("\u202f", "\xa0") == french


def test_moments_are_shown_in_the_house_time_zone_with_the_year_when_it_is_another() -> None:
    assert ENGLISH.datetime(NOW) == "20 Nov, 21:04"
    assert ENGLISH.date(NOW - timedelta(days=400)) == "16 Oct 2025"
    assert FRENCH.datetime(NOW) == "20 nov., 21:04"


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(minutes=4), "4 minutes ago"),
        (timedelta(0), "1 second ago"),
        (timedelta(hours=-2), "in 2 hours"),
        (timedelta(days=2), "18 Nov, 21:04"),
    ],
)
def test_a_moment_is_relative_within_a_day(ago: timedelta, text: str) -> None:
    assert ENGLISH.relative(NOW - ago) == text


def test_what_is_not_known_is_a_dash_everywhere() -> None:
    methods = ("number", "duration", "clock", "bitrate", "bytes", "datetime", "date", "time", "relative")

    assert {getattr(ENGLISH, name)(None) for name in methods} == {NOTHING}


@given(st.floats(min_value=0, max_value=4e9))
def test_epoch_seconds_iso_texts_and_datetimes_mean_the_same_moment(seconds: float) -> None:
    aware = datetime.fromtimestamp(seconds, UTC)

    assert moment(seconds) == moment(aware) == moment(aware.isoformat()) == moment(aware.replace(tzinfo=None))


@given(st.floats(min_value=0, max_value=1e7))
def test_every_duration_has_a_text_of_a_few_letters(seconds: float) -> None:
    assert 2 < len(ENGLISH.duration(seconds)) <= 9
