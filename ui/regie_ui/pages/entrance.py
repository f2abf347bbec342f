"""The way in: the first account, signing in, signing out."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from aiohttp import web

from regie.auth import TooManyAttempts
from regie.errors import RegieError
from regie.web.rendering import LANGUAGE_COOKIE
from regie.web.security import forget, is_local, local_path, remember
from regie_ui.access import go_on, hub_of, posted, say, show
from regie_ui.messages import msgid

WELCOME = "/welcome"
SIGN_IN = "/sign-in"

NOT_ALIKE = msgid("The two passwords differ.")
NO_ZONE = msgid("There is no such time zone.")


async def welcome(request: web.Request) -> web.StreamResponse:
    """Make the first account; once there is one, this page is gone."""
    if not await hub_of(request).auth.needs_first_run():
        raise go_on("/")
    return await _welcome(request, {})


async def make_admin(request: web.Request) -> web.StreamResponse:
    """Make the admin, note language and time zone, and sign in."""
    hub = hub_of(request)
    form = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
    if form.get("password") != form.get("again"):
        return await _welcome(request, form, error=say(request, NOT_ALIKE))
    if (time_zone := form.get("time_zone") or str(hub.time_zone)) not in available_timezones():
        return await _welcome(request, form, error=say(request, NO_ZONE))
    name, password, address = form.get("name", ""), form.get("password", ""), request.remote or ""
    try:
        await hub.auth.create_first_admin(
            name,
            password,
            address=address,
            is_local=is_local(request),
            code=form.get("code", ""),
            language=form.get("language", ""),
        )
        hub.set_time_zone(time_zone)
        session = await hub.auth.sign_in(name, password, address, agent=request.headers.get("User-Agent", ""))
    except RegieError as error:
        return await _welcome(request, form, error=str(error))
    response = go_on("/")
    remember(response, request, session)
    raise response


async def sign_in_page(request: web.Request) -> web.StreamResponse:
    """Name and password."""
    if await hub_of(request).auth.needs_first_run():
        raise go_on(WELCOME)
    onward = local_path(request.query.get("next"))
    if request.get("user") is not None:
        raise go_on(onward)
    return await show(request, "sign_in.html", {"onward": onward, "name": "", "error": ""})


async def sign_in(request: web.Request) -> web.StreamResponse:
    """Open a session and go on to where one wanted to be."""
    hub, name, onward = hub_of(request), await posted(request, "name"), local_path(await posted(request, "next"))
    agent = request.headers.get("User-Agent", "")
    try:
        session = await hub.auth.sign_in(name, await posted(request, "password"), request.remote or "", agent=agent)
    except TooManyAttempts as error:
        shown = await show(request, "sign_in.html", {"onward": onward, "name": name, "error": str(error)}, status=429)
        shown.headers["Retry-After"] = str(error.retry_after_s)
        return shown
    except RegieError as error:
        return await show(request, "sign_in.html", {"onward": onward, "name": name, "error": str(error)}, status=401)
    response = go_on(onward)
    remember(response, request, session)
    response.del_cookie(LANGUAGE_COOKIE, path="/")
    raise response


async def sign_out(request: web.Request) -> web.StreamResponse:
    """End this browser's session."""
    if session := request.get("session"):
        await hub_of(request).auth.sign_out(session)
    response = go_on(SIGN_IN)
    forget(response, request)
    raise response


async def _welcome(request: web.Request, form: Mapping[str, Any], error: str = "") -> web.Response:
    hub = hub_of(request)
    variables = {
        "form": form,
        "error": error,
        "needs_code": not is_local(request),
        "languages": hub.pages.languages,
        "zones": sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")),
        "zone": str(hub.time_zone),
    }
    return await show(request, "welcome.html", variables, status=422 if error else 200)
