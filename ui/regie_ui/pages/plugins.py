"""Plugins: what is installed, how it is, and why."""

from typing import Any

from aiohttp import web

from regie.errors import NotFound, RegieError
from regie.plugins.record import PluginRecord
from regie_ui.access import go_on, hub_of, show

LIST = "/plugins"


async def overview(request: web.Request) -> web.Response:
    """All installed plugins; those that need somebody come first."""
    hub = hub_of(request)
    records = sorted(hub.plugins.all(), key=lambda record: (record.is_running, record.state == "disabled", record.slug))
    faults = {record.slug: hub.faults.of(record.slug) for record in records}
    return await show(request, "plugins.html", {"records": records, "faults": faults})


async def detail(request: web.Request) -> web.Response:
    """One plugin: state with reason, entries, entities, services, pages, faults."""
    return await _detail(request)


async def rescan(request: web.Request) -> web.Response:
    """Look for what pip added or removed meanwhile."""
    changed = await hub_of(request).plugins.rescan()
    raise go_on(LIST, "rescan_changed" if changed else "rescan_same")


async def act(request: web.Request) -> web.Response:
    """Enable, disable, reload or uninstall one plugin."""
    plugins, slug, verb = hub_of(request).plugins, request.match_info["slug"], request.match_info["verb"]
    try:
        if verb == "reload":
            await plugins.reload(slug)
        elif verb == "uninstall":
            await plugins.uninstall(slug)
            raise go_on(LIST, "plugin_uninstalled")
        else:
            await plugins.set_enabled(slug, enabled=verb == "enable")
    except NotFound:
        raise go_on(LIST, "plugin_gone") from None
    except RegieError as error:
        return await _detail(request, str(error))
    raise go_on(f"{LIST}/{slug}", {"reload": "plugin_reloaded", "enable": "enabled"}.get(verb, "plugin_disabled"))


async def _detail(request: web.Request, error: str = "") -> web.Response:
    hub, slug = hub_of(request), request.match_info["slug"]
    try:
        record = hub.plugins.get(slug)
    except NotFound:
        raise go_on(LIST, "plugin_gone") from None
    variables = {
        "record": record,
        "others": [one for one in hub.plugins.all() if one.slug == slug and one is not record],
        "entries": hub.entries.all(slug),
        "entities": [(entity, hub.states.get(entity.entity_id)) for entity in hub.entities.of(slug)],
        "services": hub.services.all().get(slug, {}),
        "pages": _pages(record),
        "faults": hub.faults.of(slug),
        "has_flow": hub.plugins.has_flow(slug),
        "error": error,
        # The panel shows this very page: without it nobody could turn it on again.
        "can_stop": slug != "regie",
    }
    return await show(request, "plugin.html", variables, status=409 if error else 200)


def _pages(record: PluginRecord) -> list[Any]:
    """The pages that can be opened as they are; integrations keep theirs out of the navigation."""
    opened = [panel for panel in record.panels if panel.in_navigation or record.kind == "integration"]
    return [panel for panel in opened if "{" not in panel.path] if record.is_running else []
