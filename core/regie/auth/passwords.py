"""Passwords: hashed with argon2id, in a thread, a few at a time."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from regie.errors import InvalidData

MIN_LENGTH = 8
MAX_LENGTH = 1024
AT_ONCE = 2
"""Each hash takes 64 MB for its time, so a burst of sign-ins waits in line instead of filling the memory."""


class Passwords:
    """Hashes and checks passwords without blocking the loop."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """The text to store; raises InvalidData when the password cannot be one."""
        if len(password) < MIN_LENGTH:
            raise InvalidData(f"A password has at least {MIN_LENGTH} characters")
        _check_length(password)
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, _bytes(password))

    async def matches(self, password: str, stored: str | None) -> bool:
        """Whether the password is the stored one. Without a stored one the answer takes as long, and is no."""
        if len(password) > MAX_LENGTH:
            return False
        async with self._slots:
            if stored is None and self._decoy is None:
                self._decoy = await asyncio.to_thread(self._hasher.hash, "nobody's")
            is_right = await asyncio.to_thread(self._verify, stored or self._decoy or "", password)
        return is_right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a stored hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _check_length(password: str) -> None:
    if len(password) > MAX_LENGTH:
        raise InvalidData(f"A password has at most {MAX_LENGTH} characters")
