import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.config.secrets import KEY_FILE, Secret, SecretBox, shown, values_of
from regie.errors import ConfigError

NESTED = st.recursive(
    st.none() | st.integers() | st.text() | st.text().map(Secret),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1).filter(lambda key: key != "$secret"), inner),
    max_leaves=10,
)
BOX = SecretBox(b"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")


@given(NESTED)
def test_packing_is_json_and_can_be_undone(value: object) -> None:
    packed = json.loads(json.dumps(BOX.pack(value)))
    assert BOX.unpack(packed) == value


@given(NESTED)
def test_what_is_shown_holds_no_secret(value: object) -> None:
    assert values_of(shown(value)) == []


def test_the_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    first = SecretBox.open(tmp_path)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert SecretBox.open(tmp_path).decrypt(first.encrypt("abc")) == "abc"


def test_another_key_is_a_clear_error(tmp_path: Path) -> None:
    token = SecretBox.open(tmp_path).encrypt("abc")
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(ConfigError, match=KEY_FILE):
        SecretBox.open(tmp_path).decrypt(token)


def test_a_broken_key_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("nonsense")
    with pytest.raises(ConfigError, match="holds no key"):
        SecretBox.open(tmp_path)


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]} {{'a': secret}}"
    assert secret.reveal() == "hunter2"
