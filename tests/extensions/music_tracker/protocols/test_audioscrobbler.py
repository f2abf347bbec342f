"""The AudioScrobbler 2.0 codec: signatures, batches, both formats, error codes."""

import json
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_music_tracker import markup
from regie_music_tracker.protocols.audioscrobbler import Failure, answers, decode, encode
from regie_music_tracker.protocols.audioscrobbler.calls import (
    Code,
    Form,
    Ignored,
    Item,
    Love,
    MobileSession,
    RecentTracks,
    Scrobble,
    Top,
    UserInfo,
)
from regie_music_tracker.protocols.audioscrobbler.decode import signature
from regie_music_tracker.protocols.wire import Request, md5

NOW = 1_700_000_000
SECRETS = {"key": "secret", "open": ""}


def ask(method: str, query: str = "", *, http: str = "POST", key: str = "key", **given_: Any) -> Any:
    parameters = {"method": method, "api_key": key, **{name.replace("__", ""): str(v) for name, v in given_.items()}}
    from_query = dict(pair.split("=") for pair in query.split("&") if pair)
    if "api_sig" not in parameters:
        parameters["api_sig"] = signature(parameters | from_query, "secret")
    return decode(Request(http, "/2.0/", query, {}, urlencode(parameters).encode()), SECRETS.get)


def code(method: str, **given_: Any) -> Code:
    with pytest.raises(Failure) as caught:
        ask(method, **given_)
    return caught.value.code


def test_names_sort_by_ascii_for_the_signature() -> None:
    given_ = {"artist[1]": "A", "artist[10]": "B", "format": "json", "callback": "x"}
    expected = md5("artist[10]Bartist[1]Asecret")
    assert signature(given_, "secret") == expected


def test_a_batch_is_read_in_order_of_its_numbers() -> None:
    many = {}
    for number in (10, 2, 1):
        many |= {f"artist[{number}]": "A", f"track[{number}]": f"T{number}", f"timestamp[{number}]": NOW + number}
    call = ask("Track.Scrobble", sk="s", **many).call
    assert isinstance(call, Scrobble)
    assert [item.track for item in call.items] == ["T1", "T2", "T10"]


def test_a_single_scrobble_without_numbers() -> None:
    decoded = ask(
        "track.scrobble",
        sk="s",
        artist="A",
        track="T",
        timestamp=NOW,
        album="R",
        albumArtist="B",
        trackNumber=3,
        duration="200",
        mbid="m",
        format="json",
    )
    assert decoded.form is Form.JSON
    row = decoded.call.items[0].submission("ada", "as", NOW)
    assert (row.album, row.album_artist, row.track_number, row.length_s, row.at) == ("R", "B", 3, 200, NOW)


def test_query_and_body_are_signed_together() -> None:
    call = ask("auth.getMobileSession", "username=ada", password="p").call
    assert call == MobileSession("ada", "p", "")


def test_both_proofs_of_a_mobile_session() -> None:
    hashed = md5("pass")
    token = md5(f"ada{hashed}")
    assert MobileSession("ada", "", token).proves("pass")
    assert MobileSession("ada", "pass", "").proves("pass")
    assert not MobileSession("ada", "", token).proves("other")
    assert not MobileSession("ada", "", "").proves("")


def test_errors_have_the_apis_codes() -> None:
    good = {"sk": "s", "artist": "A", "track": "T", "timestamp": NOW}
    assert code("no.such") is Code.NO_SUCH_METHOD
    assert code("track.scrobble", key="other", **good) is Code.BAD_API_KEY
    assert code("track.scrobble", api_sig="0" * 32, **good) is Code.BAD_SIGNATURE
    assert code("track.scrobble", **(good | {"sk": ""})) is Code.BAD_SESSION
    assert code("track.scrobble", sk="s", artist="A", track="T") is Code.BAD_PARAMETERS
    assert code("track.scrobble", **(good | {"timestamp": "soon"})) is Code.BAD_PARAMETERS
    assert code("track.scrobble", http="GET", **good) is Code.BAD_PARAMETERS
    assert code("user.getRecentTracks") is Code.BAD_PARAMETERS
    assert code("user.getTopArtists", user="ada", period="eon") is Code.BAD_PARAMETERS
    many = {f"{name}[{n}]": value for n in range(51) for name, value in good.items()}
    assert code("track.scrobble", sk="s", **many) is Code.BAD_PARAMETERS


def test_a_key_with_an_empty_secret_takes_any_signature() -> None:
    call = ask("track.love", key="open", api_sig="?", sk="s", artist="A", track="T").call
    assert call == Love("s", "A", "T", is_loved=True)


def test_reading_calls() -> None:
    recent = ask("user.getRecentTracks", user="ada", limit=500, page=2, extended=1, to=NOW, **{"from": 5}).call
    assert recent == RecentTracks("ada", 200, 2, 5, NOW, is_extended=True)
    assert ask("user.getInfo", sk="s").call == UserInfo("", "s")
    assert ask("user.gettopalbums", user="ada", limit="None").call == Top("ada", "albums", "overall", 50, 1)


def xml(answer: object) -> ET.Element:
    return ET.fromstring(encode(answer, Form.XML).body)  # noqa: S314


def parsed(answer: object) -> Any:
    return json.loads(encode(answer, Form.JSON).body)


def test_json_counts_are_numbers_codes_are_strings_and_one_is_an_object() -> None:
    item = Item("A", "T", NOW)
    one = parsed(answers.Scrobbled([(item, Ignored.ACCEPTED)]))["scrobbles"]
    assert one["@attr"] == {"accepted": 1, "ignored": 0}
    assert one["scrobble"]["ignoredMessage"]["code"] == "0"
    assert one["scrobble"]["track"] == {"corrected": "0", "#text": "T"}
    two = parsed(answers.Scrobbled([(item, Ignored.ACCEPTED), (item, Ignored.TOO_OLD)]))["scrobbles"]
    assert [scrobble["ignoredMessage"]["code"] for scrobble in two["scrobble"]] == ["0", "3"]
    assert parsed(answers.Session("ada", "k")) == {"session": {"name": "ada", "key": "k", "subscriber": 0}}


def test_xml_shapes() -> None:
    root = xml(answers.Scrobbled([(Item("A & <B>", "T", NOW), Ignored.ACCEPTED)]))
    assert root.attrib == {"status": "ok"}
    assert root.findtext("scrobbles/scrobble/artist") == "A & <B>"
    assert xml(answers.Done()).attrib == {"status": "ok"}
    assert xml(answers.Token("t")).findtext("token") == "t"


def test_what_plays_now_stands_first_without_a_date() -> None:
    page = answers.Page("ada", 1, 2, 5)
    tracks = [answers.PlayedTrack("A", "Now", None), answers.PlayedTrack("A", "T", NOW, is_loved=True)]
    root = xml(answers.RecentPage(page, tracks))
    assert root[0].attrib == {"user": "ada", "page": "1", "perPage": "2", "totalPages": "3", "total": "5"}
    assert [track.get("nowplaying") for track in root[0]] == ["true", None]
    assert root[0][0].find("date") is None
    found = parsed(answers.RecentPage(page, tracks[1:], is_extended=True))["recenttracks"]["track"]
    assert found[0]["date"]["uts"] == str(NOW)
    assert found[0]["loved"] == "1"
    assert found[0]["artist"]["name"] == "A"


def test_failures_tell_their_code_in_the_format_asked_for() -> None:
    with pytest.raises(Failure) as caught:
        ask("no.such", format="json")
    told = encode(caught.value, Form.XML)
    assert json.loads(told.body)["error"] == 3
    temporary = encode(Failure(Code.TEMPORARY, "later"), Form.XML)
    assert temporary.status == 503
    error = ET.fromstring(temporary.body).find("error")  # noqa: S314
    assert error is not None
    assert error.get("code") == "16"


@pytest.mark.parametrize(
    ("item", "ignored"),
    [
        (Item("A", "T", NOW), Ignored.ACCEPTED),
        (Item("", "T", NOW), Ignored.ARTIST),
        (Item("A", "", NOW), Ignored.TRACK),
        (Item("A", "T", 5), Ignored.TOO_OLD),
        (Item("A", "T", NOW + 3600), Ignored.TOO_NEW),
        (Item("A", "T", 1_033_430_400), Ignored.ACCEPTED),
    ],
)
def test_what_cannot_be_taken_is_told_by_item(item: Item, ignored: Ignored) -> None:
    assert answers.judge_time(item, NOW) is ignored


@given(st.text(), st.text())
def test_any_text_makes_xml_and_json_that_parse(artist: str, track: str) -> None:
    page = answers.RecentPage(answers.Page("ada", 1, 50, 1), [answers.PlayedTrack(artist, track, NOW)])
    assert len(xml(page)[0]) == 1
    assert len(parsed(page)["recenttracks"]["track"]) == 1


@given(st.binary(), st.sampled_from(["track.scrobble", "user.getrecenttracks", "auth.getmobilesession"]))
def test_any_body_is_decoded_or_refused(body: bytes, method: str) -> None:
    with pytest.raises(Failure):
        decode(Request("POST", "/2.0/", f"method={method}&api_key=open", {}, body), SECRETS.get)


def test_a_long_page_is_written_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    def counted(node: markup.Node) -> object:
        written.append(node)
        return to_json_value(node)

    to_json_value = markup._json
    monkeypatch.setattr(markup, "_json", counted)
    tracks = [answers.PlayedTrack("Queen", f"Song {number}", NOW) for number in range(200)]
    document = json.loads(encode(answers.RecentPage(answers.Page("ada", 1, 200, 200), tracks), Form.JSON).body)
    assert [track["name"] for track in document["recenttracks"]["track"]] == [track.track for track in tracks]
    assert len(written) < 200 * 8
