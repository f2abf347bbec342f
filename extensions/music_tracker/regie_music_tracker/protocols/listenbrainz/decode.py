"""Requests of ListenBrainz clients into calls."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from regie_music_tracker.protocols.listenbrainz.calls import (
    ApiError,
    Call,
    DeleteListen,
    GetFeedback,
    GetLatestImport,
    GetListenCount,
    GetListens,
    GetPlayingNow,
    GetStats,
    RecordingFeedback,
    SetLatestImport,
    SubmitListens,
    ValidateToken,
)
from regie_music_tracker.protocols.listenbrainz.listens import read_json, read_listens, timestamp
from regie_music_tracker.protocols.wire import Request
from regie_music_tracker.values import MBID

PAGE = 25
LONGEST_PAGE = 1000
LONGEST_STATS_PAGE = 1000
FEEDBACK_PAGE = 100
STATS_SPANS = frozenset(
    {"week", "month", "quarter", "half_yearly", "year", "all_time", "this_week", "this_month", "this_year"}
)
STATS_ENTITIES = "artists|recordings|releases|release-groups"

Decode = Callable[[Request, str, int], Call]


def decode(request: Request, path: str, now: int) -> Call:
    """The call that a request makes; `path` begins with /1/. Raises ApiError."""
    for method, pattern, read in _CALLS:
        if found := re.fullmatch(pattern, path):
            if method != request.method:
                continue
            return read(request, found.group(1) if found.groups() else "", now)
    if any(re.fullmatch(pattern, path) for _, pattern, _ in _CALLS):
        raise ApiError(405, "The method is not allowed for this address.")
    raise ApiError(404, "This address is not part of the API.")


def _token(request: Request) -> str:
    # The second word is the token, whatever the first one says.
    words = request.headers.get("authorization", "").split()
    if len(words) != 2:
        raise ApiError.unauthorized()
    return words[1]


def _validate(request: Request, _: str, _now: int) -> ValidateToken:
    words = request.headers.get("authorization", "").split()
    token = words[1] if len(words) == 2 else request.parameters.get("token", "")
    if not token:
        raise ApiError(400, "You need to provide an Authorization token.")
    return ValidateToken(token)


def _submit(request: Request, _: str, now: int) -> SubmitListens:
    token = _token(request)
    kind, listens = read_listens(read_json(request.body), now)
    return SubmitListens(token, kind, listens)


def _listens(request: Request, user: str, _now: int) -> GetListens:
    parameters = request.parameters
    max_ts, min_ts = _integer(parameters, "max_ts"), _integer(parameters, "min_ts")
    if max_ts is not None and min_ts is not None and max_ts <= min_ts:
        raise ApiError(400, "max_ts should be greater than min_ts")
    return GetListens(user, _count(parameters, PAGE, LONGEST_PAGE), max_ts, min_ts)


def _delete(request: Request, _: str, _now: int) -> DeleteListen:
    token, document = _token(request), _object(request)
    stamp, msid = timestamp(document.get("listened_at")), document.get("recording_msid")
    if stamp is None:
        raise ApiError(400, "listened_at is missing or no Unix time.")
    return DeleteListen(token, stamp, _id("recording_msid", msid))


def _feedback(request: Request, _: str, _now: int) -> RecordingFeedback:
    token, document = _token(request), _object(request)
    mbid, msid, score = (document.get(name) for name in ("recording_mbid", "recording_msid", "score"))
    if not mbid and not msid:
        raise ApiError(400, "Give recording_mbid or recording_msid.")
    if isinstance(score, bool) or score not in (-1, 0, 1):
        raise ApiError(400, "score must be 1, 0 or -1.")
    return RecordingFeedback(
        token, _id("recording_mbid", mbid) if mbid else "", _id("recording_msid", msid) if msid else "", int(score)
    )


def _get_feedback(request: Request, user: str, _now: int) -> GetFeedback:
    parameters = request.parameters
    score = _integer(parameters, "score")
    if score not in {None, 1, -1}:
        raise ApiError(400, "score must be 1 or -1.")
    return GetFeedback(user, score, _count(parameters, FEEDBACK_PAGE, LONGEST_PAGE), _offset(parameters))


def _get_import(request: Request, _: str, _now: int) -> GetLatestImport:
    user = request.parameters.get("user_name", "")
    if not user:
        raise ApiError(400, "user_name is missing.")
    return GetLatestImport(user)


def _set_import(request: Request, _: str, _now: int) -> SetLatestImport:
    token, stamp = _token(request), timestamp(_object(request).get("ts"))
    if stamp is None:
        raise ApiError(400, "ts is missing or no Unix time.")
    return SetLatestImport(token, stamp)


def _stats(request: Request, found: str, _now: int) -> GetStats:
    user, _, entity = found.rpartition("/")
    parameters = request.parameters
    span = parameters.get("range", "all_time")
    if span not in STATS_SPANS:
        raise ApiError(400, f"Invalid range: {span}")
    return GetStats(user, entity, span, _count(parameters, PAGE, LONGEST_STATS_PAGE), _offset(parameters))


def _object(request: Request) -> Mapping[str, Any]:
    document = read_json(request.body)
    if not isinstance(document, Mapping):
        raise ApiError(400, "Invalid JSON document submitted. Must be an object.")
    return document


def _id(name: str, value: Any) -> str:
    if not isinstance(value, str) or not MBID.fullmatch(value):
        raise ApiError(400, f"{name} is not a valid id.")
    return value.lower()


def _integer(parameters: Mapping[str, str], name: str) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,17}", text):
        raise ApiError(400, f"Invalid {name} argument: {text[:40]}")
    return int(text)


def _count(parameters: Mapping[str, str], default: int, most: int) -> int:
    count = _integer(parameters, "count")
    if count is not None and count < 0:
        raise ApiError(400, "count must not be negative.")
    return min(default if count is None else count, most)


def _offset(parameters: Mapping[str, str]) -> int:
    offset = _integer(parameters, "offset") or 0
    if offset < 0:
        raise ApiError(400, "offset must not be negative.")
    return offset


_CALLS: tuple[tuple[str, str, Decode], ...] = (
    ("POST", "/1/submit-listens", _submit),
    ("GET", "/1/validate-token", _validate),
    ("GET", "/1/user/([^/]+)/listens", _listens),
    ("GET", "/1/user/([^/]+)/listen-count", lambda _, user, __: GetListenCount(user)),
    ("GET", "/1/user/([^/]+)/playing-now", lambda _, user, __: GetPlayingNow(user)),
    ("POST", "/1/delete-listen", _delete),
    ("POST", "/1/feedback/recording-feedback", _feedback),
    ("GET", "/1/feedback/user/([^/]+)/get-feedback", _get_feedback),
    ("GET", "/1/latest-import", _get_import),
    ("POST", "/1/latest-import", _set_import),
    ("GET", f"/1/stats/user/([^/]+/(?:{STATS_ENTITIES}))", _stats),
)
