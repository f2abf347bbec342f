"""The entity registry: which entity of which plugin has which id, also after a restart or a renaming."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from regie.bus import Bus, EventContext
from regie.bus.bus import Undo
from regie.bus.event import ulid
from regie.errors import InvalidData, NotFound
from regie.states.entity import Entity
from regie.states.machine import StateMachine
from regie.states.state import is_entity_id, object_id

UPDATED = "entity_registry_updated"
DOCUMENT = "core.entity_registry"


class Documents(Protocol):
    """Where the registry is kept."""

    async def load(self, key: str) -> dict[str, Any] | None:
        """A document, if there is one."""

    def save_soon(self, key: str, data: Mapping[str, Any]) -> None:
        """Keep a document, within a second."""


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """What is remembered of an entity."""

    id: str
    platform: str
    key: str
    entity_id: str
    name: str | None = None
    """What a person named it; None: the plugin's own name."""
    original_name: str = ""
    is_disabled: bool = False
    config_entry_id: str | None = None
    created_at: float = 0.0


class EntityRegistry:
    """Gives entities their ids and writes their states."""

    def __init__(self, bus: Bus, states: StateMachine, documents: Documents) -> None:
        self._bus = bus
        self._states = states
        self._documents = documents
        self._entries: dict[tuple[str, str], RegistryEntry] = {}
        self._present: dict[tuple[str, str], Entity] = {}

    async def load(self) -> None:
        """Read what was remembered."""
        document = await self._documents.load(DOCUMENT) or {}
        for row in document.get("entities", []):
            entry = RegistryEntry(**row)
            self._entries[entry.platform, entry.key] = entry

    def all(self) -> list[RegistryEntry]:
        """All remembered entities, by entity id."""
        return sorted(self._entries.values(), key=lambda entry: entry.entity_id)

    def of(self, platform: str) -> list[Entity]:
        """The present entities of a plugin, by entity id."""
        found = [entity for (owner, _), entity in self._present.items() if owner == platform]
        return sorted(found, key=lambda entity: entity.entity_id)

    def find(self, entity_id: str) -> RegistryEntry:
        """The entry of an entity id."""
        for entry in self._entries.values():
            if entry.entity_id == entity_id:
                return entry
        raise NotFound(f"No entity is called {entity_id}")

    def add(self, platform: str, entity: Entity, *, config_entry_id: str | None = None) -> Undo:
        """Bind an entity to its id and write its state; what returns takes it away again (the id stays remembered)."""
        place = (platform, entity.key)
        if place in self._present:
            raise InvalidData(f"{platform} has two entities with the key {entity.key!r}")
        entry = self._remember(platform, entity, config_entry_id)
        self._present[place] = entity
        entity.bind(entry.entity_id, entry.name or entity.name, None if entry.is_disabled else self._write)
        if not entry.is_disabled:
            self._write(entity, None)

        def undo() -> None:
            if self._present.get(place) is entity:
                del self._present[place]
                self._states.remove(entity.entity_id)
                entity.bind(entity.entity_id, entity.name, None)

        return undo

    def update(
        self,
        entity_id: str,
        *,
        new_entity_id: str | None = None,
        name: str | None = None,
        is_disabled: bool | None = None,
    ) -> RegistryEntry:
        """Rename, or disable; None leaves a thing as it is, an empty name restores the plugin's."""
        entry = self.find(entity_id)
        if new_entity_id is not None and new_entity_id != entity_id:
            self._check_new_id(entity_id, new_entity_id)
        changed = replace(
            entry,
            entity_id=new_entity_id or entry.entity_id,
            name=entry.name if name is None else name or None,
            is_disabled=entry.is_disabled if is_disabled is None else is_disabled,
        )
        self._entries[entry.platform, entry.key] = changed
        self._save("update", changed)
        entity = self._present.get((entry.platform, entry.key))
        if entity is not None:
            self._states.remove(entity_id)
            entity.bind(
                changed.entity_id, changed.name or changed.original_name, None if changed.is_disabled else self._write
            )
            if not changed.is_disabled:
                self._write(entity, None)
        return changed

    def forget(self, platform: str) -> None:
        """Forget the entities of a plugin that was purged."""
        for place in [place for place in self._entries if place[0] == platform and place not in self._present]:
            self._save("remove", self._entries.pop(place))

    def _remember(self, platform: str, entity: Entity, config_entry_id: str | None) -> RegistryEntry:
        known = self._entries.get((platform, entity.key))
        if known is not None:
            known = replace(known, original_name=entity.name, config_entry_id=config_entry_id)
            self._entries[platform, entity.key] = known
            return known
        wish = object_id(entity.object_id or entity.name)
        entry = RegistryEntry(
            ulid().lower(),
            platform,
            entity.key,
            self._free_id(f"{entity.domain}.{wish}"),
            original_name=entity.name,
            config_entry_id=config_entry_id,
        )
        self._entries[platform, entity.key] = entry
        self._save("create", entry)
        return entry

    def _free_id(self, wish: str) -> str:
        taken = {entry.entity_id for entry in self._entries.values()}
        candidate, number = wish, 2
        while candidate in taken or self._states.get(candidate) is not None:
            candidate, number = f"{wish}_{number}", number + 1
        return candidate

    def _check_new_id(self, old: str, new: str) -> None:
        if not is_entity_id(new) or new.partition(".")[0] != old.partition(".")[0]:
            raise InvalidData(f"{new!r} cannot replace {old}: keep the part before the dot, and use a-z, 0-9 and _")
        if self._states.get(new) is not None or any(entry.entity_id == new for entry in self._entries.values()):
            raise InvalidData(f"{new} is already in use")

    def _write(self, entity: Entity, context: EventContext | None) -> None:
        attributes = {**entity.fixed_attributes(), **entity.attributes}
        self._states.set(entity.entity_id, entity.state, attributes, context=context)

    def _save(self, action: str, entry: RegistryEntry) -> None:
        self._documents.save_soon(DOCUMENT, {"entities": [asdict(entry) for entry in self._entries.values()]})
        self._bus.fire(UPDATED, {"action": action, "entity_id": entry.entity_id})
