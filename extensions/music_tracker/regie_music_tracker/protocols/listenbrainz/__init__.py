"""The ListenBrainz API as a server: `decode` a request into a call, `encode` an answer."""

from regie_music_tracker.protocols.listenbrainz.answers import encode
from regie_music_tracker.protocols.listenbrainz.calls import ApiError
from regie_music_tracker.protocols.listenbrainz.decode import decode

__all__ = ["ApiError", "decode", "encode"]
