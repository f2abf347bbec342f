"""Topics: what the panel's pages are told of (a list changed, a stream moved), numbered so that a gap is seen."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from regie.bus.bus import OnFault, Undo


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a topic; `sequence` grows by one a message."""

    topic: str
    sequence: int
    data: Mapping[str, Any]


TopicListener = Callable[[Message], Any]


class Topics:
    """Publishes to whoever has subscribed; nothing is kept."""

    def __init__(self, on_fault: OnFault) -> None:
        self._on_fault = on_fault
        self._listeners: dict[str, list[TopicListener]] = {}
        self._sequences: dict[str, int] = {}

    def sequence(self, topic: str) -> int:
        """The number of the newest message."""
        return self._sequences.get(topic, 0)

    def subscribe(self, topic: str, listener: TopicListener) -> Undo:
        """Call `listener` inline with each message; what returns ends it."""
        self._listeners.setdefault(topic, []).append(listener)

        def undo() -> None:
            with suppress(KeyError, ValueError):
                self._listeners[topic].remove(listener)
                if not self._listeners[topic]:
                    del self._listeners[topic]

        return undo

    def publish(self, topic: str, data: Mapping[str, Any] | None = None) -> None:
        """Tell the subscribers."""
        sequence = self._sequences[topic] = self.sequence(topic) + 1
        message = Message(topic, sequence, data or {})
        for listener in tuple(self._listeners.get(topic, ())):
            try:
                listener(message)
            except Exception as error:  # noqa: BLE001 - one page's connection must not end another's
                self._on_fault("core", error, f"subscriber of {topic}")
