"""Config flows: the steps by which a person makes, repairs or changes an entry."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import voluptuous as vol

from regie.bus import Bus
from regie.bus.bus import OnFault
from regie.bus.event import ulid
from regie.config.secrets import Secret
from regie.config.selector import serialized
from regie.errors import InvalidData, NotFound, RegieError

if TYPE_CHECKING:
    from regie.config.entries import ConfigEntries, ConfigEntry
    from regie.plugins.context import PluginContext

Source = Literal["user", "reauth", "reconfigure", "options", "import"]
ResultType = Literal["form", "menu", "create_entry", "abort"]

EXPIRES_S = 3600
MAX_OPEN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowResult:
    """What a step answers: a form or a menu to show, or the end."""

    type: ResultType
    step_id: str = ""
    schema: vol.Schema | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    """Error keys by field; `base` for the whole form."""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    suggested: Mapping[str, Any] = field(default_factory=dict)
    """Values shown in the fields; never a secret."""
    menu: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    unique_id: str | None = None
    flow_id: str = ""
    plugin: str = ""
    entry: ConfigEntry | None = None

    def fields(self) -> list[dict[str, Any]]:
        """The form's fields, serialised, with suggested values."""
        found = serialized(self.schema)
        for item in found:
            value = self.suggested.get(item["name"])
            if value is not None and not isinstance(value, Secret):
                item["description"] = {"suggested_value": value}
        return found

    def as_dict(self) -> dict[str, Any]:
        """The shape that clients read."""
        common = {"type": self.type, "flow_id": self.flow_id, "handler": self.plugin}
        placeholders = dict(self.placeholders)
        if self.type == "form":
            form = {"step_id": self.step_id, "data_schema": self.fields(), "errors": dict(self.errors)}
            return common | form | {"description_placeholders": placeholders, "last_step": None, "preview": None}
        if self.type == "menu":
            return common | {
                "step_id": self.step_id,
                "menu_options": dict(self.menu),
                "description_placeholders": placeholders,
            }
        if self.type == "abort":
            return common | {"reason": self.reason, "description_placeholders": placeholders}
        end = {"title": self.title, "version": 1, "minor_version": 1, "options": dict(self.options), "subentries": []}
        result = self.entry.as_dict() if self.entry else None
        return common | end | {"description": None, "description_placeholders": placeholders, "result": result}


class ConfigFlow:
    """Base of a plugin's flow: a method `step_<id>(data)` for each step; `data` is None when the step is first shown.

    `texts` holds English messages by key, translated by the plugin's catalogue: `step.<id>.title`, `step.<id>.description`,
    `field.<name>`, `help.<name>`, `error.<key>`, `abort.<key>`, `menu.<step>`.
    """

    texts: ClassVar[Mapping[str, str]] = {}

    ctx: PluginContext
    entry: ConfigEntry | None
    """The entry under repair or change; None when a new one is made."""
    source: Source

    def form(
        self,
        step_id: str,
        schema: vol.Schema,
        *,
        errors: Mapping[str, str] | None = None,
        suggested: Mapping[str, Any] | None = None,
        placeholders: Mapping[str, str] | None = None,
    ) -> FlowResult:
        """Show a form, perhaps with errors and with what was typed."""
        return FlowResult(
            type="form",
            step_id=step_id,
            schema=schema,
            errors=errors or {},
            suggested=suggested or {},
            placeholders=placeholders or {},
        )

    def menu(self, step_id: str, options: Mapping[str, str]) -> FlowResult:
        """Offer several next steps, as {step: label}."""
        return FlowResult(type="menu", step_id=step_id, menu=options)

    def create(
        self,
        *,
        title: str,
        data: Mapping[str, Any],
        options: Mapping[str, Any] | None = None,
        unique_id: str | None = None,
    ) -> FlowResult:
        """End: make the entry, or abort as `already_configured` when one has the unique id."""
        return FlowResult(type="create_entry", title=title, data=data, options=options or {}, unique_id=unique_id)

    def update(self, *, data: Mapping[str, Any] | None = None, options: Mapping[str, Any] | None = None) -> FlowResult:
        """End of a repair or change: replace the entry's data or options and reload it."""
        if self.entry is None:
            raise ValueError("There is no entry to update: this flow makes a new one")
        return FlowResult(
            type="create_entry",
            title=self.entry.title,
            data=self.entry.data if data is None else data,
            options=self.entry.options if options is None else options,
            unique_id=self.entry.unique_id,
        )

    def abort(self, reason: str, *, placeholders: Mapping[str, str] | None = None) -> FlowResult:
        """End without an entry; `reason` is a key of `texts`."""
        return FlowResult(type="abort", reason=reason, placeholders=placeholders or {})


@dataclass(slots=True)
class _OpenFlow:
    id: str
    plugin: str
    flow: ConfigFlow
    result: FlowResult
    opened: float


class FlowPlugins(Protocol):
    """Where flows come from."""

    def make_flow(self, slug: str) -> ConfigFlow:
        """A new flow of a plugin; raises NotFound when it has none."""


class FlowManager:
    """Keeps the open flows and leads them from step to step."""

    def __init__(self, plugins: FlowPlugins, entries: ConfigEntries, bus: Bus, on_fault: OnFault) -> None:
        self._plugins = plugins
        self._entries = entries
        self._bus = bus
        self._on_fault = on_fault
        self._open: dict[str, _OpenFlow] = {}

    async def start(self, plugin: str, *, source: Source = "user", entry_id: str | None = None) -> FlowResult:
        """Open a flow and answer its first step."""
        self._forget_old()
        flow = self._plugins.make_flow(plugin)
        flow.entry = self._entries.get(entry_id) if entry_id else None
        flow.source = source
        opened = _OpenFlow(ulid(), plugin, flow, FlowResult(type="abort"), time.monotonic())
        return await self._step(opened, "import" if source == "import" else source, None)

    async def advance(self, flow_id: str, data: Mapping[str, Any]) -> FlowResult:
        """Answer the current step: a form's values, or `{"next_step_id": …}` for a menu."""
        opened = self._find(flow_id)
        if opened.result.type == "menu":
            chosen = str(data.get("next_step_id", ""))
            if chosen not in opened.result.menu:
                raise InvalidData(f"next_step_id must be one of {', '.join(opened.result.menu)}")
            return await self._step(opened, chosen, None)
        schema = opened.result.schema
        values = schema(dict(data)) if schema is not None else dict(data)
        return await self._step(opened, opened.result.step_id, values)

    def show(self, flow_id: str) -> FlowResult:
        """The current step once more."""
        return self._find(flow_id).result

    def texts(self, flow_id: str) -> Mapping[str, str]:
        """The messages of the flow's plugin, by key."""
        return self._find(flow_id).flow.texts

    def abort(self, flow_id: str) -> None:
        """Give a flow up."""
        self._find(flow_id)
        del self._open[flow_id]

    def drop(self, plugin: str) -> None:
        """Give up the flows of a plugin that unloads."""
        for flow_id in [flow_id for flow_id, opened in self._open.items() if opened.plugin == plugin]:
            del self._open[flow_id]

    def all(self) -> list[FlowResult]:
        """The current steps of all open flows."""
        return [opened.result for opened in self._open.values()]

    async def _step(self, opened: _OpenFlow, step: str, data: dict[str, Any] | None) -> FlowResult:
        method = getattr(opened.flow, f"step_{step}", None)
        if method is None:
            raise NotFound(f"The flow of {opened.plugin} has no step {step!r}")
        try:
            result: FlowResult = await method(data)
        except RegieError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary that names a failing flow
            self._on_fault(opened.plugin, error, f"config flow, step {step}")
            result = (
                replace(opened.result, errors={"base": "unknown"})
                if opened.result.schema
                else opened.flow.abort("unknown")
            )
        if result.type == "create_entry":
            result = await self._finish(opened, result)
        result = replace(result, flow_id=opened.id, plugin=opened.plugin)
        if result.type in ("create_entry", "abort"):
            self._open.pop(opened.id, None)
        else:
            opened.result = result
            self._open[opened.id] = opened
        self._bus.fire("data_entry_flow_progressed", {"flow_id": opened.id, "handler": opened.plugin, "refresh": True})
        return result

    async def _finish(self, opened: _OpenFlow, result: FlowResult) -> FlowResult:
        if opened.flow.entry is not None:
            entry = await self._entries.update(
                opened.flow.entry.id, data=result.data, options=result.options, title=result.title
            )
            await self._entries.reload(entry.id)
            done = "reauth_successful" if opened.flow.source == "reauth" else "reconfigure_successful"
            return opened.flow.abort(done)
        if self._entries.by_unique_id(opened.plugin, result.unique_id) is not None:
            return opened.flow.abort("already_configured")
        entry = await self._entries.add(
            opened.plugin,
            title=result.title,
            data=result.data,
            options=result.options,
            unique_id=result.unique_id,
            source=opened.flow.source,
        )
        return replace(result, entry=entry)

    def _find(self, flow_id: str) -> _OpenFlow:
        self._forget_old()
        try:
            return self._open[flow_id]
        except KeyError:
            raise NotFound("This set-up is over; start it again") from None

    def _forget_old(self) -> None:
        horizon = time.monotonic() - EXPIRES_S
        old = [flow_id for flow_id, opened in self._open.items() if opened.opened < horizon]
        for flow_id in old + list(self._open)[: max(0, len(self._open) - MAX_OPEN)]:
            self._open.pop(flow_id, None)
