import pytest
import voluptuous as vol
from hypothesis import given
from hypothesis import strategies as st

from regie.config import Secret, selector
from regie.config.selector import serialized


@pytest.mark.parametrize(
    ("given", "tidy"),
    [
        ("http://10.0.0.2:8096/", "http://10.0.0.2:8096"),
        ("media.lan:8096", "http://media.lan:8096"),
        (" https://me:pw@host/base/?api_key=1#x ", "https://host/base"),
        ("http://[::1]:8096", "http://[::1]:8096"),
    ],
)
def test_addresses_are_tidied(given: str, tidy: str) -> None:
    assert selector.Url()(given) == tidy


@pytest.mark.parametrize(
    "given",
    ["", "   ", "ftp://host", "http://", "http://a b", "javascript:alert(1)", 3, None, "http://host:99999", "x" * 5000],
)
def test_what_is_no_address_is_refused(given: object) -> None:
    with pytest.raises(vol.Invalid):
        selector.Url()(given)


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        found = selector.Url()(text)
    except vol.Invalid:
        return
    assert found.startswith(("http://", "https://"))


def test_a_password_becomes_a_secret() -> None:
    assert selector.Password()("pw") == Secret("pw")
    with pytest.raises(vol.Invalid):
        selector.Password()("***")


@pytest.mark.parametrize(("given", "number"), [("5", 5), (7.0, 7)])
def test_numbers_from_forms(given: object, number: int) -> None:
    assert selector.Number(min=1, max=9)(given) == number


@pytest.mark.parametrize("given", ["x", "1.5", "0", "10", None, "nan"])
def test_numbers_out_of_range_are_refused(given: object) -> None:
    with pytest.raises(vol.Invalid):
        selector.Number(min=1, max=9)(given)


def test_a_choice_is_one_of_those_offered() -> None:
    one = selector.Select(options=(("a", "A"), ("b", "B")))
    assert one("a") == "a"
    assert selector.Select(options=(("a", "A"), ("b", "B")), multiple=True)(["a", "b"]) == ["a", "b"]
    with pytest.raises(vol.Invalid, match="a, b"):
        one("c")


def test_a_schema_serialises_with_its_selectors_and_without_secrets() -> None:
    schema = vol.Schema(
        {
            vol.Required("url"): selector.Url(),
            vol.Required("key", default=Secret("hunter2")): selector.Password(),
            vol.Optional("n", default=3): selector.Number(min=1),
        }
    )
    fields = serialized(schema)
    assert fields[0] == {"name": "url", "required": True, "selector": {"url": {}}}
    assert fields[1] == {"name": "key", "required": True, "selector": {"password": {}}}
    assert fields[2]["selector"] == {"number": {"min": 1, "step": 1}}
    assert fields[2]["default"] == 3
    assert "hunter2" not in repr(fields)
