"""Automations: the list, the editor, and what each run did."""

from aiohttp import web

from regie.errors import InvalidData, NotFound, RegieError
from regie_ui.access import go_on, hub_of, posted, show, user_of

LIST = "/automations"

EXAMPLE = """\
alias: Log what starts to play
description: >
  An example to change: it writes a line to the log whenever a player starts.
triggers:
  - trigger: state
    entity_id: media_player.living_room
    to: playing
conditions: []
actions:
  - action: regie.log
    data:
      message: "{{ trigger.to_state.name }} plays"
mode: single
"""


async def overview(request: web.Request) -> web.Response:
    """All automations."""
    return await show(request, "automations.html", {"automations": hub_of(request).automations.all()})


async def new(request: web.Request) -> web.Response:
    """An editor that starts with an example."""
    return await _editor(request, None)


async def edit(request: web.Request) -> web.Response:
    """The editor of one automation, and its traces."""
    return await _editor(request, request.match_info["id"])


async def traces(request: web.Request) -> web.Response:
    """The fragment with the last runs."""
    return await show(request, "_traces.html", {"traces": hub_of(request).automations.traces(request.match_info["id"])})


async def save(request: web.Request) -> web.Response:
    """Check and keep; what is wrong is shown beside what was typed."""
    automation_id = request.match_info.get("id")
    text = (await posted(request, "yaml")).replace("\r\n", "\n")
    try:
        automation = await hub_of(request).automations.save(automation_id, text)
    except InvalidData as error:
        return await _editor(request, automation_id, text, str(error))
    except NotFound:
        raise go_on(LIST, "automation_gone") from None
    raise go_on(f"{LIST}/{automation.id}", "saved")


async def act(request: web.Request) -> web.Response:
    """Run, enable, disable or remove one automation."""
    automations, automation_id, verb = hub_of(request).automations, request.match_info["id"], request.match_info["verb"]
    here = f"{LIST}/{automation_id}"
    try:
        if verb == "run":
            await automations.run(automation_id, user_id=user_of(request).id)
            raise go_on(here, "automation_ran")
        if verb == "remove":
            await automations.remove(automation_id)
            raise go_on(LIST, "removed")
        await automations.set_enabled(automation_id, enabled=verb == "enable")
    except NotFound:
        raise go_on(LIST, "automation_gone") from None
    except RegieError as error:
        return await _editor(request, automation_id, error=str(error))
    raise go_on(here, "enabled" if verb == "enable" else "disabled")


async def _editor(
    request: web.Request, automation_id: str | None, text: str | None = None, error: str = ""
) -> web.Response:
    automations = hub_of(request).automations
    try:
        automation = automations.get(automation_id) if automation_id else None
    except NotFound:
        raise go_on(LIST, "automation_gone") from None
    variables = {
        "automation": automation,
        "yaml": text if text is not None else automation.yaml if automation else EXAMPLE,
        "error": error,
        "traces": automations.traces(automation.id) if automation else [],
    }
    return await show(request, "automation.html", variables, status=422 if error else 200)
