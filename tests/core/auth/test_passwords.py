import pytest
from argon2 import PasswordHasher

from regie.auth.passwords import MAX_LENGTH, Passwords
from regie.errors import InvalidData


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


async def test_a_hash_is_argon2id_and_matches_only_its_password(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert "correct" not in stored
    assert await passwords.matches("correct horse", stored)
    assert not await passwords.matches("correct horsf", stored)


async def test_nobody_and_nonsense_never_match(passwords: Passwords) -> None:
    assert not await passwords.matches("nobody's", None)
    assert not await passwords.matches("whatever", "not a hash")
    assert not await passwords.matches("x" * (MAX_LENGTH + 1), await passwords.hash("correct horse"))


@pytest.mark.parametrize("password", ["short", "", "x" * (MAX_LENGTH + 1)])
async def test_a_password_has_bounds(passwords: Passwords, password: str) -> None:
    with pytest.raises(InvalidData, match="characters"):
        await passwords.hash(password)


async def test_weaker_hashes_are_told(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    assert not passwords.is_outdated(stored)
    assert Passwords().is_outdated(stored)
