"""The services `jellyfin.message`, `jellyfin.pause` and `jellyfin.stop`: for one stream, or for the players named."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

import voluptuous as vol

from regie.api import NotFound, PluginContext, ServiceCall

from .runtime import Running
from .server import JellyfinServer

Servers = Callable[[], Collection[Running]]
Act = Callable[[JellyfinServer, str], Awaitable[None]]

LONGEST_TEXT = 1000
TARGET_FIELDS: dict[str, dict[str, Any]] = {
    "entity_id": {"description": "The media player.", "example": "media_player.demo_house_shield"},
    "session_id": {"description": "The stream, instead of the media player."},
}


def _texts(value: Any) -> list[str]:
    return vol.Schema([str])(value if isinstance(value, list) else [value])  # type: ignore[no-any-return]


TARGET: dict[Any, Any] = {
    vol.Optional("entity_id", default=list): _texts,
    vol.Optional("session_id", default=list): _texts,
}
MESSAGE: dict[Any, Any] = {
    **TARGET,
    vol.Required("text"): vol.All(str, vol.Length(min=1, max=LONGEST_TEXT)),
    vol.Optional("header", default=""): vol.All(str, vol.Length(max=100)),
    vol.Optional("timeout_s", default=10): vol.All(vol.Coerce(float), vol.Range(min=1, max=120)),
}
MESSAGE_FIELDS: dict[str, dict[str, Any]] = {
    **TARGET_FIELDS,
    "text": {"description": "What the viewer shall read.", "example": "Dinner is ready", "required": True},
    "header": {"description": "A line above it; the server's name if left out."},
    "timeout_s": {"description": "How long it stays, in seconds.", "selector": {"number": {"min": 1, "max": 120}}},
}


def register(ctx: PluginContext, running: Servers) -> None:
    """Offer the services."""

    async def message(call: ServiceCall) -> None:
        data = call.data
        await _each(
            call,
            running,
            lambda server, session: server.message(
                session, data["text"], header=data["header"], timeout_s=data["timeout_s"]
            ),
        )

    async def pause(call: ServiceCall) -> None:
        await _each(call, running, lambda server, session: server.pause(session))

    async def stop(call: ServiceCall) -> None:
        await _each(call, running, lambda server, session: server.stop(session))

    for name, handler, description in (
        ("pause", pause, "Pause a stream."),
        ("stop", stop, "Stop a stream."),
    ):
        ctx.services.register(
            name,
            handler,
            schema=vol.Schema(TARGET),
            permission="admin",
            description=description,
            fields=TARGET_FIELDS,
        )
    ctx.services.register(
        "message",
        message,
        schema=vol.Schema(MESSAGE),
        permission="admin",
        description="Show a text on a viewer's screen.",
        fields=MESSAGE_FIELDS,
    )


async def _each(call: ServiceCall, running: Servers, act: Act) -> None:
    wanted = [*call.data["session_id"], *call.data["entity_id"]]
    if not wanted:
        raise NotFound("Say which stream: give entity_id or session_id.")
    for name in wanted:
        server, session_id = _find(name, running())
        await act(server, session_id)


def _find(name: str, running: Collection[Running]) -> tuple[JellyfinServer, str]:
    """The server and session of a session id or of a media player's entity id."""
    for one in running:
        session_id = one.entities.session_id(name) or name
        if any(session.id == session_id for session in one.server.sessions):
            return one.server, session_id
    raise NotFound(f"{name} plays nothing now.")
