from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.extensions.jellyfin_monitor.conftest import ALICE, FILM, SESSION, Tale, moment

from regie.roles import MediaItem, MediaUser, Snapshot, StreamShape, Track
from regie_jellyfin_monitor.plays import HistorySettings, Play, resumes

Seconds = Callable[[Play], tuple[float, float | None]]
EPISODE = MediaItem("i2", "episode", "Tide", runtime_s=3000)
BRUNO = MediaUser("u2", "Bruno")


def test_a_play_is_counted_from_first_sight_to_absence(tale: Tale, second_of: Seconds) -> None:
    tale.watch(0, 600, 0)
    tale.empty(605)
    assert second_of(tale.only) == (0, 605)
    assert (tale.only.watch_s, tale.only.paused_s, tale.only.end_reason) == (605, 0, "absent")


def test_another_item_in_the_session_closes_the_play_at_that_instant(tale: Tale, second_of: Seconds) -> None:
    tale.watch(0, 100, 0)
    tale.see(110, 0, item=EPISODE)
    assert second_of(tale.only) == (0, 110)
    assert [play.item.id for play in tale.state.open.values()] == ["i2"]


def test_each_user_of_a_shared_session_has_a_play(tale: Tale) -> None:
    tale.session = replace(SESSION, other_users=(BRUNO,))
    tale.watch(0, 60, 0)
    tale.empty(60.5)
    assert {play.user for play in tale.closed} == {ALICE, BRUNO}


def test_the_same_signal_twice_is_ignored(tale: Tale) -> None:
    for kind, second in [("start", 0), ("stop", 40), ("start", 50), ("stop", 90)]:
        tale.signal(kind, second, second)
        before = (tale.state, len(tale.effects))
        tale.signal(kind, second, second)
        assert (tale.state, len(tale.effects)) == before
    assert [play.watch_s for play in tale.closed] == [40, 40]


def test_an_old_stop_told_again_does_not_end_the_next_play(tale: Tale) -> None:
    tale.signal("start", 0, 0)
    tale.signal("stop", 40, 40)
    tale.signal("start", 50, 40)
    tale.signal("stop", 40, 40)
    assert len(tale.state.open) == 1


def test_a_late_start_moves_the_beginning_back(tale: Tale, second_of: Seconds) -> None:
    tale.see(4, 4)
    tale.signal("start", 1, 0)
    tale.watch(14, 34, 14)
    tale.empty(35)
    assert second_of(tale.only) == (1, 35)
    assert (tale.only.position0_s, tale.only.watch_s) == (0, 34)


def test_start_and_snapshot_give_the_same_play_in_either_order(tale: Tale) -> None:
    other = Tale()
    tale.signal("start", 1, 0)
    tale.see(4, 3)
    other.see(4, 3)
    other.signal("start", 1, 0)
    for each in (tale, other):
        each.watch(14, 54, 13)
        each.empty(55)
    ours, theirs = tale.only, other.only
    assert (ours.started, ours.stopped, ours.watch_s) == (theirs.started, theirs.stopped, theirs.watch_s)


def test_a_late_progress_is_ignored(tale: Tale) -> None:
    tale.watch(0, 100, 0)
    tale.empty(101)
    tale.signal("progress", 95, 95)
    assert not tale.state.open


def test_a_stop_refines_what_a_snapshot_closed(tale: Tale, second_of: Seconds) -> None:
    tale.watch(0, 100, 6400)
    tale.empty(103)
    tale.signal("stop", 101, 6501, completed=True)
    assert second_of(tale.only) == (0, 101)
    assert (tale.only.watch_s, tale.only.position_s, tale.only.watched) == (101, 6501, True)
    assert [effect.kind for effect in tale.effects[-2:]] == ["closed", "refined"]


def test_a_stop_more_than_a_minute_later_refines_nothing(tale: Tale) -> None:
    tale.watch(0, 100, 0)
    tale.empty(103)
    tale.signal("stop", 164, 164)
    assert tale.effects[-1].kind == "closed"


def test_a_stop_may_lift_a_dropped_play_over_the_bar_and_press_one_below_it(tale: Tale) -> None:
    tale.see(0, 0)
    tale.empty(9)
    assert tale.effects[-1].kind == "dropped"
    tale.signal("stop", 11, 11)
    assert tale.effects[-1].kind == "closed"
    tale.see(100, 0)
    tale.empty(112)
    tale.signal("stop", 105, 5)
    assert tale.effects[-1].kind == "dropped"
    assert len(tale.closed) == 1


def test_a_stop_for_an_unknown_play_stores_nothing(tale: Tale) -> None:
    tale.signal("stop", 50, 50, completed=True)
    assert not tale.effects


def test_snapshots_that_repeat_a_check_in_add_nothing(tale: Tale) -> None:
    tale.watch(0, 100, 0)
    for second in range(101, 160):
        tale.see(second, second, last_check_in=moment(100))
    assert tale.state.open["s1/u1"].watch_s == 100


def test_a_gap_without_gain_counts_nothing_beyond_trust(tale: Tale) -> None:
    tale.see(0, 100)
    tale.see(60, 100)
    assert tale.state.open["s1/u1"].watch_s == 60
    tale.see(260, 150)
    assert tale.state.open["s1/u1"].watch_s == 110
    tale.see(460, 20)
    assert tale.state.open["s1/u1"].watch_s == 110


def test_a_pause_begins_when_the_server_says_so(tale: Tale) -> None:
    tale.see(0, 0)
    tale.see(30, 20, is_paused=True, paused_since=moment(20))
    tale.see(90, 20, is_paused=False, paused_since=None)
    tale.see(100, 30)
    tale.empty(101)
    assert (tale.only.watch_s, tale.only.paused_s) == (31, 70)


def test_an_idle_session_ends_at_its_last_check_in(tale: Tale, second_of: Seconds) -> None:
    tale.watch(0, 100, 0)
    for second in range(160, 700, 60):
        tale.see(second, second, last_check_in=moment(100))
    tale.signal("stop", 705, 705, completed=True, last_check_in=moment(100))
    assert second_of(tale.only) == (0, 100)
    assert (tale.only.watch_s, tale.only.end_reason, tale.only.watched) == (100, "idle", False)


def test_a_lost_socket_alone_ends_nothing(tale: Tale) -> None:
    tale.watch(0, 100, 0)
    tale.outage(101)
    assert len(tale.state.open) == 1
    tale.see(130, 130, outage=True)
    tale.empty(131)
    assert tale.only.watch_s == 131


@pytest.mark.parametrize("cause", ["outage", "restart", "flag"])
def test_a_session_gone_after_an_outage_ended_at_its_last_check_in(tale: Tale, cause: str, second_of: Seconds) -> None:
    tale.watch(0, 100, 0)
    if cause == "outage":
        tale.outage(101)
    elif cause == "restart":
        tale.restart()
    tale.empty(220, outage=cause == "flag")
    assert second_of(tale.only) == (0, 100)
    assert tale.only.end_reason == "lost"


def test_playing_on_through_an_outage_counts_what_the_position_gained(tale: Tale) -> None:
    tale.watch(0, 100, 0)
    tale.restart()
    tale.see(1900, 1800)
    tale.empty(1901)
    assert tale.only.watch_s == 1801


def test_what_plays_hours_after_an_outage_is_another_play(tale: Tale, second_of: Seconds) -> None:
    tale.watch(0, 100, 0)
    tale.restart()
    tale.watch(30000, 30100, 110)
    tale.empty(30101)
    assert [second_of(play) for play in tale.closed] == [(0, 100), (30000, 30101)]


def test_watched_means_ninety_per_cent_or_a_completion(tale: Tale) -> None:
    tale.watch(0, 50, 6480)
    tale.empty(51)
    tale.watch(100, 150, 6000)
    tale.signal("stop", 151, 6051, completed=True)
    tale.watch(200, 250, 100)
    tale.signal("stop", 251, 151, completed=False)
    assert [play.watched for play in tale.closed] == [True, True, False]


def test_without_a_runtime_watched_is_unknown(tale: Tale) -> None:
    tale.session = replace(SESSION, item=replace(FILM, runtime_s=None))
    tale.watch(0, 50, 0)
    tale.empty(51)
    assert tale.only.watched is None


def test_from_the_end_to_the_beginning_is_a_new_play(tale: Tale, second_of: Seconds) -> None:
    tale.watch(0, 100, 7100)
    tale.watch(110, 200, 5)
    tale.empty(201)
    assert [second_of(play) for play in tale.closed] == [(0, 110), (110, 201)]


@pytest.mark.parametrize(
    "item", [replace(FILM, kind="photo"), replace(FILM, extra_type="ThemeSong"), replace(FILM, extra_type="ThemeVideo")]
)
def test_photos_and_themes_never_count(tale: Tale, item: MediaItem) -> None:
    tale.session = replace(SESSION, item=item)
    tale.watch(0, 100, 0)
    tale.signal("progress", 105, 5)
    assert not tale.effects


def test_seconds_belong_to_the_method_at_the_start_of_each_gap(tale: Tale) -> None:
    transcode = StreamShape("transcode", reasons=("VideoCodecNotSupported",))
    tale.watch(0, 20, 0)
    tale.see(30, 30, shape=transcode)
    tale.watch(40, 100, 40)
    tale.empty(101)
    assert tale.only.method_s == {"direct_play": 30, "transcode": 71}
    assert tale.only.main_shape == transcode
    assert [span.shape.method for span in tale.only.spans] == ["direct_play", "transcode"]


def test_a_server_that_restarted_does_not_turn_a_transcode_into_direct_play(tale: Tale) -> None:
    tale.session = replace(SESSION, shape=StreamShape("transcode"))
    tale.watch(0, 100, 0)
    tale.outage(101)
    tale.see(120, 120, shape=StreamShape("direct_play"), outage=True)
    tale.watch(130, 200, 130)
    tale.empty(201)
    assert set(tale.only.method_s) == {"transcode"}


def test_an_outage_keeps_a_direct_play_direct(tale: Tale) -> None:
    tale.watch(0, 100, 0)
    tale.see(110, 110, outage=True)
    tale.see(120, 120, shape=StreamShape("transcode"))
    assert tale.state.open["s1/u1"].shape.method == "transcode"


@pytest.mark.parametrize(
    ("kind", "position", "earlier", "expected"),
    [
        ("movie", 500, (600, False), True),
        ("movie", 479, (600, False), False),
        ("movie", 0, (100, False), False),
        ("movie", 500, (600, True), False),
        ("movie", 500, (600, None), True),
        ("track", 500, (600, False), False),
        ("live_tv", 500, (600, None), False),
    ],
)
def test_a_resumed_play_belongs_to_the_group_of_the_earlier_one(
    kind: str, position: float, earlier: tuple[float, bool | None], *, expected: bool
) -> None:
    assert resumes(kind, position, earlier, HistorySettings()) is expected


def test_a_session_that_is_shown_a_moment_too_long_does_not_open_again(tale: Tale) -> None:
    tale.watch(0, 100, 0)
    tale.signal("stop", 101, 101)
    tale.see(102, 101, last_check_in=moment(100))
    assert not tale.state.open


def test_a_snapshot_from_before_a_start_does_not_end_it(tale: Tale) -> None:
    tale.signal("start", 10, 0)
    tale.empty(9)
    assert len(tale.state.open) == 1


@pytest.mark.parametrize("lag", [-3600, 3600])
def test_a_server_whose_clock_is_an_hour_off_is_counted_all_the_same(tale: Tale, lag: float) -> None:
    for second in range(0, 310, 10):
        tale.see(second, second, last_check_in=moment(second + lag))
    tale.empty(301)
    assert tale.only.watch_s == 301


def test_changes_are_named(tale: Tale) -> None:
    tale.see(0, 0)
    tale.see(10, 10, is_paused=True, paused_since=moment(10))
    assert tale.effects[-1].changes == {"evidence", "paused"}
    tale.see(20, 10, is_paused=False, paused_since=None, bitrate_kbps=900)
    assert tale.effects[-1].changes == {"evidence", "resumed", "stream"}
    tale.see(30, 20, shape=StreamShape("remux"))
    assert tale.effects[-1].changes == {"evidence", "method", "stream"}
    count = len(tale.effects)
    tale.see(31, 21, last_check_in=moment(30))
    assert len(tale.effects) == count


def test_speed_is_the_encoders_rate_over_the_videos(tale: Tale) -> None:
    shape = StreamShape("transcode", video=Track("hevc", frame_rate=24.0))
    tale.see(0, 0, shape=shape, encoder_fps=43.2, bitrate_kbps=6100)
    (play,) = tale.state.open.values()
    assert (play.spans[0].speed, play.spans[0].kbps) == (1.8, 6100)


def test_one_session_twice_in_a_list_is_one_play(tale: Tale) -> None:
    tale.feed(Snapshot(moment(0), (SESSION, SESSION), "polling"))
    assert [effect.kind for effect in tale.effects] == ["opened"]
