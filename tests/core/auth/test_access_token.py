import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.auth import access_token
from regie.bus.event import ulid

NOW = 1_800_000_000.0
ONE, TWO = ulid(), ulid()


def test_a_token_names_its_issuer_and_lives_its_time() -> None:
    key = access_token.new_key()
    token = access_token.issue(ONE, key, NOW, 1800)
    assert access_token.issuer_of(token) == ONE
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    assert access_token.is_valid(token, ONE, key, NOW)
    assert access_token.is_valid(token, ONE, key, NOW + 1805)
    assert not access_token.is_valid(token, ONE, key, NOW + 1811)
    assert not access_token.is_valid(token, ONE, key, NOW - 60)


def test_another_key_issuer_or_algorithm_is_refused() -> None:
    key = access_token.new_key()
    token = access_token.issue(ONE, key, NOW, 1800)
    assert not access_token.is_valid(token, ONE, access_token.new_key(), NOW)
    assert not access_token.is_valid(token, TWO, key, NOW)
    claims = {"iss": ONE, "iat": int(NOW), "exp": int(NOW) + 1800}
    assert not access_token.is_valid(jwt.encode(claims, "", algorithm="none"), ONE, key, NOW)
    assert not access_token.is_valid(jwt.encode(claims, key * 2, algorithm="HS512"), ONE, key, NOW)


@pytest.mark.parametrize("missing", ["iss", "iat", "exp"])
def test_every_claim_is_needed(missing: str) -> None:
    key = access_token.new_key()
    claims = {"iss": ONE, "iat": int(NOW), "exp": int(NOW) + 1800}
    del claims[missing]
    assert not access_token.is_valid(jwt.encode(claims, key, algorithm="HS256"), ONE, key, NOW)


@given(st.text(st.characters()))
def test_any_text_is_answered_quietly(text: str) -> None:
    assert access_token.issuer_of(text) is None or isinstance(access_token.issuer_of(text), str)
    assert not access_token.is_valid(text, ONE, "k" * 64, NOW)


def test_an_endless_token_is_not_even_read() -> None:
    assert access_token.issuer_of("a" * 100_000) is None


@pytest.mark.parametrize("issuer", ["", "x", "\x00" * 26, "\ud800" * 26])
def test_an_issuer_has_the_form_of_an_id(issuer: str) -> None:
    assert access_token.issuer_of(jwt.encode({"iss": issuer}, "k" * 64)) is None
    assert access_token.issuer_of(jwt.encode({}, "k" * 64)) is None
