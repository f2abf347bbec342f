"""The submission protocol 1.2.1 of older players, as a server: `decode` a request into a call, `encode` an answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest

from regie_music_tracker.protocols.routes import NOW_PLAYING_PATH, SUBMISSION_PATH
from regie_music_tracker.protocols.wire import Answer, Request, md5, pairs, text_answer
from regie_music_tracker.submission import Stamp, Submission
from regie_music_tracker.values import text

MOST_ITEMS = 50
MOST_BODY_BYTES = 1 << 20
CLOCK_LEEWAY_S = 3600
# mpdscribble puts the end of the song where the protocol asks for its start.
END_STAMPERS = frozenset({"mdc"})
_VERSION = re.compile(r"1\.2(\.\d+)?")


class Refusal(Exception):
    """A request that is refused: its message is the line that the client reads."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """A client asks for a session; `client` is its registered id."""

    user: str
    client: str
    timestamp: int
    token: str

    def proves(self, secret: str) -> bool:
        """Whether the client knows this app token."""
        return self.proves_md5(md5(secret))

    def proves_md5(self, secret_md5: str) -> bool:
        """The same, where only md5(app token) is kept."""
        return compare_digest(
            self.token.lower().encode("utf-8", "replace"), md5(f"{secret_md5}{self.timestamp}").encode()
        )

    def is_timely(self, now: int) -> bool:
        """Whether the client's clock is near enough to ours for its proof to be fresh."""
        return abs(now - self.timestamp) <= CLOCK_LEEWAY_S


@dataclass(frozen=True, slots=True)
class Track:
    """One track as sent; `timestamp` is None for what plays now."""

    artist: str
    title: str
    timestamp: int | None = None
    album: str = ""
    length_s: float | None = None
    track_number: int | None = None
    mbid: str = ""
    is_loved: bool = False

    def submission(self, user: str, source: str, *, client: str, now: int) -> Submission:
        """The raw row of this track; `client` is the id of the handshake, which decides what the stamp means."""
        return Submission(
            user,
            source,
            now if self.timestamp is None else self.timestamp,
            self.artist,
            self.title,
            album=self.album,
            recording_mbid=self.mbid,
            length_s=self.length_s,
            track_number=self.track_number,
            loved=self.is_loved,
            stamp=Stamp.END if client in END_STAMPERS and self.timestamp is not None else Stamp.START,
        )


@dataclass(frozen=True, slots=True)
class NowPlaying:
    """This plays now."""

    session: str
    track: Track


@dataclass(frozen=True, slots=True)
class Submit:
    """Take these in: what makes a listen of what was sent."""

    session: str
    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class Welcome:
    """The answer to a handshake: a session, and the addresses for what follows."""

    session: str
    root: str


@dataclass(frozen=True, slots=True)
class Ok:
    """Taken."""


BAD_AUTH, BAD_TIME, BAD_SESSION, BANNED = "BADAUTH", "BADTIME", "BADSESSION", "BANNED"


def failed(reason: str) -> Refusal:
    """Trouble that passes: the client keeps its tracks and tries again."""
    return Refusal(f"FAILED {' '.join(reason.split())}")


def decode(request: Request, path: str) -> Handshake | NowPlaying | Submit:
    """The call that a request makes; `path` as routed, empty for the handshake. Raises Refusal."""
    if path not in {NOW_PLAYING_PATH, SUBMISSION_PATH}:
        return _handshake(request.parameters)
    if len(request.body) > MOST_BODY_BYTES:
        raise failed("the request is too large")
    given = request.parameters | pairs(request.body.decode("utf-8", "replace"))
    session = given.get("s", "")
    if not session:
        raise Refusal(BAD_SESSION)
    if path == NOW_PLAYING_PATH:
        if not (track := _track(given, "", needs_time=False)):
            raise failed("the track lacks its artist or title")
        return NowPlaying(session, track)
    numbers = [number for number in range(MOST_ITEMS + 1) if f"a[{number}]" in given]
    if len(numbers) > MOST_ITEMS:
        raise failed(f"at most {MOST_ITEMS} tracks in one request")
    if not numbers:
        raise failed("no track in the request")
    tracks = (_track(given, f"[{number}]", needs_time=True) for number in numbers)
    return Submit(session, tuple(track for track in tracks if track))


def _handshake(given: Mapping[str, str]) -> Handshake:
    if not _VERSION.fullmatch(given.get("p", "")):
        raise failed("this server speaks protocol 1.2.1")
    stamp = given.get("t", "")
    if not re.fullmatch(r"[0-9]{1,17}", stamp):
        raise Refusal(BAD_TIME)
    if not given.get("u") or not given.get("a"):
        raise Refusal(BAD_AUTH)
    return Handshake(given["u"], given.get("c", ""), int(stamp), given["a"])


def _track(given: Mapping[str, str], index: str, *, needs_time: bool) -> Track | None:
    """A track, None if it can never be one: refused, its client would repeat it for ever and send nothing else."""
    artist, title = text(given.get(f"a{index}")), text(given.get(f"t{index}"))
    stamp = _number(given.get(f"i{index}", ""))
    if not artist or not title or (needs_time and stamp is None):
        return None
    return Track(
        artist,
        title,
        stamp if needs_time else None,
        album=text(given.get(f"b{index}")),
        length_s=_number(given.get(f"l{index}", "")),
        track_number=_number(given.get(f"n{index}", "")),
        mbid=text(given.get(f"m{index}")),
        is_loved=given.get(f"r{index}", "") == "L",
    )


def _number(digits: str) -> int | None:
    return int(digits) or None if re.fullmatch(r"[0-9]{1,17}", digits.strip()) else None


def encode(answer: Welcome | Ok | Refusal) -> Answer:
    """An answer as bytes; every answer of the protocol has status 200."""
    if isinstance(answer, Welcome):
        root = answer.root.rstrip("/")
        return text_answer(f"OK\n{answer.session}\n{root}{NOW_PLAYING_PATH}\n{root}{SUBMISSION_PATH}\n")
    return text_answer("OK\n" if isinstance(answer, Ok) else f"{answer}\n")
