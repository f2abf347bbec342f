"""Who watches what on Jellyfin: live, history, statistics."""

from collections.abc import Mapping, Sequence
from typing import Any

from regie.api import Extension, Manifest, Panel, PluginContext, Route, Slot, Storage, hookimpl
from regie.roles import GeoLocator, MediaServer

from . import models
from .images import Images
from .monitor import Monitor
from .pages import Pages
from .services import Services
from .sync import LibrarySync

SYNC_EVERY_S = 6 * 3600
TODAY_EVERY_S = 300
SLOT = "dashboard.card"


class JellyfinMonitor(Extension):
    """Live activity, history and statistics of every media server that an integration provides."""

    manifest = Manifest(name="Jellyfin", icon="live", after=("jellyfin", "geoip"))

    def __init__(self) -> None:
        self._running: Monitor | None = None
        self._pages = Pages(self.monitor)
        self._images = Images(self.monitor)

    def monitor(self) -> Monitor:
        """The monitor at work; there is one from set-up on."""
        if self._running is None:
            raise RuntimeError("the monitor has not been set up")
        return self._running

    @hookimpl
    def storage(self) -> Storage:
        """Plays, what they point to, and rollups."""
        return Storage(metadata=models.metadata, migrations="regie_jellyfin_monitor.migrations")

    @hookimpl
    def panels(self) -> Sequence[Panel]:
        """Live, history, statistics."""
        pages = self._pages
        return [
            _panel("live", "Live", "live", pages.live, badge=lambda: self.monitor().badge()),
            _panel("history", "History", "history", pages.history),
            _panel("statistics", "Statistics", "chart", pages.statistics),
        ]

    @hookimpl
    def routes(self) -> Sequence[Route]:
        """What the pages ask for, and the acts of their buttons."""
        pages = self._pages
        return [
            Route("GET", "live/cards", pages.cards, permission="user"),
            Route("GET", "live/card", pages.card_again, permission="user"),
            Route("GET", "history/{play}", pages.play, permission="user"),
            Route("GET", "image/{server}/{item}", self._images.serve, permission="user"),
            Route("POST", "streams/{stream}/message", pages.message, permission="admin"),
            Route("POST", "streams/{stream}/stop", pages.stop, permission="admin"),
            Route("POST", "sync", pages.sync, permission="admin"),
        ]

    @hookimpl
    def slots(self, slot: str) -> Sequence[Slot]:
        """A card on the dashboard."""
        return (
            [Slot(template="jellyfin_monitor/_card.html", handler=self._pages.card, order=10)] if slot == SLOT else []
        )

    @hookimpl
    async def setup(self, ctx: PluginContext) -> None:
        """Follow servers and locators as they come and go."""
        monitor = self._running = Monitor(ctx)
        await monitor.follow_time_zone()
        ctx.entities.add(monitor.watched_today)
        Services(monitor).register()
        ctx.jobs.register("sync", LibrarySync(monitor).run)
        ctx.on_role(GeoLocator, monitor.locator_added)  # type: ignore[type-abstract]
        ctx.on_role(MediaServer, monitor.server_added)  # type: ignore[type-abstract]
        ctx.supervise("rollups", monitor.keep_rollups)
        ctx.every(TODAY_EVERY_S, monitor.show_today, name="watched today")
        ctx.every(SYNC_EVERY_S, monitor.sync, name="library sync")

    @hookimpl
    async def stop(self, ctx: PluginContext) -> None:
        """Save what is open, for the next start."""
        ctx.log.debug("saving open plays")
        await self.monitor().close()

    @hookimpl
    async def health(self) -> Mapping[str, Any]:
        """Servers watched and streams open."""
        monitor = self.monitor()
        return {
            "servers": {watch.server.name: watch.server.status.state for watch in monitor.watches.values()},
            "streams": len(monitor.plays),
        }


def _panel(path: str, title: str, icon: str, handler: Any, **more: Any) -> Panel:
    template = f"jellyfin_monitor/{path}.html"
    return Panel(path=path, title=title, icon=icon, template=template, handler=handler, permission="user", **more)
