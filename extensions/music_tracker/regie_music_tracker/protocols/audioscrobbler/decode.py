"""Requests of AudioScrobbler 2.0 clients into calls: parameters, signatures, indexed batches."""

import re
from collections.abc import Callable, Mapping

from regie_music_tracker.protocols.audioscrobbler.calls import (
    Call,
    Code,
    Decoded,
    Failure,
    Form,
    GetSession,
    GetToken,
    Item,
    Love,
    LovedTracks,
    MobileSession,
    RecentTracks,
    Scrobble,
    Top,
    UpdateNowPlaying,
    UserInfo,
)
from regie_music_tracker.protocols.wire import Request, md5, pairs
from regie_music_tracker.values import text

MOST_ITEMS = 50
MOST_BODY_BYTES = 1 << 20
PAGE = 50
LONGEST_PAGE = 1000
LONGEST_RECENT_PAGE = 200
PERIODS = frozenset({"overall", "7day", "1month", "3month", "6month", "12month"})
UNSIGNED = frozenset({"format", "callback", "api_sig"})
_INDEXED = re.compile(r"([A-Za-z]+)\[([0-9]{1,3})\]")

# The secret of an API key; None: there is no such key; "": any signature will do.
SecretOf = Callable[[str], str | None]
Parameters = Mapping[str, str]


def decode(request: Request, secret_of: SecretOf) -> Decoded:
    """The call that a request makes. Raises Failure, which knows the format to answer in."""
    if len(request.body) > MOST_BODY_BYTES:
        raise Failure(Code.BAD_PARAMETERS, "The request is too large.")
    # A client may put some parameters in the address and sign them all together.
    given = request.parameters | pairs(request.body.decode("utf-8", "replace"))
    form = Form.JSON if given.get("format", "").lower() == "json" else Form.XML
    try:
        return Decoded(_call(request, given, secret_of), form, given.get("api_key", ""))
    except Failure as failure:
        raise failure.within(form) from None


def _call(request: Request, given: Parameters, secret_of: SecretOf) -> Call:
    name = given.get("method", "").lower()
    if name not in _METHODS:
        raise Failure(Code.NO_SUCH_METHOD, "Invalid Method - No method with that name in this package")
    read, is_write = _METHODS[name]
    secret = secret_of(given.get("api_key", ""))
    if secret is None:
        raise Failure(Code.BAD_API_KEY, "Invalid API key - You must be granted a valid key")
    if is_write and request.method != "POST" and not name.startswith("auth."):
        raise Failure(Code.BAD_PARAMETERS, "Invalid parameters - This method must be called by POST")
    if is_write and secret and given.get("api_sig", "").lower() != signature(given, secret):
        raise Failure(Code.BAD_SIGNATURE, "Invalid method signature supplied")
    return read(given)


def signature(given: Parameters, secret: str) -> str:
    """The proof that a request comes from who knows the secret: names sort by ASCII, so `a[10]` before `a[1]`."""
    signed = "".join(f"{name}{given[name]}" for name in sorted(given) if name not in UNSIGNED)
    return md5(signed + secret)


def _session(given: Parameters) -> str:
    if not (key := given.get("sk", "")):
        raise Failure(Code.BAD_SESSION, "Invalid session key - Please re-authenticate")
    return key


def _required(given: Parameters, name: str) -> str:
    if not (value := text(given.get(name))):
        raise Failure(Code.BAD_PARAMETERS, f"Invalid parameters - Your request is missing {name}")
    return value


def _mobile_session(given: Parameters) -> MobileSession:
    password, token = given.get("password", ""), given.get("authToken", "")
    if not password and not token:
        raise Failure(Code.BAD_PARAMETERS, "Invalid parameters - Your request is missing password")
    return MobileSession(_required(given, "username"), password, token)


def _scrobble(given: Parameters) -> Scrobble:
    session = _session(given)
    rows: dict[int, dict[str, str]] = {}
    for name, value in given.items():
        if found := _INDEXED.fullmatch(name):
            rows.setdefault(int(found.group(2)), {})[found.group(1)] = value
    items = [rows[number] for number in sorted(rows)] or [dict(given)]
    if len(items) > MOST_ITEMS:
        raise Failure(Code.BAD_PARAMETERS, f"Invalid parameters - At most {MOST_ITEMS} scrobbles in one request")
    return Scrobble(session, tuple(_item(item, needs_time=True) for item in items))


def _item(given: Parameters, *, needs_time: bool) -> Item:
    # An empty artist or track is for the answer to tell, item by item; a missing one is a broken request.
    for name in ("artist", "track", "timestamp") if needs_time else ("artist", "track"):
        if name not in given:
            raise Failure(Code.BAD_PARAMETERS, f"Invalid parameters - Your request is missing {name}")
    return Item(
        artist=text(given["artist"]),
        track=text(given["track"]),
        timestamp=_stamp(given["timestamp"]) if needs_time else None,
        album=text(given.get("album")),
        album_artist=text(given.get("albumArtist")),
        track_number=_positive(given.get("trackNumber", "")),
        mbid=text(given.get("mbid")),
        duration_s=_positive(given.get("duration", "")),
        chosen_by_user=given.get("chosenByUser", "1") != "0",
    )


def _stamp(digits: str) -> int:
    if not re.fullmatch(r"[0-9]{1,17}", digits.strip()):
        raise Failure(Code.BAD_PARAMETERS, "Invalid parameters - timestamp is no Unix time")
    return int(digits)


def _positive(number: str) -> int | None:
    digits = number.partition(".")[0].strip()
    return int(digits) or None if re.fullmatch(r"[0-9]{1,9}", digits) else None


def _number(given: Parameters, name: str, default: int, most: int) -> int:
    # Clients send what they were not given as well: pylast's limit may read "None".
    return min(_positive(given.get(name, "")) or default, most)


def _bound(given: Parameters, name: str) -> int | None:
    return _stamp(given[name]) if given.get(name) else None


def _recent(given: Parameters) -> RecentTracks:
    return RecentTracks(
        _required(given, "user"),
        _number(given, "limit", PAGE, LONGEST_RECENT_PAGE),
        _number(given, "page", 1, 10**9),
        _bound(given, "from"),
        _bound(given, "to"),
        given.get("extended") == "1",
    )


def _loved(given: Parameters) -> LovedTracks:
    return LovedTracks(
        _required(given, "user"), _number(given, "limit", PAGE, LONGEST_PAGE), _number(given, "page", 1, 10**9)
    )


def _user_info(given: Parameters) -> UserInfo:
    user, session = given.get("user", ""), given.get("sk", "")
    if not user and not session:
        _required(given, "user")
    return UserInfo(user, session)


def _love(given: Parameters, *, is_loved: bool) -> Love:
    return Love(_session(given), _required(given, "artist"), _required(given, "track"), is_loved)


def _top(given: Parameters, kind: str) -> Top:
    period = given.get("period") or "overall"
    if period not in PERIODS:
        raise Failure(Code.BAD_PARAMETERS, "Invalid parameters - unknown period")
    limit, page = _number(given, "limit", PAGE, LONGEST_PAGE), _number(given, "page", 1, 10**9)
    return Top(_required(given, "user"), kind, period, limit, page)


# Method (in lower case) to its reader, and whether it must be signed.
_METHODS: dict[str, tuple[Callable[[Parameters], Call], bool]] = {
    "auth.getmobilesession": (_mobile_session, True),
    "auth.gettoken": (lambda _: GetToken(), True),
    "auth.getsession": (lambda given: GetSession(_required(given, "token")), True),
    "track.scrobble": (_scrobble, True),
    "track.updatenowplaying": (lambda given: UpdateNowPlaying(_session(given), _item(given, needs_time=False)), True),
    "track.love": (lambda given: _love(given, is_loved=True), True),
    "track.unlove": (lambda given: _love(given, is_loved=False), True),
    "user.getrecenttracks": (_recent, False),
    "user.getinfo": (_user_info, False),
    "user.getlovedtracks": (_loved, False),
    "user.gettopartists": (lambda given: _top(given, "artists"), False),
    "user.gettoptracks": (lambda given: _top(given, "tracks"), False),
    "user.gettopalbums": (lambda given: _top(given, "albums"), False),
}
