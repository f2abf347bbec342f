"""The simulator of the bench, and rooms to test with."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regie_watch_party.members import Member
from regie_watch_party.protocol import ErrorMessage, Inbound, Item, Options
from regie_watch_party.room import Room
from regie_watch_party.room_state import Action, Send
from regie_watch_party.seats import Joining

sys.path.insert(0, str(Path(__file__).parents[2] / "bench" / "watch_party"))

FILM = Item("film", "A film", 3600.0)


def tokens() -> Callable[[], str]:
    """Tokens that differ, and are the same in each run."""
    numbers = iter(range(1, 1_000_000))
    return lambda: f"{next(numbers):012d}{0:020d}"


class Party:
    """A room with a clock that the test moves, and everything that was said."""

    def __init__(self, **options: Any) -> None:
        self.now = 100.0
        self.room = Room("party", now=self.now, new_token=tokens(), options=Options(**options))
        self.said: list[Any] = []
        self.closed: list[tuple[str, str]] = []
        self.expired = False
        self._keep(self.room.load(self.now, FILM))

    def join(self, name: str, **joining: Any) -> Member:
        """Somebody comes in; the test fails if refused."""
        member, actions = self.room.join(self.now, Joining(f"user {name}", name, name, **joining))
        self._keep(actions)
        assert isinstance(member, Member)
        return member

    def seat(self, *names: str) -> list[Member]:
        """Members that have a say and have the item loaded."""
        members = [self.join(name) for name in names]
        for member in members:
            member.has_say = True
            member.ready_epoch = self.room.timeline.epoch
        return members

    def send(self, member: Member, message: Inbound) -> list[Any]:
        """A member says something; what the room said in return."""
        return self._keep(self.room.receive(self.now, member.id, message))

    def refusals(self, member: Member, message: Inbound) -> list[str]:
        """A member says something; the codes of the errors in return."""
        return self.codes(self.send(member, message))

    @staticmethod
    def codes(messages: list[Any]) -> list[str]:
        """The codes of the errors among messages."""
        return [message.code for message in messages if isinstance(message, ErrorMessage)]

    def drop(self, member: Member) -> None:
        """A member's socket closes."""
        self._keep(self.room.disconnected(self.now, member.id))

    def resume(self, token: str) -> Any:
        """Somebody comes back."""
        result, actions = self.room.resume(self.now, token)
        self._keep(actions)
        return result

    def pass_time(self, seconds: float, *, alive: tuple[Member, ...] = ()) -> list[Any]:
        """Tick four times a second; those alive are heard of all the time."""
        first = len(self.said)
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now += 0.25
            for member in alive:
                member.last_seen_s = self.now
            self._keep(self.room.tick(self.now))
        return [message for _, message in self.said[first:]]

    def heard(self, member: Member, kind: type) -> list[Any]:
        """What a member heard of a kind."""
        return [message for to, message in self.said if member.id in to and isinstance(message, kind)]

    def _keep(self, actions: list[Action]) -> list[Any]:
        for action in actions:
            if isinstance(action, Send):
                self.said.append((action.to, action.message))
            elif hasattr(action, "member"):
                self.closed.append((action.member, action.reason))
            else:
                self.expired = True
        return [action.message for action in actions if isinstance(action, Send)]


@pytest.fixture
def new_party() -> type[Party]:
    """Makes parties, with the options of a room."""
    return Party
