"""A room as JSON and back, for a restart or for another node. Tokens are in it only as hashes."""

from dataclasses import asdict
from typing import Any

from regie_watch_party.members import Member
from regie_watch_party.protocol import ChatLine, Item, Options, Permission
from regie_watch_party.room_state import HostClaim, RoomState
from regie_watch_party.timeline import Timeline
from regie_watch_party.validation import decode, encode

KEPT = ("id", "user_id", "name", "joined_s", "resume_hash", "may_host", "muted", "wait_for", "has_say", "ready_epoch")


def take(room: RoomState) -> dict[str, Any]:
    """All that must outlive the process."""
    return {
        "id": room.id,
        "options": encode(room.options),
        "timeline": encode(room.timeline),
        "item": encode(room.item),
        "item_epoch": room.item_epoch,
        "wants_play": room.wants_play,
        "locked": room.locked,
        "host_id": room.host_id,
        "host_claim": asdict(room.host_claim) if room.host_claim else None,
        "queue": [encode(item) for item in room.queue],
        "members": [_member(member) for member in room.members.values()],
        "banned": sorted(room.banned),
        "chat": [encode(line) for line in room.chat],
        "seq": room.seq,
        "votes_held": room.votes_held,
    }


def apply(room: RoomState, saved: dict[str, Any], now: float, term: int) -> None:
    """Become the saved room: same timeline under the new term, all seats held as if just cut."""
    room.options = decode(Options, saved["options"])
    timeline = decode(Timeline, saved["timeline"])
    if not timeline.playing and saved["wants_play"]:
        # It was waiting for somebody; whoever comes back is not to be waited for again.
        timeline = timeline.play(now, room.lead_s())
    room.timeline = timeline.under(term)
    room.item = decode(Item, saved["item"]) if saved["item"] else None
    room.item_epoch = saved["item_epoch"]
    room.wants_play = saved["wants_play"]
    room.locked = saved["locked"]
    room.host_id = saved["host_id"]
    room.host_claim = HostClaim(**saved["host_claim"]) if saved["host_claim"] else None
    room.queue = [decode(Item, item) for item in saved["queue"]]
    room.banned = set(saved["banned"])
    room.chat.extend(decode(ChatLine, line) for line in saved["chat"])
    room.seq = saved["seq"]
    room.votes_held = saved["votes_held"]
    room.members = {member["id"]: _restored(member, now) for member in saved["members"]}
    for member in room.members.values():
        member.last_epoch = room.timeline.epoch


def _member(member: Member) -> dict[str, Any]:
    return {name: getattr(member, name) for name in KEPT} | {"granted": sorted(map(str, member.granted))}


def _restored(saved: dict[str, Any], now: float) -> Member:
    granted = frozenset(Permission(permission) for permission in saved["granted"])
    kept = {name: saved[name] for name in KEPT}
    return Member(**kept, granted=granted, online=False, offline_since_s=now, last_seen_s=now)
