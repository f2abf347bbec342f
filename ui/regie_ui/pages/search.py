"""Search: pages, entities, services and plugins by name."""

from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp import web

from regie.auth import allows
from regie.web.navigation import page_url
from regie_ui.access import hub_of, show, user_of
from regie_ui.messages import msgid

MOST = 12


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found; `kind` is an English message."""

    kind: str
    title: str
    href: str
    icon: str
    note: str = ""


async def search(request: web.Request) -> web.Response:
    """The page; for htmx the list alone."""
    wanted = request.query.get("q", "").strip()[:100]
    words = wanted.casefold().split()
    found = [hit for hit in _all(request) if words and _matches(hit, words)]
    # What starts with the words comes before what merely holds them.
    found.sort(key=lambda hit: (not hit.title.casefold().startswith(wanted.casefold()), len(hit.title)))
    template = "_found.html" if "HX-Request" in request.headers else "search.html"
    return await show(request, template, {"hits": found[:MOST], "q": wanted})


def _matches(hit: Hit, words: list[str]) -> bool:
    text = f"{hit.title} {hit.note}".casefold()
    return all(word in text for word in words)


def _all(request: web.Request) -> Iterator[Hit]:
    yield from _pages(request)
    if user_of(request).is_admin:
        yield from _house(request)


def _pages(request: web.Request) -> Iterator[Hit]:
    hub, user = hub_of(request), user_of(request)
    for record in hub.plugins.all():
        gettext = hub.pages.messages(request, record.slug).gettext
        name = gettext(record.manifest.name) if record.slug != "regie" else ""
        for panel in record.panels if record.is_running else ():
            if panel.in_navigation and allows(panel.permission, user):
                icon = panel.icon or record.manifest.icon
                yield Hit(msgid("Page"), gettext(panel.title), page_url(panel.path, record.slug), icon, name)


def _house(request: web.Request) -> Iterator[Hit]:
    hub = hub_of(request)
    for state in hub.states.all():
        name = str(state.attributes.get("friendly_name", state.entity_id))
        yield Hit(msgid("Entity"), name, f"/developer?q={state.entity_id}", "chart", state.entity_id)
    for domain, services in hub.services.all().items():
        for name in services:
            yield Hit(msgid("Service"), f"{domain}.{name}", f"/developer/services/{domain}/{name}", "code")
    for record in hub.plugins.all():
        yield Hit(msgid("Plugin"), record.manifest.name, f"/plugins/{record.slug}", "plug", record.slug)
