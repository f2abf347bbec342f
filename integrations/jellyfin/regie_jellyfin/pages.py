"""The set-up page's contents, and the endpoint that webhooks arrive at."""

import hmac
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from .runtime import Running

LARGEST_WEBHOOK = 1024 * 1024
TYPES = (
    "Playback Start",
    "Playback Stop",
    "Authentication Failure",
    "Authentication Success",
    "Item Added",
    "Item Deleted",
    "User Created",
    "User Deleted",
    "User Locked Out",
    "Pending Restart",
)
"""What to tick in the server's webhook plugin. Not Playback Progress: it comes each second for each stream."""


async def receive(request: web.Request, running: Collection[Running]) -> web.Response:
    """Take a post and answer at once; the work comes afterwards."""
    secret = request.match_info["secret"].encode()
    addressed = [one for one in running if hmac.compare_digest(one.webhook_secret.encode(), secret)]
    if not addressed:
        return web.Response(status=HTTPStatus.NOT_FOUND, text="No server has this webhook address.")
    if not addressed[0].inbox.put(await request.read()):
        return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text="Too many webhooks wait already.")
    return web.Response(status=HTTPStatus.NO_CONTENT)


def shown(running: Running) -> Mapping[str, Any]:
    """One server for the set-up page; its webhook address is for administrators only."""
    server, inbox = running.server, running.inbox
    return {
        "name": server.name,
        "version": server.version,
        "status": server.status,
        "streams": len(server.sessions),
        "webhook_url": running.webhook_url,
        "received": inbox.received,
        "last": inbox.last,
        "last_broken": inbox.last_broken,
    }


def reported(running: Running) -> Mapping[str, Any]:
    """One server for support, who must not learn its webhook address."""
    return {key: value for key, value in shown(running).items() if key != "webhook_url"}
