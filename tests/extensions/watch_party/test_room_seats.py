"""Coming, going, being cut off, coming back, and who is the host then."""

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_watch_party.limits import PASSWORD_TRIES, PASSWORD_WINDOW_S
from regie_watch_party.members import Member, elect
from regie_watch_party.protocol import (
    Chat,
    HostChange,
    HostChanged,
    LeaveRoom,
    Mode,
    Ping,
    PlayerEvent,
    PlayerState,
    StateUpdate,
    Welcome,
)
from regie_watch_party.room import EXPIRES_AFTER_S, Room
from regie_watch_party.seats import HOST_SILENCE_S, SEAT_HELD_S, SILENCE_S, Joining, Refusal

if TYPE_CHECKING:
    from conftest import Party


def test_the_first_member_is_the_host_and_has_a_say(new_party: "type[Party]") -> None:
    party = new_party()
    ada = party.join("Ada")
    assert party.room.host_id == ada.id
    assert ada.has_say
    assert not party.join("Bob").has_say


def test_the_welcome_tells_all_there_is_to_know(new_party: "type[Party]") -> None:
    party = new_party()
    ada, *_ = party.seat("Ada")
    party.send(ada, Chat("hello"))
    bob = party.join("Bob")
    (welcome,) = party.heard(bob, Welcome)
    assert welcome.member == bob.id
    assert welcome.timeline == party.room.timeline
    assert [line.text for line in welcome.chat] == ["hello"]
    assert {member.name for member in welcome.members} == {"Ada", "Bob"}


def test_a_full_room_takes_nobody(new_party: "type[Party]") -> None:
    party = new_party(max_members=1)
    party.join("Ada")
    refused, actions = party.room.join(party.now, Joining("user Bob", "Bob", "source"))
    assert isinstance(refused, Refusal)
    assert refused.code == "room_full"
    assert actions == []


def test_guests_stay_out_where_they_are_not_wanted(new_party: "type[Party]") -> None:
    party = new_party(guests=False)
    refused, _ = party.room.join(party.now, Joining("guest 1", "Guest", "source", guest=True))
    assert isinstance(refused, Refusal)
    assert refused.code == "no_guests"


def test_a_wrong_password_twenty_times_is_throttled_by_source(new_party: "type[Party]") -> None:
    party = new_party()
    codes = []
    for _ in range(20):
        refused, _ = party.room.join(party.now, Joining("eve", "Eve", "1.2.3.4", password_correct=False))
        assert isinstance(refused, Refusal)
        codes.append(refused.code)
    assert codes == ["wrong_password"] * PASSWORD_TRIES + ["too_many_tries"] * (20 - PASSWORD_TRIES)
    blocked, _ = party.room.join(party.now, Joining("eve", "Eve", "1.2.3.4", password_correct=True))
    assert isinstance(blocked, Refusal)
    other, _ = party.room.join(party.now, Joining("ada", "Ada", "5.6.7.8", password_correct=True))
    assert isinstance(other, Member)
    later, _ = party.room.join(party.now + PASSWORD_WINDOW_S, Joining("eve", "Eve", "1.2.3.4", password_correct=True))
    assert isinstance(later, Member)


def test_a_short_cut_is_unseen(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    party.send(ada, PlayerEvent("play"))
    before = party.room.timeline
    token = party.heard(bob, Welcome)[0].resume_token
    party.drop(bob)
    party.pass_time(5.0, alive=(ada,))
    assert party.resume(token) is bob
    assert bob.has_say
    assert party.heard(bob, Welcome)[-1].timeline == before
    assert party.heard(bob, Welcome)[-1].resume_token == token


def test_who_missed_a_command_must_agree_again(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    token = party.heard(bob, Welcome)[0].resume_token
    party.drop(bob)
    party.send(ada, PlayerEvent("play"))
    party.resume(token)
    assert not bob.has_say


def test_a_lone_viewer_s_cut_does_not_stop_the_film(new_party: "type[Party]") -> None:
    party = new_party()
    (ada,) = party.seat("Ada")
    party.send(ada, PlayerEvent("play"))
    party.drop(ada)
    party.pass_time(20.0)
    assert party.room.timeline.playing
    party.pass_time(SEAT_HELD_S)
    assert not party.room.timeline.playing
    assert party.room.timeline.position_s == pytest.approx(0.0, abs=1.0)


def test_a_resume_over_a_live_socket_replaces_it(new_party: "type[Party]") -> None:
    party = new_party()
    (ada,) = party.seat("Ada")
    party.resume(party.heard(ada, Welcome)[0].resume_token)
    assert party.closed == [(ada.id, "replaced")]
    assert ada.online


def test_a_forged_or_late_token_gets_no_seat(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    token = party.heard(bob, Welcome)[0].resume_token
    assert party.resume("f" * 32).code == "unknown_token"
    party.drop(bob)
    party.pass_time(SEAT_HELD_S + 1.0, alive=(ada,))
    assert party.resume(token).code == "unknown_token"


def test_silence_closes_a_zombie(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    party.pass_time(SILENCE_S, alive=(ada,))
    assert (bob.id, "silent") in party.closed
    assert not bob.online
    assert ada.online


def test_the_role_moves_after_eight_silent_seconds_and_comes_back(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob, cyd = party.seat("Ada", "Bob", "Cyd")
    party.send(ada, PlayerEvent("play"))
    epoch = party.room.timeline.epoch
    token = party.heard(ada, Welcome)[0].resume_token
    party.pass_time(HOST_SILENCE_S - 0.5, alive=(bob, cyd))
    assert party.room.host_id == ada.id
    party.pass_time(1.0, alive=(bob, cyd))
    assert party.room.host_id == bob.id
    party.drop(ada)
    party.resume(token)
    assert party.room.host_id == ada.id
    assert party.heard(cyd, HostChanged)[-1] == HostChanged("returned", ada.id)
    assert party.room.timeline.epoch == epoch


def test_a_host_whose_socket_lives_is_host_again_once_heard(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    party.pass_time(HOST_SILENCE_S + 0.5, alive=(bob,))
    assert party.room.host_id == bob.id
    party.send(ada, Ping(1.0))
    assert party.room.host_id == ada.id
    assert party.heard(bob, HostChanged)[-1] == HostChanged("returned", ada.id)


def test_a_host_who_joins_anew_within_ten_minutes_is_host_again(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    party.send(ada, LeaveRoom())
    assert party.room.host_id == bob.id
    party.pass_time(300.0, alive=(bob,))
    ada = party.join("Ada")
    assert party.room.host_id == ada.id


def test_a_room_handed_over_does_not_come_back(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob, cyd = party.seat("Ada", "Bob", "Cyd")
    party.send(ada, LeaveRoom())
    party.send(bob, HostChange(cyd.id))
    party.join("Ada")
    assert party.room.host_id == cyd.id


def test_guests_alone_have_no_host(new_party: "type[Party]") -> None:
    party = new_party()
    ada = party.join("Ada")
    guest = party.join("Guest", may_host=False, guest=True)
    party.send(ada, LeaveRoom())
    assert party.room.host_id is None
    assert party.pass_time(30.0, alive=(guest,)) == []
    bob = party.join("Bob")
    assert party.room.host_id == bob.id


def test_an_empty_room_expires(new_party: "type[Party]") -> None:
    party = new_party()
    (ada,) = party.seat("Ada")
    party.send(ada, LeaveRoom())
    party.pass_time(EXPIRES_AFTER_S - 1.0)
    assert not party.expired
    party.pass_time(2.0)
    assert party.expired


def test_a_room_that_is_used_never_expires(new_party: "type[Party]") -> None:
    party = new_party()
    (ada,) = party.seat("Ada")
    party.pass_time(2 * EXPIRES_AFTER_S, alive=(ada,))
    assert not party.expired


def test_a_closed_room_tells_everybody(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    party._keep(party.room.close(party.now))
    assert party.closed == [(ada.id, "closed"), (bob.id, "closed")]
    assert party.expired


def test_a_joiner_has_no_say_before_a_second_and_a_half_of_agreement(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.FREE_PLAY)
    ada, *_ = party.seat("Ada")
    party.send(ada, PlayerEvent("play"))
    bob = party.join("Bob")
    party.pass_time(5.0, alive=(ada, bob))
    answers = party.send(bob, PlayerEvent("pause"))
    assert answers[0].code == "not_in_agreement"
    assert party.room.timeline.playing
    for _ in range(4):
        here = party.room.timeline.position(party.now)
        party.send(bob, StateUpdate(PlayerState(here + 0.2, party.now, "playing")))
        party.pass_time(0.5, alive=(ada, bob))
    assert bob.has_say
    party.send(bob, PlayerEvent("pause"))
    assert not party.room.timeline.playing


def test_false_starts_reset_the_agreement(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.FREE_PLAY)
    ada, *_ = party.seat("Ada")
    party.send(ada, PlayerEvent("seek", 600.0))
    bob = party.join("Bob")
    for position in (600.0, 600.0, 0.0, 600.0, 600.0):
        party.send(bob, StateUpdate(PlayerState(position, party.now, "paused")))
        party.pass_time(0.5, alive=(ada, bob))
    assert not bob.has_say


def test_a_snapshot_survives_json_and_the_party_goes_on(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    party.send(ada, PlayerEvent("play"))
    party.send(ada, Chat("hello"))
    party.pass_time(10.0, alive=(ada, bob))
    token = party.heard(bob, Welcome)[0].resume_token
    saved = party.room.snapshot()
    assert token not in json.dumps(saved)
    restored = Room.restore(json.loads(json.dumps(saved)), now=party.now + 5.0, new_token=lambda: "0" * 32, term=2)
    assert restored.timeline.epoch > party.room.timeline.epoch
    assert restored.timeline.position(500.0) == party.room.timeline.position(500.0)
    member, _ = restored.resume(party.now + 6.0, token)
    assert isinstance(member, Member)
    assert (member.id, member.has_say) == (bob.id, True)
    assert restored.host_id == ada.id
    assert restored.snapshot()["chat"] == saved["chat"]


@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.text("ab", min_size=1, max_size=4), st.booleans(), st.booleans()), max_size=8
    ),
    st.randoms(use_true_random=False),
)
def test_every_node_elects_the_same_member(seats: list[tuple[float, str, bool, bool]], shuffler: object) -> None:
    members = [
        Member(f"{name}{number}", "u", "n", joined, joined, "h", may_host=may_host, online=online)
        for number, (joined, name, may_host, online) in enumerate(seats)
    ]
    elected = elect(members)
    shuffler.shuffle(members)  # type: ignore[attr-defined]
    assert elect(members) is elected
    if elected is not None:
        assert elected.online
        assert elected.may_host
