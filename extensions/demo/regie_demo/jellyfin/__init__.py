"""A stub Jellyfin server: what the real one answers, on loopback, with switches to make it misbehave."""

from .server import StubServer
from .state import ServerState, Transcode

__all__ = ["ServerState", "StubServer", "Transcode"]
