"""Who provides which role."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from regie.bus.bus import OnFault, Undo

RoleListener = Callable[[Any], Undo | None]


@dataclass(slots=True, eq=False)
class _Provider:
    role: type
    implementation: Any
    undos: list[tuple["_Follower", Undo]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Follower:
    role: type
    listener: RoleListener
    owner: str


class Roles:
    """Brings providers and users of a role together, in whichever order they come and go."""

    def __init__(self, on_fault: OnFault) -> None:
        self._on_fault = on_fault
        self._providers: list[_Provider] = []
        self._followers: list[_Follower] = []

    def all(self, role: type) -> list[Any]:
        """The implementations of a role, oldest first."""
        return [provider.implementation for provider in self._providers if provider.role is role]

    def provide(self, role: type, implementation: Any) -> Undo:
        """Offer an implementation; what returns withdraws it, after its followers have let go."""
        provider = _Provider(role, implementation)
        self._providers.append(provider)
        for follower in tuple(self._followers):
            if follower.role is role:
                self._introduce(provider, follower)

        def undo() -> None:
            with suppress(ValueError):
                self._providers.remove(provider)
            for follower, let_go in reversed(provider.undos):
                self._let_go(follower, let_go)
            provider.undos.clear()

        return undo

    def follow(self, role: type, listener: RoleListener, owner: str) -> Undo:
        """Call `listener` with each present and future implementation; what it returns is called when that one goes."""
        follower = _Follower(role, listener, owner)
        self._followers.append(follower)
        for provider in tuple(self._providers):
            if provider.role is role:
                self._introduce(provider, follower)

        def undo() -> None:
            with suppress(ValueError):
                self._followers.remove(follower)
            for provider in self._providers:
                for pair in [pair for pair in provider.undos if pair[0] is follower]:
                    provider.undos.remove(pair)
                    self._let_go(*pair)

        return undo

    def _introduce(self, provider: _Provider, follower: _Follower) -> None:
        try:
            let_go = follower.listener(provider.implementation)
        except Exception as error:  # noqa: BLE001 - the boundary that names a failing listener
            self._on_fault(follower.owner, error, f"role {follower.role.__name__}")
            return
        if let_go is not None:
            provider.undos.append((follower, let_go))

    def _let_go(self, follower: _Follower, let_go: Undo) -> None:
        try:
            let_go()
        except Exception as error:  # noqa: BLE001 - the same
            self._on_fault(follower.owner, error, f"end of role {follower.role.__name__}")
