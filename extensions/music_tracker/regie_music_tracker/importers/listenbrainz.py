"""ListenBrainz exports: listens by month, feedback, and the single array of older ones."""

from collections.abc import Mapping
from typing import Any

from regie_music_tracker.importers.faults import Skip
from regie_music_tracker.importers.rows import Feedback, Read, Target, kept
from regie_music_tracker.values import number, part, text, texts, whole


def read_listen(raw: Any, target: Target) -> Read:
    """A listen; what the server found out by itself (mapping, msid) is left out, because it may be wrong."""
    metadata = part(raw, "track_metadata")
    if not isinstance(raw, Mapping) or not isinstance(metadata, Mapping):
        return Skip.MALFORMED
    info = metadata.get("additional_info")
    info = info if isinstance(info, Mapping) else {}
    milliseconds, seconds = number(info.get("duration_ms")), number(info.get("duration"))
    return target.row(
        "listenbrainz",
        whole(raw.get("listened_at")),
        text(metadata.get("artist_name")),
        text(metadata.get("track_name")),
        artists=texts(info.get("artist_names")),
        artist_mbids=texts(info.get("artist_mbids")),
        album=text(metadata.get("release_name")),
        recording_mbid=text(info.get("recording_mbid")),
        release_mbid=text(info.get("release_mbid")),
        isrc=text(info.get("isrc")),
        track_number=whole(info.get("tracknumber")),
        length_s=milliseconds / 1000 if milliseconds else seconds,
        raw={"additional_info": kept(info, "recording_msid", "artist_msid", "release_msid")},
    )


def read_feedback(raw: Any, _target: Target) -> Read:
    """A line of feedback."""
    mbid, msid = text(part(raw, "recording_mbid")), text(part(raw, "recording_msid"))
    score = part(raw, "score")
    if isinstance(score, bool) or score not in (-1, 1) or not (mbid or msid):
        return Skip.MALFORMED
    return Feedback(int(score), whole(part(raw, "created")) or 0, mbid, msid)
