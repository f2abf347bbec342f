"""The server's JSON, as its OpenAPI document describes it; what is null is left out, as the server does."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from regie_demo.catalogue import Picture, Shelf, Title, guid
from regie_demo.people import Person

from .state import NowPlaying, ServerState, StubSession, Transcode

Json = dict[str, Any]
TICKS = 10_000_000
NEVER = "0001-01-01T00:00:00.0000000Z"


def ticks(seconds: float) -> int:
    """Seconds as the server's units of 100 ns."""
    return round(seconds * TICKS)


def stamp(moment: datetime) -> str:
    """A UTC time with seven digits, as .NET writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}0Z"


def public_info(state: ServerState) -> Json:
    """What anybody may know."""
    return {
        "LocalAddress": "http://127.0.0.1",
        "ServerName": state.name,
        "Version": state.version,
        "ProductName": "Jellyfin Server",
        "OperatingSystem": "",
        "Id": state.id,
        "StartupWizardCompleted": True,
    }


def info(state: ServerState) -> Json:
    """What an administrator may know."""
    return public_info(state) | {
        "HasPendingRestart": False,
        "IsShuttingDown": False,
        "SupportsLibraryMonitor": True,
        "WebSocketPortNumber": 8096,
        "CompletedInstallations": [],
    }


def user(state: ServerState, person: Person) -> Json:
    """A UserDto."""
    return {
        "Name": person.name,
        "ServerId": state.id,
        "Id": person.id,
        "PrimaryImageTag": guid("portrait", person.name),
        "HasPassword": True,
        "HasConfiguredPassword": True,
        "HasConfiguredEasyPassword": False,
        "EnableAutoLogin": False,
        "LastActivityDate": stamp(state.clock()),
        "Policy": {
            "IsAdministrator": person.is_admin,
            "IsHidden": False,
            "IsDisabled": False,
            "MaxActiveSessions": 0,
            "RemoteClientBitrateLimit": 0,
            "AuthenticationProviderId": "Jellyfin.Server.Implementations.Users.DefaultAuthenticationProvider",
            "PasswordResetProviderId": "Jellyfin.Server.Implementations.Users.DefaultPasswordResetProvider",
        },
    }


def signed_in(state: ServerState, person: Person, token: str) -> Json:
    """An AuthenticationResult."""
    return {"User": user(state, person), "AccessToken": token, "ServerId": state.id}


def api_keys(state: ServerState) -> Json:
    """The keys, as their list shows them."""
    items = [
        {
            "AccessToken": key,
            "AppName": app,
            "UserId": uuid.UUID(int=0).hex,
            "IsActive": True,
            "DateCreated": stamp(created),
            "DateLastActivity": stamp(created),
        }
        for key, (app, created) in state.api_keys.items()
    ]
    return {"Items": items, "TotalRecordCount": len(items), "StartIndex": 0}


def library(shelf: Shelf) -> Json:
    """A VirtualFolderInfo."""
    return {
        "Name": shelf.name,
        "Locations": [f"/media/{shelf.kind}"],
        "CollectionType": shelf.kind,
        "ItemId": shelf.id,
        "RefreshStatus": "Idle",
    }


def item(state: ServerState, title: Title, *, streams: bool = False) -> Json:
    """A BaseItemDto."""
    made: Json = {
        "Name": title.name,
        "ServerId": state.id,
        "Id": title.id,
        "DateCreated": stamp(saved_at(title)),
        "ProviderIds": {"Tmdb": str(int(title.id[:6], 16))} if title.kind == "Movie" else {},
        "RunTimeTicks": ticks(title.runtime_s),
        "ProductionYear": title.year,
        "IsFolder": False,
        "Type": title.kind,
        "MediaType": "Audio" if title.kind == "Audio" else "Video",
        "ImageTags": {"Primary": guid("poster", title.id)},
        "BackdropImageTags": [],
        "LocationType": "FileSystem",
        "Container": "flac" if title.kind == "Audio" else "mkv",
    }
    if title.kind == "Episode":
        made |= {"SeriesName": title.parent, "SeriesId": title.parent_id, "SeasonName": f"Season {title.season}"}
        made |= {"ParentIndexNumber": title.season, "IndexNumber": title.number}
    if title.kind == "Audio":
        made |= {"Album": title.parent, "AlbumId": title.parent_id, "AlbumArtist": title.artist}
        made |= {"Artists": [title.artist], "IndexNumber": title.number}
    if streams:
        made["MediaStreams"] = _streams(title)
    return made


def saved_at(title: Title) -> datetime:
    """When the title came to the library: some day of the first half of 2026, the same each time."""
    first = datetime.fromisoformat("2026-01-01T12:00:00+00:00")
    return first + timedelta(hours=int(title.id[:4], 16) % 4000)


def _streams(title: Title) -> list[Json]:
    common = {"IsInterlaced": False, "IsForced": False, "IsExternal": False, "IsDefault": True}
    common |= {"IsHearingImpaired": False, "IsTextSubtitleStream": False, "SupportsExternalStream": False}
    if not title.picture:
        return [
            common
            | {"Codec": "flac", "Type": "Audio", "Index": 0, "Channels": 2, "SampleRate": 44100, "BitRate": 960_000}
        ]
    sound = {"Codec": "eac3", "Type": "Audio", "Index": 1, "Channels": 6, "Language": "eng", "SampleRate": 48000}
    return [common | _video(title.picture), common | sound | {"BitRate": 640_000}]


def _video(picture: Picture) -> Json:
    return {
        "Codec": picture.codec,
        "Type": "Video",
        "Index": 0,
        "Width": picture.width,
        "Height": picture.height,
        "BitRate": picture.bitrate_kbps * 1000,
        "BitDepth": 8 if picture.range_type == "SDR" else 10,
        "VideoRange": "SDR" if picture.range_type == "SDR" else "HDR",
        "VideoRangeType": picture.range_type,
        "AverageFrameRate": picture.frame_rate,
        "RealFrameRate": picture.frame_rate,
    }


def session(state: ServerState, known: StubSession) -> Json:
    """A SessionInfoDto."""
    player = known.player
    made: Json = {
        "PlayState": {"CanSeek": False, "IsPaused": False, "IsMuted": False, "RepeatMode": "RepeatNone"},
        "AdditionalUsers": [],
        "RemoteEndPoint": player.address,
        "PlayableMediaTypes": ["Audio", "Video"],
        "Id": known.id,
        "UserId": known.user.id,
        "UserName": known.user.name,
        "Client": player.client,
        "LastActivityDate": stamp(known.last_activity),
        "LastPlaybackCheckIn": NEVER,
        "DeviceName": player.device,
        "DeviceId": player.device_id,
        "ApplicationVersion": player.app_version,
        "IsActive": True,
        "SupportsMediaControl": player.can_be_controlled,
        "SupportsRemoteControl": player.can_be_controlled,
        "NowPlayingQueue": [],
        "HasCustomDeviceName": False,
        "ServerId": state.id,
        "SupportedCommands": ["DisplayMessage"] if player.can_be_controlled else [],
    }
    if not state.is_12:
        made["NowPlayingQueueFullItems"] = []
    if known.playing:
        made |= _playing(state, known.playing)
    return made


def _playing(state: ServerState, playing: NowPlaying) -> Json:
    play_state = {
        "PositionTicks": ticks(playing.position_at(state.clock())),
        "CanSeek": True,
        "IsPaused": playing.paused_since is not None,
        "IsMuted": False,
        "VolumeLevel": 100,
        "MediaSourceId": playing.title.id,
        "PlayMethod": playing.method,
        "RepeatMode": "RepeatNone",
        "PlaybackOrder": "Default",
    }
    made: Json = {
        "PlayState": play_state,
        "LastPlaybackCheckIn": stamp(playing.check_in),
        "NowPlayingItem": item(state, playing.title, streams=True),
    }
    if playing.paused_since:
        made["LastPausedDate"] = stamp(playing.paused_since)
    if playing.transcode:
        made["TranscodingInfo"] = _transcoding(playing.transcode)
    return made


def _transcoding(transcode: Transcode) -> Json:
    made = {
        "AudioCodec": transcode.audio_codec,
        "VideoCodec": transcode.video_codec,
        "Container": transcode.container,
        "IsVideoDirect": transcode.video_direct,
        "IsAudioDirect": transcode.audio_direct,
        "Bitrate": transcode.bitrate_kbps * 1000,
        "Framerate": transcode.encoder_fps,
        "CompletionPercentage": transcode.completion,
        "Width": transcode.width,
        "Height": transcode.height,
        "AudioChannels": transcode.channels,
        "HardwareAccelerationType": transcode.hardware,
        "TranscodeReasons": list(transcode.reasons),
    }
    return {key: value for key, value in made.items() if value is not None}
