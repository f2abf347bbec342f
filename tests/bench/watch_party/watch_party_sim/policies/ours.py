"""Our own policy: the product's room and participants, with links where sockets would be."""

import random
from typing import Any

from watch_party_sim.world import Client, World

from regie_watch_party.participant import Participant, Step
from regie_watch_party.player import Command, Pause, Play, Seek, Traits
from regie_watch_party.protocol import (
    ErrorMessage,
    Inbound,
    Item,
    JoinRoom,
    Options,
    Outbound,
    PlayerEvent,
    Resume,
)
from regie_watch_party.room import Room
from regie_watch_party.room_state import Action, Close, Send
from regie_watch_party.seats import Joining, Refusal

ROOM_TICK_S = 0.25


class RoomServer:
    """The edge around the room: who sits where, and the server's clock, which is the world's true time."""

    def __init__(self, world: World, clients: list[Client], *, options: Options) -> None:
        self._world = world
        self._clients = clients
        rng = random.Random("tokens")
        self._new_token = lambda: f"{rng.getrandbits(128):032x}"
        self.room = Room("party", now=0.0, new_token=self._new_token, options=options)
        self.room.load(0.0, Item("film", "A film", 7200.0))
        self._seats: dict[str, Client] = {}
        self._members: dict[int, str] = {}
        self.down = False
        self.log: list[Action] = []
        world.at(ROOM_TICK_S, self._tick)

    def receive(self, client: int, message: Inbound) -> None:
        """A member's message has come in."""
        if self.down:
            return
        now = self._world.now
        if isinstance(message, JoinRoom | Resume):
            self._seat(client, message)
        elif client in self._members:
            self._carry_out(self.room.receive(now, self._members[client], message))

    def crash(self) -> None:
        """The node dies: the room lives on in its snapshot only."""
        self._saved = self.room.snapshot()
        self.down = True
        self._seats.clear()
        self._members.clear()

    def recover(self) -> None:
        """Another node takes over under the next lease, and the members reconnect."""
        self.down = False
        self.room = Room.restore(self._saved, now=self._world.now, new_token=self._new_token, term=2)
        for client in self._clients:
            if client.present and client.agent is not None:
                client.agent.joined()

    def _seat(self, index: int, message: JoinRoom | Resume) -> None:
        now, client = self._world.now, self._clients[index]
        if isinstance(message, Resume):
            seated, actions = self.room.resume(now, message.token)
        else:
            seated, actions = self.room.join(now, Joining(f"user {index}", f"Member {index}", f"10.0.0.{index}"))
        if isinstance(seated, Refusal):
            client.deliver(ErrorMessage(seated.code, seated.message))
            return
        self._members[index] = seated.id
        self._seats[seated.id] = client
        self._carry_out(actions)

    def _tick(self) -> None:
        if not self.down:
            self._carry_out(self.room.tick(self._world.now))
        self._world.at(self._world.now + ROOM_TICK_S, self._tick)

    def _carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Send):
                for member_id in action.to:
                    if member_id in self._seats:
                        self._seats[member_id].deliver(action.message)
            elif isinstance(action, Close) and action.reason != "replaced":
                self._seats.pop(action.member, None)


class RoomAgent:
    """The edge around a participant: carries its steps to the simulated player and link."""

    def __init__(self, client: Client) -> None:
        self._client = client
        model = client.model.player
        self.participant = Participant(Traits(has_rate=model.has_rate))
        self._woken_at_s: float | None = None
        self.presses_seen = 0

    def joined(self) -> None:
        """The connection stands, for the first time or again."""
        for message in self.participant.connected(self._client.monotonic()):
            self._client.send(message)

    def receive(self, message: Outbound) -> None:
        """A message has come in; look at the player at once, for it may be urgent."""
        self.participant.receive(self._client.monotonic(), message)
        if self._client.present:
            self.tick()

    def press(self, kind: Any, position_s: float) -> None:
        """The person presses a button of ours."""
        self._client.send(PlayerEvent(kind, position_s if kind == "seek" else None))

    def tick(self) -> None:
        """Look at the player once."""
        now = self._client.monotonic()
        self._carry_out(self.participant.tick(now, self._client.player.read(now)))
        wake_at = self.participant.wake_at_s
        if wake_at is not None and wake_at != self._woken_at_s:
            self._woken_at_s = wake_at
            self._client.at_monotonic(wake_at, self.tick)

    def _carry_out(self, step: Step) -> None:
        for command in step.commands:
            _obey(self._client, command)
        for message in step.messages:
            self.presses_seen += isinstance(message, PlayerEvent)
            self._client.send(message)


def _obey(client: Client, command: Command) -> None:
    if isinstance(command, Play):
        client.player.play()
    elif isinstance(command, Pause):
        client.player.pause()
    elif isinstance(command, Seek):
        client.player.seek(command.position_s)
    else:
        client.player.set_rate(command.rate)


def ours(world: World, clients: list[Client], options: Options | None = None) -> RoomServer:
    """Our room, its first member the host."""
    for client in clients:
        client.agent = RoomAgent(client)
    return RoomServer(world, clients, options=options or Options(max_members=200))
