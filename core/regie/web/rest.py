"""The REST API: Home Assistant's routes and answers, and a few of our own below `/api/regie/`."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from regie.bus import EventContext
from regie.bus.bus import MAX_TYPE_LENGTH
from regie.errors import InvalidData, NotFound, ServiceError, Unauthorized
from regie.states.state import MAX_STATE_LENGTH, is_entity_id
from regie.web import shapes
from regie.web.requests import json_response, message, read_object
from regie.web.router import Router

if TYPE_CHECKING:
    from regie.hub import Hub


class RestApi:
    """Handlers of `/api/…`."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub

    def register(self, router: Router) -> None:
        """Add the routes."""
        router.add("GET", "/api/", self.root, "user")
        router.add("GET", "/api/config", self.config, "user")
        router.add("GET", "/api/components", self.components, "user")
        router.add("GET", "/api/core/state", self.core_state, "user")
        router.add("GET", "/api/events", self.events, "user")
        router.add("POST", "/api/events/{event_type}", self.fire, "admin")
        router.add("GET", "/api/states", self.states, "user")
        router.add("GET", "/api/states/{entity_id}", self.state, "user")
        router.add("POST", "/api/states/{entity_id}", self.set_state, "admin")
        router.add("DELETE", "/api/states/{entity_id}", self.remove_state, "admin")
        router.add("GET", "/api/services", self.services, "user")
        router.add("POST", "/api/services/{domain}/{service}", self.call, "user")
        router.add("GET", "/api/regie/session_token", self.session_token, "guest")

    async def root(self, _: web.Request) -> web.Response:
        """Whether the token is good."""
        return message("API running.")

    async def config(self, _: web.Request) -> web.Response:
        """The configuration."""
        return json_response(shapes.config(self._hub))

    async def components(self, _: web.Request) -> web.Response:
        """What runs."""
        return json_response(shapes.components(self._hub))

    async def core_state(self, _: web.Request) -> web.Response:
        """How far the start is."""
        recorder = {"migration_in_progress": False, "migration_is_live": False}
        return json_response({"state": self._hub.state, "recorder_state": recorder})

    async def events(self, _: web.Request) -> web.Response:
        """What is listened to."""
        counts = self._hub.bus.listener_counts()
        return json_response([{"event": event, "listener_count": count} for event, count in sorted(counts.items())])

    async def fire(self, request: web.Request) -> web.Response:
        """Fire an event."""
        data = await read_object(request, "Event data should be valid JSON.", "Event data should be a JSON object")
        event_type = request.match_info["event_type"]
        if len(event_type) > MAX_TYPE_LENGTH:
            return message(f"An event type has at most {MAX_TYPE_LENGTH} characters.", 400)
        self._hub.bus.fire(event_type, data, EventContext(request["user"].id), "REMOTE")
        return message(f"Event {event_type} fired.")

    async def states(self, _: web.Request) -> web.Response:
        """All states."""
        return json_response(self._hub.states.all())

    async def state(self, request: web.Request) -> web.Response:
        """One state."""
        state = self._hub.states.get(request.match_info["entity_id"].lower())
        return message("Entity not found.", 404) if state is None else json_response(state)

    async def set_state(self, request: web.Request) -> web.Response:
        """Set a state; 201 when the entity is new."""
        not_object = "State data should be a JSON object."
        body = await read_object(request, "Invalid JSON specified.", not_object)
        entity_id = request.match_info["entity_id"].lower()
        if (complaint := _complaint(entity_id, body)) is not None:
            return message(complaint, 400)
        is_new = self._hub.states.get(entity_id) is None
        state = self._hub.states.set(
            entity_id,
            str(body["state"]),
            body.get("attributes") or {},
            context=EventContext(request["user"].id),
            force=bool(body.get("force_update")),
        )
        return json_response(state, 201 if is_new else 200, {"Location": f"/api/states/{entity_id}"})

    async def remove_state(self, request: web.Request) -> web.Response:
        """Remove a state."""
        is_removed = self._hub.states.remove(
            request.match_info["entity_id"].lower(), context=EventContext(request["user"].id)
        )
        return message("Entity removed.") if is_removed else message("Entity not found.", 404)

    async def services(self, _: web.Request) -> web.Response:
        """All services."""
        listed = shapes.services(self._hub).items()
        return json_response([{"domain": domain, "services": found} for domain, found in listed])

    async def call(self, request: web.Request) -> web.Response:
        """Call a service and wait; answers the states that it changed."""
        complaint = "Data should be valid JSON."
        data = await read_object(request, complaint, complaint)
        context = EventContext(request["user"].id)
        is_asked = "return_response" in request.query
        try:
            response = await self._hub.services.call(
                request.match_info["domain"],
                request.match_info["service"],
                data,
                context=context,
                user=request["user"],
                return_response=is_asked,
            )
        except (NotFound, InvalidData) as error:
            return message(str(error), 400)
        except Unauthorized as error:
            raise web.HTTPUnauthorized from error
        except ServiceError as error:
            return message(str(error), 500)
        changed = [state for state in self._hub.states.all() if state.context.id == context.id]
        return json_response({"changed_states": changed, "service_response": response} if is_asked else changed)

    async def session_token(self, request: web.Request) -> web.Response:
        """A short-lived access token for the page that is signed in by cookie."""
        if request["session"] is None:
            return message("Only for a browser that is signed in.", 400)
        token, expires_in = await self._hub.auth.session_token(request["session"])
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": expires_in}
        return json_response(answer, headers={"Cache-Control": "no-store"})


def _complaint(entity_id: str, body: dict[str, Any]) -> str | None:
    if body.get("state") is None:
        return "No state specified."
    if not is_entity_id(entity_id):
        return "Invalid entity ID specified."
    if len(str(body["state"])) > MAX_STATE_LENGTH:
        return "Invalid state specified."
    if not isinstance(body.get("attributes") or {}, dict):
        return "State data should be a JSON object."
    return None
