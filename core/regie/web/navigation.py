"""The frame's navigation: which pages there are for somebody, and which of them this is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from regie.auth.permissions import HasRole, allows
from regie.bus.bus import OnFault
from regie.plugins.manifest import Panel
from regie.plugins.record import PluginRecord
from regie.web.router import FRAME_SLUG

QUICK = 4
"""Pages in the tab bar of phones, beside `More`."""


def page_url(path: str, slug: str = FRAME_SLUG) -> str:
    """The address of a plugin's page; the house's own pages have whole paths."""
    return path if path.startswith("/") else f"/x/{slug}/{path}".rstrip("/")


@dataclass(frozen=True, slots=True)
class Item:
    """One link; `title` is an English message of the plugin's catalogue."""

    slug: str
    title: str
    icon: str
    href: str
    badge: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Navigation:
    """The links of a page: the capabilities, the house's own pages, and the tabs of where we are."""

    home: Item
    capabilities: tuple[Item, ...]
    house: tuple[Item, ...]
    tabs: tuple[Item, ...]

    @property
    def on_air(self) -> Item | None:
        """The capability that shows what is being watched."""
        return next((item for item in self.capabilities if item.icon == "live"), None)

    @property
    def quick(self) -> tuple[Item, ...]:
        """The few links of a phone's tab bar."""
        return (self.home, *self.capabilities, *self.house)[:QUICK]


def navigation(records: Iterable[PluginRecord], user: HasRole | None, path: str, on_fault: OnFault) -> Navigation:
    """The navigation of a person on a page; a badge that fails is left out and filed as its plugin's fault."""
    running = [record for record in records if record.is_running]
    slug = path.split("/")[2] if path.startswith("/x/") else FRAME_SLUG
    house = [item for record in running if record.slug == FRAME_SLUG for item in _pages(record, user, on_fault)]
    home = house[0] if house else Item(FRAME_SLUG, "Dashboard", "home", "/")
    house = [_marked(item, path, whole=False) for item in house[1:]]
    plugins = [
        (record, pages) for record in running if record.slug != FRAME_SLUG and (pages := _pages(record, user, on_fault))
    ]
    capabilities = [_entry(record, pages[0], is_current=record.slug == slug) for record, pages in plugins]
    tabs = [item for record, pages in plugins if record.slug == slug for item in pages]
    return Navigation(
        _marked(home, path, whole=True),
        tuple(capabilities),
        tuple(house),
        tuple(_marked(tab, path, whole=True) for tab in tabs),
    )


def badge_of(record: PluginRecord, panel: Panel, on_fault: OnFault) -> str:
    """The short text that a page wants beside its name, such as a count."""
    try:
        return str((panel.badge() if panel.badge else None) or "")
    except Exception as error:  # noqa: BLE001 - the boundary that names a failing plugin
        on_fault(record.slug, error, f"badge of {panel.title}")
        return ""


def _pages(record: PluginRecord, user: HasRole | None, on_fault: OnFault) -> list[Item]:
    panels = [panel for panel in record.panels if panel.in_navigation and allows(panel.permission, user)]
    return [
        Item(
            record.slug,
            panel.title,
            panel.icon or record.manifest.icon,
            page_url(panel.path, record.slug),
            badge_of(record, panel, on_fault),
        )
        for panel in panels
    ]


def _entry(record: PluginRecord, first: Item, *, is_current: bool) -> Item:
    return replace(first, title=record.manifest.name, icon=record.manifest.icon, is_current=is_current)


def _marked(item: Item, path: str, *, whole: bool) -> Item:
    here = path == item.href or (not whole and path.startswith(f"{item.href}/"))
    return replace(item, is_current=here)
