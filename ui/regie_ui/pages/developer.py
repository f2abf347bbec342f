"""Developer pages: what the hub knows (states), can do (services) and hears (events)."""

import json
from collections import deque
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from regie.bus import Event
from regie.config.selector import serialized
from regie.errors import NotFound, RegieError
from regie.services import Service
from regie.web.navigation import Item
from regie_ui.access import hub_of, posted, show, user_of
from regie_ui.fields import Texts, form_fields, read_form
from regie_ui.messages import msgid

STATES = "/developer"
SERVICES = "/developer/services"
EVENTS = "/developer/events"
KEPT_EVENTS = 100


class EventLog:
    """The last events of the bus, newest first, for the page that shows them."""

    def __init__(self) -> None:
        self._events: deque[tuple[int, Event]] = deque(maxlen=KEPT_EVENTS)
        self._count = 0

    def note(self, event: Event) -> None:
        """Keep an event."""
        self._count += 1
        self._events.appendleft((self._count, event))

    async def page(self, request: web.Request) -> web.Response:
        """The events page."""
        variables = {"events": self._shown(request), "tabs": tabs(request), "kind": request.query.get("type", "")}
        return await show(request, "events.html", variables)

    async def fragment(self, request: web.Request) -> web.Response:
        """The list alone, for the page that is open."""
        return await show(request, "_events.html", {"events": self._shown(request)})

    def _shown(self, request: web.Request) -> list[dict[str, Any]]:
        kind = request.query.get("type", "").strip()
        chosen = [(number, event) for number, event in self._events if kind in event.type]
        return [
            {"id": number, "type": one.type, "at": one.fired_at, "data": as_json(one.data)} for number, one in chosen
        ]


async def states(request: web.Request) -> web.Response:
    """All states, filtered by what stands in the address."""
    wanted = request.query.get("q", "").strip().lower()
    found = [
        state for state in hub_of(request).states.all() if wanted in f"{state.entity_id} {state.attributes}".lower()
    ]
    variables = {
        "states": sorted(found, key=lambda state: state.entity_id),
        "q": wanted,
        "tabs": tabs(request),
        "as_json": as_json,
    }
    return await show(request, "states.html", variables)


async def services(request: web.Request) -> web.Response:
    """All services."""
    return await show(request, "services.html", {"domains": hub_of(request).services.all(), "tabs": tabs(request)})


async def service(request: web.Request) -> web.Response:
    """One service with a form to try it."""
    return await _try_page(request, _service(request))


async def call(request: web.Request) -> web.Response:
    """Call a service with the form's data, and show what came back."""
    chosen = _service(request)
    schema = _schema(chosen)
    text = await posted(request, "_json")
    try:
        data = _object(text) if text.strip() else read_form(schema, await request.post())
    except ValueError as error:
        return await _try_page(request, chosen, {}, text, error=str(error))
    try:
        answer = await hub_of(request).services.call(
            chosen.domain, chosen.name, data, user=user_of(request), return_response=bool(chosen.response)
        )
    except RegieError as error:
        return await _try_page(request, chosen, data, text, error=str(error))
    return await _try_page(request, chosen, data, text, done=True, answer=as_json(answer) if answer is not None else "")


def tabs(request: web.Request) -> list[Item]:
    """The developer pages."""
    pages = ((STATES, msgid("States")), (SERVICES, msgid("Services")), (EVENTS, msgid("Events")))
    here = request.path
    return [
        Item("regie", title, "", path, is_current=here == path or (path != STATES and here.startswith(path)))
        for path, title in pages
    ]


def as_json(value: object) -> str:
    """Anything as readable JSON; what has no such shape as its text."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    as_dict = getattr(value, "as_dict", None)
    return as_dict() if callable(as_dict) else str(value)


def _object(text: str) -> dict[str, Any]:
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("The data must be a JSON object, such as {}")  # noqa: TRY004 - shown like other mistakes in JSON
    return data


def _service(request: web.Request) -> Service:
    try:
        return hub_of(request).services.find(request.match_info["domain"], request.match_info["name"])
    except NotFound as error:
        raise web.HTTPNotFound(text=str(error)) from error


def _schema(chosen: Service) -> list[dict[str, Any]]:
    """The described fields if there are any, else what the schema says."""
    if chosen.fields:
        return [
            {"name": name, "selector": one.get("selector") or {"text": {}}, "required": bool(one.get("required"))}
            for name, one in chosen.fields.items()
        ]
    try:
        return serialized(chosen.schema)
    except ValueError:  # a validator that has no serialised form: the JSON field remains
        return []


async def _try_page(
    request: web.Request, chosen: Service, data: Mapping[str, Any] | None = None, text: str = "", **result: Any
) -> web.Response:
    texts = Texts(
        {f"help.{name}": str(described.get("description", "")) for name, described in chosen.fields.items()},
        hub_of(request).pages.messages(request, chosen.domain).gettext,
        {},
    )
    variables = {
        "service": chosen,
        "fields": form_fields(_schema(chosen), texts, data or {}, {}),
        "text": text,
        "tabs": tabs(request),
        "error": "",
        "done": False,
        "answer": "",
        **result,
    }
    return await show(request, "service.html", variables, status=422 if variables["error"] else 200)
