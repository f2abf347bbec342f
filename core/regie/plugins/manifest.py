"""What a plugin declares: its classes, its manifest, its pages and routes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from aiohttp import web

from regie.services import Permission

Kind = Literal["integration", "extension"]

PageHandler = Callable[[web.Request], Awaitable[Mapping[str, Any] | web.StreamResponse]]
RouteHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What packaging metadata cannot say. `needs` are slugs that must run first, `after` those that should if they are there."""

    name: str
    icon: str = "plug"
    single_instance: bool = False
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A page at `/x/<slug>/<path>`. Its handler answers the template's variables, or a response of its own.

    The first panel of a plugin is its entry in the navigation, the others are tabs beside it; `title` is an English
    message that the frame translates. `badge` answers a short text for the navigation, or None.
    """

    path: str
    title: str
    handler: PageHandler
    template: str = ""
    icon: str = ""
    permission: Permission
    in_navigation: bool = True
    badge: Callable[[], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint at `/x/<slug>/<path>`, or with `api` at `/api/x/<slug>/<path>`. A path may hold `{names}`."""

    method: str
    path: str
    handler: RouteHandler
    permission: Permission = field(kw_only=True)
    api: bool = field(default=False, kw_only=True)
    max_body: int | None = field(default=None, kw_only=True)
    """Bytes; None is the host's limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A fragment for a named place of another page; small `order` comes first."""

    template: str
    handler: Callable[[web.Request], Awaitable[Mapping[str, Any]]]
    order: int = 50
    permission: Permission = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationParts:
    """What a plugin adds to automations: blueprints as YAML texts."""

    blueprints: tuple[str, ...] = ()


class Plugin:
    """What integrations and extensions share. The host makes the one instance, without arguments."""

    kind: ClassVar[Kind]
    manifest: ClassVar[Manifest]


class Integration(Plugin):
    """A plugin that knows exactly one outside system, and provides roles."""

    kind: ClassVar[Kind] = "integration"


class Extension(Plugin):
    """A plugin that is one capability for people, and uses roles."""

    kind: ClassVar[Kind] = "extension"
