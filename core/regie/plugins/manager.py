"""The life of plugins: found, checked, imported, validated, migrated, set up, started, and all the way back."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from regie.config.entries import ConfigEntry
from regie.config.flow import ConfigFlow
from regie.errors import AuthFailed, ConfigError, NotFound, NotReady, RegieError
from regie.plugins.context import PluginContext
from regie.plugins.discovery import Candidate, forget_modules
from regie.plugins.installer import uninstall
from regie.plugins.manifest import Manifest, Panel, Plugin, Route, Slot
from regie.plugins.record import PluginRecord, PluginState
from regie.plugins.runner import STOP_S, HookRunner, InvalidPlugin
from regie.plugins.scope import Scope
from regie.storage.migrations import MigrationError, Storage, migrate

if TYPE_CHECKING:
    from regie.hub import Hub

DOCUMENT = "core.plugins"
CHANGED = "regie_plugin_changed"
FIRST_RETRY_S = 5.0
LAST_RETRY_S = 600.0


class PluginManager:
    """All plugins of one hub."""

    def __init__(self, hub: Hub, find: Callable[[], list[Candidate]]) -> None:
        self._hub = hub
        self._find = find
        self._runner = HookRunner()
        self._records: dict[str, list[PluginRecord]] = {}
        self._disabled: set[str] = set()
        self._lock = asyncio.Lock()
        self._retries: dict[str, asyncio.Task[None]] = {}
        self._crashing: set[str] = set()

    def all(self) -> list[PluginRecord]:
        """All installed plugins by slug; a slug that two distributions claim is there twice."""
        return [record for slug in sorted(self._records) for record in self._records[slug]]

    def get(self, slug: str) -> PluginRecord:
        """A plugin; raises NotFound."""
        try:
            return self._records[slug][0]
        except KeyError:
            raise NotFound(f"There is no plugin {slug}") from None

    def has_flow(self, slug: str) -> bool:
        """Whether a running plugin can be given entries."""
        return self.is_running(slug) and self._runner.has(slug, "config_flow")

    async def load_all(self) -> None:
        """Find and load everything, in the order of needs."""
        document = await self._hub.documents.load(DOCUMENT) or {}
        self._disabled = set(document.get("disabled", []))
        for candidate in self._find():
            self._records.setdefault(candidate.slug, []).append(PluginRecord(candidate))
        async with self._lock:
            await self._load(self.all())

    async def start_all(self) -> None:
        """Tell each running plugin that the hub is up."""
        await asyncio.gather(*(self._start(record) for record in self.all() if record.is_running))

    async def stop_all(self) -> None:
        """Unload everything, in reverse order."""
        async with self._lock:
            for record in reversed(self._in_order([record for record in self.all() if record.plugin is not None])):
                await self._unload(record, "stopped")

    async def rescan(self) -> list[str]:
        """Look for what pip added or removed meanwhile; answers the slugs that changed."""
        async with self._lock:
            fresh = {(one.slug, one.distribution): one for one in self._find()}
            known = {(one.slug, one.distribution): one for one in self.all()}
            for key in known.keys() - fresh.keys():
                await self._drop(known[key])
            for key in known.keys() & fresh.keys():
                await self._refresh(known[key], fresh[key])
            added = [PluginRecord(fresh[key]) for key in sorted(fresh.keys() - known.keys())]
            for record in added:
                self._records.setdefault(record.slug, []).append(record)
            await self._load(added)
        return sorted({slug for slug, _ in fresh.keys() ^ known.keys()})

    async def set_enabled(self, slug: str, *, enabled: bool) -> PluginRecord:
        """Load a plugin, or unload it and keep it out."""
        record = self.get(slug)
        (self._disabled.discard if enabled else self._disabled.add)(slug)
        await self._hub.documents.save(DOCUMENT, {"disabled": sorted(self._disabled)})
        return await self._reload(record)

    async def reload(self, slug: str) -> PluginRecord:
        """Unload a plugin and load it again."""
        return await self._reload(self.get(slug))

    async def uninstall(self, slug: str) -> None:
        """Let pip remove the plugin's distribution; its data stays."""
        record = self.get(slug)
        if record.candidate.is_bundled:
            raise ConfigError(f"{record.manifest.name} comes with the hub: it can be disabled, not uninstalled")
        if record.ctx is not None:
            await self._guarded(record, "remove", ctx=record.ctx, purge=False)
        await uninstall(record.distribution)
        await self.rescan()

    def crash(self, slug: str) -> None:
        """Too many faults: unload the plugin and mark it."""
        if self.is_running(slug) and slug not in self._crashing:
            self._crashing.add(slug)
            self._hub.create_task(self._crash(self.get(slug)), f"crash of {slug}")

    def make_flow(self, slug: str) -> ConfigFlow:
        """A new flow of a plugin; raises NotFound when it has none."""
        record = self.get(slug)
        if not self.has_flow(slug) or record.ctx is None:
            raise NotFound(f"{record.manifest.name} has nothing to set up")
        if record.manifest.single_instance and self._hub.entries.all(slug):
            raise ConfigError(f"{record.manifest.name} is set up already, and once is enough")
        flow: ConfigFlow = self._runner.collect(slug, "config_flow")()
        flow.ctx = record.ctx
        return flow

    def slots(self, slot: str) -> list[tuple[PluginRecord, Slot]]:
        """What running plugins put into a named place, in order."""
        found = []
        for record in self.all():
            if record.is_running:
                try:
                    found += [(record, one) for one in self._runner.collect(record.slug, "slots", slot=slot) or ()]
                except Exception as error:  # noqa: BLE001 - the boundary that names a failing plugin
                    self._hub.faults.report(record.slug, error, f"slots({slot})")
        return sorted(found, key=lambda pair: (pair[1].order, pair[0].slug))

    async def diagnostics(self, slug: str) -> dict[str, Any]:
        """What a plugin says of itself for support."""
        record = self.get(slug)
        if record.ctx is None:
            return {}
        return dict(await self._guarded(record, "diagnostics", ctx=record.ctx) or {})

    def is_running(self, slug: str) -> bool:
        """Whether a plugin can take entries."""
        return any(record.is_running for record in self._records.get(slug, ()))

    async def setup_entry(self, entry: ConfigEntry) -> None:
        """Bring an entry to life in a context of its own; a failure leaves nothing of it behind."""
        record = self.get(entry.plugin)
        ctx = PluginContext(self._hub, entry.plugin, entry)
        try:
            await self._runner.run(entry.plugin, "setup_entry", ctx=ctx, entry=entry)
        except BaseException as error:
            await ctx.scope.close()
            if not isinstance(error, RegieError):
                self._hub.faults.report(entry.plugin, error, f"set-up of {entry.title}")
            raise
        record.entry_contexts[entry.id] = ctx

    async def unload_entry(self, entry: ConfigEntry) -> None:
        """End an entry; never raises."""
        record = self.get(entry.plugin)
        ctx = record.entry_contexts.pop(entry.id, None)
        if ctx is not None:
            await self._guarded(record, "unload_entry", ctx=ctx, entry=entry)
            await ctx.scope.close()

    async def _load(self, records: list[PluginRecord]) -> None:
        ready = [record for record in records if await self._prepare(record)]
        for record in self._in_order(ready):
            await self._set_up(record)
        await asyncio.gather(*(self._start(record) for record in records))

    async def _prepare(self, record: PluginRecord) -> bool:
        """Everything up to validation: what needs no other plugin."""
        candidate = record.candidate
        if record.slug in self._disabled:
            return self._settle(record, "disabled")
        if self._hub.is_safe_start and not candidate.is_bundled:
            return self._settle(record, "disabled", "This is a safe start: only bundled plugins run")
        if candidate.problem:
            return self._settle(
                record, "incompatible" if "is made for" in candidate.problem else "invalid", candidate.problem
            )
        try:
            record.plugin = await asyncio.to_thread(_import, candidate)
            self._runner.register(record.slug, record.plugin)
        except InvalidPlugin as error:
            self._settle(record, "invalid", str(error))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary that names a failing import
            self._hub.faults.report(record.slug, error, "import")
            self._settle(record, "import_failed", f"{type(error).__name__}: {error}")
        else:
            return True
        return False

    async def _set_up(self, record: PluginRecord, delay_s: float = FIRST_RETRY_S) -> None:
        missing = [slug for slug in record.manifest.needs if not self.is_running(slug)]
        try:
            if missing:
                raise NotReady(f"It needs {' and '.join(missing)}")
            await self._migrate(record)
            self._declare(record)
            record.ctx = PluginContext(self._hub, record.slug)
            await self._runner.run(record.slug, "setup", ctx=record.ctx)
            self._hub.web.mount(record.slug, record.panels, record.routes, record.folder)
        except NotReady as error:
            await self._withdraw(record)
            record.retry_at = time.time() + delay_s
            self._settle(record, "retrying", str(error))
            retry = self._retry(record, delay_s)
            self._retries[record.slug] = asyncio.create_task(retry, name=f"retry of {record.slug}")
        except AuthFailed as error:
            await self._withdraw(record)
            self._settle(record, "needs_sign_in", str(error))
        except ConfigError as error:
            await self._withdraw(record)
            self._settle(record, "needs_setup", str(error))
        except MigrationError as error:
            await self._withdraw(record)
            self._settle(record, "migration_failed", str(error))
        except Exception as error:  # noqa: BLE001 - the boundary that names a failing set-up
            self._hub.faults.report(record.slug, error, "set-up")
            await self._withdraw(record)
            self._settle(record, "crashed", f"{type(error).__name__}: {error}")
        except asyncio.CancelledError:
            await self._withdraw(record)
            raise
        else:
            self._settle(record, "running")
            await self._hub.entries.setup_all(record.slug)

    async def _migrate(self, record: PluginRecord) -> None:
        storage: Storage | None = self._runner.collect(record.slug, "storage")
        if storage is None:
            return
        try:
            await migrate(self._hub.db, record.slug, storage, backup_dir=self._hub.settings.data_dir / "backups")
        except MigrationError:
            raise
        except Exception as error:
            self._hub.faults.report(record.slug, error, "migration")
            raise MigrationError(f"{type(error).__name__}: {error}") from error

    def _declare(self, record: PluginRecord) -> None:
        panels: list[Panel] = list(self._runner.collect(record.slug, "panels") or ())
        routes: list[Route] = list(self._runner.collect(record.slug, "routes") or ())
        module = sys.modules[type(record.plugin).__module__.partition(".")[0]]
        record.panels, record.routes = panels, routes
        record.folder = Path(module.__file__).parent if module.__file__ else None

    async def _retry(self, record: PluginRecord, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        async with self._lock:
            self._retries.pop(record.slug, None)
            if record.state == "retrying":
                await self._set_up(record, min(delay_s * 2, LAST_RETRY_S))
                await self._start(record)

    async def _start(self, record: PluginRecord) -> None:
        if self._hub.state == "RUNNING" and record.is_running:
            await self._guarded(record, "start", ctx=record.ctx)

    async def _reload(self, record: PluginRecord) -> PluginRecord:
        async with self._lock:
            await self._unload(record, "stopped")
            self._hub.faults.forget(record.slug)
            await self._load([record])
        return record

    async def _unload(self, record: PluginRecord, state: PluginState, reason: str = "") -> None:
        retry = self._retries.pop(record.slug, None)
        if retry is not None:
            retry.cancel()
        if record.ctx is not None:
            await self._hub.entries.unload_all(record.slug)
            await self._guarded(record, "stop", timeout_s=STOP_S, ctx=record.ctx)
        await self._withdraw(record)
        self._runner.unregister(record.slug)
        record.plugin = None
        self._settle(record, state, reason)

    async def _withdraw(self, record: PluginRecord) -> None:
        """Undo a set-up, whole or half."""
        self._hub.web.unmount(record.slug)
        self._hub.flows.drop(record.slug)
        if record.ctx is not None:
            scope: Scope = record.ctx.scope
            record.ctx = None
            await scope.close()

    async def _drop(self, record: PluginRecord) -> None:
        await self._unload(record, "stopped")
        forget_modules(record.candidate.target)
        remaining = [one for one in self._records[record.slug] if one is not record]
        self._records[record.slug] = remaining
        if not remaining:
            del self._records[record.slug]
        self._hub.bus.fire(CHANGED, {"slug": record.slug, "state": "removed"})

    async def _refresh(self, record: PluginRecord, fresh: Candidate) -> None:
        """A known plugin whose files changed: running code stays as it was imported, so only a restart brings the new one."""
        old = record.candidate
        if old.version != fresh.version and record.plugin is not None:
            self._settle(record, record.state, f"Version {fresh.version} is installed: restart the hub to use it")
        elif (old.problem, old.version) != (fresh.problem, fresh.version):
            await self._unload(record, "stopped")
            record.candidate = fresh
            await self._load([record])

    async def _crash(self, record: PluginRecord) -> None:
        async with self._lock:
            self._crashing.discard(record.slug)
            if record.is_running:
                await self._unload(record, "crashed", "It failed too often in a short time; its faults are listed here")

    async def _guarded(self, record: PluginRecord, hook: str, *, timeout_s: float = 30.0, **arguments: Any) -> Any:
        try:
            return await self._runner.run(record.slug, hook, timeout_s=timeout_s, **arguments)
        except Exception as error:  # noqa: BLE001 - the boundary that names a failing hook
            self._hub.faults.report(record.slug, error, hook)
            return None

    def _settle(self, record: PluginRecord, state: PluginState, reason: str = "") -> bool:
        record.state, record.reason = state, reason
        if state != "retrying":
            record.retry_at = None
        self._hub.bus.fire(CHANGED, {"slug": record.slug, "state": state, "reason": reason})
        self._hub.topics.publish("plugins")
        return False

    def _in_order(self, records: list[PluginRecord]) -> list[PluginRecord]:
        by_slug = {record.slug: record for record in records}
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for slug in sorted(by_slug):
            manifest = by_slug[slug].manifest
            sorter.add(slug, *(one for one in sorted(manifest.needs + manifest.after) if one in by_slug))
        try:
            return [by_slug[slug] for slug in sorter.static_order()]
        except CycleError:
            return [by_slug[slug] for slug in sorted(by_slug)]


def _import(candidate: Candidate) -> Plugin:
    if candidate.load is None:
        raise InvalidPlugin(f"{candidate.slug} names nothing to load")
    loaded = candidate.load()
    is_plugin = isinstance(cast("object", loaded), type) and issubclass(loaded, Plugin)
    if not is_plugin or loaded.kind != candidate.kind:
        wanted = candidate.kind.capitalize()
        raise InvalidPlugin(
            f"{candidate.target} must be a subclass of regie.api.{wanted}, as its entry point group says"
        )
    if not isinstance(getattr(loaded, "manifest", None), Manifest):
        raise InvalidPlugin(f"{candidate.target} has no manifest = Manifest(name=…)")
    return loaded()
