"""What the frame itself follows: the navigation's badges, and the events page."""

from regie.api import Event, PluginContext, callback
from regie.hub import Hub
from regie.web.navigation import badge_of
from regie_ui.pages.developer import EventLog

TOLD_EVERY_S = 1.0


class Watch:
    """Tells open pages what changed, at most once a second, and only when something did."""

    def __init__(self) -> None:
        self.events = EventLog()
        self._shown: dict[str, str] = {}
        self._is_stale = False
        self._has_news = False

    def attach(self, ctx: PluginContext) -> None:
        """Begin to listen, until the context ends."""
        self._ctx = ctx
        ctx.bus.on("*", self._heard)
        ctx.every(TOLD_EVERY_S, self._tell, name="badges and events of the panel")

    @callback
    def _heard(self, event: Event) -> None:
        self.events.note(event)
        self._has_news = True

    def _tell(self) -> None:
        if not self._has_news:
            return
        self._has_news = False
        self._ctx.publish("events")
        badges = self._badges(self._ctx._hub)  # noqa: SLF001 - the panel is part of the host, and shows all plugins
        if badges != self._shown:
            self._shown = badges
            self._ctx.publish("navigation", badges)

    @staticmethod
    def _badges(hub: Hub) -> dict[str, str]:
        running = [record for record in hub.plugins.all() if record.is_running and record.panels]
        return {record.slug: badge_of(record, record.panels[0], hub.faults.report) for record in running}
