"""People: their accounts, and what is known of them."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from regie.auth.models import UserRow
from regie.auth.permissions import RANK
from regie.bus.event import ulid
from regie.errors import InvalidData, NotFound
from regie.storage import Database

MAX_NAME = 64
ROLES = tuple(role for role in RANK if role != "public")


@dataclass(frozen=True, slots=True)
class User:
    """One person with an account."""

    id: str
    name: str
    role: str = "user"
    language: str = ""
    is_active: bool = True

    @property
    def is_admin(self) -> bool:
        """Whether they may do everything."""
        return self.role == "admin"

    @classmethod
    def of(cls, row: Any) -> "User":
        """From a row that was selected with `USER`."""
        return cls(row.user_id, row.name, row.role, row.language, row.is_active)


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose access tokens a session or token signs, and with which key (encrypted)."""

    user: User
    key: str
    seen_at: float | None


USER: tuple[Any, ...] = (UserRow.id.label("user_id"), UserRow.name, UserRow.role, UserRow.language, UserRow.is_active)
"""The columns of a `User`."""


def clean_name(name: str) -> str:
    """A name as it is kept; raises InvalidData when it cannot be one."""
    name = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(name) <= MAX_NAME:
        raise InvalidData(f"A name has 1 to {MAX_NAME} characters")
    if not name.isprintable():
        raise InvalidData("A name has only characters that can be seen")
    return name


def name_key(name: str) -> str:
    """A name as it is compared."""
    return unicodedata.normalize("NFKC", name).strip().casefold()[:128]


class Users:
    """The accounts in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self) -> int:
        """How many there are."""
        async with self._database.read() as connection:
            return int((await connection.execute(select(func.count()).select_from(UserRow))).scalar_one())

    async def all(self) -> list[User]:
        """All people, by name."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(*USER).order_by(UserRow.name_key))).all()
        return [User.of(row) for row in rows]

    async def get(self, user_id: str) -> User:
        """One person; raises NotFound."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(*USER).where(UserRow.id == user_id))).first()
        if row is None:
            raise NotFound("There is no such account")
        return User.of(row)

    async def find(self, name: str) -> tuple[User, str] | None:
        """The person of that name and the hash of their password."""
        if not name.isprintable():
            return None
        query = select(*USER, UserRow.password_hash).where(UserRow.name_key == name_key(name))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return (User.of(row), row.password_hash) if row else None

    async def add(self, user: User, password_hash: str, now: float, *, only_first: bool = False) -> bool:
        """Keep a new account; False when it was to be the first, and is not."""
        row = UserRow(
            id=user.id,
            name=user.name,
            name_key=name_key(user.name),
            password_hash=password_hash,
            role=user.role,
            language=user.language,
            is_active=True,
            created_at=now,
        )
        try:
            async with self._database.write() as session:
                await self._alone(session)
                if only_first and (await session.execute(select(UserRow.id).limit(1))).first():
                    return False
                session.add(row)
        except IntegrityError as error:
            raise InvalidData(f"There is already somebody called {user.name}") from error
        return True

    async def change(self, user_id: str, values: Mapping[str, Any]) -> None:
        """Change columns of an account; a new role must leave an admin."""
        async with self._database.write() as session:
            await self._alone(session)
            await session.execute(update(UserRow).where(UserRow.id == user_id).values(**values))
            if "role" in values:
                await self._keep_an_admin(session)

    async def remove(self, user_id: str) -> None:
        """Delete an account; an admin remains in any case."""
        async with self._database.write() as session:
            await self._alone(session)
            await session.execute(delete(UserRow).where(UserRow.id == user_id))
            await self._keep_an_admin(session)

    async def _alone(self, session: AsyncSession) -> None:
        # What depends on all accounts ("the first", "the last admin") is decided by one transaction after the other.
        if self._database.dialect == "postgresql":
            await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('regie:accounts'))"))

    async def _keep_an_admin(self, session: AsyncSession) -> None:
        admins = select(UserRow.id).where(UserRow.role == "admin", UserRow.is_active).limit(1)
        if (await session.execute(admins)).first() is None:
            raise InvalidData("Somebody must remain who is an admin")


def new_user(name: str, role: str, language: str) -> User:
    """A person not yet kept; raises InvalidData."""
    if role not in ROLES:
        raise InvalidData(f"A role is one of {', '.join(ROLES)}, not {role!r}")
    return User(ulid(), clean_name(name), role, language[:16])
