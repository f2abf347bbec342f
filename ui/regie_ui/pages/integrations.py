"""Integrations: what is connected, what could be, and the steps of connecting it."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import voluptuous as vol
from aiohttp import web

from regie.config.flow import FlowResult, Source
from regie.errors import ConfigError, InvalidData, NotFound, RegieError
from regie_ui.access import go_on, hub_of, posted, show
from regie_ui.fields import Texts, field_errors, form_fields, read_form
from regie_ui.messages import FLOW_TEXTS

LIST = "/integrations"


async def overview(request: web.Request) -> web.Response:
    """All entries, and all plugins that can be given one."""
    hub = hub_of(request)
    records = {record.slug: record for record in hub.plugins.all()}
    offers = [record for record in records.values() if hub.plugins.has_flow(record.slug)]
    return await show(
        request, "integrations.html", {"entries": hub.entries.all(), "records": records, "offers": offers}
    )


async def start(request: web.Request) -> web.Response:
    """Open a flow and go to its first step."""
    return await _begin(request, await posted(request, "plugin"))


async def act(request: web.Request) -> web.Response:
    """Reload, disable, enable, sign in anew or remove one entry."""
    hub, entry_id, verb = hub_of(request), request.match_info["entry_id"], request.match_info["verb"]
    try:
        entry = hub.entries.get(entry_id)
        if verb == "sign-in":
            return await _begin(request, entry.plugin, "reauth", entry_id)
        if verb == "reload":
            await hub.entries.reload(entry_id)
        elif verb in ("enable", "disable"):
            await hub.entries.set_enabled(entry_id, enabled=verb == "enable")
        else:
            await hub.entries.remove(entry_id)
    except NotFound:
        raise go_on(LIST, "entry_gone") from None
    said = {"reload": "entry_reloaded", "enable": "enabled", "disable": "disabled", "remove": "removed"}
    raise go_on(LIST, said[verb])


async def step(request: web.Request) -> web.Response:
    """The current step of an open flow."""
    try:
        result = hub_of(request).flows.show(request.match_info["flow_id"])
    except NotFound:
        raise go_on(LIST, "flow_over") from None
    return await _page(request, result)


async def advance(request: web.Request) -> web.Response:
    """Answer the current step and show what follows."""
    hub, flow_id = hub_of(request), request.match_info["flow_id"]
    try:
        current = hub.flows.show(flow_id)
    except NotFound:
        raise go_on(LIST, "flow_over") from None
    form = await request.post()
    data = {"next_step_id": form.get("next_step_id")} if current.type == "menu" else read_form(current.fields(), form)
    try:
        result = await hub.flows.advance(flow_id, data)
    except vol.Invalid as error:
        return await _page(request, current, data, field_errors(error))
    except (ConfigError, InvalidData) as error:
        return await _page(request, current, data, {"base": str(error)})
    if result.type == "create_entry":
        raise go_on(LIST, "entry_created")
    # After a post that leads to another form, the address of that form is the same: show it as an answer.
    return await _page(request, result, data if result.errors else {})


async def give_up(request: web.Request) -> web.Response:
    """Abort an open flow."""
    with suppress(NotFound):
        hub_of(request).flows.abort(request.match_info["flow_id"])
    raise go_on(LIST)


async def _begin(
    request: web.Request, plugin: str, source: Source = "user", entry_id: str | None = None
) -> web.Response:
    try:
        result = await hub_of(request).flows.start(plugin, source=source, entry_id=entry_id)
    except NotFound:
        raise go_on(LIST, "entry_gone") from None
    except RegieError as error:
        return await show(request, "flow.html", {"kind": "abort", "name": plugin, "reason": str(error)}, status=409)
    if result.type in ("form", "menu"):
        raise go_on(f"{LIST}/flow/{result.flow_id}")
    return await _page(request, result)


async def _page(
    request: web.Request,
    result: FlowResult,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
) -> web.Response:
    texts = _texts(request, result)
    errors = errors or result.errors
    base = errors.get("base", "")
    variables = {
        "kind": result.type,
        "name": hub_of(request).plugins.get(result.plugin).manifest.name,
        "icon_name": hub_of(request).plugins.get(result.plugin).manifest.icon,
        "action": f"{LIST}/flow/{result.flow_id}",
        "title": texts.get(f"step.{result.step_id}.title"),
        "description": texts.get(f"step.{result.step_id}.description"),
        "fields": form_fields(result.fields(), texts, values or {}, errors),
        "choices": {key: texts.get(f"menu.{key}", texts.translate(label)) for key, label in result.menu.items()},
        "error": texts.get(f"error.{base}", base) if base else "",
        "reason": texts.get(f"abort.{result.reason}", result.reason),
        "is_good": result.reason.endswith("_successful"),
    }
    return await show(request, "flow.html", variables)


def _texts(request: web.Request, result: FlowResult) -> Texts:
    hub = hub_of(request)
    messages: dict[str, str] = dict(FLOW_TEXTS)
    with suppress(RegieError):  # set up once already: the frame's own texts do
        messages.update(hub.plugins.make_flow(result.plugin).texts)
    return Texts(messages, hub.pages.messages(request, result.plugin).gettext, result.placeholders)
