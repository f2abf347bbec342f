"""A room: strangers' commands in, actions out. Takes the time, keeps no clock, sends nothing itself."""

from collections.abc import Callable
from typing import Any

from regie_watch_party import moderation, playback, seats, snapshot, telemetry, waits
from regie_watch_party.members import Member
from regie_watch_party.protocol import (
    Ballot,
    Buffering,
    Chat,
    ForceResync,
    Grant,
    HostChange,
    Inbound,
    Item,
    Kick,
    LeaveRoom,
    Lock,
    Mute,
    Options,
    Ping,
    PlayerEvent,
    Queue,
    Reaction,
    Ready,
    RoomClosed,
    SetOptions,
    StateUpdate,
    SyncRequest,
    WaitFor,
)
from regie_watch_party.room_state import Action, Close, Expired, RoomState
from regie_watch_party.seats import Joining, Refusal
from regie_watch_party.timeline import Timeline, first_epoch

EXPIRES_AFTER_S = 600.0
WARNING_S = 1.0

Handler = Callable[[RoomState, float, Member, Any], None]

HANDLERS: dict[type, Handler] = {
    Ping: telemetry.on_ping,
    StateUpdate: telemetry.on_state_update,
    Buffering: telemetry.on_buffering,
    Ready: telemetry.on_ready,
    Chat: telemetry.on_chat,
    Reaction: telemetry.on_reaction,
    PlayerEvent: playback.on_player_event,
    Ballot: playback.on_ballot,
    Queue: playback.on_queue,
    SyncRequest: playback.on_sync_request,
    ForceResync: playback.on_force_resync,
    HostChange: moderation.on_host_change,
    Grant: moderation.on_grant,
    Kick: moderation.on_kick,
    Mute: moderation.on_mute,
    WaitFor: moderation.on_wait_for,
    Lock: moderation.on_lock,
    SetOptions: moderation.on_set_options,
}


class Room:
    """One party.

    Every method takes the server's time and returns the actions to carry out, in order. Call `tick` about four times a
    second. `new_token` must give 128 random bits as text.
    """

    def __init__(
        self,
        room_id: str,
        *,
        now: float,
        new_token: Callable[[], str],
        options: Options | None = None,
        term: int = 1,
        expires_after_s: float = EXPIRES_AFTER_S,
    ) -> None:
        timeline = Timeline(epoch=first_epoch(term), at_s=now)
        self._state = RoomState(room_id, options or Options(), new_token, timeline, empty_since_s=now)
        self._expires_after_s = expires_after_s

    @classmethod
    def restore(cls, saved: dict[str, Any], *, now: float, new_token: Callable[[], str], term: int) -> "Room":
        """Take a room over from its snapshot, under a newer lease; its members resume by their tokens.

        `now` must go on from the clock of the snapshot: nodes share one, and a process keeps it over its restart.
        """
        room = cls(saved["id"], now=now, new_token=new_token, term=term)
        snapshot.apply(room._state, saved, now, term)
        return room

    def snapshot(self) -> dict[str, Any]:
        """The room as JSON: enough for another node, or this one after a restart, to go on."""
        return snapshot.take(self._state)

    @property
    def timeline(self) -> Timeline:
        """The timeline in force."""
        return self._state.timeline

    @property
    def host_id(self) -> str | None:
        """The member that is the host."""
        return self._state.host_id

    @property
    def members(self) -> tuple[Member, ...]:
        """All seats, those held for absent members too."""
        return tuple(self._state.members.values())

    def load(self, now: float, item: Item) -> list[Action]:
        """Put an item on."""
        playback.load(self._state, now, item, None)
        return self._take()

    def join(self, now: float, joining: Joining) -> tuple[Member | Refusal, list[Action]]:
        """Give somebody a seat; the welcome is among the actions."""
        return seats.admit(self._state, now, joining), self._take()

    def resume(self, now: float, token: str) -> tuple[Member | Refusal, list[Action]]:
        """Give somebody the held seat back."""
        return seats.resume(self._state, now, token), self._take()

    def disconnected(self, now: float, member_id: str) -> list[Action]:
        """A socket has closed."""
        member = self._state.members.get(member_id)
        if member is not None:
            seats.disconnect(self._state, now, member)
        return self._take()

    def receive(self, now: float, member_id: str, message: Inbound) -> list[Action]:
        """Take one message of a member; what it may not do, or what came too fast, is answered with an error."""
        state = self._state
        member = state.members.get(member_id)
        if member is None or not member.online:
            return []
        member.last_seen_s = now
        seats.reclaim(state, now, member)
        if not member.messages.take(now):
            self._dam(now, member)
        elif type(message) is LeaveRoom:
            state.actions.append(Close(member.id, "left"))
            seats.remove(state, now, member)
        elif handler := HANDLERS.get(type(message)):
            handler(state, now, member, message)
        else:
            state.refuse(member, "unexpected", f"{message.TYPE} makes no sense inside a room.")
        return self._take()

    def tick(self, now: float) -> list[Action]:
        """Do what time alone brings about."""
        state = self._state
        seats.review(state, now)
        waits.review(state, now)
        playback.review_vote(state, now)
        playback.review_end(state, now)
        telemetry.send_digest(state, now)
        if state.empty_since_s is not None and now - state.empty_since_s >= self._expires_after_s:
            state.actions.append(Expired())
        return self._take()

    def close(self, now: float) -> list[Action]:
        """End the party."""
        state = self._state
        state.broadcast(RoomClosed("closed"))
        for member in list(state.members.values()):
            if member.online:
                state.actions.append(Close(member.id, "closed"))
                member.online, member.offline_since_s = False, now
        state.actions.append(Expired())
        return self._take()

    def _dam(self, now: float, member: Member) -> None:
        """Warn once a second about messages too many, and close on a flood."""
        state = self._state
        if not member.refusals.take(now):
            state.actions.append(Close(member.id, "flood"))
            seats.disconnect(state, now, member)
        elif now - member.warned_s >= WARNING_S:
            member.warned_s = now
            state.refuse(member, "rate_limited", "Too many messages.")

    def _take(self) -> list[Action]:
        actions, self._state.actions = self._state.actions, []
        return actions
