"""Hand over, grant, kick, mute, lock, options, and the limits on what is sent."""

from typing import TYPE_CHECKING

import pytest

from regie_watch_party.members import CHAT_BURST, MESSAGES_BURST, REFUSALS_BURST
from regie_watch_party.protocol import (
    Chat,
    ChatSaid,
    Grant,
    Hello,
    HostChange,
    HostChanged,
    Inbound,
    Kick,
    Kicked,
    LagDigest,
    LeaveRoom,
    Lock,
    MembersChanged,
    Mute,
    Options,
    OptionsChanged,
    Permission,
    Ping,
    PlayerEvent,
    PlayerState,
    Pong,
    Reacted,
    Reaction,
    SetOptions,
    StateUpdate,
    WaitFor,
)
from regie_watch_party.seats import Joining, Refusal

if TYPE_CHECKING:
    from conftest import Party


@pytest.mark.parametrize(
    "message",
    [HostChange("x"), Grant("x"), Kick("x"), Mute("x"), WaitFor("x", on=False), Lock(on=True), SetOptions(Options())],
)
def test_a_plain_member_moderates_nothing(new_party: "type[Party]", message: Inbound) -> None:
    party = new_party()
    _, bob = party.seat("Ada", "Bob")
    before = party.room.snapshot()
    assert party.refusals(bob, message) == ["forbidden"]
    assert party.room.snapshot() | {"seq": 0} == before | {"seq": 0}


@pytest.mark.parametrize("message", [HostChange("x"), Grant("x"), Kick("x"), Mute("x"), WaitFor("x", on=False)])
def test_nobody_of_that_name(new_party: "type[Party]", message: Inbound) -> None:
    party = new_party()
    ada, *_ = party.seat("Ada")
    assert party.refusals(ada, message) == ["unknown_member"]


def test_the_host_hands_over(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    party.send(ada, HostChange(bob.id))
    assert party.room.host_id == bob.id
    assert party.heard(bob, HostChanged) == [HostChanged("handed_over", bob.id)]
    assert party.refusals(ada, Lock(on=True)) == ["forbidden"]


def test_the_room_is_not_handed_to_who_is_away(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    party.drop(bob)
    assert party.refusals(ada, HostChange(bob.id)) == ["cannot_host"]


def test_who_is_kicked_is_out_for_good(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    party.send(ada, Kick(bob.id))
    assert party.heard(bob, Kicked) == [Kicked(ada.id)]
    assert party.closed == [(bob.id, "kicked")]
    assert party.heard(ada, MembersChanged)[-1].gone == (bob.id,)
    refused, _ = party.room.join(party.now, Joining("user Bob", "Bobby", "elsewhere"))
    assert isinstance(refused, Refusal)
    assert refused.code == "banned"
    assert party.send(bob, PlayerEvent("play")) == []


def test_a_co_host_moderates_all_but_the_host(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob, cyd = party.seat("Ada", "Bob", "Cyd")
    party.send(ada, Grant(bob.id, (Permission.MODERATE,)))
    assert party.refusals(bob, Kick(ada.id)) == ["forbidden"]
    assert party.refusals(bob, Mute(ada.id)) == ["forbidden"]
    assert party.refusals(bob, Kick(bob.id)) == ["forbidden"]
    party.send(bob, Kick(cyd.id))
    assert cyd not in party.room.members
    assert party.refusals(bob, Grant(bob.id, (Permission.PLAYBACK,))) == ["forbidden"]


def test_the_muted_are_not_heard(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    party.send(ada, Mute(bob.id))
    assert party.refusals(bob, Chat("hello")) == ["muted"]
    assert party.refusals(bob, Reaction("👋")) == ["muted"]
    party.send(ada, Mute(bob.id, on=False))
    assert party.send(bob, Reaction("👋")) == [Reacted(bob.id, "👋")]


def test_chat_may_be_off(new_party: "type[Party]") -> None:
    party = new_party()
    ada, *_ = party.seat("Ada")
    assert isinstance(party.send(ada, Chat("hello"))[0], ChatSaid)
    (changed,) = party.send(ada, SetOptions(Options(chat=False)))
    assert isinstance(changed, OptionsChanged)
    assert party.refusals(ada, Chat("hello")) == ["chat_off"]


def test_chat_is_slowed_down(new_party: "type[Party]") -> None:
    party = new_party()
    ada, *_ = party.seat("Ada")
    answers = [party.send(ada, Chat(str(number)))[0] for number in range(10)]
    assert sum(isinstance(answer, ChatSaid) for answer in answers) == CHAT_BURST


def test_a_flood_is_warned_of_once_and_then_closed(new_party: "type[Party]") -> None:
    party = new_party()
    ada, *_ = party.seat("Ada")
    answers = []
    for _ in range(int(MESSAGES_BURST + REFUSALS_BURST) + 50):
        answers += party.send(ada, Ping(1.0))
    assert sum(isinstance(answer, Pong) for answer in answers) == MESSAGES_BURST
    assert party.codes(answers) == ["rate_limited"]
    assert party.closed == [(ada.id, "flood")]
    assert not ada.online


def test_thirty_messages_a_second_are_no_flood(new_party: "type[Party]") -> None:
    party = new_party()
    ada, *_ = party.seat("Ada")
    for _ in range(3000):
        party.now += 1 / 29
        assert party.refusals(ada, Ping(1.0)) == []


def test_a_ping_is_answered_to_the_sender_alone(new_party: "type[Party]") -> None:
    party = new_party()
    ada, _ = party.seat("Ada", "Bob")
    party.send(ada, Ping(7.5, rtt_p95_s=0.3))
    assert party.said[-1] == ((ada.id,), Pong(7.5, party.now))
    assert ada.rtt_p95_s == 0.3


def test_lags_come_once_a_second_and_only_as_news(new_party: "type[Party]") -> None:
    party = new_party()
    members = tuple(party.seat("Ada", "Bob"))
    party.send(members[0], PlayerEvent("play"))
    party.pass_time(5.0, alive=members)
    said = []
    for _ in range(20):
        here = party.room.timeline.position(party.now)
        party.send(members[1], StateUpdate(PlayerState(here - 0.2, party.now, "playing")))
        said += party.pass_time(0.5, alive=members)
    digests = [message for message in said if isinstance(message, LagDigest)]
    assert len(digests) == 1
    assert [(lag.member, lag.lag_ms) for lag in digests[0].lags] == [(members[1].id, 200)]


def test_a_report_with_an_absurd_time_is_taken_as_of_now(new_party: "type[Party]") -> None:
    party = new_party()
    ada, *_ = party.seat("Ada")
    party.send(ada, StateUpdate(PlayerState(0.0, 1e300, "paused")))
    assert ada.lag_s == 0.0


def test_a_message_for_outside_is_refused_inside(new_party: "type[Party]") -> None:
    party = new_party()
    ada, *_ = party.seat("Ada")
    assert party.refusals(ada, Hello("Ada")) == ["unexpected"]


def test_who_has_left_is_gone(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    party.send(bob, LeaveRoom())
    assert party.closed == [(bob.id, "left")]
    assert [member.id for member in party.room.members] == [ada.id]
