"""The calls that we make to a Jellyfin server, with limits, timeouts, and retries of what may be repeated."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from regie.api import NotFound, ServiceError
from regie.roles import Library, MediaItem, MediaUser, Session

from . import decode, wire
from .errors import (
    CannotConnect,
    NotAdministrator,
    NotJellyfin,
    Redirected,
    TimedOut,
    TooOld,
    Untrusted,
    UpgradeRefused,
    WrongCredentials,
)

OLDEST = (10, 9)
TIMEOUT = aiohttp.ClientTimeout(total=20, sock_connect=5)
LARGEST_ANSWER = 64 * 1024 * 1024
LARGEST_IMAGE = 8 * 1024 * 1024
LARGEST_FRAME = 32 * 1024 * 1024
"""500 sessions with full queues stay below; what is larger is no session list."""
PAUSES_S = (0.3, 1.0)
"""Before the second and the third attempt of a call that may be repeated."""
PLAYABLE = "Movie,Episode,Audio,MusicVideo,AudioBook,Video,Trailer"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is and who we are to it."""

    url: str
    token: str = field(default="", repr=False)
    device_id: str = "regie"
    verify_tls: bool = True
    client_version: str = "0"


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Which server answers."""

    id: str
    name: str
    version: str


class JellyfinClient:
    """One server, over a connection pool of its own. Close it when done."""

    def __init__(self, address: Address, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._address = address
        self._base = URL(address.url.rstrip("/"))
        self._pause = pause
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit_per_host=6, ssl=address.verify_tls),
            timeout=TIMEOUT,
            middlewares=(_refuse_redirects,),
            headers={"Authorization": _authorization(address), "Accept": "application/json"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def public_info(self) -> ServerInfo:
        """Which server answers; refuses one that is too old."""
        info = _decoded(await self._get("System/Info/Public"), wire.PublicInfo)
        if info.product_name not in {None, "", "Jellyfin Server"} or not info.id:
            raise NotJellyfin(f"{self._base} is {info.product_name or 'unknown'}, not a Jellyfin server.")
        if version_number(info.version) < OLDEST:
            raise TooOld(f"Jellyfin {info.version} is too old: please update it to 10.9 or later.")
        return ServerInfo(decode.guid(info.id), info.server_name or "Jellyfin", info.version)

    async def check_token(self) -> ServerInfo:
        """The same, from a call that needs our token to be one of an administrator."""
        info = await self.public_info()
        await self._get("Library/VirtualFolders")
        return info

    async def sign_in(self, name: str, password: str) -> str:
        """Exchange a name and a password for a token; an older token of our device id ends."""
        body = {"Username": name, "Pw": password}
        return _decoded(await self._call("POST", "Users/AuthenticateByName", body=body), wire.SignedIn).access_token

    async def sessions(self) -> tuple[tuple[Session, ...], int]:
        """The sessions that play something, and how many could not be read."""
        text = await self._get("Sessions")
        try:
            return decode.sessions(text)
        except msgspec.MsgspecError as error:
            raise _not_understood(error) from error

    async def users(self) -> list[MediaUser]:
        """All accounts."""
        return [decode.user(user) for user in _decoded(await self._get("Users"), list[wire.User])]

    async def libraries(self) -> list[Library]:
        """All libraries."""
        folders = _decoded(await self._get("Library/VirtualFolders"), list[wire.Folder])
        return [decode.library(folder) for folder in folders if folder.item_id]

    async def items(
        self, library_id: str, *, start: int, limit: int, since: datetime | None = None
    ) -> tuple[list[MediaItem], int]:
        """A page of a library's items, oldest first, and how many rows the server sent."""
        query = {
            "recursive": "true",
            "parentId": library_id,
            "includeItemTypes": PLAYABLE,
            "fields": "ProviderIds,DateCreated",
            "enableUserData": "false",
            "enableTotalRecordCount": "false",
            "sortBy": "DateCreated",
            "sortOrder": "Ascending",
            "startIndex": str(start),
            "limit": str(limit),
        }
        if since:
            query["minDateLastSaved"] = since.isoformat()
        rows = _decoded(await self._get("Items", query), wire.Items).items
        return [item for row in rows if (item := _item(row, library_id))], len(rows)

    async def message(self, session_id: str, text: str, *, header: str, timeout_s: float) -> None:
        """Send a text to a player."""
        body = {"Header": header, "Text": text, "TimeoutMs": round(timeout_s * 1000)}
        await self._call("POST", f"Sessions/{_segment(session_id)}/Message", body=body)

    async def command(self, session_id: str, command: str) -> None:
        """Tell a player `Pause`, `Unpause` or `Stop`."""
        await self._call("POST", f"Sessions/{_segment(session_id)}/Playing/{command}")

    async def image(self, item_id: str, kind: str, *, width: int, tag: str) -> tuple[bytes, str]:
        """An artwork and its content type."""
        query = {"maxWidth": str(width), "quality": "90"} | ({"tag": tag} if tag else {})
        path = f"Items/{_segment(item_id)}/Images/{_segment(kind)}"
        return await self._retried(lambda: self._image(path, query))

    async def socket(self) -> aiohttp.ClientWebSocketResponse:
        """Open the websocket; `UpgradeRefused` when the server, or a proxy before it, does not want one."""
        try:
            async with asyncio.timeout(TIMEOUT.sock_connect):
                return await self._http.ws_connect(self._url("socket"), max_msg_size=LARGEST_FRAME)
        except aiohttp.WSServerHandshakeError as error:
            raise UpgradeRefused(error.status) from error
        except Redirected as error:
            raise UpgradeRefused(HTTPStatus.PERMANENT_REDIRECT) from error
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from error

    def _url(self, path: str, query: Mapping[str, str] | None = None) -> URL:
        return self._base.joinpath(path, encoded=True).with_query(query or {})

    async def _get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        return await self._retried(lambda: self._call("GET", path, query=query))

    async def _retried(self, attempt: Callable[[], Awaitable[T]]) -> T:
        for pause_s in PAUSES_S:
            try:
                return await attempt()
            except (NotJellyfin, Redirected, Untrusted):
                raise
            except CannotConnect:
                await self._pause(pause_s)
        return await attempt()

    async def _call(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None) -> bytes:
        try:
            async with self._http.request(method, self._url(path, query), json=body) as response:
                self._check(response)
                if response.status != HTTPStatus.NO_CONTENT and "json" not in response.content_type:
                    raise self._no_jellyfin(response.content_type)
                return await _read(response, LARGEST_ANSWER)
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from error

    async def _image(self, path: str, query: Mapping[str, str]) -> tuple[bytes, str]:
        try:
            async with self._http.get(self._url(path, query), headers={"Accept": "image/*"}) as response:
                self._check(response)
                if not response.content_type.startswith("image/"):
                    raise NotFound(f"The server's artwork is {response.content_type}, which is no image.")
                return await _read(response, LARGEST_IMAGE), response.content_type
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from error

    def _check(self, response: aiohttp.ClientResponse) -> None:
        status, path = response.status, response.url.path
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} and response.content_type == "text/html":
            raise self._no_jellyfin("a page of its own, perhaps a proxy's sign-in")
        if status == HTTPStatus.UNAUTHORIZED:
            raise WrongCredentials("The server refuses our key or password: please sign in again.")
        if status == HTTPStatus.FORBIDDEN:
            raise NotAdministrator("The server knows us but wants an administrator: please use an administrator's key.")
        if status == HTTPStatus.NOT_FOUND:
            if "json" not in response.content_type and "/Items/" not in path and "/Sessions/" not in path:
                raise self._no_jellyfin(response.content_type)
            raise NotFound("The server knows no such thing (any more).")
        if status >= 500:
            raise CannotConnect(f"The server at {self._base} answers {status}: it is starting, or in trouble.")
        if status >= 400:
            raise ServiceError(f"The server refused {path} with status {status}.")

    def _no_jellyfin(self, content_type: str) -> NotJellyfin:
        return NotJellyfin(f"{self._base} answers with {content_type}, not as a Jellyfin server: check the address.")

    def _unreachable(self, error: Exception) -> CannotConnect:
        if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
            return Untrusted(f"The certificate of {self._base} is not trusted: {error}")
        if isinstance(error, TimeoutError):
            return TimedOut(f"The server at {self._base} did not answer in time.")
        return CannotConnect(f"Nothing answers at {self._base}: {error}")


def version_number(text: str) -> tuple[int, ...]:
    """A version as numbers that compare; what is unreadable is older than any."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _authorization(address: Address) -> str:
    """The header; values are URL-encoded, as names may hold anything."""
    parts = {
        "Client": "Regie",
        "Device": "Regie",
        "DeviceId": address.device_id,
        "Version": address.client_version,
        "Token": address.token,
    }
    return "MediaBrowser " + ", ".join(f'{key}="{quote(value, safe="")}"' for key, value in parts.items() if value)


async def _refuse_redirects(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Following one would hand our key to whoever it names, and turns a POST into a GET."""
    response = await handler(request)
    if response.status in {301, 302, 303, 307, 308}:
        target = response.headers.get("Location", "another address")
        response.release()
        raise Redirected(f"The server sends us to {target}: please enter that address.")
    return response


async def _read(response: aiohttp.ClientResponse, largest: int) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > largest:
            raise NotJellyfin(f"The answer to {response.url.path} is larger than {largest} bytes.")
        parts.append(part)
    return b"".join(parts)


def _decoded(text: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as error:
        raise _not_understood(error) from error


def _not_understood(error: Exception) -> NotJellyfin:
    return NotJellyfin(f"The server's answer is not understood: {error}")


def _item(row: msgspec.Raw, library_id: str) -> MediaItem | None:
    """One item of a page; an odd one must not hide the others."""
    try:
        return decode.media_item(msgspec.json.decode(row, type=wire.Item), library_id=library_id)
    except msgspec.MsgspecError:
        return None


def _segment(text: str) -> str:
    return quote(text, safe="")
