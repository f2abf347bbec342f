"""The room waits for members, and goes on."""

from regie_watch_party import quorum
from regie_watch_party.members import Member
from regie_watch_party.protocol import BufferingEnd, BufferingStart
from regie_watch_party.quorum import Waiting
from regie_watch_party.room_state import RoomState


def start(room: RoomState, now: float, by: Member | None) -> None:
    """Play from here, once enough members have the item loaded."""
    if room.timeline.playing or room.waiting is not None:
        return
    room.wants_play = True
    missing = _unready(room, now)
    if missing:
        _begin(room, Waiting("load", now + quorum.FIRST_LOAD_WAIT_S, missing))
        return
    room.change(room.timeline.play(now, room.lead_s()), "play", by)


def stop(room: RoomState) -> None:
    """Nobody wants to play any more, so nobody is waited for."""
    room.wants_play = False
    if room.waiting is not None:
        room.waiting = None
        room.broadcast(BufferingEnd())


def go_on(room: RoomState, now: float, by: Member | None = None) -> None:
    """End the wait now; whoever is still missing is excused for a while."""
    waiting = room.waiting
    if waiting is None:
        return
    without = _missing(room, now, waiting)
    for member_id in without:
        room.members[member_id].given_up_s = now
    room.waiting = None
    room.broadcast(BufferingEnd(without))
    room.change(room.timeline.play(now, room.lead_s()), "resume", by)


def review(room: RoomState, now: float) -> None:
    """Begin or end a wait, as the members now are."""
    if not room.wants_play:
        return
    waiting = room.waiting
    if waiting is None:
        missing = _dry(room, now, quorum.STALLED_S)
        if missing:
            room.change(room.timeline.pause(now), "wait")
            _begin(room, Waiting("rebuffer", now + quorum.REBUFFER_WAIT_S, missing))
        return
    missing = _missing(room, now, waiting)
    if not missing or now >= waiting.until_s:
        go_on(room, now)
    elif missing != waiting.waiting_for:
        _begin(room, Waiting(waiting.kind, waiting.until_s, missing))


def _begin(room: RoomState, waiting: Waiting) -> None:
    room.waiting = waiting
    room.broadcast(BufferingStart(waiting.waiting_for, waiting.until_s))


def _missing(room: RoomState, now: float, waiting: Waiting) -> tuple[str, ...]:
    return _unready(room, now) if waiting.kind == "load" else _dry(room, now, 0.0)


def _unready(room: RoomState, now: float) -> tuple[str, ...]:
    counted = quorum.countable(room.members.values(), now)
    missing = quorum.unready(counted, room.item_epoch)
    return _ids(missing) if quorum.must_wait(missing, counted, room.rules()) else ()


def _dry(room: RoomState, now: float, for_s: float) -> tuple[str, ...]:
    counted = quorum.countable(room.members.values(), now)
    missing = quorum.stalled(counted, now, for_s)
    return _ids(missing) if quorum.must_wait(missing, counted, room.rules()) else ()


def _ids(members: list[Member]) -> tuple[str, ...]:
    return tuple([member.id for member in members])
