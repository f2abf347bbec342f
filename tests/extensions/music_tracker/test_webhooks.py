"""What Jellyfin, Plex and Navidrome tell, as listens, with the thresholds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_music_tracker.history import History
from regie_music_tracker.protocols import listenbrainz
from regie_music_tracker.protocols.listenbrainz.calls import SubmitListens
from regie_music_tracker.protocols.wire import Request
from regie_music_tracker.submission import Submission
from regie_music_tracker.thresholds import Rejection, rejection
from regie_music_tracker.webhooks.jellyfin import JellyfinWebhook
from regie_music_tracker.webhooks.plays import PlayClock, Started, Stopped
from regie_music_tracker.webhooks.plex import PlexWebhook

NOON = 1_700_000_000


def jellyfin(kind: str, **given_: Any) -> dict[str, Any]:
    return {
        "NotificationType": kind,
        "ItemType": "Audio",
        "ItemId": "i1",
        "Name": "Song",
        "Artist": "Queen",
        "Album": "Record",
        "RunTimeTicks": 2_000_000_000,
        "NotificationUsername": "ada",
        "DeviceName": "phone",
        **given_,
    }


def at(seconds: int) -> str:
    return f"2023-11-14T22:{13 + (20 + seconds) // 60:02}:{(20 + seconds) % 60:02}.1234567Z"


def stopped(events: list[Any]) -> Submission:
    (event,) = [event for event in events if isinstance(event, Stopped)]
    return event.submission


def test_jellyfin_start_pause_and_stop() -> None:
    webhook = JellyfinWebhook()
    (started,) = webhook.receive(jellyfin("PlaybackStart", UtcTimestamp=at(0)), 0)
    assert isinstance(started, Started)
    webhook.receive(jellyfin("PlaybackProgress", UtcTimestamp=at(20), IsPaused=True), 0)
    webhook.receive(jellyfin("PlaybackProgress", UtcTimestamp=at(120), IsPaused="False"), 0)
    row = stopped(webhook.receive(jellyfin("PlaybackStop", UtcTimestamp=at(210), PlayedToCompletion=True), 0))
    assert (row.start, row.played_s, row.length_s, row.user) == (NOON, 110, 200, "ada")
    assert rejection(row) is None


def test_jellyfin_seeking_to_the_end_is_no_listen() -> None:
    webhook = JellyfinWebhook()
    webhook.receive(jellyfin("PlaybackStart", UtcTimestamp=at(0)), 0)
    row = stopped(webhook.receive(jellyfin("PlaybackStop", UtcTimestamp=at(9), PlaybackPositionTicks=1_990_000_000), 0))
    assert rejection(row) is Rejection.NOT_ENOUGH_PLAYED


def test_jellyfin_stop_alone_is_brought_back_by_its_position() -> None:
    told = jellyfin("PlaybackStop", UtcTimestamp=at(0), PlaybackPositionTicks="1500000000", PlayedToCompletion=False)
    row = stopped(JellyfinWebhook().receive(told, 0))
    assert (row.start, row.played_s) == (NOON - 150, 150)


def test_jellyfin_tells_what_an_offline_client_played() -> None:
    told = jellyfin("UserDataSaved", SaveReason="TogglePlayed", Played=True, LastPlayedDate="2023-11-14T22:13:20Z")
    row = stopped(JellyfinWebhook().receive(told, 0))
    assert row.start == NOON - 200
    assert rejection(row) is None


@pytest.mark.parametrize(
    "payload",
    [
        jellyfin("PlaybackStop", ItemType="AudioBook", PlaybackPositionTicks=1),
        jellyfin("PlaybackStop"),
        jellyfin("UserDataSaved", SaveReason="UpdateUserRating"),
        jellyfin("ItemAdded"),
        [],
        None,
    ],
)
def test_jellyfin_tells_other_things_too(payload: Any) -> None:
    assert JellyfinWebhook().receive(payload, NOON) == []


def plex(event: str, **metadata: Any) -> bytes:
    track = {"type": "track", "title": "Song", "grandparentTitle": "Various Artists", "originalTitle": "Queen"}
    track |= {"parentTitle": "Record", "duration": 200_000, "ratingKey": "r1", "Guid": [{"id": "mbid://m1"}]}
    told = {"event": event, "Account": {"title": "ada"}, "Player": {"uuid": "p1"}, "Metadata": track | metadata}
    return json.dumps(told).encode()


def test_plex_play_pause_resume_and_stop() -> None:
    webhook = PlexWebhook()
    assert isinstance(webhook.receive(plex("media.play"), NOON)[0], Started)
    webhook.receive(plex("media.pause"), NOON + 50)
    webhook.receive(plex("media.resume"), NOON + 500)
    assert webhook.receive(plex("media.scrobble"), NOON + 630) == []
    row = stopped(webhook.receive(plex("media.stop"), NOON + 640))
    assert (row.start, row.played_s, row.artist, row.album_artist) == (NOON, 190, "Queen", "Various Artists")
    assert row.recording_mbid == "m1"


def test_plex_next_track_ends_the_last() -> None:
    webhook = PlexWebhook()
    webhook.receive(plex("media.play"), NOON)
    row = stopped(webhook.receive(plex("media.play", title="Next", ratingKey="r2"), NOON + 60))
    assert (row.title, row.played_s) == ("Song", 60)
    assert rejection(row) is Rejection.NOT_ENOUGH_PLAYED


def test_plex_and_jellyfin_notice_a_track_whose_start_was_lost() -> None:
    webhook = PlexWebhook()
    webhook.receive(plex("media.play"), NOON)
    events = webhook.receive(plex("media.resume", title="Next", ratingKey="r2"), NOON + 300)
    assert [type(event) for event in events] == [Stopped, Started]
    other = JellyfinWebhook()
    other.receive(jellyfin("PlaybackStart", UtcTimestamp=at(0)), 0)
    told = jellyfin("PlaybackProgress", UtcTimestamp=at(210), ItemId="i2", PlaybackPositionTicks=100_000_000)
    assert [event.submission.start for event in other.receive(told, 0)] == [NOON, NOON + 200]


def test_plex_scrobble_or_stop_alone() -> None:
    assert stopped(PlexWebhook().receive(plex("media.scrobble"), NOON)).start == NOON - 180
    assert stopped(PlexWebhook().receive(plex("media.stop", viewOffset=120_000), NOON)).start == NOON - 120
    assert PlexWebhook().receive(plex("media.stop"), NOON) == []


@given(st.binary() | st.text())
def test_plex_damage_tells_nothing(payload: bytes | str) -> None:
    assert PlexWebhook().receive(payload, NOON) == []


def test_navidrome_comes_as_listenbrainz() -> None:
    info = {"submission_client": "navidrome", "artist_names": ["Queen", "David Bowie"], "duration_ms": 200_000}
    track = {"artist_name": "Queen • David Bowie", "track_name": "Song", "additional_info": info}
    body = json.dumps({"listen_type": "single", "payload": [{"listened_at": NOON, "track_metadata": track}]}).encode()
    request = Request("POST", "/1/submit-listens", "", {"authorization": "Token t"}, body)
    call = listenbrainz.decode(request, request.path, NOON)
    assert isinstance(call, SubmitListens)
    history = History()
    change = history.submit(call.listens[0].submission("ada", "navidrome", NOON))
    assert [credit.name for credit in change.added[0].credits] == ["Queen", "David Bowie"]


def song(title: str = "Song") -> Submission:
    return Submission("ada", "s", NOON, "Queen", title, length_s=200)


def test_a_client_that_falls_silent_has_played_to_the_end() -> None:
    clock = PlayClock()
    clock.start("phone", song(), NOON)
    assert clock.expire(NOON + 260) == []
    assert [event.submission.played_s for event in clock.expire(NOON + 261)] == [200]
    assert clock.playing("phone") is None


def test_a_pause_is_forgotten_after_hours() -> None:
    clock = PlayClock()
    clock.start("phone", song(), NOON)
    clock.pause("phone", NOON + 50)
    assert clock.expire(NOON + 3600) == []
    assert [event.submission.played_s for event in clock.expire(NOON + 30_000)] == [50]


def test_the_same_track_told_twice_is_one_play_and_on_repeat_two() -> None:
    clock = PlayClock()
    clock.start("phone", song(), NOON)
    assert clock.start("phone", song(), NOON + 5) == []
    assert len(clock.start("phone", song(), NOON + 201)) == 2


@given(st.lists(st.tuples(st.sampled_from(["start", "pause", "resume", "stop"]), st.floats(0, 50)), max_size=20))
def test_nothing_is_played_longer_than_it_takes(steps: list[tuple[str, float]]) -> None:
    clock, now, began = PlayClock(), float(NOON), float(NOON)
    for step, wait in steps:
        now += wait
        if step == "start":
            began = now if clock.playing("c") is None else began
            clock.start("c", song(), now)
        elif step == "stop":
            for event in clock.stop("c", now):
                assert event.submission.played_s is not None
                assert event.submission.played_s <= min(200, now - began) + 0.001
        else:
            getattr(clock, step)("c", now)
