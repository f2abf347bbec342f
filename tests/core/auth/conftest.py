from collections.abc import AsyncIterator

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet

from regie.auth import Auth
from regie.auth.passwords import Passwords
from regie.storage import Database, Storage, migrate
from regie.storage.models import Base

CORE = Storage(Base.metadata, "regie.storage.migrations")


class Clock:
    """The time, as the test says."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Box:
    """Encryption with a key of its own."""

    def __init__(self) -> None:
        self._fernet = Fernet(Fernet.generate_key())

    def encrypt(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, text: str) -> str:
        return self._fernet.decrypt(text.encode()).decode()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await migrate(database, "core", CORE)
    yield database
    await database.stop()


@pytest.fixture
def auth(database: Database, clock: Clock) -> Auth:
    quick = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    return Auth(database, Box(), clock=clock, passwords=quick)
