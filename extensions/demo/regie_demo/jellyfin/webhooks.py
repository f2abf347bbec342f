"""The bodies that the server's webhook plugin posts with "Send All Properties"."""

import json
import uuid
from typing import Any

from .shapes import stamp, ticks
from .state import PlaybackEvent, ServerState


def playback(state: ServerState, event: PlaybackEvent) -> bytes:
    """The body of a start, progress or stop; text is escaped twice, as the plugin does."""
    session, title = event.session, event.playing.title
    body: dict[str, Any] = {
        "ServerId": state.id,
        "ServerName": state.name,
        "ServerVersion": state.version,
        "NotificationType": event.name,
        "Timestamp": stamp(state.clock()),
        "UtcTimestamp": stamp(state.clock()),
        "Name": _escaped(title.name),
        "ItemId": str(uuid.UUID(title.id)),
        "ItemType": title.kind,
        "RunTimeTicks": ticks(title.runtime_s),
        "Year": title.year,
        "PlaybackPositionTicks": ticks(event.position_s),
        "MediaSourceId": title.id,
        "IsPaused": event.playing.paused_since is not None,
        "IsAutomated": False,
        "DeviceId": session.player.device_id,
        "DeviceName": _escaped(session.player.device),
        "ClientName": session.player.client,
        "Id": session.id,
        "UserId": str(uuid.UUID(session.user.id)),
        "NotificationUsername": session.user.name,
        "Client": session.player.client,
        "LastPlaybackCheckIn": stamp(event.playing.check_in),
        "RemoteEndPoint": session.player.address,
    }
    if title.kind == "Episode":
        body |= {"SeriesName": _escaped(title.parent), "SeriesId": str(uuid.UUID(title.parent_id))}
        body |= {"SeasonNumber": title.season, "EpisodeNumber": title.number}
    if title.kind == "Audio":
        body |= {"Album": _escaped(title.parent), "Artist": _escaped(title.artist)}
    if event.name == "PlaybackStop":
        body["PlayedToCompletion"] = event.completed
    else:
        body["PlayMethod"] = event.playing.method
    return json.dumps(body).encode()


def _escaped(text: str) -> str:
    return text.replace('"', '\\"')
