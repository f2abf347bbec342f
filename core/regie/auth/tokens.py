"""Long-lived access tokens: what programs sign in with."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from regie.auth.models import TokenRow, UserRow
from regie.auth.users import USER, Signer, User
from regie.errors import InvalidData, NotFound
from regie.storage import Database

MAX_LABEL = 64


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of an access token, which itself is shown once and not kept."""

    id: str
    label: str
    created_at: float
    expires_at: float
    seen_at: float | None = None


class Tokens:
    """The access tokens in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, user: User, token: Token, signing_key: str) -> None:
        """Keep a new token; raises InvalidData when the person has one of that label."""
        if not 1 <= len(token.label) <= MAX_LABEL or not token.label.isprintable():
            raise InvalidData(f"A label has 1 to {MAX_LABEL} characters that can be seen")
        row = TokenRow(
            id=token.id,
            user_id=user.id,
            label=token.label,
            signing_key=signing_key,
            created_at=token.created_at,
            expires_at=token.expires_at,
            seen_at=None,
        )
        try:
            async with self._database.write() as session:
                session.add(row)
        except IntegrityError as error:
            raise InvalidData(f"{user.name} already has a token with the label {token.label}") from error

    async def of_user(self, user_id: str) -> list[Token]:
        """The tokens of a person, the newest first."""
        columns = (TokenRow.id, TokenRow.label, TokenRow.created_at, TokenRow.expires_at, TokenRow.seen_at)
        query = select(*columns).where(TokenRow.user_id == user_id).order_by(TokenRow.id.desc())
        async with self._database.read() as connection:
            return [Token(*row) for row in (await connection.execute(query)).all()]

    async def revoke(self, user_id: str, token_id: str) -> None:
        """End a token of a person; raises NotFound."""
        mine = (TokenRow.user_id == user_id, TokenRow.id == token_id)
        async with self._database.write() as session:
            if (await session.execute(select(TokenRow.id).where(*mine))).first() is None:
                raise NotFound("There is no such token")
            await session.execute(delete(TokenRow).where(*mine))

    async def signer(self, token_id: str) -> Signer | None:
        """Whose token it is, while they are active."""
        query = (
            select(*USER, TokenRow.signing_key, TokenRow.seen_at)
            .join(TokenRow, UserRow.id == TokenRow.user_id)
            .where(TokenRow.id == token_id, UserRow.is_active)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return Signer(User.of(row), row.signing_key, row.seen_at) if row else None

    async def touch(self, token_id: str, now: float) -> None:
        """Note that a token was used."""
        async with self._database.write() as session:
            await session.execute(update(TokenRow).where(TokenRow.id == token_id).values(seen_at=now))
