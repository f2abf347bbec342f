"""The hooks of a plugin, in the order of its life. `entry_points.md` is generated from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pluggy

from regie.config.flow import ConfigFlow
from regie.plugins.manifest import AutomationParts, Panel, Route, Slot
from regie.storage.migrations import Storage

if TYPE_CHECKING:
    from regie.config.entries import ConfigEntry
    from regie.plugins.context import PluginContext

PROJECT = "regie"

Function = TypeVar("Function", bound=Callable[..., Any])

hookspec = cast("Callable[[Function], Function]", pluggy.HookspecMarker(PROJECT))
hookimpl = cast("Callable[[Function], Function]", pluggy.HookimplMarker(PROJECT))
"""Marks a method as the implementation of the hook of its name; it may leave out arguments it does not need."""


class Hooks:
    """The specifications. Those that answer something are plain and quick; those with `ctx` are awaited, in a task of their own."""

    @hookspec
    def config_flow(self) -> type[ConfigFlow] | None:
        """The flow that makes and changes entries."""

    @hookspec
    def storage(self) -> Storage | None:
        """Tables and their migrations."""

    @hookspec
    def panels(self) -> Sequence[Panel]:  # type: ignore[empty-body]
        """Pages: path, title, icon, template, handler, who may see them."""

    @hookspec
    def routes(self) -> Sequence[Route]:  # type: ignore[empty-body]
        """Endpoints below `/x/<slug>/` and `/api/x/<slug>/`."""

    @hookspec
    def slots(self, slot: str) -> Sequence[Slot]:  # type: ignore[empty-body]
        """Fragments for named places of other pages, such as `dashboard.card`."""

    @hookspec
    def automation_parts(self) -> AutomationParts | None:
        """Blueprints."""

    @hookspec
    async def setup(self, ctx: PluginContext) -> None:
        """Register everything. Raise NotReady, AuthFailed or ConfigError; at most 30 s."""

    @hookspec
    async def start(self, ctx: PluginContext) -> None:
        """The hub is fully up: background work begins."""

    @hookspec
    async def setup_entry(self, ctx: PluginContext, entry: ConfigEntry) -> None:
        """Bring one configured instance to life; what `ctx` registers here goes with the entry."""

    @hookspec
    async def unload_entry(self, ctx: PluginContext, entry: ConfigEntry) -> None:
        """One instance ends, before what it registered is undone."""

    @hookspec
    def migrate_entry(self, entry: ConfigEntry) -> Mapping[str, Any]:  # type: ignore[empty-body]
        """Data of an entry of an older version, brought up."""

    @hookspec
    async def stop(self, ctx: PluginContext) -> None:
        """The plugin ends, before what it registered is undone; at most 10 s."""

    @hookspec
    async def remove(self, ctx: PluginContext, purge: bool) -> None:  # noqa: FBT001 - hooks are called by name
        """Clean up outside, on uninstall; with `purge`, the data goes too."""

    @hookspec
    async def diagnostics(self, ctx: PluginContext) -> Mapping[str, Any]:  # type: ignore[empty-body]
        """What support asks for; secrets are replaced by their type."""

    @hookspec
    async def health(self, ctx: PluginContext) -> Mapping[str, Any]:  # type: ignore[empty-body]
        """What monitoring asks for."""
