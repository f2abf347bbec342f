"""The monitor at work: a watch for each server, rollups behind them, and what people ask of streams."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from regie.api import NotFound, PluginContext, Sensor, ServiceError
from regie.roles import GeoLocator, MediaServer

from . import models, statistics
from .dimensions import Dimensions
from .plays import HistorySettings, Play
from .rebuild import rebuild_dirty
from .rollups import day_of
from .statistics import Window
from .store import Store
from .watch import ServerWatch

REBUILD_DELAY_S = 5.0
"""Plays that end together cost one rebuild of their day."""


class Monitor:
    """What the plugin's pages, services and jobs share."""

    def __init__(self, ctx: PluginContext) -> None:
        self.ctx = ctx
        self.store = Store(Dimensions(ctx.dialect), ctx.time_zone, HistorySettings())
        self.watches: dict[str, ServerWatch] = {}
        self.watched_today = Sensor(
            key="watched_today",
            name="Watched today",
            object_id="jellyfin_monitor_watched_today",
            unit="h",
            icon="history",
            state_class="total",
        )
        self._is_closing = False
        self._is_dirty = asyncio.Event()
        self._is_dirty.set()

    def server_added(self, server: MediaServer) -> Callable[[], None] | None:
        """Watch a server; the undo ends that."""
        if server.id in self.watches:
            self.ctx.log.warning("two entries lead to one server; only the first is watched", server=server.name)
            return None
        watch = ServerWatch(self.ctx, self.store, server, self)
        self.watches[server.id] = watch
        task = self.ctx.supervise(f"watch {server.name}", watch.run)
        self.ctx.create_task(self.sync(server.id), name=f"queue the sync of {server.name}")

        def undo() -> None:
            task.cancel()
            del self.watches[server.id]
            if not self._is_closing:
                self.ctx.create_task(watch.close(), name=f"close the watch of {server.name}")

        return undo

    def locator_added(self, locator: GeoLocator) -> Callable[[], None]:
        """Locate addresses by this from now on."""
        self.store.dimensions.locator = locator

        def undo() -> None:
            self.store.dimensions.locator = next(iter(self.ctx.roles(GeoLocator)), None)  # type: ignore[type-abstract]

        return undo

    @property
    def attribution(self) -> str:
        """The line that pages with places must show."""
        return self.store.dimensions.locator.attribution if self.store.dimensions.locator else ""

    @property
    def plays(self) -> list[Play]:
        """All open plays, the longest running first."""
        return sorted((play for watch in self.watches.values() for play in watch.plays), key=lambda play: play.started)

    def badge(self) -> str | None:
        """How many play, for the navigation."""
        return str(len(self.plays)) if self.plays else None

    def fire(self, event: str, data: Mapping[str, object]) -> None:
        """An event for automations."""
        self.ctx.bus.fire(f"{self.ctx.slug}_{event}", data)

    def changed(self) -> None:
        """What is live changed."""
        self.ctx.publish("live", {"streams": len(self.plays)})

    def stored(self) -> None:
        """Days wait for their rollups."""
        self._is_dirty.set()

    async def follow_time_zone(self) -> None:
        """Have all days built again when the house's time zone is another than theirs."""
        zone, known = str(self.store.zone), await self.ctx.store.load("time_zone")
        if known is not None and known["name"] == zone:
            return
        async with self.ctx.session() as session:
            await self.store.mark_everything(session)
            await self.ctx.store.save("time_zone", {"name": zone}, session)

    async def keep_rollups(self) -> None:
        """Build marked days, debounced, for ever; supervised."""
        while True:
            await self._is_dirty.wait()
            self._is_dirty.clear()
            await self.build_rollups()
            await asyncio.sleep(REBUILD_DELAY_S)

    async def build_rollups(self) -> int:
        """Build all marked days now; how many there were."""
        built = 0
        async for days in rebuild_dirty(self.ctx.session, self.store.dimensions.insert, self.store.zone):
            built += days
            await asyncio.sleep(0)
        if built:
            self.ctx.publish("history", {"days": built})
        await self.show_today()
        return built

    async def show_today(self) -> None:
        """Bring the sensor of today up to date."""
        today = day_of(time.time(), self.store.zone)
        servers = await self.server_ids()
        async with self.ctx.read() as connection:
            totals = await statistics.totals(connection, Window(tuple(servers.values()), today, today))
        self.watched_today.update(round(totals.watch_s / 3600, 2), {"plays": totals.plays})

    async def server_ids(self) -> dict[str, int]:
        """Our numbers of all servers that we ever saw, by their ids."""
        async with self.ctx.read() as connection:
            rows = await connection.execute(select(models.server.c.key, models.server.c.id))
            return {row.key: row.id for row in rows}

    async def sync(self, server_id: str | None = None) -> None:
        """Queue the sync of a server's people, libraries and items, or of all servers."""
        for key in [server_id] if server_id else list(self.watches):
            await self.ctx.jobs.enqueue("sync", {"server_id": key}, unique=f"{self.ctx.slug}.sync.{key}")

    def stream(self, stream: str) -> tuple[MediaServer, Play]:
        """An open play by its public id, and its server; raises NotFound."""
        for watch in self.watches.values():
            for play in watch.plays:
                if str(play.uid) == stream:
                    return watch.server, play
        raise NotFound("This stream has ended")

    async def message(self, stream: str, text: str, header: str = "") -> None:
        """Show a text to the one who watches a stream."""
        server, play = self.stream(stream)
        if not play.session.can_be_controlled:
            raise ServiceError(f"{play.session.client} cannot show messages")
        await server.message(play.session.id, text, header=header)

    async def stop(self, stream: str, text: str = "") -> None:
        """Stop a stream, after telling why if a text is given."""
        server, play = self.stream(stream)
        if not play.session.can_be_controlled:
            raise ServiceError(f"{play.session.client} cannot be stopped from here")
        if text:
            await server.message(play.session.id, text)
        await server.stop(play.session.id)

    async def close(self) -> None:
        """Save all that is open; nothing is begun after this."""
        self._is_closing = True
        for watch in list(self.watches.values()):
            await watch.close()


def measure_of(value: Any) -> statistics.Measure:
    """A measure from outside; hours unless plays are asked for."""
    return "plays" if value == "plays" else "hours"
