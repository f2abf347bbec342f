import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.automation.schema import read_automation
from regie.errors import InvalidData

GOOD = """\
alias: Tell the viewer
triggers:
  - trigger: state
    entity_id: media_player.tv
    to: playing
conditions:
  - condition: numeric_state
    entity_id: sensor.streams
    above: 1
actions:
  - action: jellyfin.message
    data:
      text: "Hello {{ trigger.to_state.attributes.user }}"
"""


def test_a_good_document_is_read_with_its_defaults() -> None:
    document = read_automation(GOOD)
    assert document["mode"] == "single"
    assert document["triggers"][0]["entity_id"] == ["media_player.tv"]
    assert document["triggers"][0]["to"] == ["playing"]
    assert document["conditions"][0]["above"] == 1.0


def test_yaml_words_of_yes_and_no_become_states() -> None:
    document = read_automation(GOOD.replace("to: playing", "to: on"))
    assert document["triggers"][0]["to"] == ["on"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("alias: Tell the viewer", "alias: ''", "^Line 1: "),
        ("alias: Tell the viewer\n", "", "^Line 1: required key not provided.*alias"),
        ("trigger: state", "trigger: moon", "^Line 3: expected one of state, event, start"),
        ("entity_id: media_player.tv", "entity_id: nonsense", "^Line 4: expected an entity id"),
        ("    to: playing", "    too: playing", r"^Line 5: extra keys not allowed \(triggers.0.too\)"),
        ("above: 1", "above: high", "^Line 9: "),
        ("    above: 1\n", "", "^Line 7: expected above, below or both"),
        ("jellyfin.message", "message", "^Line 11: expected a service"),
        ("{{ trigger", "{% trigger", "^Line 13: the template is broken"),
        ("triggers:\n", "triggers: [\n", "^Line .*not YAML"),
        ("actions:", "actions: []\nmore:", "^Line .*"),
        ("alias: Tell", "mode: sometimes\nalias: Tell", "^Line 1: value must be one of"),
    ],
)
def test_an_error_names_its_line(old: str, new: str, words: str) -> None:
    assert old in GOOD
    with pytest.raises(InvalidData, match=words):
        read_automation(GOOD.replace(old, new))


@pytest.mark.parametrize(
    "text", ["", "- a", "3", "a: b: c", "\t", "x" * 200_000, "[" * 5000, "a: &a [*a]", "!!python/object:os.system x"]
)
def test_what_is_no_automation_is_refused(text: str) -> None:
    with pytest.raises(InvalidData):
        read_automation(text)


@given(st.text(max_size=200))
def test_any_text_is_refused_or_read(text: str) -> None:
    try:
        document = read_automation(text)
    except InvalidData:
        return
    assert document["alias"]
