"""Entities: the observable things of plugins, typed by what they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from regie.bus.event import EventContext
from regie.states.state import MAX_STATE_LENGTH, UNKNOWN

Write = Callable[["Entity", EventContext | None], None]


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """The thing that an entity belongs to: a server, a player. `identifier` is unique within the plugin."""

    identifier: str
    name: str
    manufacturer: str = ""
    model: str = ""
    sw_version: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class Entity:
    """One observable thing. `key` is unique within its plugin and never changes; the entity id may be renamed by people."""

    domain: ClassVar[str] = "sensor"

    key: str
    name: str
    object_id: str = ""
    """A wish for the part of the entity id behind the dot; made of the name when empty."""
    icon: str = ""
    device: DeviceInfo | None = None
    device_class: str = ""
    category: str = ""
    """`diagnostic`, `config` or empty."""
    entity_id: str = field(default="", init=False)
    state: str = field(default=UNKNOWN, init=False)
    attributes: Mapping[str, Any] = field(default_factory=dict, init=False)
    _write: Write | None = field(default=None, init=False, repr=False)

    def update(
        self, state: object, attributes: Mapping[str, Any] | None = None, *, context: EventContext | None = None
    ) -> None:
        """Set the state (None is `unknown`; numbers and booleans become text) and, if given, the attributes."""
        self.state = state_text(state)
        if attributes is not None:
            self.attributes = attributes
        if self._write is not None:
            self._write(self, context)

    def fixed_attributes(self) -> dict[str, Any]:
        """Attributes that say what it is."""
        fixed = {"friendly_name": self.name, "icon": self.icon, "device_class": self.device_class}
        return {key: value for key, value in fixed.items() if value}

    def bind(self, entity_id: str, name: str, write: Write | None) -> None:
        """Called by the registry when the entity comes (with its id and name) and goes (with no `write`)."""
        self.entity_id, self.name, self._write = entity_id, name, write


def state_text(state: object) -> str:
    """A value as the text of a state; what is too long is unknown."""
    if state is None:
        return UNKNOWN
    if isinstance(state, bool):
        return "on" if state else "off"
    text = f"{state:.10g}" if isinstance(state, float) else str(state)
    return text if len(text) <= MAX_STATE_LENGTH else UNKNOWN


@dataclass(slots=True, kw_only=True, eq=False)
class Sensor(Entity):
    """A measured value."""

    domain: ClassVar[str] = "sensor"
    unit: str = ""
    state_class: str = ""
    """`measurement`, `total` or `total_increasing` when it can be aggregated."""

    def fixed_attributes(self) -> dict[str, Any]:
        """Attributes that say what it is."""
        more = {"unit_of_measurement": self.unit, "state_class": self.state_class}
        return Entity.fixed_attributes(self) | {key: value for key, value in more.items() if value}


@dataclass(slots=True, kw_only=True, eq=False)
class BinarySensor(Entity):
    """On or off."""

    domain: ClassVar[str] = "binary_sensor"


@dataclass(slots=True, kw_only=True, eq=False)
class MediaPlayer(Entity):
    """A player: `playing`, `paused`, `idle` or `off`."""

    domain: ClassVar[str] = "media_player"


@dataclass(slots=True, kw_only=True, eq=False)
class Button(Entity):
    """Something to press; the state is when it was last pressed."""

    domain: ClassVar[str] = "button"
    press: Callable[[], Any] | None = None
