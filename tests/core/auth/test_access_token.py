import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.auth import access_token

NOW = 1_800_000_000.0


def test_a_token_names_its_issuer_and_lives_its_time() -> None:
    key = access_token.new_key()
    token = access_token.issue("T1", key, NOW, 1800)
    assert access_token.issuer_of(token) == "T1"
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    assert access_token.is_valid(token, "T1", key, NOW)
    assert access_token.is_valid(token, "T1", key, NOW + 1805)
    assert not access_token.is_valid(token, "T1", key, NOW + 1811)
    assert not access_token.is_valid(token, "T1", key, NOW - 60)


def test_another_key_issuer_or_algorithm_is_refused() -> None:
    key = access_token.new_key()
    token = access_token.issue("T1", key, NOW, 1800)
    assert not access_token.is_valid(token, "T1", access_token.new_key(), NOW)
    assert not access_token.is_valid(token, "T2", key, NOW)
    claims = {"iss": "T1", "iat": int(NOW), "exp": int(NOW) + 1800}
    assert not access_token.is_valid(jwt.encode(claims, "", algorithm="none"), "T1", key, NOW)
    assert not access_token.is_valid(jwt.encode(claims, key * 2, algorithm="HS512"), "T1", key, NOW)


@pytest.mark.parametrize("missing", ["iss", "iat", "exp"])
def test_every_claim_is_needed(missing: str) -> None:
    key = access_token.new_key()
    claims = {"iss": "T1", "iat": int(NOW), "exp": int(NOW) + 1800}
    del claims[missing]
    assert not access_token.is_valid(jwt.encode(claims, key, algorithm="HS256"), "T1", key, NOW)


@given(st.text())
def test_any_text_is_answered_quietly(text: str) -> None:
    assert access_token.issuer_of(text) is None or isinstance(access_token.issuer_of(text), str)
    assert not access_token.is_valid(text, "T1", "k" * 64, NOW)


def test_an_endless_token_is_not_even_read() -> None:
    assert access_token.issuer_of("a" * 100_000) is None
