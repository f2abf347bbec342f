"""Entities of one server: its connection, its streams, and a media player for each player that has played."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regie.api import BinarySensor, DeviceInfo, Entity, MediaPlayer, Sensor
from regie.roles import MediaKind, Observation, Outage, ServerStatus, Session, Snapshot

from .server import JellyfinServer

DRIFT_S = 3.0
"""A position is told again only when it left the line that clients draw from the last one."""
MOST_PLAYERS = 100
"""Some applications make a new device of each sign-in; the longest idle one goes."""
UNAVAILABLE = "unavailable"
CONTENT_TYPES: Mapping[MediaKind, str] = {
    "movie": "movie",
    "episode": "tvshow",
    "track": "music",
    "music_video": "video",
    "live_tv": "channel",
}

Undo = Callable[[], None]
Add = Callable[..., Undo]


@dataclass(slots=True)
class _Player:
    """A player's entity and what it last told."""

    entity: MediaPlayer
    remove: Undo
    told: Mapping[str, Any]
    at: datetime


class ServerEntities:
    """Keeps the entities in step with the server."""

    def __init__(self, server: JellyfinServer, add: Add) -> None:
        self._server = server
        self._add = add
        self._device = DeviceInfo(server.id, server.name, manufacturer="Jellyfin", sw_version=server.version)
        self._players: dict[str, _Player] = {}
        self._online = BinarySensor(
            **self._named("online"), device_class="connectivity", category="diagnostic", device=self._device
        )
        self._streams = self._sensor("streams", "streams")
        self._transcodes = self._sensor("transcodes", "streams")
        self._bandwidth = self._sensor("bandwidth", "kbit/s")
        add(self._online, self._streams, self._transcodes, self._bandwidth)

    def follow_status(self, status: ServerStatus) -> None:
        """Tell how the server is connected."""
        attributes = {"connection": status.state, "reason": status.reason}
        self._online.update(status.state in {"live", "polling"}, attributes)

    def follow(self, observation: Observation) -> None:
        """Tell what a snapshot changed, or that nothing is known any more."""
        if isinstance(observation, Outage):
            for entity in (
                self._streams,
                self._transcodes,
                self._bandwidth,
                *(p.entity for p in self._players.values()),
            ):
                entity.update(UNAVAILABLE, {})
        if not isinstance(observation, Snapshot):
            return
        sessions = observation.sessions
        _tell(self._streams, len(sessions))
        _tell(self._transcodes, sum(session.shape.method == "transcode" for session in sessions))
        _tell(self._bandwidth, sum(session.bitrate_kbps or 0 for session in sessions))
        for session in sessions:
            self._play(session, observation.at)
        self._rest({session.id for session in sessions}, observation.at)

    def session_id(self, entity_id: str) -> str | None:
        """The session that a media player stands for."""
        found = (session_id for session_id, player in self._players.items() if player.entity.entity_id == entity_id)
        return next(found, None)

    def _play(self, session: Session, at: datetime) -> None:
        player = self._players.get(session.id) or self._make(session, at)
        told = _attributes(session)
        state = "paused" if session.is_paused else "playing"
        if player.entity.state == state and player.told == told and not _jumped(player, session, at):
            return
        player.told, player.at = told, at
        moving = {"media_position": round(session.position_s or 0, 1), "media_position_updated_at": at.isoformat()}
        player.entity.update(state, {**told, **moving})

    def _rest(self, playing: set[str], at: datetime) -> None:
        for session_id, player in self._players.items():
            if session_id not in playing and player.entity.state != "idle":
                player.told, player.at = {}, at
                player.entity.update("idle", {})
        if len(self._players) > MOST_PLAYERS:
            idle = [session_id for session_id in self._players if session_id not in playing]
            for session_id in sorted(idle, key=lambda one: self._players[one].at)[: len(self._players) - MOST_PLAYERS]:
                self._players.pop(session_id).remove()

    def _make(self, session: Session, at: datetime) -> _Player:
        name = session.device or session.client or "player"
        device = DeviceInfo(f"{self._server.id}_{session.id}", name, model=session.client)
        entity = MediaPlayer(key=f"{self._server.id}_{session.id}", name=f"{self._server.name} {name}", device=device)
        player = _Player(entity, self._add(entity), {}, at)
        self._players[session.id] = player
        return player

    def _named(self, what: str) -> dict[str, str]:
        return {"key": f"{self._server.id}_{what}", "name": f"{self._server.name} {what}"}

    def _sensor(self, what: str, unit: str) -> Sensor:
        return Sensor(**self._named(what), unit=unit, state_class="measurement", device=self._device)


def _tell(entity: Entity, value: int) -> None:
    if entity.state != str(value):
        entity.update(value)


def _jumped(player: _Player, session: Session, at: datetime) -> bool:
    if session.position_s is None:
        return False
    expected = float(player.entity.attributes.get("media_position", 0.0)) + (
        0 if session.is_paused else (at - player.at).total_seconds()
    )
    return abs(session.position_s - expected) > DRIFT_S


def _attributes(session: Session) -> dict[str, Any]:
    item = session.item
    found = {
        "media_title": item.title,
        "media_content_id": item.id,
        "media_content_type": CONTENT_TYPES.get(item.kind, "video"),
        "media_series_title": item.series,
        "media_season": item.season,
        "media_episode": item.episode,
        "media_album_name": item.album,
        "media_artist": item.artist,
        "media_duration": item.runtime_s,
        "app_name": session.client,
        "user": session.user.name,
        "device": session.device,
        "session_id": session.id,
        "stream_method": session.shape.method,
    }
    return {key: value for key, value in found.items() if value is not None}
