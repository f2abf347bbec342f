"""Forms from schemas, and back."""

import pytest
import voluptuous as vol
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from regie.config import selector
from regie.config.selector import serialized
from regie_ui.fields import Texts, field_errors, form_fields, read_form

SCHEMA = vol.Schema(
    {
        vol.Required("url"): selector.Url(),
        vol.Required("key"): selector.Password(),
        vol.Optional("port", default=8096): selector.Number(min=1, max=65535),
        vol.Optional("verify", default=True): selector.Boolean(),
        vol.Optional("kind"): selector.Select(options=(("a", "First"), ("b", "Second"))),
        vol.Optional("more"): selector.Select(options=(("x", "X"), ("y", "Y")), multiple=True),
    }
)
FRENCH = {"Address": "Adresse", "First": "Premier", "Nothing at {host}": "Rien à {host}"}
TEXTS = Texts(
    {"field.url": "Address", "error.away": "Nothing at {host}"}, lambda text: FRENCH.get(text, text), {"host": "ici"}
)


def test_a_field_knows_its_kind_label_default_and_limits() -> None:
    fields = {field.name: field for field in form_fields(serialized(SCHEMA), TEXTS, {}, {})}

    assert [field.type for field in fields.values()] == ["text", "password", "number", "boolean", "select", "select"]
    assert fields["url"].label == "Adresse"
    assert fields["url"].required
    assert (fields["port"].value, fields["port"].attributes["max"]) == (8096, 65535)
    assert fields["kind"].options[0] == {"value": "a", "label": "Premier"}


def test_what_was_typed_is_kept_but_never_a_password() -> None:
    typed = {"url": "http://x", "key": "secret"}

    fields = {field.name: field for field in form_fields(serialized(SCHEMA), TEXTS, typed, {"url": "away"})}

    assert fields["url"].value == "http://x"
    assert fields["url"].error == "Rien à ici"
    assert fields["key"].value == ""


def test_a_posted_form_becomes_data_that_the_schema_takes() -> None:
    posted = MultiDict(
        [("url", "nas:8096"), ("key", "k"), ("port", "80"), ("kind", ""), ("more", "x"), ("more", "y"), ("_csrf", "t")]
    )

    data = read_form(serialized(SCHEMA), posted)

    assert data == {"url": "nas:8096", "key": "k", "port": 80, "verify": False, "more": ["x", "y"]}
    assert SCHEMA(data)["url"] == "http://nas:8096"


def test_each_field_gets_its_own_error() -> None:
    with pytest.raises(vol.Invalid) as caught:
        SCHEMA({"url": "ftp://x", "port": 0})

    errors = field_errors(caught.value)

    assert errors["key"] == "required"
    assert errors["url"].startswith("expected an address")
    assert errors["port"].startswith("expected a number")


def test_a_placeholder_that_nobody_fills_does_not_break_the_page() -> None:
    texts = Texts({"error.x": "At {where}, {0}"}, str, {"host": "here"})

    assert texts.get("error.x") == "At {where}, {0}"


@given(st.dictionaries(st.sampled_from(["url", "key", "port", "verify", "kind", "more"]), st.text()))
def test_no_posted_form_breaks_the_reader(posted: dict[str, str]) -> None:
    data = read_form(serialized(SCHEMA), MultiDict(posted))

    assert set(data) <= {"url", "key", "port", "verify", "kind", "more"}
