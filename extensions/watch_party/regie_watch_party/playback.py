"""Who steers, and what follows: presses, votes, the queue, the end of an item."""

from collections.abc import Callable
from typing import Any

from regie_watch_party import waits
from regie_watch_party.members import Member, may
from regie_watch_party.protocol import (
    Ballot,
    ForceResync,
    Item,
    Permission,
    PlayerEvent,
    Queue,
    QueueChanged,
    SyncRequest,
    VoteSubject,
)
from regie_watch_party.room_state import RoomState
from regie_watch_party.votes import VOTE_S, Vote

FREE_SEEK_S = 30.0
# Two members who seek in the same instant mean one seek.
DEBOUNCE_S = 0.3
QUEUE_MAX = 200


def on_player_event(room: RoomState, now: float, member: Member, event: PlayerEvent) -> None:
    """Somebody pressed something."""
    if not _is_obeyed(room, member, event):
        return
    if event.action == "play":
        _press_play(room, now, member)
    elif event.action == "pause":
        _press_pause(room, now, member)
    elif event.action == "seek":
        _press_seek(room, now, member, event.position_s)
    elif event.rate is None:
        room.refuse(member, "invalid_payload", "payload.rate is missing")
    else:
        room.change(room.timeline.change_rate(now, event.rate), "rate", member)


def on_ballot(room: RoomState, now: float, member: Member, ballot: Ballot) -> None:
    """A voice in the open vote."""
    vote = room.vote
    if vote is None or vote.id != ballot.vote:
        room.refuse(member, "vote_closed", "This vote is over.")
    elif not vote.cast(member.id, yes=ballot.yes):
        room.refuse(member, "not_eligible", "This vote began before you came.")
    else:
        review_vote(room, now, show=True)


def on_queue(room: RoomState, now: float, member: Member, change: Queue) -> None:
    """Change what comes next."""
    if not _may(room, member, Permission.QUEUE):
        room.refuse(member, "forbidden", "The queue is not yours to change in this room.")
    elif change.action == "next":
        _press_next(room, now, member)
    elif not _edit_queue(room, change):
        room.refuse(
            member, "invalid_payload", f"Nothing to {change.action}: the item is missing, or the queue is full."
        )
    else:
        room.broadcast(QueueChanged(tuple(room.queue)))


def on_sync_request(room: RoomState, now: float, member: Member, request: SyncRequest) -> None:
    """Send the timeline again."""
    del now, request
    room.tell_timeline(member)


def on_force_resync(room: RoomState, now: float, member: Member, request: ForceResync) -> None:
    """The host wants everybody at the exact place."""
    del now, request
    if member.id != room.host_id:
        room.refuse(member, "forbidden", "Only the host may resync everybody.")
    else:
        room.change(room.timeline.repeat(), "resync", member, forced=True)


def review_vote(room: RoomState, now: float, *, show: bool = False) -> None:
    """Show how the vote stands, and do what it decided."""
    vote = room.vote
    if vote is None:
        return
    outcome = vote.outcome(now)
    if show or outcome != "open":
        room.broadcast(vote.state(now))
    if outcome == "open":
        return
    room.vote = None
    if outcome == "passed":
        _carry_out(room, now, vote)


def drop_vote(room: RoomState, now: float) -> None:
    """Nobody is asked any more; an open vote has failed."""
    if room.vote is not None:
        room.vote.closes_s = now
        room.broadcast(room.vote.state(now))
        room.vote = None


def review_end(room: RoomState, now: float) -> None:
    """Go on to the next item, or stand, when the item has ended."""
    timeline, item = room.timeline, room.item
    if item is None or item.duration_s is None or not timeline.playing:
        return
    if timeline.position(now) < item.duration_s:
        return
    if room.queue:
        next_item(room, now, None)
    else:
        waits.stop(room)
        room.change(timeline.pause(now).seek(now, item.duration_s, 0.0), "end")


def load(room: RoomState, now: float, item: Item, by: Member | None) -> None:
    """Put an item on, standing at its beginning."""
    waits.stop(room)
    drop_vote(room, now)
    room.item = item
    timeline = room.timeline.load(now, item.id)
    room.item_epoch = timeline.epoch
    room.change(timeline, "item", by)


def next_item(room: RoomState, now: float, by: Member | None) -> None:
    """Go on to the next item of the queue, and play on if the room was playing."""
    goes_on = room.wants_play
    load(room, now, room.queue.pop(0), by)
    room.broadcast(QueueChanged(tuple(room.queue)))
    if goes_on:
        waits.start(room, now, by)


def _may(room: RoomState, member: Member, permission: Permission) -> bool:
    return may(member, permission, host_id=room.host_id, mode=room.options.mode, locked=room.locked)


def _is_obeyed(room: RoomState, member: Member, event: PlayerEvent) -> bool:
    """Refuse who may not steer, and who has not yet been seen in agreement: a joiner's player reports false starts."""
    if not _may(room, member, Permission.PLAYBACK):
        room.refuse(member, "forbidden", "You may not steer this room.")
    elif not member.has_say:
        room.refuse(member, "not_in_agreement", f"Your player is not with the room yet, so {event.action} was ignored.")
    elif room.item is None:
        room.refuse(member, "no_item", "Nothing is on.")
    else:
        return True
    room.tell_timeline(member)
    return False


def _press_play(room: RoomState, now: float, member: Member) -> None:
    if room.waiting is not None:
        waits.go_on(room, now, member)
    elif room.timeline.playing:
        room.tell_timeline(member)
    elif room.by_consensus():
        _consent(room, now, member)
    else:
        waits.start(room, now, member)


def _press_pause(room: RoomState, now: float, member: Member) -> None:
    was_wanted = room.wants_play
    waits.stop(room)
    if room.vote is not None and room.vote.subject == "resume":
        drop_vote(room, now)
    if was_wanted or room.timeline.playing:
        room.change(room.timeline.pause(now), "pause", member)
    else:
        room.tell_timeline(member)


def _press_seek(room: RoomState, now: float, member: Member, position_s: float | None) -> None:
    if position_s is None:
        room.refuse(member, "invalid_payload", "payload.position_s is missing")
        return
    if room.item is not None and room.item.duration_s is not None:
        position_s = min(position_s, room.item.duration_s)
    far = abs(position_s - room.timeline.position(now)) > FREE_SEEK_S
    if room.by_consensus() and far:
        _open_vote(room, now, member, "seek", position_s)
        return
    last = room.last_seek
    if last is not None and last[1] != member.id and now - last[0] < DEBOUNCE_S:
        room.tell_timeline(member)
        return
    room.last_seek = (now, member.id)
    room.change(room.timeline.seek(now, position_s, room.lead_s()), "seek", member)


def _press_next(room: RoomState, now: float, member: Member) -> None:
    if not member.has_say:
        room.refuse(member, "not_in_agreement", "Your player is not with the room yet.")
    elif not room.queue:
        room.refuse(member, "queue_empty", "Nothing comes next.")
    elif room.by_consensus():
        _open_vote(room, now, member, "next")
    else:
        next_item(room, now, member)


def _consent(room: RoomState, now: float, member: Member) -> None:
    vote = room.vote
    if vote is not None and vote.subject == "resume":
        vote.eligible.add(member.id)
        vote.cast(member.id, yes=True)
        review_vote(room, now, show=True)
    else:
        _open_vote(room, now, member, "resume")


def _open_vote(
    room: RoomState, now: float, member: Member, subject: VoteSubject, position_s: float | None = None
) -> None:
    if room.vote is not None:
        if room.vote.subject != "resume":
            room.refuse(member, "vote_open", "One vote at a time.")
            return
        drop_vote(room, now)
    room.votes_held += 1
    closes_s = None if subject == "resume" else now + VOTE_S
    room.vote = Vote(room.votes_held, subject, member.id, set(room.online()), closes_s, position_s)
    room.vote.cast(member.id, yes=True)
    review_vote(room, now, show=True)


def _carry_out(room: RoomState, now: float, vote: Vote) -> None:
    by = room.members.get(vote.by)
    if vote.subject == "resume":
        waits.start(room, now, by)
    elif vote.subject == "next":
        if room.queue:
            next_item(room, now, by)
    elif vote.position_s is not None:
        room.change(room.timeline.seek(now, vote.position_s, room.lead_s()), "seek", by)


def _edit_queue(room: RoomState, change: Queue) -> bool:
    edits: dict[str, Callable[[Any, Queue], bool]] = {"add": _add, "remove": _remove, "move": _move}
    return edits[change.action](room.queue, change)


def _add(queue: list[Item], change: Queue) -> bool:
    if change.item is None or len(queue) >= QUEUE_MAX:
        return False
    queue.insert(len(queue) if change.index is None else change.index, change.item)
    return True


def _find(queue: list[Item], change: Queue) -> Item | None:
    return next((item for item in queue if item.id == change.item_id), None)


def _remove(queue: list[Item], change: Queue) -> bool:
    item = _find(queue, change)
    if item is None:
        return False
    queue.remove(item)
    return True


def _move(queue: list[Item], change: Queue) -> bool:
    item = _find(queue, change)
    if item is None or change.index is None:
        return False
    queue.remove(item)
    queue.insert(change.index, item)
    return True
