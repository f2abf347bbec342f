"""What the command line can ask of a hub: the same functions serve a running hub (over its own port) and a stopped one."""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from regie.auth import Auth
from regie.auth.users import User
from regie.errors import NotFound, RegieError

Command = Callable[[Auth, Mapping[str, Any]], Awaitable[dict[str, Any]]]

PATH = "/api/regie/control/{command}"


async def user_add(auth: Auth, data: Mapping[str, Any]) -> dict[str, Any]:
    """Make an account: name, password, role."""
    user = await auth.create_user(data["name"], data["password"], data["role"])
    return {"id": user.id, "name": user.name, "role": user.role}


async def user_list(auth: Auth, _data: Mapping[str, Any]) -> dict[str, Any]:
    """All accounts."""
    return {
        "users": [{"name": user.name, "role": user.role, "is_active": user.is_active} for user in await auth.users()]
    }


async def user_password(auth: Auth, data: Mapping[str, Any]) -> dict[str, Any]:
    """Give somebody a new password: name, password."""
    await auth.set_password(await auth.find_user(data["name"]), data["password"])
    return {}


async def user_remove(auth: Auth, data: Mapping[str, Any]) -> dict[str, Any]:
    """Delete an account: name."""
    await auth.remove_user(await auth.find_user(data["name"]))
    return {}


async def token_create(auth: Auth, data: Mapping[str, Any]) -> dict[str, Any]:
    """Make a long-lived access token: user, label."""
    return {"token": await auth.create_token(await auth.find_user(data["user"]), data["label"])}


async def token_list(auth: Auth, data: Mapping[str, Any]) -> dict[str, Any]:
    """The access tokens of somebody: user."""
    tokens = await auth.list_tokens(await auth.find_user(data["user"]))
    return {"tokens": [{"id": token.id, "label": token.label, "created_at": token.created_at} for token in tokens]}


async def token_revoke(auth: Auth, data: Mapping[str, Any]) -> dict[str, Any]:
    """End an access token: user, id."""
    user: User = await auth.find_user(data["user"])
    await auth.revoke(user, data["id"])
    return {}


COMMANDS: Mapping[str, Command] = {
    "user.add": user_add,
    "user.list": user_list,
    "user.password": user_password,
    "user.remove": user_remove,
    "token.create": token_create,
    "token.list": token_list,
    "token.revoke": token_revoke,
}


def endpoint(auth: Auth, token: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler of PATH: for whoever can read the data directory, where the token lies."""

    async def handle(request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not secrets.compare_digest(given.encode("utf-8", "replace"), token.encode()):
            raise web.HTTPUnauthorized
        try:
            command = COMMANDS.get(request.match_info["command"])
            if command is None:
                raise NotFound("The running hub does not know this command; is it of another version?")
            return web.json_response(await command(auth, json.loads(await request.text())))
        except RegieError as error:
            return web.json_response({"message": str(error)}, status=400)

    return handle
