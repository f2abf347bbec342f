"""A stub Jellyfin server: what the real one answers, on loopback, with switches to make it misbehave."""

from .clock import HandClock, real_clock
from .server import StubServer
from .state import ServerState, Transcode

__all__ = ["HandClock", "ServerState", "StubServer", "Transcode", "real_clock"]
