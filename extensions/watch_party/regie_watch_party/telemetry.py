"""What members report: pings, positions, stalls, readiness, chat. None of it moves the timeline."""

from regie_watch_party import quorum, waits
from regie_watch_party.members import AGREEMENT_TOLERANCE_S, Member
from regie_watch_party.protocol import (
    Buffering,
    Chat,
    ChatLine,
    ChatSaid,
    Lag,
    LagDigest,
    Ping,
    PlayerState,
    Pong,
    Reacted,
    Reaction,
    Ready,
    StateUpdate,
)
from regie_watch_party.room_state import RoomState

DIGEST_S = 1.0
# Less is not worth a message to everybody.
LAG_STEP_MS = 10
# A report whose time is further off than this is taken to be of now.
STAMP_TOLERANCE_S = 5.0


def on_ping(room: RoomState, now: float, member: Member, ping: Ping) -> None:
    """Answer with the server's clock."""
    room.send(member.id, Pong(ping.sent_s, now))
    if ping.rtt_p95_s is not None:
        member.rtt_p95_s = ping.rtt_p95_s
    if ping.state is not None:
        _note_state(room, now, member, ping.state)


def on_state_update(room: RoomState, now: float, member: Member, update: StateUpdate) -> None:
    """Note where a member is."""
    _note_state(room, now, member, update.state)


def on_buffering(room: RoomState, now: float, member: Member, report: Buffering) -> None:
    """A player ran dry, or recovered."""
    was_stalled = member.stalled_since_s is not None
    if report.on == was_stalled:
        return
    member.stalled_since_s = now - quorum.REPORT_AFTER_S if report.on else None
    room.show(member)
    waits.review(room, now)


def on_ready(room: RoomState, now: float, member: Member, ready: Ready) -> None:
    """A player has the item loaded; news of an item that is no longer on is dropped."""
    if room.item_epoch <= ready.epoch <= room.timeline.epoch:
        member.ready_epoch = ready.epoch
        waits.review(room, now)


def on_chat(room: RoomState, now: float, member: Member, chat: Chat) -> None:
    """Say something to everybody."""
    if _may_speak(room, now, member):
        line = ChatLine(member.id, member.name, chat.text, now)
        room.chat.append(line)
        room.broadcast(ChatSaid(line))


def on_reaction(room: RoomState, now: float, member: Member, reaction: Reaction) -> None:
    """Show a reaction to everybody."""
    if _may_speak(room, now, member):
        room.broadcast(Reacted(member.id, reaction.kind))


def send_digest(room: RoomState, now: float) -> None:
    """Tell everybody the lags that are news, once a second."""
    if room.lags and now - room.lags_sent_s >= DIGEST_S:
        room.lags_sent_s = now
        room.broadcast(LagDigest(tuple([Lag(member, lag) for member, lag in room.lags.items()])))
        room.lags.clear()


def _note_state(room: RoomState, now: float, member: Member, state: PlayerState) -> None:
    at_s = state.at_s if abs(state.at_s - now) <= STAMP_TOLERANCE_S else now
    lag_s = room.timeline.position(at_s) - state.position_s
    if member.lag_s is None or abs(lag_s - member.lag_s) * 1000 >= LAG_STEP_MS:
        member.lag_s = lag_s
        room.lags[member.id] = round(lag_s * 1000)
    moving = room.timeline.playing and at_s > room.timeline.at_s
    same = state.play_state == ("playing" if moving else "paused") or room.item is None
    if member.agree(now, close=same and abs(lag_s) <= AGREEMENT_TOLERANCE_S):
        room.show(member)


def _may_speak(room: RoomState, now: float, member: Member) -> bool:
    if not room.options.chat:
        room.refuse(member, "chat_off", "Chat is off in this room.")
    elif member.muted:
        room.refuse(member, "muted", "You are muted.")
    elif not member.chats.take(now):
        room.refuse(member, "rate_limited", "One thing after the other, please.")
    else:
        return True
    return False
