"""Sessions: browsers that are signed in."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update

from regie.auth.models import SessionRow, UserRow
from regie.auth.users import USER, Signer, User
from regie.bus.event import is_ulid, ulid
from regie.storage import Database

IDLE_S = 30 * 86_400
"""A session that nobody used for so long has ended."""
TOUCH_S = 300
"""How stale `seen_at` may be: a write for each request would be too many."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is signed in. `cookie` is only known to who brought or just got it."""

    id: str
    user: User
    created_at: float
    seen_at: float
    address: str = ""
    agent: str = ""
    cookie: str = ""

    @property
    def csrf(self) -> str:
        """The token that forms of this session carry."""
        return hmac.digest(self.cookie.encode(), b"csrf", "sha256").hex()[:32] if self.cookie else ""

    @classmethod
    def of(cls, row: Any, cookie: str = "") -> "Session":
        """From a row that was selected with `SESSION`."""
        return cls(row.id, User.of(row), row.created_at, row.seen_at, row.address, row.agent, cookie)


SESSION: tuple[Any, ...] = (
    SessionRow.id,
    SessionRow.created_at,
    SessionRow.seen_at,
    SessionRow.address,
    SessionRow.agent,
    *USER,
)
"""The columns of a `Session`."""


class Sessions:
    """The sessions in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, user: User, signing_key: str, now: float, *, address: str, agent: str) -> Session:
        """Sign a browser in; ended sessions are swept out."""
        session_id, secret = ulid(), secrets.token_urlsafe(32)
        row = SessionRow(
            id=session_id,
            user_id=user.id,
            cookie_hash=_hash(secret),
            signing_key=signing_key,
            address=address[:64],
            # Headers may hold bytes that are no text; the database takes text only.
            agent=agent.encode("utf-8", "replace").decode()[:256],
            created_at=now,
            seen_at=now,
        )
        async with self._database.write() as transaction:
            await transaction.execute(delete(SessionRow).where(SessionRow.seen_at < now - IDLE_S))
            transaction.add(row)
        return Session(session_id, user, now, now, row.address, row.agent, f"{session_id}.{secret}")

    async def find(self, cookie: str, now: float) -> Session | None:
        """The session of a cookie, while it lasts and its person is active."""
        session_id, _, secret = cookie.partition(".")
        if not is_ulid(session_id) or not secret.isascii():
            return None
        query = (
            select(*SESSION, SessionRow.cookie_hash)
            .join(UserRow, UserRow.id == SessionRow.user_id)
            .where(SessionRow.id == session_id, SessionRow.seen_at >= now - IDLE_S, UserRow.is_active)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None or not hmac.compare_digest(row.cookie_hash, _hash(secret)):
            return None
        await self._touch(row, now)
        return Session.of(row, cookie)

    async def of_user(self, user_id: str, now: float) -> list[Session]:
        """The sessions of a person, the newest first."""
        query = (
            select(*SESSION)
            .join(UserRow, UserRow.id == SessionRow.user_id)
            .where(SessionRow.user_id == user_id, SessionRow.seen_at >= now - IDLE_S)
            .order_by(SessionRow.seen_at.desc(), SessionRow.id.desc())
        )
        async with self._database.read() as connection:
            return [Session.of(row) for row in (await connection.execute(query)).all()]

    async def end(self, user_id: str, session_id: str | None = None) -> list[str]:
        """End one session of a person, or all; the ids of those that ended."""
        mine = [SessionRow.user_id == user_id, *([] if session_id is None else [SessionRow.id == session_id])]
        async with self._database.write() as transaction:
            ended = (await transaction.execute(select(SessionRow.id).where(*mine))).scalars().all()
            await transaction.execute(delete(SessionRow).where(*mine))
        return list(ended)

    async def signer(self, session_id: str, now: float) -> Signer | None:
        """Whose session it is, while it lasts."""
        query = (
            select(*USER, SessionRow.signing_key, SessionRow.seen_at)
            .join(SessionRow, UserRow.id == SessionRow.user_id)
            .where(SessionRow.id == session_id, SessionRow.seen_at >= now - IDLE_S, UserRow.is_active)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return Signer(User.of(row), row.signing_key, row.seen_at) if row else None

    async def _touch(self, row: Any, now: float) -> None:
        if now - row.seen_at < TOUCH_S:
            return
        async with self._database.write() as transaction:
            await transaction.execute(update(SessionRow).where(SessionRow.id == row.id).values(seen_at=now))


def _hash(secret: str) -> str:
    # The secret is 256 random bits, so a plain hash cannot be guessed back.
    return hashlib.sha256(secret.encode()).hexdigest()
