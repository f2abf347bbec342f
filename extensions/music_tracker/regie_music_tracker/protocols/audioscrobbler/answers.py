"""What an AudioScrobbler 2.0 server answers, typed, and as XML or JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import singledispatch
from typing import Any

from regie_music_tracker.markup import Node, to_json, to_xml
from regie_music_tracker.protocols.audioscrobbler.calls import STATUS, Failure, Form, Ignored, Item
from regie_music_tracker.protocols.wire import CORS, Answer
from regie_music_tracker.submission import CLOCK_SKEW_S, EARLIEST


@dataclass(frozen=True, slots=True)
class Session:
    """A session key and whose it is."""

    user: str
    key: str


@dataclass(frozen=True, slots=True)
class Token:
    """A token to approve."""

    token: str


@dataclass(frozen=True, slots=True)
class Scrobbled:
    """What became of each item of a scrobble."""

    results: Sequence[tuple[Item, Ignored]]


@dataclass(frozen=True, slots=True)
class NowPlayingTaken:
    """What plays now was noted."""

    item: Item


@dataclass(frozen=True, slots=True)
class Done:
    """Done, and nothing to say."""


@dataclass(frozen=True, slots=True)
class PlayedTrack:
    """One track as read back; no time is what plays now."""

    artist: str
    track: str
    timestamp: int | None
    album: str = ""
    mbid: str = ""
    is_loved: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page stands among all."""

    user: str
    page: int
    per_page: int
    total: int

    @property
    def attributes(self) -> dict[str, str | int]:
        """As the API writes it."""
        pages = -(-self.total // self.per_page) if self.per_page else 0
        numbers = {"page": self.page, "perPage": self.per_page, "totalPages": pages, "total": self.total}
        return {"user": self.user, **{name: str(number) for name, number in numbers.items()}}


@dataclass(frozen=True, slots=True)
class RecentPage:
    """A page of a history, newest first, what plays now before all."""

    page: Page
    tracks: Sequence[PlayedTrack]
    is_extended: bool = False


@dataclass(frozen=True, slots=True)
class LovedPage:
    """A page of loved tracks."""

    page: Page
    tracks: Sequence[PlayedTrack]


@dataclass(frozen=True, slots=True)
class TopItem:
    """One of the most played; `name` is the artist's, track's or album's, `artist` empty for artists."""

    name: str
    plays: int
    artist: str = ""


@dataclass(frozen=True, slots=True)
class TopPage:
    """A page of the most played of a kind."""

    page: Page
    kind: str
    items: Sequence[TopItem]


@dataclass(frozen=True, slots=True)
class UserCard:
    """Who a user is."""

    user: str
    plays: int
    registered: int


def judge_time(item: Item, now: int) -> Ignored:
    """Whether an item can be taken at all, as the codes of the API say it. No past since 2002 is too old for us."""
    if not item.artist:
        return Ignored.ARTIST
    if not item.track:
        return Ignored.TRACK
    stamp = now if item.timestamp is None else item.timestamp
    if stamp < EARLIEST:
        return Ignored.TOO_OLD
    return Ignored.TOO_NEW if stamp >= now + CLOCK_SKEW_S else Ignored.ACCEPTED


def encode(answer: object, form: Form) -> Answer:
    """An answer, or the Failure that takes its place, as bytes."""
    if isinstance(answer, Failure):
        return _failure(answer)
    node = _node(answer)
    if form is Form.JSON:
        body = "{}" if node is None else to_json(node)
        return _answer(200, body, form)
    return _answer(200, f'<lfm status="ok">{to_xml(node) if node else ""}</lfm>', form)


def _failure(failure: Failure) -> Answer:
    status = STATUS.get(failure.code, 200)
    if failure.form is Form.JSON:
        body = json.dumps({"error": int(failure.code), "message": failure.message}, ensure_ascii=False)
        return _answer(status, body, failure.form)
    error = to_xml(Node("error", failure.message, {"code": int(failure.code)}))
    return _answer(status, f'<lfm status="failed">{error}</lfm>', failure.form)


def _answer(status: int, text: str, form: Form) -> Answer:
    if form is Form.JSON:
        return Answer(status, text.encode("utf-8", "replace"), "application/json", CORS)
    declared = f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'
    return Answer(status, declared.encode("utf-8", "replace"), "application/xml", CORS)


@singledispatch
def _node(answer: object) -> Node | None:
    raise TypeError(f"{answer!r} is no answer of this protocol")


@_node.register
def _(answer: Session) -> Node:
    return Node("session", children=(Node("name", answer.user), Node("key", answer.key), Node("subscriber", 0)))


@_node.register
def _(answer: Token) -> Node:
    return Node("token", answer.token)


@_node.register
def _(_: Done) -> None:
    return None


@_node.register
def _(answer: Scrobbled) -> Node:
    taken = sum(ignored is Ignored.ACCEPTED for _, ignored in answer.results)
    counts: dict[str, str | int] = {"accepted": taken, "ignored": len(answer.results) - taken}
    return Node("scrobbles", attributes=counts, children=tuple(_result(*one, "scrobble") for one in answer.results))


@_node.register
def _(answer: NowPlayingTaken) -> Node:
    return _result(answer.item, Ignored.ACCEPTED, "nowplaying")


def _result(item: Item, ignored: Ignored, name: str) -> Node:
    said = {"track": item.track, "artist": item.artist, "album": item.album, "albumArtist": item.album_artist}
    children = [Node(part, value, {"corrected": "0"}) for part, value in said.items()]
    if item.timestamp is not None:
        children.append(Node("timestamp", str(item.timestamp)))
    reason = "" if ignored is Ignored.ACCEPTED else ignored.name.lower().replace("_", " ")
    return Node(name, children=(*children, Node("ignoredMessage", reason, {"code": str(int(ignored))})))


@_node.register
def _(answer: RecentPage) -> Node:
    tracks = tuple(_played(track, is_extended=answer.is_extended) for track in answer.tracks)
    return Node("recenttracks", attributes=answer.page.attributes, children=tracks)


def _played(track: PlayedTrack, *, is_extended: bool) -> Node:
    artist = Node("artist", track.artist, {"mbid": ""})
    if is_extended:
        artist = Node("artist", children=(Node("name", track.artist), Node("mbid"), Node("url")))
    children = [artist, Node("name", track.track), Node("mbid", track.mbid), Node("album", track.album, {"mbid": ""})]
    if is_extended:
        children.append(Node("loved", str(int(track.is_loved))))
    if track.timestamp is None:
        return Node("track", attributes={"nowplaying": "true"}, children=tuple(children), is_list=True)
    return Node("track", children=(*children, _date(track.timestamp)), is_list=True)


def _date(timestamp: int) -> Node:
    try:
        text = datetime.fromtimestamp(timestamp, UTC).strftime("%d %b %Y, %H:%M")
    except (ValueError, OverflowError, OSError):
        text = ""
    return Node("date", text, {"uts": str(timestamp)})


@_node.register
def _(answer: LovedPage) -> Node:
    tracks = tuple(
        Node(
            "track",
            # Readers take the first name for the track's and the second for the artist's.
            children=(
                Node("name", track.track),
                Node("mbid", track.mbid),
                _date(track.timestamp or 0),
                Node("artist", children=(Node("name", track.artist), Node("mbid"))),
            ),
            is_list=True,
        )
        for track in answer.tracks
    )
    return Node("lovedtracks", attributes=answer.page.attributes, children=tracks)


@_node.register
def _(answer: TopPage) -> Node:
    singular = answer.kind.removesuffix("s")
    first = (answer.page.page - 1) * answer.page.per_page + 1
    children = tuple(_ranked(item, singular, rank) for rank, item in enumerate(answer.items, first))
    return Node(f"top{answer.kind}", attributes=answer.page.attributes, children=children)


def _ranked(item: TopItem, name: str, rank: int) -> Node:
    children = [Node("name", item.name), Node("playcount", str(item.plays)), Node("mbid")]
    if item.artist:
        children.append(Node("artist", children=(Node("name", item.artist), Node("mbid"))))
    return Node(name, attributes={"rank": str(rank)}, children=tuple(children), is_list=True)


@_node.register
def _(answer: UserCard) -> Node:
    registered: dict[str, Any] = {"unixtime": str(answer.registered)}
    children = (
        Node("name", answer.user),
        Node("realname"),
        Node("url"),
        Node("country"),
        Node("subscriber", "0"),
        Node("playcount", str(answer.plays)),
        Node("registered", str(answer.registered), registered),
    )
    return Node("user", children=children)
