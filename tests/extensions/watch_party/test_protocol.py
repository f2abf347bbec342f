"""Messages survive the wire; strangers' bytes raise one kind of error and nothing else."""

import json
import string
import types
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from regie_watch_party import schema
from regie_watch_party.envelope import Envelope, read_inbound, read_outbound, write
from regie_watch_party.participant import Participant
from regie_watch_party.playback import QUEUE_MAX
from regie_watch_party.player import Reading
from regie_watch_party.protocol import (
    MAX_CHAT_LENGTH,
    MAX_MESSAGE_BYTES,
    Chat,
    ChatLine,
    Inbound,
    Item,
    MemberState,
    Mode,
    Options,
    Outbound,
    Ping,
    PlayerEvent,
    Welcome,
)
from regie_watch_party.room import Room
from regie_watch_party.room_state import CHAT_KEPT, Send
from regie_watch_party.seats import Joining
from regie_watch_party.timeline import Timeline
from regie_watch_party.validation import Bounds, Length, ProtocolError, decode, encode

SAFE = st.characters(categories=["L", "N", "P", "S", "Zs"])
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(SAFE, max_size=20),
    bool: st.booleans(),
    int: st.integers(-(2**53) + 1, 2**53 - 1),
    float: st.floats(-1e12, 1e12),
    type(None): st.none(),
}
VALIDATORS = {
    direction: Draft202012Validator({"$ref": f"#/$defs/{direction}", "$defs": schema.schema()["$defs"]})
    for direction in ("inbound", "outbound")
}


def messages(union: types.UnionType) -> st.SearchStrategy[Any]:
    return st.one_of([dataclass_values(kind) for kind in get_args(union)])


def dataclass_values(kind: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{field.name: values(hints[field.name]) for field in fields(kind)})


def values(hint: Any) -> st.SearchStrategy[Any]:
    """All values of a field's type, within its bounds."""
    arguments = get_args(hint)
    if hasattr(hint, "__metadata__"):
        return bounded_values(*arguments)
    if arguments:
        return compound_values(hint, arguments)
    if is_dataclass(hint):
        return dataclass_values(hint)
    return SIMPLE[hint] if hint in SIMPLE else st.sampled_from(list(hint))


def compound_values(hint: Any, arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if type(None) in arguments:
        return st.one_of([values(option) for option in arguments])
    if get_origin(hint) is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    return st.sampled_from(arguments)


def bounded_values(kind: type, constraint: Bounds | Length) -> st.SearchStrategy[Any]:
    if isinstance(constraint, Length):
        return st.text(SAFE, min_size=constraint.minimum, max_size=min(constraint.maximum, 40))
    if kind is int:
        return st.integers(int(constraint.minimum), int(constraint.maximum))
    return st.floats(constraint.minimum, constraint.maximum)


@given(messages(Inbound), st.floats(0, 1e9), st.integers(0, 2**53 - 1))
def test_what_a_member_writes_is_read_as_it_was(message: Any, ts: float, epoch: int) -> None:
    envelope = Envelope(message, room="r", client="c", ts=ts, epoch=epoch)
    assert read_inbound(write(envelope)) == envelope


@given(messages(Outbound), st.integers(0, 2**53 - 1))
def test_what_a_room_writes_is_read_as_it_was_and_fits_the_schema(message: Any, seq: int) -> None:
    envelope = Envelope(message, room="r", seq=seq)
    text = write(envelope)
    assert read_outbound(text) == envelope
    VALIDATORS["outbound"].validate(json.loads(text))


@given(messages(Inbound))
def test_what_a_member_writes_fits_the_schema(message: Any) -> None:
    assert list(VALIDATORS["inbound"].iter_errors(json.loads(write(Envelope(message))))) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
types_known = [kind.TYPE for kind in get_args(Inbound)]


@given(st.sampled_from(types_known), json_values, json_values)
def test_any_json_is_read_or_refused(name: str, payload: Any, other: Any) -> None:
    text = json.dumps({"type": name, "payload": payload, "room": other, "seq": other, "ts": other})
    try:
        envelope = read_inbound(text)
    except ProtocolError:
        return
    assert read_inbound(write(envelope)) == envelope


@given(st.binary(max_size=200) | st.text(string.printable, max_size=200))
def test_any_bytes_are_refused_by_name(raw: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        read_inbound(raw)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 60_000, "invalid_json"),
        ('{"type":"chat","payload":{"text":"' + "x" * MAX_MESSAGE_BYTES + '"}}', "too_large"),
        ('{"type":"ready","payload":{"epoch":' + "9" * 5000 + "}}", "invalid_json"),
        ('{"type":"ready","payload":{"epoch":' + "9" * 400 + "}}", "invalid_payload"),
        ('{"type":"ping","payload":{"sent_s":NaN}}', "invalid_json"),
        ('{"type":"ping","payload":{"sent_s":1e400}}', "invalid_payload"),
        ('{"type":["chat"],"payload":{}}', "unknown_type"),
        ('{"type":"grant","payload":{"member":"m","permissions":["root"]}}', "invalid_payload"),
        (b"\xff\xfe\x00", "invalid_json"),
    ],
)
def test_what_strangers_try(text: str | bytes, code: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_inbound(text)
    assert caught.value.code == code


@given(st.lists(st.tuples(st.integers(0, 3), messages(Inbound), st.floats(0, 5)), max_size=25))
def test_no_message_of_the_protocol_breaks_a_room(script: list[tuple[int, Any, float]]) -> None:
    numbers = iter(range(10_000))
    room = Room("party", now=0.0, new_token=lambda: f"{next(numbers):032d}", options=Options(mode=Mode.FREE_PLAY))
    room.load(0.0, Item("film", duration_s=100.0))
    for name in "abcd":
        room.join(0.0, Joining(name, name, name))
    now = 0.0
    for index, message, wait_s in script:
        now += wait_s
        members = room.members
        if not members:
            break
        said = room.receive(now, members[index % len(members)].id, message) + room.tick(now)
        for action in said:
            if isinstance(action, Send):
                assert read_outbound(write(Envelope(action.message))).message == action.message


@given(st.lists(st.tuples(messages(Outbound), st.floats(), st.booleans(), st.booleans()), max_size=25))
def test_no_message_of_the_protocol_breaks_a_participant(script: list[tuple[Any, float, bool, bool]]) -> None:
    participant, now = Participant(), 0.0
    participant.connected(now)
    for message, position_s, paused, stalled in script:
        now += 0.1
        participant.receive(now, message)
        step = participant.tick(now, Reading(now, position_s, paused=paused, stalled=stalled))
        for sent in step.messages:
            assert read_inbound(write(Envelope(sent))).message == sent


def test_the_longest_welcome_is_read() -> None:
    long = "\U0001f600"
    members = tuple(MemberState(f"{n:012}", long * 64, online=True, host=False) for n in range(200))
    queue = tuple(Item(long * 128, long * 256) for _ in range(QUEUE_MAX))
    chat = tuple(ChatLine(f"{n:012}", long * 64, long * MAX_CHAT_LENGTH, 1e9) for n in range(CHAT_KEPT))
    welcome = Welcome(
        "m", "t", Timeline(1), Options(), locked=False, members=members, queue=queue, chat=chat, server_s=1.0
    )
    text = write(Envelope(welcome))
    assert len(text.encode()) > MAX_MESSAGE_BYTES
    assert read_outbound(text).message == welcome


def test_the_error_says_where() -> None:
    with pytest.raises(ProtocolError, match=r"payload\.options\.max_members must lie between 1 and 200"):
        read_inbound('{"type":"set_options","payload":{"options":{"max_members":0}}}')


def test_unknown_fields_are_ignored() -> None:
    assert read_inbound('{"type":"chat","payload":{"text":"hi","colour":1},"extra":{}}').message == Chat("hi")


def test_what_is_absent_is_left_out() -> None:
    assert encode(PlayerEvent("play")) == {"action": "play"}
    assert encode(Ping(1.0)) == {"sent_s": 1.0}


def test_defaults_fill_what_is_missing() -> None:
    assert decode(Options, {}) == Options()


def test_each_type_has_one_meaning_in_each_direction() -> None:
    for union in (Inbound, Outbound):
        names = [kind.TYPE for kind in get_args(union)]
        assert len(names) == len(set(names))


def test_the_schema_on_file_is_the_schema() -> None:
    assert schema.PATH.read_text() == schema.text()


def test_the_schema_is_one() -> None:
    assert list(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema.schema())) == []


@pytest.mark.parametrize(
    "content",
    [
        {"type": "chat", "payload": {"text": ""}},
        {"type": "chat", "payload": {}},
        {"type": "nonsense", "payload": {}},
        {"type": "grant", "payload": {"member": "m", "permissions": ["root"]}},
    ],
)
def test_the_schema_refuses_what_we_refuse(content: dict[str, Any]) -> None:
    assert not VALIDATORS["inbound"].is_valid(content)
    with pytest.raises(ProtocolError):
        read_inbound(json.dumps(content))
