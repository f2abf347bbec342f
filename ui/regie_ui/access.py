"""What every page handler needs: the hub, the person, a page to show, a place to go on to."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from yarl import URL

from regie.auth import User
from regie.hub import Hub
from regie.web.app import HUB


def hub_of(request: web.Request) -> Hub:
    """The hub that answers this request."""
    return request.app[HUB]


def user_of(request: web.Request) -> User:
    """Who asks; pages for people are never shown to nobody."""
    user: User | None = request.get("user")
    if user is None:
        raise web.HTTPUnauthorized
    return user


def say(request: web.Request, text: str) -> str:
    """A text of the frame's catalogue in the viewer's language."""
    return hub_of(request).pages.messages(request).gettext(text)


async def show(request: web.Request, template: str, variables: Mapping[str, Any], *, status: int = 200) -> web.Response:
    """A page of ours, for handlers that choose their template or status."""
    return await hub_of(request).pages.page(request, f"regie/{template}", variables, status=status)


def go_on(path: str, said: str = "") -> web.HTTPSeeOther:
    """Send the browser on after an act; `said` is the key of what the next page says at its top."""
    return web.HTTPSeeOther(URL(path).update_query({"said": said}) if said else URL(path))


async def posted(request: web.Request, name: str) -> str:
    """One text field of a posted form."""
    value = (await request.post()).get(name, "")
    return value if isinstance(value, str) else ""
