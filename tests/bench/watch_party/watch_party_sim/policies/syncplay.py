"""Syncplay's rules, written anew: one State a second, ages by averaged round trips, the slowest leads."""

from dataclasses import dataclass

from watch_party_sim.world import Client, World

STATE_EVERY_S = 1.0
SMOOTHING = 0.85
REWIND_S = 4.0
SLOW_DOWN_S = 1.5
SLOW_DOWN_RELEASE_S = 0.1
SLOW_RATE = 0.95
SEEK_DETECTED_S = 1.0


@dataclass(frozen=True, slots=True)
class State:
    """The one message, either way; `stamp_s` is the sender's, `echo_s` the last one of the receiver."""

    position_s: float
    paused: bool
    do_seek: bool
    set_by: int
    stamp_s: float
    echo_s: float | None
    ignoring: int = 0  # a client's own change, echoed by the server
    rtt_s: float = 0.0


@dataclass(slots=True)
class Ages:
    """How old a message is, from averaged round trips."""

    average_s: float | None = None
    rtt_s: float = 0.0

    def learn(self, rtt_s: float) -> None:
        """Take one round trip."""
        self.rtt_s = rtt_s
        self.average_s = rtt_s if self.average_s is None else SMOOTHING * self.average_s + (1 - SMOOTHING) * rtt_s

    def forward_s(self, other_rtt_s: float) -> float:
        """The time that the last message took to come."""
        if self.average_s is None:
            return 0.0
        extra = self.rtt_s - other_rtt_s if 0.0 < other_rtt_s < self.rtt_s else 0.0
        return self.average_s / 2 + extra


class SyncplayServer:
    """Tells everybody the slowest member's position, once a second."""

    def __init__(self, world: World, clients: list[Client]) -> None:
        self._world = world
        self._clients = clients
        self._paused = True
        self._set_by = 0
        self._positions: dict[int, tuple[float, float]] = {}
        self._ages: dict[int, Ages] = {}
        self._stamps: dict[int, float] = {}
        self._base = (0.0, 0.0)
        self._joined: set[int] = set()

    def receive(self, client: int, message: State) -> None:
        """A member's State: its position, or its change of the room's."""
        now = self._world.now
        if client not in self._joined:
            self._joined.add(client)
            self._ages[client] = Ages()
            self._world.at(now + 0.1, self._tell_every_second, client)
            return
        ages = self._ages[client]
        if message.echo_s is not None:
            ages.learn(now - message.echo_s)
        self._stamps[client] = message.stamp_s
        changed = message.do_seek or message.paused != self._paused
        if changed and message.ignoring == 0:
            return
        moving = not message.paused
        position = message.position_s + (ages.forward_s(message.rtt_s) if moving else 0.0)
        self._positions[client] = (position, now)
        if changed:
            self._paused, self._set_by = message.paused, client
            self._positions = dict.fromkeys(self._joined, (position, now))
            for index in self._joined:
                self._tell(index, do_seek=message.do_seek, ignoring=message.ignoring if index == client else 0)

    def _position(self) -> float:
        now = self._world.now
        moving = 0.0 if self._paused else 1.0
        return min((position + moving * (now - at_s) for position, at_s in self._positions.values()), default=0.0)

    def _tell_every_second(self, client: int) -> None:
        self._tell(client, do_seek=False, ignoring=0)
        self._world.at(self._world.now + STATE_EVERY_S, self._tell_every_second, client)

    def _tell(self, client: int, *, do_seek: bool, ignoring: int) -> None:
        stamp = self._stamps.get(client)
        rtt = self._ages[client].rtt_s
        state = State(self._position(), self._paused, do_seek, self._set_by, self._world.now, stamp, ignoring, rtt)
        self._clients[client].deliver(state)


class SyncplayAgent:
    """Obeys on arrival; slows down when ahead, rewinds when far ahead, never speeds up."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ages = Ages()
        self._server_stamp: float | None = None
        self._ignoring = 0
        self._changes = 0
        self._slowed = False

    def joined(self) -> None:
        """Say hello."""
        self._send(do_seek=False)

    def press(self, kind: str, position_s: float) -> None:
        """Applied here at once, told to the server after."""
        player = self._client.player
        if kind == "seek":
            player.seek(position_s)
        elif kind == "play":
            player.play()
        else:
            player.pause()
        self._changes += 1
        self._ignoring = self._changes
        self._send(do_seek=kind == "seek")

    def receive(self, message: State) -> None:
        """Follow the room, and answer at once."""
        now = self._client.monotonic()
        if message.echo_s is not None:
            self._ages.learn(now - message.echo_s)
        self._server_stamp = message.stamp_s
        if self._ignoring and message.ignoring == self._ignoring:
            self._ignoring = 0
        elif not self._ignoring:
            self._follow(message)
        self._send(do_seek=False)

    def tick(self) -> None:
        """All happens on messages."""

    def _follow(self, message: State) -> None:
        player = self._client.player
        position = message.position_s
        if not message.paused:
            position += self._ages.forward_s(message.rtt_s)
        foreign = message.set_by != self._client.index
        if message.do_seek and foreign:
            player.seek(position)
        if message.paused != player.paused:
            if not message.paused:
                player.play()
                return
            player.pause()
            if foreign:
                player.seek(position)
            return
        self._slow_down(self._client.player.position() - position)

    def _slow_down(self, ahead_s: float) -> None:
        player = self._client.player
        if ahead_s > REWIND_S:
            player.seek(player.position() - ahead_s)
        elif not self._slowed and ahead_s > SLOW_DOWN_S and not player.paused:
            self._slowed = True
            player.set_rate(SLOW_RATE)
        elif self._slowed and ahead_s < SLOW_DOWN_RELEASE_S:
            self._slowed = False
            player.set_rate(1.0)

    def _send(self, *, do_seek: bool) -> None:
        player = self._client.player
        now = self._client.monotonic()
        position = player.read(now).position_s
        index, rtt = self._client.index, self._ages.rtt_s
        state = State(position, player.paused, do_seek, index, now, self._server_stamp, self._ignoring, rtt)
        self._client.send(state)


def syncplay(world: World, clients: list[Client]) -> SyncplayServer:
    """Syncplay as it comes."""
    for client in clients:
        client.agent = SyncplayAgent(client)
    return SyncplayServer(world, clients)
