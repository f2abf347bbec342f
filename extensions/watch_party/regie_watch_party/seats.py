"""Coming and going: joins, cuts, returns, and who is the host then."""

import hashlib
import hmac
from dataclasses import dataclass

from regie_watch_party import playback, waits
from regie_watch_party.members import Member, elect
from regie_watch_party.protocol import Welcome
from regie_watch_party.room_state import HOST_CLAIM_S, Close, HostClaim, RoomState

HOST_SILENCE_S = 8.0
SILENCE_S = 12.0
SEAT_HELD_S = 60.0


@dataclass(frozen=True, slots=True)
class Joining:
    """Who wants a seat; `password_correct` is None for a room without one, `source` is what a throttle counts."""

    user_id: str
    name: str
    source: str
    may_host: bool = True
    guest: bool = False
    password_correct: bool | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no seat."""

    code: str
    message: str


def hash_token(token: str) -> str:
    """What is stored of a resume token; it is random enough to need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def admit(room: RoomState, now: float, joining: Joining) -> Member | Refusal:
    """Give somebody a seat, or say why not."""
    refusal = _refusal(room, now, joining)
    if refusal is not None:
        return refusal
    token = room.new_token()
    member = Member(
        id=room.new_token()[:12],
        user_id=joining.user_id,
        name=joining.name,
        joined_s=now,
        last_seen_s=now,
        resume_hash=hash_token(token),
        may_host=joining.may_host,
    )
    # Whoever comes to an empty room has nobody to agree with.
    member.has_say = not room.online()
    room.members[member.id] = member
    _seat(room, now, member, token)
    return member


def resume(room: RoomState, now: float, token: str) -> Member | Refusal:
    """Give a held seat back; the say is kept only if nothing was missed."""
    digest = hash_token(token)
    held = [member for member in room.members.values() if hmac.compare_digest(member.resume_hash, digest)]
    if not held:
        return Refusal("unknown_token", "This seat is gone; join again.")
    member = held[0]
    if member.online:
        room.actions.append(Close(member.id, "replaced"))
        member.last_epoch = room.timeline.epoch
    if member.last_epoch != room.timeline.epoch:
        member.has_say, member.agreed_since_s = not any(other != member.id for other in room.online()), None
    member.online, member.last_seen_s = True, now
    member.stalled_since_s = None
    _seat(room, now, member, token)
    return member


def disconnect(room: RoomState, now: float, member: Member) -> None:
    """The socket is gone; the seat is held for a while."""
    if not member.online:
        return
    member.online, member.offline_since_s = False, now
    member.last_epoch = room.timeline.epoch
    member.stalled_since_s = None
    room.show(member)
    _lessen(room, now, member)


def remove(room: RoomState, now: float, member: Member) -> None:
    """The seat is given up."""
    del room.members[member.id]
    room.show(gone=(member.id,))
    if member.id == room.host_id:
        _fail_over(room, now, member)
    _lessen(room, now, member)


def reclaim(room: RoomState, now: float, member: Member) -> None:
    """Give the role back to whoever lost it by silence or by leaving, and is here again in time."""
    claim = room.host_claim
    if claim is None or claim.user_id != member.user_id or now >= claim.until_s or not member.may_host:
        return
    room.host_claim = None
    if room.host_id != member.id:
        room.make_host(member, "returned")


def review(room: RoomState, now: float) -> None:
    """Let go of who is silent, and of the role of a host who is."""
    for member in list(room.members.values()):
        if member.online and now - member.last_seen_s >= SILENCE_S:
            room.actions.append(Close(member.id, "silent"))
            disconnect(room, now, member)
        elif not member.online and now - member.offline_since_s >= SEAT_HELD_S:
            remove(room, now, member)
    host = room.members.get(room.host_id or "")
    if host is None or now - host.last_seen_s >= HOST_SILENCE_S:
        _fail_over(room, now, host)


def _seat(room: RoomState, now: float, member: Member, token: str) -> None:
    room.empty_since_s = None
    reclaim(room, now, member)
    if room.host_id is None and member.may_host:
        room.make_host(member, "joined")
    states = tuple([other.state(room.host_id) for other in room.members.values()])
    welcome = Welcome(
        member=member.id,
        resume_token=token,
        timeline=room.timeline,
        options=room.options,
        locked=room.locked,
        members=states,
        queue=tuple(room.queue),
        chat=tuple(room.chat),
        server_s=now,
    )
    room.send(member.id, welcome)
    room.show(member)


def _refusal(room: RoomState, now: float, joining: Joining) -> Refusal | None:
    if joining.user_id in room.banned:
        return Refusal("banned", "You were put out of this room.")
    if joining.password_correct is not None:
        if room.throttle.blocked(now, joining.source):
            return Refusal("too_many_tries", "Too many wrong passwords; wait ten minutes.")
        if not joining.password_correct:
            room.throttle.failed(now, joining.source)
            return Refusal("wrong_password", "The password is wrong.")
    if joining.guest and not room.options.guests:
        return Refusal("no_guests", "This room is for people with an account.")
    if len(room.members) >= room.options.max_members:
        return Refusal("room_full", f"This room holds {room.options.max_members} members.")
    return None


def _fail_over(room: RoomState, now: float, host: Member | None) -> None:
    """Elect another host; without a candidate the seat of the old one stays as it is."""
    others = [member for member in room.members.values() if member is not host]
    heir = elect(member for member in others if now - member.last_seen_s < HOST_SILENCE_S)
    if heir is None:
        if host is None or host.id not in room.members:
            room.host_id = None
        return
    if host is not None:
        room.host_claim = HostClaim(host.user_id, now + HOST_CLAIM_S)
    room.make_host(heir, "fail_over")


def _lessen(room: RoomState, now: float, member: Member) -> None:
    """One fewer counts: a vote may be decided, a wait may be over, the room may be empty."""
    if room.vote is not None:
        room.vote.leave(member.id)
        if room.vote.eligible:
            playback.review_vote(room, now, show=True)
        else:
            room.vote = None
    if room.online():
        waits.review(room, now)
        return
    if room.empty_since_s is None:
        room.empty_since_s = now
    if not room.members:
        # Seats are held so that a cut does not stop the film; with the last of them gone, it stopped when the cut came.
        waits.stop(room)
        if room.timeline.playing:
            room.change(room.timeline.pause(room.empty_since_s), "pause")
