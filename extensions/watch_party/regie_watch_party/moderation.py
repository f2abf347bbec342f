"""What a host and the co-hosts do about people: hand over, grant, kick, mute, lock, options."""

from regie_watch_party import playback, seats
from regie_watch_party.members import Member, may
from regie_watch_party.protocol import (
    Grant,
    HostChange,
    Kick,
    Kicked,
    Lock,
    Mute,
    Permission,
    SetOptions,
    WaitFor,
)
from regie_watch_party.room_state import Close, RoomState


def on_host_change(room: RoomState, now: float, member: Member, change: HostChange) -> None:
    """Hand the room over to somebody who is there and may host."""
    del now
    heir = _target(room, member, change.member, host_only=True)
    if heir is None:
        return
    if not (heir.online and heir.may_host):
        room.refuse(member, "cannot_host", f"{heir.name} cannot be the host.")
        return
    room.host_claim = None
    room.make_host(heir, "handed_over")
    room.show(member, heir)


def on_grant(room: RoomState, now: float, member: Member, grant: Grant) -> None:
    """Make a co-host, or a plain member again."""
    del now
    target = _target(room, member, grant.member, host_only=True)
    if target is not None:
        target.granted = frozenset(grant.permissions)
        room.show(target)


def on_kick(room: RoomState, now: float, member: Member, kick: Kick) -> None:
    """Put a member out; the account stays out."""
    target = _target(room, member, kick.member)
    if target is None:
        return
    if target is member:
        room.refuse(member, "forbidden", "Leave, if you want to go.")
        return
    room.banned.add(target.user_id)
    room.send(target.id, Kicked(member.id))
    room.actions.append(Close(target.id, "kicked"))
    seats.remove(room, now, target)


def on_mute(room: RoomState, now: float, member: Member, mute: Mute) -> None:
    """Take chat and reactions away, or give them back."""
    del now
    target = _target(room, member, mute.member)
    if target is not None:
        target.muted = mute.on
        room.show(target)


def on_wait_for(room: RoomState, now: float, member: Member, change: WaitFor) -> None:
    """Whether the room waits for a member; everybody may except themselves."""
    del now
    own = change.member == member.id
    target = member if own else _target(room, member, change.member)
    if target is not None:
        target.wait_for = change.on
        room.show(target)


def on_lock(room: RoomState, now: float, member: Member, lock: Lock) -> None:
    """Only the host steers, or no longer."""
    if _is_host(room, member):
        room.locked = lock.on
        _show_rules(room, now)


def on_set_options(room: RoomState, now: float, member: Member, change: SetOptions) -> None:
    """Change the room."""
    if _is_host(room, member):
        room.options = change.options
        _show_rules(room, now)


def _show_rules(room: RoomState, now: float) -> None:
    """Tell everybody the rules; a vote that they no longer ask for is dropped."""
    room.show_options()
    if not room.by_consensus():
        playback.drop_vote(room, now)


def _is_host(room: RoomState, member: Member) -> bool:
    if member.id == room.host_id:
        return True
    room.refuse(member, "forbidden", "Only the host may do this.")
    return False


def _target(room: RoomState, member: Member, target_id: str, *, host_only: bool = False) -> Member | None:
    """Whom a moderation is about, if the sender may moderate."""
    if host_only:
        if not _is_host(room, member):
            return None
    elif not may(member, Permission.MODERATE, host_id=room.host_id, mode=room.options.mode, locked=room.locked):
        room.refuse(member, "forbidden", "You may not moderate this room.")
        return None
    target = room.members.get(target_id)
    if target is None:
        room.refuse(member, "unknown_member", "Nobody of that id is here.")
    elif target_id == room.host_id and member is not target:
        room.refuse(member, "forbidden", "The host is not yours to moderate.")
        return None
    return target
