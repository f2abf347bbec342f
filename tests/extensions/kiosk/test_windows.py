"""Air times and search windows, over the nights when clocks change."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_kiosk import AirSource, AirTime, Certainty, Phase, air_time, windows

NAIVE = datetime.fromisoformat("2024-03-15T00:00")
AIR = datetime(2024, 3, 15, 20, tzinfo=UTC)
MINUTES = timedelta(minutes=5)


def exact(at: datetime = AIR) -> AirTime:
    found = air_time(tvmaze=at)
    assert found
    return found


def test_anilist_wins_over_tvmaze_over_tmdb() -> None:
    everything = air_time(anilist=int(AIR.timestamp()), tvmaze=AIR + timedelta(hours=1), tmdb=date(2024, 3, 15))
    assert everything
    assert (everything.source, everything.earliest, everything.certainty) == (AirSource.ANILIST, AIR, Certainty.EXACT)
    without = air_time(tvmaze=AIR, tmdb=date(2024, 3, 15), country="GB")
    assert without
    assert (without.source, without.certainty) == (AirSource.TVMAZE, Certainty.EXACT)
    assert air_time() is None


@pytest.mark.parametrize(
    ("day", "country", "utc"),
    [
        (date(2024, 1, 10), "FR", "2024-01-10T20:00"),
        (date(2024, 7, 10), "FR", "2024-07-10T19:00"),
        (date(2024, 3, 30), "FR", "2024-03-30T20:00"),
        (date(2024, 3, 31), "FR", "2024-03-31T19:00"),
        (date(2024, 10, 27), "FR", "2024-10-27T20:00"),
        (date(2024, 7, 10), "US", "2024-07-11T01:00"),
        (date(2024, 12, 10), "US", "2024-12-11T02:00"),
        (date(2024, 7, 10), "JP", "2024-07-10T12:00"),
        (date(2024, 7, 10), "XX", "2024-07-10T21:00"),
    ],
)
def test_a_day_alone_means_nine_in_the_evening_of_its_country(day: date, country: str, utc: str) -> None:
    found = air_time(tmdb=day, country=country)
    assert found
    assert found.earliest == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert (found.source, found.certainty) == (AirSource.TMDB, Certainty.ASSUMED)


def test_catalogues_that_differ_open_early_and_fail_late() -> None:
    found = air_time(tvmaze=AIR, tmdb=date(2024, 3, 18), country="GB")
    assert found
    assert found.certainty is Certainty.DISPUTED
    assert found.earliest == AIR
    assert found.latest == datetime(2024, 3, 18, 21, tzinfo=UTC)
    schedule = windows(found, AIR)
    assert schedule.searches[0] <= AIR + timedelta(hours=2) + MINUTES
    assert schedule.failed_at > found.latest + timedelta(hours=48)


def test_searches_run_every_two_hours_for_two_days() -> None:
    schedule = windows(exact(), AIR, key="a")
    assert len(schedule.searches) == 24
    for step, moment in enumerate(schedule.searches, 1):
        assert abs(moment - AIR - step * timedelta(hours=2)) <= MINUTES


def test_episodes_are_spread_apart_but_always_alike() -> None:
    one, two = (windows(exact(), AIR, key=key).searches for key in "ab")
    assert one != two
    assert one == windows(exact(), AIR + timedelta(hours=9), key="a").searches


def test_a_search_waits_runs_and_fails() -> None:
    phases = [windows(exact(), AIR + timedelta(hours=hours)).phase for hours in (-5, 1, 3, 47, 49)]
    assert phases == [Phase.WAITING, Phase.WAITING, Phase.SEARCHING, Phase.SEARCHING, Phase.FAILED]
    assert windows(exact(), AIR + timedelta(hours=49)).next_search is None


def test_a_hit_of_the_feeds_stops_the_searches() -> None:
    schedule = windows(exact(), AIR + timedelta(hours=60), found_at=AIR + timedelta(hours=5))
    assert (schedule.phase, schedule.next_search, len(schedule.searches)) == (Phase.FOUND, None, 2)


@pytest.mark.parametrize("night", ["2024-03-30T21:00", "2024-10-26T21:00"])
def test_two_hours_are_two_hours_when_clocks_change(night: str) -> None:
    paris = datetime.fromisoformat(night).replace(tzinfo=ZoneInfo("Europe/Paris"))
    searches = windows(exact(paris), paris).searches
    gaps = [later - earlier for earlier, later in pairwise(searches)]
    assert all(abs(gap - timedelta(hours=2)) <= 2 * MINUTES for gap in gaps)
    assert abs(searches[-1] - paris.astimezone(UTC) - timedelta(hours=48)) <= MINUTES


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        windows(exact(), NAIVE)
    with pytest.raises(ValueError, match="time zone"):
        windows(exact(), AIR, found_at=NAIVE)


MOMENTS = st.datetimes(
    datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2090-01-01"), timezones=st.timezones()
)


@given(MOMENTS, st.integers(-100, 100), st.text(max_size=5))
def test_the_next_search_is_the_first_that_is_not_past(at: datetime, hours: int, key: str) -> None:
    air = exact(at)
    now = air.earliest + timedelta(hours=hours)
    schedule = windows(air, now, key=key)
    assert list(schedule.searches) == sorted(schedule.searches)
    assert schedule.searches[-1] <= schedule.failed_at
    coming = [moment for moment in schedule.searches if moment >= now]
    assert schedule.next_search == (coming[0] if coming and schedule.phase is not Phase.FAILED else None)
    assert (schedule.phase is Phase.FAILED) == (now >= schedule.failed_at)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.sampled_from(["FR", "US", "JP", "GB", "AU", "IN"]))
def test_an_assumed_hour_lies_within_a_day_of_the_date(day: date, country: str) -> None:
    found = air_time(tmdb=day, country=country)
    assert found
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    assert abs(found.earliest - noon) < timedelta(hours=24)
