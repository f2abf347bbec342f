"""Events: what happened, who caused it, and who is told."""

from regie.bus.bus import Bus, callback
from regie.bus.event import Event, EventContext

__all__ = ["Bus", "Event", "EventContext", "callback"]
