import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.config.secrets import Secret
from regie.web.codec import MAX_DEPTH, BadJSON, decode, encode

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_goes_out_comes_in_again(value: Any) -> None:
    try:
        assert decode(encode(value)) == value
    except BadJSON:
        assert "\\ud" in json.dumps(value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Secret("hunter2"), "***"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        ({"b", "a"}, ["a", "b"]),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (2**70, 2**70),
        ("\ud800", "\ud800"),
        ({1: "a"}, {"1": "a"}),
        (float("nan"), None),
    ],
)
def test_what_json_lacks_has_a_nearest_text(value: Any, shown: Any) -> None:
    assert json.loads(encode(value)) == shown


def _nested(depth: int, opener: str = "[", closer: str = "]") -> str:
    return opener * depth + "1" + closer * depth


@pytest.mark.parametrize(("opener", "closer"), [("[", "]"), ('{"a":', "}")])
def test_depth_has_a_limit(opener: str, closer: str) -> None:
    decode(_nested(MAX_DEPTH, opener, closer))
    for depth in (MAX_DEPTH + 1, 1000, 50_000):
        with pytest.raises(BadJSON, match="nested"):
            decode(_nested(depth, opener, closer))


def test_many_shallow_containers_are_fine() -> None:
    value: list[Mapping[str, int]] = [{} for _ in range(10_000)]
    assert decode(encode(value)) == value


@pytest.mark.parametrize("text", [b"", b"{", b"nul", b"\xff", b'"\\ud800"', "{'a': 1}", "NaN"])
def test_what_is_not_json_is_refused(text: bytes | str) -> None:
    with pytest.raises(BadJSON):
        decode(text)
