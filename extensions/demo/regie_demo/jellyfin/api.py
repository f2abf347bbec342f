"""The REST calls that the stub server answers, and who may make them."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from regie_demo.catalogue import Title
from regie_demo.people import Person

from . import posters, shapes
from .state import Command, ServerState, StubSession

STATE = web.AppKey("state", ServerState)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FIELD = re.compile(r'(\w+)="([^"]*)"')
NO_CONTENT = HTTPStatus.NO_CONTENT


def credentials(request: web.Request) -> dict[str, str]:
    """The parts of the Authorization header; `Token` may come as a query parameter."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    parts = {key: unquote(value) for key, value in FIELD.findall(rest)} if scheme == "MediaBrowser" else {}
    if "ApiKey" in request.query:
        parts.setdefault("Token", request.query["ApiKey"])
    return parts


class Api:
    """The handlers, as methods over one server state."""

    def __init__(self, state: ServerState, socket: Handler) -> None:
        self._state = state
        self._socket = socket

    def register(self, router: web.UrlDispatcher) -> None:
        """Lay out the addresses."""
        router.add_get("/System/Info/Public", self._public_info)
        router.add_post("/Users/AuthenticateByName", self._sign_in)
        router.add_get("/Items/{id}/Images/{kind}", self._image)
        router.add_get("/UserImage", self._portrait)
        router.add_get("/System/Info", self._guarded(self._info))
        router.add_get("/Users", self._guarded(self._users, admin=True))
        router.add_get("/Sessions", self._guarded(self._sessions))
        router.add_get("/Auth/Keys", self._guarded(self._list_keys, admin=True))
        router.add_post("/Auth/Keys", self._guarded(self._make_key, admin=True))
        router.add_get("/Library/VirtualFolders", self._guarded(self._libraries, admin=True))
        router.add_get("/Items", self._guarded(self._items))
        router.add_post("/Sessions/{id}/Message", self._guarded(self._message))
        router.add_post("/Sessions/{id}/Playing/{command}", self._guarded(self._command))
        router.add_get("/socket", self._guarded(self._socket))

    def _guarded(self, handler: Handler, *, admin: bool = False) -> Handler:
        async def guard(request: web.Request) -> web.StreamResponse:
            token = credentials(request).get("Token", "")
            person = self._state.tokens.get(token)
            if person is None and token not in self._state.api_keys:
                return web.Response(status=HTTPStatus.UNAUTHORIZED)
            if admin and person and not person.is_admin:
                return web.Response(status=HTTPStatus.FORBIDDEN)
            return await handler(request)

        return guard

    def _person(self, request: web.Request) -> Person | None:
        """The person who asks; None for an API key, which may see everything."""
        return self._state.tokens.get(credentials(request).get("Token", ""))

    async def _public_info(self, _: web.Request) -> web.Response:
        return web.json_response(shapes.public_info(self._state))

    async def _info(self, _: web.Request) -> web.Response:
        return web.json_response(shapes.info(self._state))

    async def _sign_in(self, request: web.Request) -> web.Response:
        if not {"Client", "Device", "DeviceId", "Version"} <= credentials(request).keys():
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        asked: dict[str, Any] = await request.json()
        signed_in = self._state.sign_in(str(asked.get("Username", "")), str(asked.get("Pw", "")))
        if signed_in is None:
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        return web.json_response(shapes.signed_in(self._state, *signed_in))

    async def _users(self, _: web.Request) -> web.Response:
        return web.json_response([shapes.user(self._state, person) for person in self._state.people])

    async def _sessions(self, request: web.Request) -> web.Response:
        asking = self._person(request)
        sees_all = asking is None or asking.is_admin
        visible = [s for s in self._state.sessions.values() if sees_all or s.user is asking]
        return web.json_response([shapes.session(self._state, session) for session in visible])

    async def _list_keys(self, _: web.Request) -> web.Response:
        return web.json_response(shapes.api_keys(self._state))

    async def _make_key(self, request: web.Request) -> web.Response:
        self._state.issue_key(request.query["app"])
        return web.Response(status=NO_CONTENT)

    async def _libraries(self, _: web.Request) -> web.Response:
        return web.json_response([shapes.library(shelf) for shelf in self._state.catalogue.shelves])

    async def _items(self, request: web.Request) -> web.Response:
        query = {key.casefold(): value for key, value in request.query.items()}
        titles = self._selected(query)
        start = int(query.get("startindex", 0))
        page = titles[start : start + int(query.get("limit", len(titles) or 1))]
        counted = query.get("enabletotalrecordcount", "true").casefold() == "true"
        return web.json_response(
            {
                "Items": [shapes.item(self._state, title) for title in page],
                "TotalRecordCount": len(titles) if counted else 0,
                "StartIndex": start,
            }
        )

    def _selected(self, query: dict[str, str]) -> Sequence[Title]:
        kinds = set(filter(None, query.get("includeitemtypes", "").split(",")))
        ids = set(filter(None, query.get("ids", "").split(",")))
        parent, since = query.get("parentid"), query.get("mindatelastsaved")
        after = datetime.fromisoformat(since).astimezone(UTC) if since else None
        return [
            title
            for title in sorted(self._state.catalogue.titles, key=shapes.saved_at)
            if (not kinds or title.kind in kinds)
            and (not ids or title.id in ids)
            and (parent is None or parent in {title.shelf.id, title.parent_id})
            and (after is None or shapes.saved_at(title) >= after)
        ]

    async def _image(self, request: web.Request) -> web.Response:
        name = self._state.catalogue.names.get(request.match_info["id"].replace("-", ""))
        if name is None:
            return web.json_response({"title": "Not Found", "status": 404}, status=HTTPStatus.NOT_FOUND)
        return web.Response(body=await asyncio.to_thread(posters.poster, name), content_type="image/png")

    async def _portrait(self, request: web.Request) -> web.Response:
        asked = request.query.get("userId", "").replace("-", "")
        for person in self._state.people:
            if person.id == asked:
                portrait = await asyncio.to_thread(posters.poster, person.name, height=300)
                return web.Response(body=portrait, content_type="image/png")
        return web.json_response({"title": "Not Found", "status": 404}, status=HTTPStatus.NOT_FOUND)

    async def _message(self, request: web.Request) -> web.Response:
        asked: dict[str, Any] = await request.json()
        if not asked.get("Text"):
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        return self._hand_over(request, "Message", asked["Text"])

    async def _command(self, request: web.Request) -> web.Response:
        return self._hand_over(request, request.match_info["command"])

    def _hand_over(self, request: web.Request, name: str, text: str = "") -> web.Response:
        session: StubSession | None = self._state.sessions.get(request.match_info["id"])
        if session is None:
            return web.json_response({"title": "Not Found", "status": 404}, status=HTTPStatus.NOT_FOUND)
        if session.player.can_be_controlled:
            self._state.command(Command(session.id, name, text))
        return web.Response(status=NO_CONTENT)
