"""Whatever the webhook plugin posts is read, or refused with a reason."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_demo.jellyfin import ServerState, webhooks
from regie_demo.jellyfin.state import PlaybackEvent
from regie_demo.people import PEOPLE
from regie_jellyfin.webhook import BrokenWebhook, parse

NOW = datetime(2026, 3, 1, 20, 0, 5, tzinfo=UTC)
START: dict[str, Any] = {
    "NotificationType": "PlaybackStart",
    "Timestamp": "2026-03-01T21:00:00.0000000+01:00",
    "UtcTimestamp": "2026-03-01T20:00:00.0000000Z",
    "Name": 'The \\"Last\\" Signal',
    "ItemId": "AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee",
    "ItemType": "Movie",
    "RunTimeTicks": 72000000000,
    "Provider_tmdb": "1",
    "Video_0_Codec": "hevc",
    "Video_0_Height": 2160,
    "Audio_0_Channels": 8,
    "Audio_0_Codec": "truehd",
    "PlaybackPositionTicks": 0,
    "DeviceId": "device",
    "ClientName": "Jellyfin Web",
    "PlayMethod": "DirectPlay",
    "UserId": "11111111222233334444555555555555",
    "NotificationUsername": "alice",
    "RemoteEndPoint": "203.0.113.7",
}


def _parse(**changed: Any) -> Any:
    return parse(json.dumps({**START, **changed}).encode(), NOW).signal


def test_a_start_becomes_a_signal() -> None:
    signal = _parse()
    assert (signal.kind, signal.at, signal.stamp) == (
        "start",
        datetime(2026, 3, 1, 20, tzinfo=UTC),
        "2026-03-01T20:00:00.0000000Z",
    )
    assert signal.session.item.id == "aaaaaaaabbbbccccddddeeeeeeeeeeee"
    assert signal.session.item.title == 'The "Last" Signal'
    assert signal.session.item.runtime_s == 7200
    assert signal.session.shape.method == "direct_play"
    assert signal.session.shape.video.height == 2160
    assert signal.completed is None


def test_the_server_and_its_plugin_mean_the_same_session(state: ServerState) -> None:
    session = state.session_of(PEOPLE[0], PEOPLE[0].players[0])
    state.start(session, state.catalogue.films[0])
    assert session.playing
    body = json.loads(
        webhooks.playback(state, PlaybackEvent("PlaybackStop", session, session.playing, 60.0, completed=True))
    )
    signal = parse(json.dumps(body).encode(), NOW).signal
    del body["Id"]
    derived = parse(json.dumps(body).encode(), NOW).signal
    assert signal
    assert derived
    assert signal.session.id == derived.session.id == session.id
    assert signal.session.user.id == PEOPLE[0].id
    assert (signal.kind, signal.completed, signal.session.position_s) == ("stop", True, 60)


@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({"UtcTimestamp": None}, datetime(2026, 3, 1, 20, tzinfo=UTC)),
        ({"UtcTimestamp": "soon", "Timestamp": ""}, NOW),
    ],
)
def test_a_missing_time_stamp_is_replaced(changed: dict[str, Any], at: datetime) -> None:
    assert _parse(**changed).at == at


def test_numbers_and_flags_may_be_texts() -> None:
    signal = _parse(
        NotificationType="PlaybackStop", RunTimeTicks="600000000", PlayedToCompletion="True", SeasonNumber="x"
    )
    assert (signal.session.item.runtime_s, signal.completed, signal.session.item.season) == (60, True, None)


def test_other_notifications_pass_with_their_fields() -> None:
    notification = parse(b'\xef\xbb\xbf{"NotificationType": "PlanetAligned", "Name": "a\nb"}', NOW)
    assert (notification.kind, notification.signal, notification.fields["Name"]) == ("PlanetAligned", None, "a\nb")


def test_an_event_carries_plain_and_short_fields() -> None:
    body = json.dumps({"NotificationType": "ItemAdded", "Overview": "x" * 9000, "Tags": ["a"], "Year": 2021})
    brief = parse(body.encode(), NOW).brief()
    assert (len(brief.pop("Overview")), brief) == (500, {"NotificationType": "ItemAdded", "Year": 2021})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"NotificationType": "PlaybackStart", "Name": "x"', "not JSON"),
        (b"", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[1]", "Send All Properties"),
        (b'{"Name": "x"}', "no NotificationType"),
        (b'{"NotificationType": "PlaybackStop", "UserId": "u"}', "without ItemId"),
        (b"[" * 100_000, "nested"),
        (b'{"Year": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_what_is_broken_says_how(body: bytes, words: str) -> None:
    with pytest.raises(BrokenWebhook, match=words):
        parse(body, NOW)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.integers())


@given(st.dictionaries(st.sampled_from(sorted(START)), VALUES))
def test_any_fields_are_read_or_refused(changed: dict[str, Any]) -> None:
    try:
        signal = _parse(**changed)
    except BrokenWebhook:
        return
    assert signal is None or signal.session.item.id


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with pytest.raises(BrokenWebhook):
        parse(body, NOW)
