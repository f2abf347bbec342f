"""The link that the demo prints: it signs one browser in, once."""

import secrets
from typing import TYPE_CHECKING

from aiohttp import web

from regie.auth.users import User
from regie.errors import NotFound
from regie.web import security

if TYPE_CHECKING:
    from regie.hub import Hub

PATH = "/demo/{code}"
USER = "Demo"


class DemoLink:
    """One code, good for one visit; only a hub in demo mode has one."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._code = secrets.token_urlsafe(16)
        self.path = PATH.format(code=self._code)

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Sign in whoever comes first."""
        given = request.match_info["code"]
        if not self._code or not secrets.compare_digest(given.encode("utf-8", "replace"), self._code.encode()):
            raise web.HTTPNotFound
        self._code = ""
        user = await self._user()
        session = await self._hub.auth.begin_session(
            user, request.remote or "", agent=request.headers.get("User-Agent", "")
        )
        response = web.HTTPSeeOther("/")
        security.remember(response, request, session)
        return response

    async def _user(self) -> User:
        try:
            return await self._hub.auth.find_user(USER)
        except NotFound:
            return await self._hub.auth.create_user(USER, secrets.token_urlsafe(24), "admin")
