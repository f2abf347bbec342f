"""The links of a page, for the one who looks."""

from typing import Any

import pytest

from regie.api import Manifest, Panel
from regie.auth.users import User
from regie.plugins.discovery import Candidate
from regie.plugins.manifest import Plugin
from regie.plugins.record import PluginRecord
from regie.web.navigation import Navigation, navigation, page_url

ADMIN, PERSON = User("1", "Ada", "admin"), User("2", "Gus", "user")


async def _page(_request: object) -> dict[str, Any]:
    return {}


def _record(slug: str, *panels: Panel, icon: str = "plug", state: Any = "running") -> PluginRecord:
    plugin = type(slug, (Plugin,), {"manifest": Manifest(name=slug.title(), icon=icon)})()
    candidate = Candidate(slug, "extension", f"regie-{slug}", "1", "", "", is_bundled=True)
    return PluginRecord(candidate, state=state, plugin=plugin, panels=panels)


HOUSE = _record(
    "regie",
    Panel(path="/", title="Dashboard", icon="home", handler=_page, permission="user"),
    Panel(path="/plugins", title="Plugins", handler=_page, permission="admin"),
    Panel(path="/settings", title="Settings", handler=_page, permission="user"),
    Panel(path="/plugins/{slug}", title="Plugins", handler=_page, permission="admin", in_navigation=False),
)
MONITOR = _record(
    "monitor",
    Panel(path="live", title="Live", handler=_page, permission="user", badge=lambda: "4"),
    Panel(path="history", title="History", handler=_page, permission="user"),
    Panel(path="alerts", title="Alerts", handler=_page, permission="admin"),
    icon="live",
)


def _see(user: User | None, path: str, *records: PluginRecord) -> Navigation:
    faults: list[str] = []
    found = navigation(records or (HOUSE, MONITOR), user, path, lambda slug, _error, _where: faults.append(slug))
    assert faults == []
    return found


def test_a_capability_is_one_link_with_the_badge_of_its_first_page() -> None:
    (entry,) = _see(ADMIN, "/").capabilities

    assert (entry.title, entry.href, entry.badge, entry.icon) == ("Monitor", "/x/monitor/live", "4", "live")


def test_the_other_pages_are_tabs_of_the_place_where_one_is() -> None:
    tabs = _see(PERSON, "/x/monitor/history").tabs

    assert [(tab.title, tab.is_current) for tab in tabs] == [("Live", False), ("History", True)]
    assert _see(PERSON, "/settings").tabs == ()


def test_nobody_sees_links_to_what_they_may_not_open() -> None:
    assert [item.href for item in _see(ADMIN, "/").house] == ["/plugins", "/settings"]
    assert [item.href for item in _see(PERSON, "/").house] == ["/settings"]
    assert _see(None, "/").capabilities == ()


@pytest.mark.parametrize("path", ["/plugins", "/plugins/monitor"])
def test_a_page_inside_a_room_marks_the_room(path: str) -> None:
    assert [item.href for item in _see(ADMIN, path).house if item.is_current] == ["/plugins"]


def test_the_dashboard_is_marked_only_on_itself() -> None:
    assert _see(ADMIN, "/").home.is_current
    assert not _see(ADMIN, "/plugins").home.is_current


def test_a_plugin_that_does_not_run_has_no_links() -> None:
    asleep = _record("asleep", *MONITOR.panels, state="crashed")

    assert _see(ADMIN, "/", HOUSE, asleep).capabilities == ()


def test_what_is_on_air_is_the_capability_with_that_icon() -> None:
    assert _see(ADMIN, "/").on_air == _see(ADMIN, "/").capabilities[0]
    assert _see(ADMIN, "/", HOUSE).on_air is None


def test_a_badge_that_fails_is_filed_and_the_link_stays() -> None:
    def badge() -> str:
        raise RuntimeError("no")

    record = _record("odd", Panel(path="live", title="Live", handler=_page, permission="user", badge=badge))
    faults: list[tuple[str, str]] = []

    found = navigation([record], ADMIN, "/", lambda slug, _error, where: faults.append((slug, where)))

    assert found.capabilities[0].badge == ""
    assert faults == [("odd", "badge of Live")]


def test_addresses_of_plugins_lie_below_their_slug() -> None:
    assert page_url("live", "monitor") == "/x/monitor/live"
    assert page_url("", "monitor") == "/x/monitor"
    assert page_url("/plugins") == "/plugins"
