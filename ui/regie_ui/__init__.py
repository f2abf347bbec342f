"""The web panel: the frame of every page, and the house's own pages. A plugin like any other."""

from collections.abc import Sequence
from functools import partial

from regie.api import Extension, Manifest, PluginContext, Route, hookimpl
from regie.api import Panel as Page
from regie_ui.messages import msgid
from regie_ui.pages import automations, dashboard, developer, entrance, integrations, plugins, search, settings, style
from regie_ui.watch import Watch

ROOM = partial(Page, permission="admin")
INSIDE = partial(Page, permission="admin", in_navigation=False)
OWN = partial(Page, permission="user", in_navigation=False)
"""Pages of the navigation; pages inside them; pages for everybody."""


class Panel(Extension):
    """Pages, templates and styles that all other plugins stand in."""

    manifest = Manifest(name="Panel", icon="home")

    def __init__(self) -> None:
        self._watch = Watch()

    @hookimpl
    def panels(self) -> Sequence[Page]:
        """The navigation of the house, then the pages inside its rooms."""
        rooms = [
            ROOM(
                path="/",
                title=msgid("Dashboard"),
                icon="home",
                handler=dashboard.Dashboard(self._watch).page,
                permission="user",
            ),
            ROOM(path="/automations", title=msgid("Automations"), icon="auto", handler=automations.overview),
            ROOM(path="/integrations", title=msgid("Integrations"), icon="device", handler=integrations.overview),
            ROOM(path="/plugins", title=msgid("Plugins"), icon="plug", handler=plugins.overview),
            ROOM(
                path="/settings", title=msgid("Settings"), icon="gear", handler=settings.preferences, permission="user"
            ),
            ROOM(path="/developer", title=msgid("Developer"), icon="code", handler=developer.states),
        ]
        inside = [
            INSIDE(path="/automations/new", title=msgid("Automations"), handler=automations.new),
            INSIDE(path="/automations/{id}", title=msgid("Automations"), handler=automations.edit),
            INSIDE(path="/integrations/flow/{flow_id}", title=msgid("Integrations"), handler=integrations.step),
            INSIDE(path="/plugins/{slug}", title=msgid("Plugins"), handler=plugins.detail),
            INSIDE(path="/developer/services", title=msgid("Services"), handler=developer.services),
            INSIDE(path="/developer/services/{domain}/{name}", title=msgid("Services"), handler=developer.service),
            INSIDE(path="/developer/events", title=msgid("Events"), handler=self._watch.events.page),
            OWN(path="/settings/tokens", title=msgid("Access tokens"), handler=settings.tokens),
            OWN(path="/settings/sessions", title=msgid("Sessions"), handler=settings.sessions),
            OWN(path="/search", title=msgid("Search"), handler=search.search),
            OWN(path="/style", title=msgid("Style"), handler=style.style),
        ]
        return [*rooms, *inside]

    @hookimpl
    def routes(self) -> Sequence[Route]:
        """The ways in, and what the forms of the pages post to."""
        post = partial(Route, "POST", permission="admin")
        own = partial(Route, "POST", permission="user")
        return [
            Route("GET", "/welcome", entrance.welcome, permission="public"),
            Route("POST", "/welcome", entrance.make_admin, permission="public"),
            Route("GET", "/sign-in", entrance.sign_in_page, permission="public"),
            Route("POST", "/sign-in", entrance.sign_in, permission="public"),
            Route("POST", "/sign-out", entrance.sign_out, permission="public"),
            post("/automations/new", automations.save),
            post("/automations/{id}", automations.save),
            Route("GET", "/automations/{id}/traces", automations.traces, permission="admin"),
            post("/automations/{id}/{verb:run|enable|disable|remove}", automations.act),
            post("/integrations/start", integrations.start),
            post("/integrations/flow/{flow_id}", integrations.advance),
            post("/integrations/flow/{flow_id}/give-up", integrations.give_up),
            post("/integrations/entries/{entry_id}/{verb:reload|enable|disable|remove|sign-in}", integrations.act),
            post("/plugins/rescan", plugins.rescan),
            post("/plugins/{slug}/{verb:reload|enable|disable|uninstall}", plugins.act),
            own("/settings", settings.save_preferences),
            own("/settings/password", settings.change_password),
            own("/settings/tokens", settings.make_token),
            own("/settings/tokens/{token_id}/revoke", settings.revoke_token),
            own("/settings/sessions/{session_id}/end", settings.end_session),
            post("/developer/services/{domain}/{name}", developer.call),
            Route("GET", "/dashboard/figures", self._watch.figures, permission="user"),
            Route("GET", "/dashboard/feed", self._watch.feed, permission="user"),
            Route("GET", "/developer/events/list", self._watch.events.fragment, permission="admin"),
        ]

    @hookimpl
    async def setup(self, ctx: PluginContext) -> None:
        """Hear what happens, for the pages that show it."""
        self._watch.attach(ctx)
