"""The ListenBrainz codec: limits, errors, paging, request shapes of other programs."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_music_tracker.protocols.listenbrainz import ApiError, answers, decode, encode
from regie_music_tracker.protocols.listenbrainz.calls import GetListens, GetStats, SubmitListens, ValidateToken
from regie_music_tracker.protocols.routes import Protocol, route
from regie_music_tracker.protocols.wire import Request, preflight

NOW = 1_700_000_000
MBID = "0383dadf-2a4e-4d10-a46a-e9e041da8eb3"


def ask(path: str, query: str = "", *, body: bytes = b"", method: str = "GET", signed: bool = True) -> Any:
    headers = {"authorization": "Token t"} if signed else {}
    return decode(Request(method, path, query, headers, body), path, NOW)


def submit(payload: Any, kind: str = "import") -> Any:
    body = json.dumps({"listen_type": kind, "payload": payload}).encode()
    return ask("/1/submit-listens", body=body, method="POST")


def listen(at: Any = NOW, info: Any = None, **metadata: Any) -> dict[str, Any]:
    track = {"artist_name": "Queen", "track_name": "Song", **metadata}
    return {"listened_at": at, "track_metadata": track | ({} if info is None else {"additional_info": info})}


def refusal(payload: Any, kind: str = "import") -> ApiError:
    with pytest.raises(ApiError) as caught:
        submit(payload, kind)
    return caught.value


def test_navidrome_submits() -> None:
    info = {
        "submission_client": "navidrome",
        "submission_client_version": "0.58.0",
        "tracknumber": 3,
        "recording_mbid": MBID,
        "artist_names": ["Queen", "David Bowie"],
        "artist_mbids": [MBID, ""],
        "release_mbid": "",
        "duration_ms": 248_500,
    }
    item = listen(NOW, info, artist_name="Queen & David Bowie", release_name="Hot Space")
    call = submit([item], "single")
    assert isinstance(call, SubmitListens)
    row = call.listens[0].submission("ada", "navidrome", NOW)
    assert (row.artists, row.album, row.recording_mbid) == (("Queen", "David Bowie"), "Hot Space", MBID)
    assert (row.length_s, row.track_number, row.at) == (248.5, 3, NOW)
    assert row.raw["additional_info"]["submission_client"] == "navidrome"


def test_multi_scrobbler_submits_with_strings_and_unknown_keys() -> None:
    info = {"duration": "248", "tracknumber": "3/12", "music_service": "spotify.com", "foo": {"bar": [1]}, "isrc": "X"}
    call = submit([listen(str(NOW), info)])
    row = call.listens[0].submission("ada", "ms", NOW)
    assert (row.at, row.length_s, row.track_number, row.isrc) == (NOW, 248.0, 3, "X")
    assert row.raw["additional_info"]["foo"] == {"bar": [1]}


def test_what_plays_now_has_no_time() -> None:
    item = listen()
    del item["listened_at"]
    assert submit([item], "playing_now").listens[0].listened_at is None
    assert refusal([listen()], "playing_now").status == 400


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ([], "import"),
        ({}, "import"),
        ([1], "import"),
        ([listen()], "other"),
        ([listen(), listen()], "single"),
        ([listen()] * 1001, "import"),
        ([listen(1_033_430_399)], "import"),
        ([listen(NOW + 3600)], "import"),
        ([listen("soon")], "import"),
        ([listen(True)], "import"),  # noqa: FBT003
        ([listen(None)], "import"),
        ([listen() | {"extra": 1}], "import"),
        ([listen(artist_name=" ")], "import"),
        ([listen(track_name=7)], "import"),
        ([listen(release_name=[])], "import"),
        ([listen(info=[])], "import"),
        ([listen(info={"recording_mbid": "x"})], "import"),
        ([listen(info={"artist_mbids": MBID})], "import"),
        ([listen(info={"artist_mbids": ["x"]})], "import"),
        ([listen(info={"tags": ["t"] * 51})], "import"),
        ([listen(info={"tags": ["t" * 65]})], "import"),
        ([listen(info={"duration": 1, "duration_ms": 1000})], "import"),
        ([listen(info={"duration": 24 * 86_400 + 1})], "import"),
        ([listen(info={"duration": -1})], "import"),
        ([listen(info={"x": "y" * 10_240})], "import"),
        ([listen(track_name="a\0b")], "import"),
        ([listen(track_name="\ud800")], "import"),
        ([listen(), listen(artist_name="")], "import"),
    ],
)
def test_one_bad_item_refuses_the_request(payload: Any, kind: str) -> None:
    assert refusal(payload, kind).status == 400


def test_the_borders_are_taken() -> None:
    assert len(submit([listen()] * 1000).listens) == 1000
    assert submit([listen(1_033_430_400), listen(NOW + 3599)])
    assert submit([listen(info={"duration": 24 * 86_400, "tags": ["t" * 64] * 50, "release_mbid": None})])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"[" * 100_000, b"\xff\xfe\x00", b'{"payload": NaN}'])
def test_bytes_that_are_no_submission_are_refused(body: bytes) -> None:
    with pytest.raises(ApiError):
        ask("/1/submit-listens", body=body, method="POST")


@given(st.binary(), st.sampled_from(["/1/submit-listens", "/1/delete-listen", "/1/feedback/recording-feedback"]))
def test_any_bytes_are_decoded_or_refused(body: bytes, path: str) -> None:
    with pytest.raises(ApiError):
        ask(path, body=body, method="POST")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("listened_at", "track_metadata"), json_values)), json_values)
def test_any_listen_is_taken_or_refused(item: dict[str, Any], info: Any) -> None:
    for one in (item, listen(info=info), listen(info={"artist_names": info, "tags": info, "tracknumber": info})):
        try:
            call = submit([one])
        except ApiError:
            continue
        assert call.listens[0].submission("ada", "s", NOW).artist


@pytest.mark.parametrize("depth", [10, *range(900, 1000, 3)])
def test_nesting_is_taken_or_refused(depth: int) -> None:
    nested = f"{'[' * depth}{']' * depth}"
    item = f'{{"listened_at": {NOW}, "track_metadata": {{"artist_name": "A", "track_name": "T", "x": {nested}}}}}'
    body = f'{{"listen_type": "import", "payload": [{item}]}}'.encode()
    try:
        taken = len(ask("/1/submit-listens", body=body, method="POST").listens)
    except ApiError as error:
        taken = -error.status
    assert taken in ({1} if depth == 10 else {1, -400})


def test_a_token_is_needed_and_may_come_in_the_query() -> None:
    with pytest.raises(ApiError) as caught:
        ask("/1/submit-listens", body=b"{}", method="POST", signed=False)
    assert caught.value.status == 401
    assert ask("/1/validate-token", "token=abc", signed=False) == ValidateToken("abc")
    with pytest.raises(ApiError) as caught:
        ask("/1/validate-token", signed=False)
    assert caught.value.status == 400


@pytest.mark.parametrize(("path", "status"), [("/1/nothing", 404), ("/1/submit-listens", 405), ("/1/user/a/b/c", 404)])
def test_unknown_addresses(path: str, status: int) -> None:
    with pytest.raises(ApiError) as caught:
        ask(path)
    assert caught.value.status == status


def history(*stamps: int) -> list[answers.ListenItem]:
    return [answers.ListenItem(stamp, "Queen", "Song") for stamp in stamps]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("count=2", [50, 40]),
        ("max_ts=40&count=2", [30, 20]),
        ("min_ts=10&count=2", [30, 20]),
        ("min_ts=10&max_ts=40", [30, 20]),
        ("count=0", []),
        ("min_ts=10&count=0", []),
    ],
)
def test_pages_go_backwards_from_max_and_forwards_from_min(query: str, expected: list[int]) -> None:
    call = ask("/1/user/ada/listens", query)
    assert [one.listened_at for one in answers.page(history(30, 10, 50, 20, 40), call)] == expected


def test_page_bounds_are_checked_and_capped() -> None:
    assert ask("/1/user/ada/listens") == GetListens("ada", 25, None, None)
    assert ask("/1/user/ada/listens", "count=5000").count == 1000
    for query in ("max_ts=5&min_ts=5", "count=x", "count=-1", "max_ts=99999999999999999999"):
        with pytest.raises(ApiError):
            ask("/1/user/ada/listens", query)


@given(st.lists(st.integers(1, 40), unique=True), st.integers(1, 5))
def test_paging_either_way_sees_everything_once(stamps: list[int], count: int) -> None:
    items, forwards, backwards = history(*stamps), list[int](), list[int]()
    low, high = 0, 100
    while page := answers.page(items, GetListens("ada", count, None, low)):
        forwards += [one.listened_at or 0 for one in reversed(page)]
        low = forwards[-1]
    while page := answers.page(items, GetListens("ada", count, high, None)):
        backwards += [one.listened_at or 0 for one in page]
        high = backwards[-1]
    assert forwards == backwards[::-1] == sorted(stamps)


def test_stats_know_their_spans() -> None:
    assert ask("/1/stats/user/ada/release-groups", "range=month") == GetStats("ada", "release-groups", "month", 25, 0)
    with pytest.raises(ApiError):
        ask("/1/stats/user/ada/artists", "range=hour")
    assert encode(answers.Stats("ada", "artists", "month", [], 0)).status == 204


def test_answers_carry_what_clients_need() -> None:
    answer = encode(answers.ListenPage("ada", history(10)))
    item = json.loads(answer.body)["payload"]["listens"][0]
    assert isinstance(item["track_metadata"]["additional_info"], dict)
    assert item["recording_msid"] == history(11)[0].msid
    assert answer.headers["X-RateLimit-Remaining"] != "0"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    busy = encode(ApiError.busy())
    assert (busy.status, json.loads(busy.body)["code"]) == (503, 503)
    assert preflight().status == 204
    with pytest.raises(TypeError):
        encode("text")


@pytest.mark.parametrize(
    ("path", "query", "protocol", "rest"),
    [
        ("/1/submit-listens", "", Protocol.LISTENBRAINZ, "/1/submit-listens"),
        ("/1/submit-listens/", "", Protocol.LISTENBRAINZ, "/1/submit-listens"),
        ("/apis/listenbrainz/1/submit-listens", "", Protocol.LISTENBRAINZ, "/1/submit-listens"),
        ("//1//submit-listens", "", Protocol.LISTENBRAINZ, "/1/submit-listens"),
        ("/2.0", "", Protocol.AUDIOSCROBBLER, "/2.0"),
        ("/2.0/", "", Protocol.AUDIOSCROBBLER, "/2.0"),
        ("/apis/audioscrobbler/2.0/", "", Protocol.AUDIOSCROBBLER, "/apis/audioscrobbler/2.0"),
        ("/", "hs=true&p=1.2", Protocol.SUBMISSIONS, ""),
        ("/apis/audioscrobbler/", "hs=true", Protocol.SUBMISSIONS, ""),
    ],
)
def test_every_form_of_address_is_found(path: str, query: str, protocol: Protocol, rest: str) -> None:
    assert route(Request("POST", path, query)) == (protocol, rest)


@pytest.mark.parametrize("path", ["/", "/panel", "/1", "/10/x", "/apis"])
def test_other_addresses_belong_to_others(path: str) -> None:
    assert route(Request("GET", path)) is None


@pytest.mark.parametrize("value", [[], {}, ["x"], 0, False, 1.5])
def test_an_id_of_any_kind_is_refused_politely(value: object) -> None:
    assert "recording_mbid" in refusal([listen(info={"recording_mbid": value})]).message


def test_a_title_may_tell_of_nul_without_holding_it() -> None:
    assert submit([listen(track_name="back \\u0000 slash")]).listens
    assert "NUL" in refusal([listen(track_name="nul \\\0")]).message
