"""The first page: what the plugins show of themselves, and what waits for a person."""

import asyncio
from datetime import datetime
from typing import Any, Protocol

from aiohttp import web
from markupsafe import Markup

from regie.auth import allows
from regie.config.entries import ConfigEntry
from regie.plugins.manifest import Slot
from regie.plugins.record import PluginRecord
from regie_ui.access import hub_of, show, user_of

SLOT = "dashboard.card"
CARD_S = 5.0
WAITING_ENTRIES = ("setup_error", "setup_retry", "needs_sign_in")
WAITING_PLUGINS = (
    "crashed",
    "import_failed",
    "invalid",
    "incompatible",
    "migration_failed",
    "needs_sign_in",
    "restart_needed",
)


class Shown(Protocol):
    """What the dashboard draws beside the cards of plugins."""

    def shown(self) -> dict[str, object]:
        """Its variables: figures and happenings."""


class Dashboard:
    """Cards of all plugins side by side; a card that fails is left out and filed as its plugin's fault."""

    def __init__(self, beside: Shown) -> None:
        self._beside = beside

    async def page(self, request: web.Request) -> web.Response:
        """The page."""
        return await show(request, "dashboard.html", {**self._beside.shown(), **await _variables(request)})


async def _variables(request: web.Request) -> dict[str, Any]:
    hub, user = hub_of(request), user_of(request)
    slots = [(record, slot) for record, slot in hub.plugins.slots(SLOT) if allows(slot.permission, user)]
    cards = await asyncio.gather(*(_card(request, record, slot) for record, slot in slots))
    return {
        "cards": [card for card in cards if card],
        "part_of_day": _part_of_day(datetime.now(hub.time_zone).hour),
        "entries": hub.entries.all(),
        "waiting_entries": waiting_entries(request),
        "waiting_plugins": [record for record in hub.plugins.all() if record.state in WAITING_PLUGINS],
        "offers": [record for record in hub.plugins.all() if hub.plugins.has_flow(record.slug)],
        "names": {record.slug: record.manifest.name for record in hub.plugins.all()},
    }


def waiting_entries(request: web.Request) -> list[ConfigEntry]:
    """Entries that do not work and may need somebody."""
    return [entry for entry in hub_of(request).entries.all() if entry.state in WAITING_ENTRIES]


async def _card(request: web.Request, record: PluginRecord, slot: Slot) -> Markup:
    hub = hub_of(request)
    try:
        async with asyncio.timeout(CARD_S):
            variables = await slot.handler(request)
        return Markup(hub.pages.fragment(request, slot.template, variables))  # noqa: S704 - a template's output
    except Exception as error:  # noqa: BLE001 - one plugin's card must not take the others along
        hub.faults.report(record.slug, error, f"card {slot.template}")
        return Markup()


def _part_of_day(hour: int) -> str:
    return "morning" if 5 <= hour < 12 else "afternoon" if 12 <= hour < 18 else "evening"
