"""The room waits for enough of its members, says for whom, and always goes on."""

from typing import TYPE_CHECKING

import pytest

from regie_watch_party.protocol import (
    Buffering,
    BufferingEnd,
    BufferingStart,
    Mode,
    Options,
    PlayerEvent,
    Ready,
    SetOptions,
    WaitFor,
    WaitPolicy,
)
from regie_watch_party.quorum import EXCUSED_S, FIRST_LOAD_WAIT_S, REBUFFER_WAIT_S

if TYPE_CHECKING:
    from conftest import Party

    from regie_watch_party.members import Member


def playing(party: "Party", *names: str) -> "tuple[Member, ...]":
    members = tuple(party.seat(*names))
    party.send(members[0], PlayerEvent("play"))
    party.pass_time(5.0, alive=members)
    return members


def test_a_dry_host_stops_the_room_and_its_recovery_starts_it(new_party: "type[Party]") -> None:
    party = new_party()
    members = playing(party, "Ada", "Bob", "Cyd", "Dan")
    ada = members[0]
    party.send(ada, Buffering(on=True))
    party.pass_time(0.5, alive=members)
    assert party.room.timeline.playing
    party.pass_time(0.75, alive=members)
    assert not party.room.timeline.playing
    (start,) = party.heard(ada, BufferingStart)
    assert start.waiting_for == (ada.id,)
    party.send(ada, Buffering(on=False))
    assert party.room.timeline.playing
    assert party.heard(ada, BufferingEnd) == [BufferingEnd()]


def test_one_of_five_catches_up_alone(new_party: "type[Party]") -> None:
    party = new_party()
    members = playing(party, "Ada", "Bob", "Cyd", "Dan", "Eve")
    party.send(members[4], Buffering(on=True))
    party.pass_time(10.0, alive=members)
    assert party.room.timeline.playing


def test_half_of_the_room_is_waited_for(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.FREE_PLAY)
    members = playing(party, "Ada", "Bob", "Cyd", "Dan")
    for member in members[2:]:
        party.send(member, Buffering(on=True))
    party.pass_time(1.0, alive=members)
    assert not party.room.timeline.playing


def test_after_ten_seconds_it_goes_on_without_them_and_lets_them_be(new_party: "type[Party]") -> None:
    party = new_party()
    members = playing(party, "Ada", "Bob", "Cyd")
    party.send(members[0], Buffering(on=True))
    party.pass_time(1.0 + REBUFFER_WAIT_S, alive=members)
    assert party.room.timeline.playing
    assert party.heard(members[1], BufferingEnd) == [BufferingEnd((members[0].id,))]
    party.pass_time(30.0, alive=members)
    assert party.room.timeline.playing


@pytest.mark.parametrize(("policy", "waits"), [(WaitPolicy.ALL, True), (WaitPolicy.NOBODY, False)])
def test_the_room_waits_as_it_was_told(new_party: "type[Party]", policy: WaitPolicy, *, waits: bool) -> None:
    party = new_party()
    members = playing(party, "Ada", "Bob", "Cyd", "Dan", "Eve")
    party.send(members[0], SetOptions(Options(wait=policy)))
    party.send(members[4], Buffering(on=True))
    party.pass_time(2.0, alive=members)
    assert party.room.timeline.playing is not waits


def test_nobody_waits_for_who_is_excepted(new_party: "type[Party]") -> None:
    party = new_party(wait=WaitPolicy.ALL)
    members = playing(party, "Ada", "Bob")
    party.send(members[1], WaitFor(members[1].id, on=False))
    party.send(members[1], Buffering(on=True))
    party.pass_time(5.0, alive=members)
    assert party.room.timeline.playing


def test_a_joiner_never_stops_the_room(new_party: "type[Party]") -> None:
    party = new_party(wait=WaitPolicy.ALL)
    members = playing(party, "Ada", "Bob")
    late = party.join("Cyd")
    party.send(late, Buffering(on=True))
    party.pass_time(5.0, alive=(*members, late))
    assert party.room.timeline.playing


def test_a_pause_during_a_wait_stays_a_pause(new_party: "type[Party]") -> None:
    party = new_party()
    members = playing(party, "Ada", "Bob")
    party.send(members[0], Buffering(on=True))
    party.pass_time(2.0, alive=members)
    party.send(members[0], PlayerEvent("pause"))
    party.send(members[0], Buffering(on=False))
    party.pass_time(30.0, alive=members)
    assert not party.room.timeline.playing


def test_a_play_during_a_wait_ends_it(new_party: "type[Party]") -> None:
    party = new_party()
    members = playing(party, "Ada", "Bob", "Cyd")
    party.send(members[0], Buffering(on=True))
    party.pass_time(2.0, alive=members)
    party.send(members[0], PlayerEvent("play"))
    assert party.room.timeline.playing
    party.pass_time(5.0, alive=members)
    assert party.room.timeline.playing


def test_who_leaves_is_not_waited_for(new_party: "type[Party]") -> None:
    party = new_party(wait=WaitPolicy.ALL)
    members = playing(party, "Ada", "Bob", "Cyd")
    party.send(members[2], Buffering(on=True))
    party.pass_time(2.0, alive=members)
    assert not party.room.timeline.playing
    party.drop(members[2])
    assert party.room.timeline.playing


def test_the_first_load_is_waited_for_a_minute(new_party: "type[Party]") -> None:
    party = new_party(wait=WaitPolicy.ALL)
    members = tuple(party.seat("Ada", "Bob"))
    members[1].ready_epoch = -1
    party.send(members[0], PlayerEvent("play"))
    party.pass_time(FIRST_LOAD_WAIT_S - 1.0, alive=members)
    assert not party.room.timeline.playing
    party.pass_time(2.0, alive=members)
    assert party.room.timeline.playing


def test_readiness_for_another_item_does_not_count(new_party: "type[Party]") -> None:
    party = new_party(wait=WaitPolicy.ALL)
    members = tuple(party.seat("Ada", "Bob"))
    members[1].ready_epoch = -1
    party.send(members[0], PlayerEvent("play"))
    party.send(members[1], Ready(party.room.timeline.epoch - 5))
    party.send(members[1], Ready(party.room.timeline.epoch + 5))
    assert not party.room.timeline.playing
    party.send(members[1], Ready(party.room.timeline.epoch))
    assert party.room.timeline.playing


def test_a_player_that_flaps_does_not_hold_the_room_for_ever(new_party: "type[Party]") -> None:
    party = new_party()
    members = playing(party, "Ada", "Bob", "Cyd")
    played = 0
    for _ in range(200):
        party.send(members[0], Buffering(on=True))
        party.pass_time(2.0, alive=members)
        party.send(members[0], Buffering(on=False))
        party.pass_time(1.0, alive=members)
        played += party.room.timeline.playing
    assert played == 200


def test_a_stall_that_was_waited_for_in_vain_stops_the_room_once(new_party: "type[Party]") -> None:
    party = new_party()
    members = ada, *_ = party.seat("Ada", "Bob", "Cyd")
    party.send(ada, PlayerEvent("play"))
    party.send(ada, Buffering(on=True))
    party.pass_time(10 * EXCUSED_S, alive=tuple(members))
    assert len(party.heard(ada, BufferingStart)) == 1
    party.send(ada, Buffering(on=False))
    party.send(ada, Buffering(on=True))
    party.pass_time(3.0, alive=tuple(members))
    assert len(party.heard(ada, BufferingStart)) == 2
