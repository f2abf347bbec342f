"""Routes: the core's own, and those of plugins, which come and go while the server runs."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from aiohttp import web
from aiohttp.abc import AbstractMatchInfo
from yarl import URL

from regie.auth.permissions import Permission, check_permission
from regie.plugins.manifest import Panel, Route, RouteHandler
from regie.web.assets import Assets

MAX_BODY = 10 * 1024 * 1024
FRAME_SLUG = "regie"
"""The plugin that is everybody's frame: it alone may answer at the top of the site, with paths that start with a slash."""

RenderPage = Callable[[web.Request, str, Mapping[str, Any]], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route demands, and whose it is."""

    permission: Permission
    max_body: int = MAX_BODY
    slug: str = "core"
    panel: Panel | None = None
    is_anonymous: bool = False
    """Nobody is looked up, so no engine is touched."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route as a list shows it."""

    method: str
    path: str
    rule: Rule


class RuledDispatcher:
    """A dispatcher in which every route has a rule: without one nothing is added."""

    def __init__(self, dispatcher: web.UrlDispatcher | None = None) -> None:
        self.dispatcher = web.UrlDispatcher() if dispatcher is None else dispatcher
        self.rules: dict[web.AbstractRoute, Rule] = {}

    def add(self, method: str, path: str, handler: RouteHandler, rule: Rule) -> None:
        """Add a route; raises ValueError when it does not say who may use it."""
        check_permission(rule.permission, f"{method} {path}")

        async def call(request: web.Request) -> web.StreamResponse:
            return await handler(request)

        resource = self.dispatcher.add_resource(path)
        methods = ("GET", "HEAD") if method.upper() == "GET" else (method.upper(),)
        self.rules.update({resource.add_route(one, call): rule for one in methods})

    def endpoints(self) -> Iterator[Endpoint]:
        """All routes."""
        for route, rule in self.rules.items():
            yield Endpoint(route.method, route.resource.canonical if route.resource else "", rule)


class PluginResource(web.AbstractResource):
    """Everything below a prefix, resolved by the dispatcher of the plugin that the next segment names."""

    def __init__(self, prefix: str, choose: Callable[[str], web.UrlDispatcher | None]) -> None:
        super().__init__(name=None)
        self._prefix = prefix
        self._choose = choose

    @property
    def canonical(self) -> str:
        """The prefix."""
        return self._prefix or "/"

    async def resolve(self, request: web.Request) -> tuple[web.UrlMappingMatchInfo | None, set[str]]:
        """Ask the plugin's dispatcher."""
        segment = request.rel_url.raw_path.removeprefix(self._prefix).lstrip("/").partition("/")[0]
        dispatcher = self._choose(segment)
        if dispatcher is None:
            return None, set()
        match: AbstractMatchInfo = await dispatcher.resolve(request)
        if isinstance(match.http_exception, web.HTTPMethodNotAllowed):
            return None, set(match.http_exception.allowed_methods)
        if match.http_exception is not None or not isinstance(match, web.UrlMappingMatchInfo):
            return None, set()
        return match, set()

    def url_for(self, **_: str) -> NoReturn:
        """Plugins build their own addresses."""
        raise NotImplementedError

    def add_prefix(self, prefix: str) -> NoReturn:
        """This is no part of another application."""
        raise NotImplementedError

    def get_info(self) -> Any:
        """For people who print the router."""
        return {"path": self.canonical}

    def raw_match(self, path: str) -> bool:
        """Whether this is the resource of a path as it was registered."""
        return path == self.canonical

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[web.AbstractRoute]:
        return iter(())


class Router:
    """The table of all routes."""

    def __init__(self, application: web.Application, render: RenderPage) -> None:
        self._core = RuledDispatcher(application.router)
        self._mounts: dict[str, RuledDispatcher] = {}
        self._render = render
        for prefix in ("/x", "/api/x"):
            application.router.register_resource(PluginResource(prefix, self._dispatcher))
        application.router.register_resource(PluginResource("", lambda _: self._dispatcher(FRAME_SLUG)))

    def add(
        self, method: str, path: str, handler: RouteHandler, permission: Permission, *, is_anonymous: bool = False
    ) -> None:
        """Add a route of the core."""
        self._core.add(method, path, handler, Rule(permission, is_anonymous=is_anonymous))

    def mount(self, slug: str, panels: Sequence[Panel], routes: Sequence[Route], static: Path | None) -> None:
        """Add all routes of a plugin, or none: raises ValueError naming the one that cannot be."""
        mounted = RuledDispatcher()
        for panel in panels:
            rule = Rule(panel.permission, slug=slug, panel=panel)
            mounted.add("GET", _place(slug, panel.path, "/x"), self._page(panel), rule)
        for route in routes:
            rule = Rule(route.permission, route.max_body or MAX_BODY, slug)
            mounted.add(route.method, _place(slug, route.path, "/api/x" if route.api else "/x"), route.handler, rule)
        files = Rule("public", slug=slug, is_anonymous=True)
        mounted.add("GET", f"/x/{slug}/static/{{path:.+}}", Assets(static).serve, files)
        if panels and not any(panel.path.strip("/") == "" for panel in panels):
            first = _place(slug, panels[0].path, "/x")
            mounted.add("GET", f"/x/{slug}", _redirect(first), Rule(panels[0].permission, slug=slug))
        mounted.dispatcher.freeze()
        self._mounts[slug] = mounted

    def unmount(self, slug: str) -> None:
        """Take all routes of a plugin away."""
        self._mounts.pop(slug, None)

    def rule(self, request: web.Request) -> Rule | None:
        """The rule of the route that answers this request; None when there is no such route."""
        route = request.match_info.route
        rule = self._core.rules.get(route)
        if rule is not None:
            return rule
        return next((mount.rules[route] for mount in self._mounts.values() if route in mount.rules), None)

    def page_permissions(self, slug: str) -> set[Permission]:
        """What the pages of a plugin demand."""
        mounted = self._mounts.get(slug)
        return {rule.permission for rule in mounted.rules.values() if rule.panel} if mounted else set()

    def endpoints(self) -> Iterator[Endpoint]:
        """All routes of all."""
        for table in (self._core, *self._mounts.values()):
            yield from table.endpoints()

    def _dispatcher(self, slug: str) -> web.UrlDispatcher | None:
        mounted = self._mounts.get(slug)
        return mounted.dispatcher if mounted else None

    def _page(self, panel: Panel) -> RouteHandler:
        async def page(request: web.Request) -> web.StreamResponse:
            result = await panel.handler(request)
            if isinstance(result, web.StreamResponse):
                return result
            return await self._render(request, panel.template, result)

        return page


def _place(slug: str, path: str, prefix: str) -> str:
    if not path.startswith("/"):
        return f"{prefix}/{slug}/{path}".rstrip("/")
    if slug != FRAME_SLUG:
        raise ValueError(f"{slug} wants the path {path}; paths of plugins are relative, without a slash at the start")
    return path


def _redirect(path: str) -> RouteHandler:
    async def redirect(_: web.Request) -> web.StreamResponse:
        raise web.HTTPSeeOther(URL(path))

    return redirect
