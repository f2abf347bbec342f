"""A state: text, attributes, and when they last moved."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from regie.bus.event import EventContext

MAX_STATE_LENGTH = 255
UNKNOWN = "unknown"
UNAVAILABLE = "unavailable"

_ENTITY_ID = re.compile(r"(?!.*__.*\.)[a-z0-9](?:[a-z0-9_]*[a-z0-9])?\.[a-z0-9](?:[a-z0-9_]*[a-z0-9])?")


def is_entity_id(text: str) -> bool:
    """Whether a text is `domain.object_id` in lower case."""
    return _ENTITY_ID.fullmatch(text) is not None


def object_id(text: str) -> str:
    """The nearest object id to a free text: `Living room · TV` → `living_room_tv`."""
    plain = text.lower().translate(str.maketrans("àâäáãåçéèêëíîïìñóôöòõúùûüýÿß", "aaaaaaceeeeiiiinooooouuuuyys"))
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_") or "unnamed"


def iso(epoch_s: float) -> str:
    """Epoch seconds as ISO 8601 with offset."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat()


class State:
    """What an entity's state was from `last_changed` on. Times are epoch seconds; treat it as immutable."""

    __slots__ = ("attributes", "context", "entity_id", "last_changed", "last_reported", "last_updated", "state")

    def __init__(
        self, entity_id: str, state: str, attributes: Mapping[str, Any], context: EventContext, changed: float
    ) -> None:
        self.entity_id = entity_id
        self.state = state
        self.attributes = attributes
        self.context = context
        self.last_changed = changed
        self.last_updated = changed
        self.last_reported = changed

    @property
    def domain(self) -> str:
        """The part before the dot."""
        return self.entity_id.partition(".")[0]

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.attributes.get("friendly_name") or self.entity_id.partition(".")[2].replace("_", " "))

    def as_dict(self) -> dict[str, Any]:
        """The shape that clients read."""
        return {
            "entity_id": self.entity_id,
            "state": self.state,
            "attributes": dict(self.attributes),
            "last_changed": iso(self.last_changed),
            "last_reported": iso(self.last_reported),
            "last_updated": iso(self.last_updated),
            "context": self.context.as_dict(),
        }

    def compressed(self) -> dict[str, Any]:
        """The short shape of `subscribe_entities`: s, a, c, lc and, when it differs, lu."""
        context = self.context
        short: dict[str, Any] = {
            "s": self.state,
            "a": dict(self.attributes),
            "c": context.id if context.parent_id is None and context.user_id is None else context.as_dict(),
            "lc": self.last_changed,
        }
        if self.last_updated != self.last_changed:
            short["lu"] = self.last_updated
        return short

    def __repr__(self) -> str:
        return f"<State {self.entity_id}={self.state}>"
