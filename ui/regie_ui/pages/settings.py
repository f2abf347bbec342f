"""Settings: one's own preferences, access tokens and sessions."""

from typing import Any

from aiohttp import web

from regie.errors import InvalidData, NotFound, RegieError
from regie.web.navigation import Item
from regie.web.rendering import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, theme
from regie_ui.access import go_on, hub_of, posted, show, user_of
from regie_ui.agents import agent_name
from regie_ui.messages import msgid

PREFERENCES = "/settings"
TOKENS = "/settings/tokens"
SESSIONS = "/settings/sessions"
YEAR_S = 365 * 86_400
LIFETIMES_DAYS = (30, 365, 3650)


async def preferences(request: web.Request) -> web.Response:
    """Language, theme and password."""
    return await show(request, "settings.html", _preferences(request))


async def save_preferences(request: web.Request) -> web.Response:
    """Keep the language with the account, the theme with this browser."""
    hub = hub_of(request)
    language, chosen = await posted(request, "language"), await posted(request, "theme")
    if language and language not in hub.pages.languages:
        language = ""
    await hub.auth.set_language(user_of(request), language)
    response = go_on(PREFERENCES, "saved")
    for name, value in ((LANGUAGE_COOKIE, language), (THEME_COOKIE, chosen if chosen in THEMES else "")):
        if value:
            response.set_cookie(name, value, max_age=YEAR_S, samesite="Lax", secure=request.secure, path="/")
        else:
            response.del_cookie(name, path="/")
    raise response


async def change_password(request: web.Request) -> web.Response:
    """Change one's own password; every session ends, so one signs in anew."""
    old, new = await posted(request, "old"), await posted(request, "new")
    try:
        await hub_of(request).auth.change_password(user_of(request), old, new, address=request.remote or "")
    except RegieError as error:
        return await show(request, "settings.html", {**_preferences(request), "password_error": str(error)}, status=422)
    raise go_on("/sign-in", "password_changed")


async def tokens(request: web.Request) -> web.Response:
    """One's own access tokens."""
    return await _tokens(request)


async def make_token(request: web.Request) -> web.Response:
    """Make a token; its text is on this answer and nowhere else."""
    label, days = (await posted(request, "label")).strip(), await posted(request, "days")
    if not label:
        return await _tokens(request, error="label")
    try:
        text = await hub_of(request).auth.create_token(
            user_of(request), label, days=int(days) if days.isdecimal() else 0
        )
    except InvalidData as error:
        return await _tokens(request, error=str(error), label=label)
    return await _tokens(request, made=text, made_label=label)


async def revoke_token(request: web.Request) -> web.Response:
    """End a token."""
    try:
        await hub_of(request).auth.revoke(user_of(request), request.match_info["token_id"])
    except NotFound:
        raise go_on(TOKENS) from None
    raise go_on(TOKENS, "token_revoked")


async def sessions(request: web.Request) -> web.Response:
    """Where one is signed in."""
    user = user_of(request)
    session = request.get("session")
    found = await hub_of(request).auth.list_sessions(user)
    variables = {
        "sessions": found,
        "names": {one.id: agent_name(one.agent) for one in found},
        "here": session.id if session else "",
        "tabs": tabs(request),
    }
    return await show(request, "sessions.html", variables)


async def end_session(request: web.Request) -> web.Response:
    """Sign out somewhere."""
    await hub_of(request).auth.end_session(user_of(request), request.match_info["session_id"])
    raise go_on(SESSIONS, "session_ended")


def _preferences(request: web.Request) -> dict[str, Any]:
    hub = hub_of(request)
    return {
        "languages": hub.pages.languages,
        "chosen_language": user_of(request).language,
        "themes": THEMES,
        "chosen_theme": theme(request),
        "password_error": "",
        "tabs": tabs(request),
    }


async def _tokens(request: web.Request, **variables: str) -> web.Response:
    found = await hub_of(request).auth.list_tokens(user_of(request))
    defaults = {"made": "", "made_label": "", "error": "", "label": ""}
    shown = {"tokens": found, "lifetimes": LIFETIMES_DAYS, "tabs": tabs(request), **defaults, **variables}
    return await show(request, "tokens.html", shown, status=422 if variables.get("error") else 200)


def tabs(request: web.Request) -> list[Item]:
    """The pages of the settings."""
    pages = ((PREFERENCES, msgid("Preferences")), (TOKENS, msgid("Access tokens")), (SESSIONS, msgid("Sessions")))
    return [Item("regie", title, "", path, is_current=request.path == path) for path, title in pages]
