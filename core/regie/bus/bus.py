"""The event bus: synchronous, cheap when nobody listens, and safe from its listeners."""

import asyncio
import fnmatch
import inspect
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from regie.bus.event import Event, EventContext

MATCH_ALL = "*"
MAX_TYPE_LENGTH = 64
MAX_NESTED = 10_000
"""Events that listeners may fire in answer to one event; more is a loop, and the rest of it is dropped."""

_NOTHING: Mapping[str, Any] = {}

Listener = Callable[[Event], Any]
Undo = Callable[[], None]
OnFault = Callable[[str, BaseException, str], None]
Spawn = Callable[[Coroutine[Any, Any, Any], str], object]
AnyListener = TypeVar("AnyListener", bound=Callable[..., Any])


def callback(function: AnyListener) -> AnyListener:
    """Mark a plain function as quick and loop-safe: it runs inline, while the event is fired."""
    function.__regie_callback__ = True  # type: ignore[attr-defined]
    return function


@dataclass(frozen=True, slots=True, eq=False)
class _Subscription:
    pattern: str
    listener: Listener
    owner: str
    spawn: Spawn | None
    is_inline: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_inline", not inspect.iscoroutinefunction(self.listener))

    def wants(self, event_type: str) -> bool:
        return self.pattern in (MATCH_ALL, event_type) or fnmatch.fnmatchcase(event_type, self.pattern)


@dataclass(frozen=True, slots=True)
class _Route:
    """Who hears one type of event: decided once, thrown away when a subscription comes or goes."""

    inline: tuple[Listener, ...]
    inline_owners: tuple[str, ...]
    tasks: tuple[_Subscription, ...]


class Bus:
    """Tells listeners what happened. A listener that fails is named to `on_fault`; the others hear the event all the same.

    Events that a listener fires while it hears one wait until all have heard that one.
    """

    def __init__(self, on_fault: OnFault, spawn: Spawn | None = None) -> None:
        self._on_fault = on_fault
        self._spawn = spawn or _spawn_on_loop
        self._subscriptions: list[_Subscription] = []
        self._routes: dict[str, _Route | None] = {}
        self._waiting: deque[Event] = deque()
        self._is_firing = False

    def on(self, event_type: str, listener: Listener, *, owner: str = "core", spawn: Spawn | None = None) -> Undo:
        """Call `listener` with each event of a type, of a pattern (`jellyfin_*`), or all (`*`); what returns ends it.

        Plain functions run inline and must be quick; coroutine functions run as tasks that start in the order of events.
        """
        subscription = _Subscription(event_type, listener, owner, spawn)
        self._subscriptions.append(subscription)
        self._routes.clear()

        def undo() -> None:
            with suppress(ValueError):
                self._subscriptions.remove(subscription)
            self._routes.clear()

        return undo

    def once(self, event_type: str, listener: Listener, *, owner: str = "core") -> Undo:
        """Call `listener` with the next event of a type only."""

        def hear(event: Event) -> Any:
            undo()
            if inspect.iscoroutinefunction(listener):
                self._spawn(self._guard(listener, event, owner), f"{owner}: {event_type}")
            else:
                listener(event)

        undo = self.on(event_type, hear, owner=owner)
        return undo

    def fire(
        self,
        event_type: str,
        data: Mapping[str, Any] | None = None,
        context: EventContext | None = None,
        origin: str = "LOCAL",
    ) -> None:
        """Tell that something happened; returns when inline listeners have heard it."""
        try:
            route = self._routes[event_type]
        except KeyError:
            route = self._make_route(event_type)
        if route is None:
            return
        event = Event(event_type, _NOTHING if data is None else data, context, time.time(), origin)
        if self._is_firing:
            self._wait(event)
            return
        self._is_firing = True
        try:
            self._tell(route, event)
            while self._waiting:
                later = self._waiting.popleft()
                later_route = self._routes.get(later.type) or self._make_route(later.type)
                if later_route is not None:
                    self._tell(later_route, later)
        finally:
            self._is_firing = False

    def listener_counts(self) -> dict[str, int]:
        """Subscriptions by type or pattern."""
        counts: dict[str, int] = {}
        for subscription in self._subscriptions:
            counts[subscription.pattern] = counts.get(subscription.pattern, 0) + 1
        return counts

    def owners(self) -> Iterator[str]:
        """The owner of each subscription."""
        return (subscription.owner for subscription in self._subscriptions)

    def _wait(self, event: Event) -> None:
        if len(self._waiting) < MAX_NESTED:
            self._waiting.append(event)
        else:
            error = RuntimeError(f"Over {MAX_NESTED} events in answer to one: {event.type} is dropped")
            self._on_fault("core", error, "event loop of listeners")

    def _tell(self, route: _Route, event: Event) -> None:
        for position, listener in enumerate(route.inline):
            try:
                listener(event)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary that names a failing listener
                self._on_fault(route.inline_owners[position], error, f"listener to {event.type}")
        for subscription in route.tasks:
            coroutine = self._guard(subscription.listener, event, subscription.owner)
            (subscription.spawn or self._spawn)(coroutine, f"{subscription.owner}: {event.type}")

    async def _guard(self, listener: Listener, event: Event, owner: str) -> None:
        try:
            await listener(event)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary that names a failing listener
            self._on_fault(owner, error, f"listener to {event.type}")

    def _make_route(self, event_type: str) -> _Route | None:
        if not event_type or len(event_type) > MAX_TYPE_LENGTH:
            raise ValueError(f"An event type has 1 to {MAX_TYPE_LENGTH} characters, not {event_type!r}")
        wanted = [subscription for subscription in self._subscriptions if subscription.wants(event_type)]
        if len(self._routes) > MAX_NESTED:  # strangers may invent types: forget rather than grow
            self._routes.clear()
        inline = [subscription for subscription in wanted if subscription.is_inline]
        route = _Route(
            tuple(subscription.listener for subscription in inline),
            tuple(subscription.owner for subscription in inline),
            tuple(subscription for subscription in wanted if not subscription.is_inline),
        )
        self._routes[event_type] = route if wanted else None
        return self._routes[event_type]


def _spawn_on_loop(coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(coroutine, name=name)
