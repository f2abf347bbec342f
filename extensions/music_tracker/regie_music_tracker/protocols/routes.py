"""Which protocol an address belongs to: every form that clients build, with and without a trailing slash."""

from enum import StrEnum
from typing import NamedTuple

from regie_music_tracker.protocols.wire import Request


class Protocol(StrEnum):
    """The scrobbling protocols served."""

    LISTENBRAINZ = "listenbrainz"
    AUDIOSCROBBLER = "audioscrobbler"
    SUBMISSIONS = "submissions"


class Route(NamedTuple):
    """A protocol, and the path within it ("/1/..." for ListenBrainz)."""

    protocol: Protocol
    path: str


LISTENBRAINZ_ROOTS = ("/apis/listenbrainz", "")
AUDIOSCROBBLER_PATHS = frozenset({"/2.0", "/apis/audioscrobbler/2.0"})
# The addresses that the answer to a handshake sends a 1.2.1 client to.
NOW_PLAYING_PATH = "/apis/audioscrobbler/1.2/np"
SUBMISSION_PATH = "/apis/audioscrobbler/1.2/submit"
HANDSHAKE_PATHS = frozenset({"", "/apis/audioscrobbler", "/apis/audioscrobbler/1.2"})


def route(request: Request) -> Route | None:
    """The protocol that a request speaks, or None: then the address belongs to somebody else."""
    path = "/" + "/".join(part for part in request.path.split("/") if part)
    path = path.removesuffix("/")
    if path in AUDIOSCROBBLER_PATHS:
        return Route(Protocol.AUDIOSCROBBLER, path)
    if path in {NOW_PLAYING_PATH, SUBMISSION_PATH}:
        return Route(Protocol.SUBMISSIONS, path)
    if path in HANDSHAKE_PATHS:
        return Route(Protocol.SUBMISSIONS, "") if request.parameters.get("hs") == "true" else None
    for root in LISTENBRAINZ_ROOTS:
        if path.startswith(f"{root}/1/"):
            return Route(Protocol.LISTENBRAINZ, path.removeprefix(root))
    return None
