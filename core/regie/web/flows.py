"""Config flows and entries over REST."""

from typing import TYPE_CHECKING, Any

import voluptuous as vol
from aiohttp import web

from regie.config.flow import FlowResult
from regie.errors import InvalidData, NotFound
from regie.web.requests import json_response, message, read_object
from regie.web.router import Router

if TYPE_CHECKING:
    from regie.hub import Hub

BASE = "/api/config/config_entries"
_NOT_JSON = "Data should be valid JSON."


class FlowApi:
    """Handlers of `/api/config/config_entries/…`; all for admins."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub

    def register(self, router: Router) -> None:
        """Add the routes."""
        router.add("GET", f"{BASE}/flow_handlers", self.handlers, "admin")
        router.add("POST", f"{BASE}/flow", self.start, "admin")
        router.add("GET", f"{BASE}/flow/{{flow_id}}", self.show, "admin")
        router.add("POST", f"{BASE}/flow/{{flow_id}}", self.advance, "admin")
        router.add("DELETE", f"{BASE}/flow/{{flow_id}}", self.abort, "admin")
        router.add("GET", f"{BASE}/entry", self.entries, "admin")
        router.add("DELETE", f"{BASE}/entry/{{entry_id}}", self.remove, "admin")
        router.add("POST", f"{BASE}/entry/{{entry_id}}/reload", self.reload, "admin")

    async def handlers(self, _: web.Request) -> web.Response:
        """The plugins that can be set up."""
        plugins = self._hub.plugins
        return json_response(sorted(one.slug for one in plugins.all() if one.is_running and plugins.has_flow(one.slug)))

    async def start(self, request: web.Request) -> web.Response:
        """Open a flow; with `entry_id` it reconfigures that entry."""
        body = await read_object(request, _NOT_JSON, _NOT_JSON)
        handler, entry_id = body.get("handler"), body.get("entry_id")
        if not isinstance(handler, str):
            return message("Message format incorrect: required key not provided @ data['handler']", 400)
        if not isinstance(entry_id, str | None):
            return message("Message format incorrect: expected str @ data['entry_id']", 400)
        try:
            result = await self._hub.flows.start(
                handler, source="reconfigure" if entry_id else "user", entry_id=entry_id
            )
        except NotFound:
            return message("Invalid handler specified", 404)
        return json_response(result)

    async def show(self, request: web.Request) -> web.Response:
        """The current step once more."""
        try:
            return json_response(self._hub.flows.show(request.match_info["flow_id"]))
        except NotFound:
            return message("Invalid flow specified", 404)

    async def advance(self, request: web.Request) -> web.Response:
        """Answer the current step. What breaks the form's schema is 400; what the step finds is a form with errors."""
        body = await read_object(request, _NOT_JSON, _NOT_JSON)
        try:
            result: FlowResult = await self._hub.flows.advance(request.match_info["flow_id"], body)
        except NotFound:
            return message("Invalid flow specified", 404)
        except vol.Invalid as error:
            return json_response({"errors": _by_field(error)}, 400)
        except InvalidData as error:
            return json_response({"errors": {"base": [str(error)]}}, 400)
        return json_response(result)

    async def abort(self, request: web.Request) -> web.Response:
        """Give a flow up."""
        try:
            self._hub.flows.abort(request.match_info["flow_id"])
        except NotFound:
            return message("Invalid flow specified", 404)
        return message("Flow aborted")

    async def entries(self, request: web.Request) -> web.Response:
        """All entries, or those of a plugin."""
        return json_response(self._hub.entries.all(request.query.get("domain")))

    async def remove(self, request: web.Request) -> web.Response:
        """Delete an entry."""
        try:
            await self._hub.entries.remove(request.match_info["entry_id"])
        except NotFound:
            return message("Invalid entry specified", 404)
        return json_response({"require_restart": False})

    async def reload(self, request: web.Request) -> web.Response:
        """Unload an entry and set it up again."""
        try:
            await self._hub.entries.reload(request.match_info["entry_id"])
        except NotFound:
            return message("Invalid entry specified", 404)
        return json_response({"require_restart": False})


def _by_field(error: vol.Invalid) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in error.errors if isinstance(error, vol.MultipleInvalid) else [error]:
        if one.path:
            found[str(one.path[0])] = one.error_message
        else:
            found.setdefault("base", []).append(one.error_message)
    return found
