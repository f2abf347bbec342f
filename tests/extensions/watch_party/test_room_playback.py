"""Who steers in which mode, what votes decide, and what follows an item."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_watch_party.protocol import (
    Ballot,
    ForceResync,
    Grant,
    Item,
    Lock,
    Mode,
    Options,
    Permission,
    PlayerEvent,
    Queue,
    Ready,
    SetOptions,
    SyncRequest,
    TimelineChanged,
    VoteState,
)
from regie_watch_party.votes import VOTE_S, Vote, needed

if TYPE_CHECKING:
    from conftest import Party


def test_only_the_host_steers_when_the_host_is_followed(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.FOLLOW_HOST)
    ada, bob = party.seat("Ada", "Bob")
    answers = party.send(bob, PlayerEvent("play"))
    assert party.codes(answers) == ["forbidden"]
    assert isinstance(answers[1], TimelineChanged)
    assert not party.room.timeline.playing
    party.send(ada, PlayerEvent("play"))
    assert party.room.timeline.playing


def test_co_hosts_steer_by_their_grant_and_not_when_locked(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.CO_HOSTS)
    ada, bob, cyd = party.seat("Ada", "Bob", "Cyd")
    party.send(ada, Grant(bob.id, (Permission.PLAYBACK,)))
    assert party.refusals(cyd, PlayerEvent("play")) == ["forbidden"]
    party.send(bob, PlayerEvent("play"))
    assert party.room.timeline.playing
    party.send(ada, Lock(on=True))
    assert party.refusals(bob, PlayerEvent("pause")) == ["forbidden"]
    party.send(ada, PlayerEvent("pause"))
    assert not party.room.timeline.playing


def test_anyone_steers_in_free_play_and_the_last_command_wins(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.FREE_PLAY)
    ada, bob = party.seat("Ada", "Bob")
    party.send(bob, PlayerEvent("seek", 100.0))
    party.now += 1.0
    party.send(ada, PlayerEvent("seek", 200.0))
    assert party.room.timeline.position_s == 200.0


def test_two_who_press_in_the_same_instant_mean_one_thing(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.FREE_PLAY)
    ada, bob = party.seat("Ada", "Bob")
    party.send(ada, PlayerEvent("seek", 100.0))
    party.now += 0.1
    party.send(bob, PlayerEvent("seek", 110.0))
    assert party.room.timeline.position_s == 100.0
    party.send(ada, PlayerEvent("play"))
    epoch = party.room.timeline.epoch
    party.send(bob, PlayerEvent("play"))
    assert party.room.timeline.epoch == epoch


def test_one_hand_may_scrub(new_party: "type[Party]") -> None:
    party = new_party()
    ada, *_ = party.seat("Ada")
    for position in (100.0, 110.0, 120.0):
        party.now += 0.1
        party.send(ada, PlayerEvent("seek", position))
    assert party.room.timeline.position_s == 120.0


@pytest.mark.parametrize("event", [PlayerEvent("seek"), PlayerEvent("rate")])
def test_a_press_without_its_value_is_refused(new_party: "type[Party]", event: PlayerEvent) -> None:
    party = new_party()
    ada, *_ = party.seat("Ada")
    assert party.refusals(ada, event) == ["invalid_payload"]


def test_a_seek_past_the_end_stops_at_the_end(new_party: "type[Party]") -> None:
    party = new_party()
    ada, *_ = party.seat("Ada")
    party.send(ada, PlayerEvent("seek", 1e6))
    assert party.room.timeline.position_s == 3600.0


def test_the_lead_fits_the_slowest_member(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    bob.rtt_p95_s = 0.8
    party.send(ada, PlayerEvent("play"))
    assert party.room.timeline.at_s == pytest.approx(party.now + 0.75)


def test_a_rate_change_goes_on_from_here(new_party: "type[Party]") -> None:
    party = new_party()
    ada, *_ = party.seat("Ada")
    party.send(ada, PlayerEvent("rate", rate=1.5))
    assert party.room.timeline.rate == 1.5


def test_only_the_host_resyncs_everybody(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.FREE_PLAY)
    ada, bob = party.seat("Ada", "Bob")
    assert party.refusals(bob, ForceResync()) == ["forbidden"]
    (change,) = party.send(ada, ForceResync())
    assert (change.reason, change.forced) == ("resync", True)


def test_who_asks_gets_the_timeline_alone(new_party: "type[Party]") -> None:
    party = new_party()
    _, bob = party.seat("Ada", "Bob")
    party.send(bob, SyncRequest())
    to, message = party.said[-1]
    assert to == (bob.id,)
    assert message.timeline == party.room.timeline


def test_consensus_pauses_at_once_and_resumes_with_half(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.CONSENSUS)
    ada, bob, cyd = party.seat("Ada", "Bob", "Cyd")
    party.send(ada, PlayerEvent("play"))
    assert not party.room.timeline.playing
    party.pass_time(30.0, alive=(ada, bob, cyd))
    party.send(bob, PlayerEvent("play"))
    assert party.room.timeline.playing
    party.send(cyd, PlayerEvent("pause"))
    assert not party.room.timeline.playing


def test_consensus_votes_on_a_far_seek_and_not_on_a_near_one(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.CONSENSUS)
    ada, bob, cyd = party.seat("Ada", "Bob", "Cyd")
    party.send(ada, PlayerEvent("seek", 20.0))
    assert party.room.timeline.position_s == 20.0
    (vote,) = party.send(ada, PlayerEvent("seek", 900.0))
    assert (vote.subject, vote.yes, vote.needed, vote.outcome) == ("seek", 1, 2, "open")
    party.send(cyd, Ballot(vote.vote, yes=False))
    assert party.room.timeline.position_s == 20.0
    party.send(bob, Ballot(vote.vote, yes=True))
    assert party.room.timeline.position_s == 900.0


def test_silence_is_a_no(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.CONSENSUS)
    members = tuple(party.seat("Ada", "Bob", "Cyd"))
    party.send(members[0], PlayerEvent("seek", 900.0))
    said = party.pass_time(VOTE_S + 0.5, alive=members)
    assert [message.outcome for message in said if isinstance(message, VoteState)] == ["failed"]
    assert party.room.timeline.position_s == 0.0
    assert party.refusals(members[1], Ballot(1, yes=True)) == ["vote_closed"]


def test_who_came_after_the_question_is_not_asked(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.CONSENSUS)
    ada, *_ = party.seat("Ada", "Bob", "Cyd")
    (vote,) = party.send(ada, PlayerEvent("seek", 900.0))
    late = party.join("Dan")
    assert party.refusals(late, Ballot(vote.vote, yes=True)) == ["not_eligible"]


def test_one_vote_at_a_time(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.CONSENSUS)
    ada, bob, _ = party.seat("Ada", "Bob", "Cyd")
    party.send(ada, PlayerEvent("seek", 900.0))
    assert party.refusals(bob, PlayerEvent("seek", 1200.0)) == ["vote_open"]


def test_the_vote_is_decided_by_who_is_left(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.CONSENSUS)
    ada, bob, cyd = party.seat("Ada", "Bob", "Cyd")
    party.send(ada, PlayerEvent("seek", 900.0))
    party.drop(cyd)
    assert party.room.timeline.position_s == 900.0
    assert bob.online


def test_the_queue_goes_on_by_itself_and_waits_for_loading(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    party.send(ada, Queue("add", item=Item("second", duration_s=60.0)))
    party.send(ada, PlayerEvent("play"))
    party.send(ada, PlayerEvent("seek", 3599.0))
    party.pass_time(3.0, alive=(ada, bob))
    timeline = party.room.timeline
    assert (timeline.item, timeline.position_s, timeline.playing) == ("second", 0.0, False)
    for member in (ada, bob):
        party.send(member, Ready(timeline.epoch))
    assert party.room.timeline.playing


def test_the_last_item_s_end_stands(new_party: "type[Party]") -> None:
    party = new_party()
    ada, *_ = party.seat("Ada")
    party.send(ada, PlayerEvent("play"))
    party.send(ada, PlayerEvent("seek", 3599.0))
    party.pass_time(5.0, alive=(ada,))
    assert not party.room.timeline.playing
    assert party.room.timeline.position_s == 3600.0
    epoch = party.room.timeline.epoch
    party.pass_time(5.0, alive=(ada,))
    assert party.room.timeline.epoch == epoch


def test_the_queue_is_changed_by_who_may(new_party: "type[Party]") -> None:
    party = new_party()
    ada, bob = party.seat("Ada", "Bob")
    one, two = Item("one"), Item("two")
    assert party.refusals(bob, Queue("add", item=one)) == ["forbidden"]
    party.send(ada, Queue("add", item=one))
    (queue,) = party.send(ada, Queue("add", item=two, index=0))
    assert queue.items == (two, one)
    (queue,) = party.send(ada, Queue("move", item_id="one", index=0))
    assert queue.items == (one, two)
    (queue,) = party.send(ada, Queue("remove", item_id="one"))
    assert queue.items == (two,)
    assert party.refusals(ada, Queue("remove", item_id="none")) == ["invalid_payload"]
    party.send(ada, Queue("next"))
    assert party.room.timeline.item == "two"
    assert party.refusals(ada, Queue("next")) == ["queue_empty"]


@given(st.integers(1, 20), st.lists(st.tuples(st.integers(0, 25), st.booleans(), st.booleans()), max_size=60))
def test_a_vote_never_has_more_voices_than_members(size: int, events: list[tuple[int, bool, bool]]) -> None:
    vote = Vote(1, "seek", "0", {str(number) for number in range(size)}, 15.0)
    for number, yes, leaves in events:
        if leaves:
            vote.leave(str(number))
        else:
            vote.cast(str(number), yes=yes)
        assert not vote.yes & vote.no
        assert len(vote.yes) + len(vote.no) <= len(vote.eligible) <= size
        assert (vote.outcome(0.0) == "passed") == (len(vote.yes) >= needed(len(vote.eligible)))
    assert vote.outcome(15.0) != "open"


@pytest.mark.parametrize("ending", [Lock(on=True), SetOptions(Options(mode=Mode.FREE_PLAY))])
def test_a_vote_ends_with_the_mode_that_asked_for_it(new_party: "type[Party]", ending: Lock | SetOptions) -> None:
    party = new_party(mode=Mode.CONSENSUS)
    ada, bob, *_ = party.seat("Ada", "Bob", "Cem", "Dag")
    (vote,) = party.send(bob, PlayerEvent("seek", 500.0))
    party.send(ada, ending)
    assert party.heard(bob, VoteState)[-1].outcome == "failed"
    assert party.refusals(ada, Ballot(vote.vote, yes=True)) == ["vote_closed"]
    assert party.room.timeline.position_s == 0.0


def test_the_host_of_a_locked_consensus_asks_nobody(new_party: "type[Party]") -> None:
    party = new_party(mode=Mode.CONSENSUS)
    ada, *_ = party.seat("Ada", "Bob", "Cem")
    party.send(ada, Lock(on=True))
    party.send(ada, PlayerEvent("seek", 500.0))
    party.send(ada, PlayerEvent("play"))
    assert party.room.timeline.position_s == 500.0
    assert party.room.timeline.playing


@pytest.mark.parametrize("ask", [PlayerEvent("seek", 500.0), Queue("next")])
def test_a_vote_about_one_item_does_not_decide_about_the_next(
    new_party: "type[Party]", ask: PlayerEvent | Queue
) -> None:
    party = new_party(mode=Mode.CONSENSUS)
    ada, bob, *_ = party.seat("Ada", "Bob", "Cem", "Dag")
    for name in ("second", "third"):
        party.send(ada, Queue("add", item=Item(name)))
    (vote,) = party.send(ada, ask)
    party.room.load(party.now, Item("another"))
    assert party.refusals(bob, Ballot(vote.vote, yes=True)) == ["vote_closed"]
    assert (party.room.timeline.item, party.room.timeline.position_s) == ("another", 0.0)
