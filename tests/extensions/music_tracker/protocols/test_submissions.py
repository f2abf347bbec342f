"""The 1.2.1 codec."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_music_tracker.protocols.routes import NOW_PLAYING_PATH, SUBMISSION_PATH
from regie_music_tracker.protocols.submissions import (
    Handshake,
    NowPlaying,
    Ok,
    Refusal,
    Submit,
    Welcome,
    decode,
    encode,
    failed,
)
from regie_music_tracker.protocols.wire import Request, md5

NOW = 1_700_000_000


def post(path: str, **given_: str) -> Request:
    return Request("POST", path, "", {}, urlencode(given_).encode())


def test_a_handshake_is_proved_by_the_token() -> None:
    hashed = md5("pass")
    proof = md5(f"{hashed}{NOW}")
    query = f"hs=true&p=1.2.1&c=mdc&v=0.24&u=ada&t={NOW}&a={proof}"
    call = decode(Request("GET", "/", query), "")
    assert isinstance(call, Handshake)
    assert call.proves("pass")
    assert not call.proves("other")
    assert call.is_timely(NOW + 3600)
    assert not call.is_timely(NOW + 3601)


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("p=1.1&u=a&t=1&a=x", "FAILED this server speaks protocol 1.2.1"),
        ("p=1.2&u=a&t=x&a=x", "BADTIME"),
        ("p=1.2&u=a&t=1", "BADAUTH"),
    ],
)
def test_a_bad_handshake_is_told_why(query: str, line: str) -> None:
    with pytest.raises(Refusal) as caught:
        decode(Request("GET", "/", f"hs=true&{query}"), "")
    assert encode(caught.value).body == f"{line}\n".encode()


def test_a_batch_is_read() -> None:
    fields = {}
    for number in range(2):
        values = {
            "a": "Queen",
            "t": f"Song {number}",
            "i": str(NOW),
            "o": "P",
            "r": "L",
            "l": "200",
            "b": "R",
            "n": "3",
        }
        fields |= {f"{name}[{number}]": value for name, value in values.items()}
    call = decode(post(SUBMISSION_PATH, s="x", **fields), SUBMISSION_PATH)
    assert isinstance(call, Submit)
    first = call.tracks[0].submission("ada", "12", client="mdc", now=NOW)
    assert (first.start, first.loved, first.length_s, first.album) == (NOW - 200, True, 200, "R")
    assert call.tracks[1].submission("ada", "12", client="qts", now=NOW).start == NOW


def test_what_plays_now() -> None:
    call = decode(post(NOW_PLAYING_PATH, s="x", a="Queen", t="Song", l="200"), NOW_PLAYING_PATH)
    assert isinstance(call, NowPlaying)
    assert call.track.submission("ada", "12", client="mdc", now=NOW).start == NOW


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"s": "x"},
        {"s": "x", **{f"{name}[{n}]": "1" for n in range(51) for name in "ati"}},
    ],
)
def test_bad_submissions_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(Refusal):
        decode(post(SUBMISSION_PATH, **fields), SUBMISSION_PATH)


def test_a_track_that_can_never_be_taken_does_not_hold_up_the_others() -> None:
    good = {"a[1]": "Queen", "t[1]": "Song", "i[1]": str(NOW)}
    for bad in ({"a[0]": "A"}, {"a[0]": "A", "t[0]": "T"}, {"a[0]": " ", "t[0]": "T", "i[0]": "1"}):
        call = decode(post(SUBMISSION_PATH, s="x", **bad, **good), SUBMISSION_PATH)
        assert isinstance(call, Submit)
        assert [track.title for track in call.tracks] == ["Song"]


@given(st.binary())
def test_any_body_is_refused_in_one_line(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        decode(Request("POST", SUBMISSION_PATH, "s=x", {}, body), SUBMISSION_PATH)
    assert encode(caught.value).body.count(b"\n") == 1


def test_answers() -> None:
    lines = encode(Welcome("s", "http://host/")).body.decode().splitlines()
    assert lines == ["OK", "s", f"http://host{NOW_PLAYING_PATH}", f"http://host{SUBMISSION_PATH}"]
    assert encode(Ok()).body == b"OK\n"
    assert encode(failed("two\nlines")).body == b"FAILED two lines\n"
