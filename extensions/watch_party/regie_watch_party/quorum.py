"""For whom the room waits, and for how long: never without end."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from regie_watch_party.members import Member
from regie_watch_party.protocol import Mode, WaitPolicy

# A client reports a stall only after this long, so that a hiccup stays its own.
REPORT_AFTER_S = 0.4
STALLED_S = 1.2
SHARE = 0.5
FIRST_LOAD_WAIT_S = 60.0
REBUFFER_WAIT_S = 10.0
# Whom the room has waited for in vain does not stop it again for a while.
EXCUSED_S = 60.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A wait of the room."""

    kind: Literal["load", "rebuffer"]
    until_s: float
    waiting_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides about waiting."""

    mode: Mode
    policy: WaitPolicy
    host_id: str | None


def countable(members: Collection[Member], now: float) -> list[Member]:
    """Those that the room may wait for: present, with a say, and neither excepted nor excused."""
    return [
        member
        for member in members
        if member.online and member.has_say and member.wait_for and now - member.given_up_s >= EXCUSED_S
    ]


def must_wait(missing: Sequence[Member], counted: Sequence[Member], rules: Rules) -> bool:
    """Whether the room should wait for those missing, out of those counted."""
    if not missing or rules.policy is WaitPolicy.NOBODY:
        return False
    if rules.policy is WaitPolicy.ALL:
        return True
    if rules.mode is Mode.FOLLOW_HOST and any(member.id == rules.host_id for member in missing):
        return True
    return len(missing) >= math.ceil(SHARE * len(counted))


def stalled(counted: Sequence[Member], now: float, for_s: float = STALLED_S) -> list[Member]:
    """Those whose player has been dry for so long; one stall is not waited for twice."""
    # A float's last digit must not cost another tick.
    limit = now - for_s + 1e-9
    return [
        member
        for member in counted
        if member.stalled_since_s is not None and member.given_up_s < member.stalled_since_s <= limit
    ]


def unready(counted: Sequence[Member], since_epoch: int) -> list[Member]:
    """Those that have not loaded the item yet."""
    return [member for member in counted if member.ready_epoch < since_epoch]
