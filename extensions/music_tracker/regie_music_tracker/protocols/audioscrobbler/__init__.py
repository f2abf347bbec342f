"""The AudioScrobbler 2.0 API of Last.fm as a server: `decode` a request into a call, `encode` an answer in its format."""

from regie_music_tracker.protocols.audioscrobbler.answers import encode
from regie_music_tracker.protocols.audioscrobbler.calls import Failure
from regie_music_tracker.protocols.audioscrobbler.decode import decode

__all__ = ["Failure", "decode", "encode"]
