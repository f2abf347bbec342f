"""Config entries: configured instances of plugins, and their life."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sqlalchemy import delete, select

from regie.bus import Bus
from regie.bus.event import ulid
from regie.config.secrets import SecretBox, shown
from regie.errors import AuthFailed, ConfigError, NotFound, NotReady, RegieError
from regie.storage.database import Database
from regie.storage.models import EntryRow

EntryState = Literal[
    "not_loaded", "setup_in_progress", "loaded", "setup_retry", "setup_error", "needs_sign_in", "disabled"
]

FIRST_RETRY_S = 5.0
LAST_RETRY_S = 600.0

# What clients of the wire know; `needs_sign_in` and `disabled` are ours.
_WIRE_STATES = {"needs_sign_in": "setup_error", "disabled": "not_loaded"}


@dataclass(slots=True, eq=False)
class ConfigEntry:
    """One configured instance of a plugin. `runtime` is whatever the plugin hangs there while the entry is loaded."""

    id: str
    plugin: str
    title: str
    data: Mapping[str, Any]
    options: Mapping[str, Any]
    unique_id: str | None = None
    source: str = "user"
    version: int = 1
    is_disabled: bool = False
    created_at: float = 0.0
    modified_at: float = 0.0
    state: EntryState = "not_loaded"
    reason: str = ""
    retry_at: float | None = None
    runtime: Any = field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """The shape that clients read; no data, so no secret."""
        return {
            "entry_id": self.id,
            "domain": self.plugin,
            "title": self.title,
            "source": self.source,
            "state": _WIRE_STATES.get(self.state, self.state),
            "supports_options": False,
            "supports_remove_device": False,
            "supports_unload": True,
            "supports_reconfigure": False,
            "supported_subentry_types": {},
            "pref_disable_new_entities": False,
            "pref_disable_polling": False,
            "disabled_by": "user" if self.is_disabled else None,
            "reason": self.reason or None,
            "error_reason_translation_domain": None,
            "error_reason_translation_key": None,
            "error_reason_translation_placeholders": None,
            "num_subentries": 0,
            "created_at": self.created_at,
            "modified_at": self.modified_at,
        }

    def diagnostics(self) -> dict[str, Any]:
        """Everything but secrets."""
        return self.as_dict() | {"data": shown(self.data), "options": shown(self.options)}


class EntryHost(Protocol):
    """What sets entries up: the plugin manager."""

    def is_running(self, slug: str) -> bool:
        """Whether a plugin can take entries."""

    async def setup_entry(self, entry: ConfigEntry) -> None:
        """Bring an entry to life; raises what the plugin raises, with nothing left behind."""

    async def unload_entry(self, entry: ConfigEntry) -> None:
        """End it; never raises."""


class ConfigEntries:
    """All entries, kept in the database."""

    def __init__(self, database: Database, secrets: SecretBox, bus: Bus) -> None:
        self._database = database
        self._secrets = secrets
        self._bus = bus
        self._entries: dict[str, ConfigEntry] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._retries: dict[str, asyncio.Task[None]] = {}
        self.host: EntryHost | None = None

    async def load(self) -> None:
        """Read all entries."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(EntryRow.__table__).order_by(EntryRow.created_at))).mappings().all()
        for row in rows:
            values = dict(row)
            for key in ("data", "options"):
                values[key] = self._secrets.unpack(values[key])
            entry = ConfigEntry(**values)
            entry.state = "disabled" if entry.is_disabled else "not_loaded"
            self._entries[entry.id] = entry

    def all(self, plugin: str | None = None) -> list[ConfigEntry]:
        """All entries, or those of a plugin, oldest first."""
        return [entry for entry in self._entries.values() if plugin in (None, entry.plugin)]

    def get(self, entry_id: str) -> ConfigEntry:
        """An entry; raises NotFound."""
        try:
            return self._entries[entry_id]
        except KeyError:
            raise NotFound(f"There is no entry {entry_id}") from None

    def by_unique_id(self, plugin: str, unique_id: str | None) -> ConfigEntry | None:
        """The entry of a plugin with a unique id."""
        return next(
            (entry for entry in self.all(plugin) if unique_id is not None and entry.unique_id == unique_id), None
        )

    async def add(
        self,
        plugin: str,
        *,
        title: str,
        data: Mapping[str, Any],
        options: Mapping[str, Any] | None = None,
        unique_id: str | None = None,
        source: str = "user",
    ) -> ConfigEntry:
        """Keep a new entry and set it up; a failure to set up shows in its state."""
        now = time.time()
        entry = ConfigEntry(
            ulid().lower(), plugin, title, data, options or {}, unique_id, source, created_at=now, modified_at=now
        )
        await self._save(entry)
        self._entries[entry.id] = entry
        self._bus.fire("config_entry_changed", {"type": "added", "entry": entry})
        await self.setup(entry)
        return entry

    async def update(
        self,
        entry_id: str,
        *,
        data: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        title: str | None = None,
    ) -> ConfigEntry:
        """Change what is given; the plugin sees it at the next reload."""
        entry = self.get(entry_id)
        entry.data = entry.data if data is None else data
        entry.options = entry.options if options is None else options
        entry.title = entry.title if title is None else title
        entry.modified_at = time.time()
        await self._save(entry)
        self._bus.fire("config_entry_changed", {"type": "updated", "entry": entry})
        return entry

    async def remove(self, entry_id: str) -> None:
        """Unload and forget."""
        entry = self.get(entry_id)
        await self.unload(entry)
        del self._entries[entry.id]
        async with self._database.write() as session:
            await session.execute(delete(EntryRow).where(EntryRow.id == entry.id))
        self._bus.fire("config_entry_changed", {"type": "removed", "entry": entry})

    async def reload(self, entry_id: str) -> ConfigEntry:
        """Unload and set up again."""
        entry = self.get(entry_id)
        await self.unload(entry)
        await self.setup(entry)
        return entry

    async def set_enabled(self, entry_id: str, *, enabled: bool) -> ConfigEntry:
        """Enable and set up, or unload and disable."""
        entry = self.get(entry_id)
        entry.is_disabled = not enabled
        await self._save(entry)
        return await self.reload(entry_id)

    async def setup(self, entry: ConfigEntry) -> None:
        """Set an entry up if its plugin runs; NotReady is tried again with back-off, what a person must mend is not."""
        self._cancel_retry(entry)
        async with self._lock(entry):
            if self._entries.get(entry.id) is not entry:
                return  # removed while this waited
            if entry.is_disabled:
                self._set_state(entry, "disabled")
            elif self.host is not None and self.host.is_running(entry.plugin) and entry.state != "loaded":
                await self._try(entry, self.host, FIRST_RETRY_S)

    async def unload(self, entry: ConfigEntry) -> None:
        """End an entry's life, also its waiting for a retry."""
        self._cancel_retry(entry)
        async with self._lock(entry):
            if entry.state == "loaded" and self.host is not None:
                await self.host.unload_entry(entry)
            entry.runtime = None
            self._set_state(entry, "not_loaded")

    async def setup_all(self, plugin: str) -> None:
        """Set up all entries of a plugin, side by side."""
        await asyncio.gather(*(self.setup(entry) for entry in self.all(plugin)))

    async def unload_all(self, plugin: str) -> None:
        """Unload all entries of a plugin."""
        await asyncio.gather(*(self.unload(entry) for entry in self.all(plugin)))

    async def set_needs_sign_in(self, entry: ConfigEntry, reason: str) -> None:
        """Unload a loaded entry whose credentials were refused; it waits until a person signs in anew."""
        async with self._lock(entry):
            if entry.state == "loaded" and self.host is not None:
                await self.host.unload_entry(entry)
                entry.runtime = None
                self._set_state(entry, "needs_sign_in", reason)

    async def _try(self, entry: ConfigEntry, host: EntryHost, delay_s: float) -> None:
        self._set_state(entry, "setup_in_progress")
        try:
            await host.setup_entry(entry)
        except NotReady as error:
            delay_s *= random.uniform(0.9, 1.1)  # noqa: S311 - jitter against a herd, not a secret
            entry.retry_at = time.time() + delay_s
            self._set_state(entry, "setup_retry", str(error))
            task = asyncio.create_task(self._retry(entry, host, delay_s), name=f"retry of {entry.title}")
            self._retries[entry.id] = task
        except AuthFailed as error:
            self._set_state(entry, "needs_sign_in", str(error))
        except ConfigError as error:
            self._set_state(entry, "setup_error", str(error))
        except RegieError as error:
            self._set_state(entry, "setup_error", str(error))
        except Exception as error:  # noqa: BLE001 - the host has named the fault; the entry shows it
            self._set_state(entry, "setup_error", f"{type(error).__name__}: {error}")
        else:
            self._set_state(entry, "loaded")

    async def _retry(self, entry: ConfigEntry, host: EntryHost, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        async with self._lock(entry):
            del self._retries[entry.id]
            if entry.state == "setup_retry" and host.is_running(entry.plugin):
                await self._try(entry, host, min(delay_s * 2, LAST_RETRY_S))

    def _cancel_retry(self, entry: ConfigEntry) -> None:
        task = self._retries.pop(entry.id, None)
        if task is not None:
            task.cancel()

    def _lock(self, entry: ConfigEntry) -> asyncio.Lock:
        return self._locks.setdefault(entry.id, asyncio.Lock())

    def _set_state(self, entry: ConfigEntry, state: EntryState, reason: str = "") -> None:
        entry.state, entry.reason = state, reason
        if state != "setup_retry":
            entry.retry_at = None
        self._bus.fire("config_entry_changed", {"type": "updated", "entry": entry})

    async def _save(self, entry: ConfigEntry) -> None:
        row = EntryRow(
            id=entry.id,
            plugin=entry.plugin,
            title=entry.title,
            data=self._secrets.pack(entry.data),
            options=self._secrets.pack(entry.options),
            unique_id=entry.unique_id,
            source=entry.source,
            version=entry.version,
            is_disabled=entry.is_disabled,
            created_at=entry.created_at,
            modified_at=entry.modified_at,
        )
        async with self._database.write() as session:
            await session.merge(row)
