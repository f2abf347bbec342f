"""What the frame itself follows: the navigation's badges, the dashboard's figures and feed, the events page."""

from aiohttp import web

from regie.api import Event, PluginContext, callback
from regie.hub import Hub
from regie.web.navigation import badge_of
from regie_ui.access import show
from regie_ui.activity import Activity
from regie_ui.pages.developer import EventLog

TOLD_EVERY_S = 1.0
SAMPLED_EVERY_S = 10.0
FEED = 7


class Watch:
    """Tells open pages what changed, at most once a second, and only when something did."""

    def __init__(self) -> None:
        self.events = EventLog()
        self.activity: Activity | None = None
        self._badges: dict[str, str] = {}
        self._newest = 0
        self._has_news = False

    def attach(self, ctx: PluginContext) -> None:
        """Begin to listen, until the context ends."""
        self._ctx = ctx
        self._hub: Hub = ctx.hub
        self.activity = Activity(self._hub)
        ctx.bus.on("*", self._heard)
        ctx.bus.on("regie_automation_run", self._automation_ran)
        ctx.every(TOLD_EVERY_S, self._tell, name="what the panel shows")
        ctx.every(SAMPLED_EVERY_S, self.activity.sample, name="figures of the dashboard")

    async def figures(self, request: web.Request) -> web.Response:
        """The dashboard's row of numbers."""
        return await show(request, "_figures.html", self.shown())

    async def feed(self, request: web.Request) -> web.Response:
        """The dashboard's list of happenings."""
        return await show(request, "_feed.html", self.shown())

    def shown(self) -> dict[str, object]:
        """What the dashboard draws of all this."""
        if self.activity is None:
            return {"figures": [], "happenings": []}
        return {"figures": self.activity.figures(), "happenings": list(self.activity.happenings)[:FEED]}

    @callback
    def _heard(self, event: Event) -> None:
        self.events.note(event)
        if self.activity is not None:
            self.activity.note(event)
        self._has_news = True

    @callback
    def _automation_ran(self, _event: Event) -> None:
        self._ctx.publish("automations")

    def _tell(self) -> None:
        if not self._has_news or self.activity is None:
            return
        self._has_news = False
        self._ctx.publish("events")
        self._ctx.publish("figures")
        newest = self.activity.happenings[0].id if self.activity.happenings else 0
        if newest != self._newest:
            self._newest = newest
            self._ctx.publish("feed")
        running = [record for record in self._hub.plugins.all() if record.is_running and record.panels]
        badges = {record.slug: badge_of(record, record.panels[0], self._hub.faults.report) for record in running}
        if badges != self._badges:
            self._badges = badges
            self._ctx.publish("navigation", badges)
