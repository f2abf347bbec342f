"""Who somebody is: the verbs of accounts, sessions and access tokens, with the brake on guessing."""

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import structlog

from regie.auth import access_token
from regie.auth.access_token import DAY_S, LONG_LIVED_DAYS, SHORT_LIVED_S
from regie.auth.passwords import Passwords
from regie.auth.sessions import TOUCH_S, Session, Sessions
from regie.auth.throttle import Throttle
from regie.auth.tokens import Token, Tokens
from regie.auth.users import ROLES, User, Users, name_key, new_user
from regie.bus.event import ulid
from regie.errors import InvalidData, NotFound, Unauthorized
from regie.storage import Database

MAX_DAYS = 36_500
_CODE_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"

WRONG = "Wrong name or password"
"""One text for all reasons, so that nobody learns which names exist."""


class Cipher(Protocol):
    """What encrypts secrets at rest."""

    def encrypt(self, text: str) -> str:
        """A text that only this installation can read."""

    def decrypt(self, text: str) -> str:
        """What was encrypted."""


@dataclass(frozen=True, slots=True)
class Credential:
    """Who somebody is, and by which session or token we know."""

    user: User
    id: str
    kind: Literal["session", "token"]


class Auth:
    """Accounts of this installation. Texts of errors are for people and tell strangers nothing."""

    def __init__(
        self,
        database: Database,
        cipher: Cipher,
        *,
        clock: Callable[[], float] = time.time,
        passwords: Passwords | None = None,
        throttle: Throttle | None = None,
    ) -> None:
        self._users = Users(database)
        self._sessions = Sessions(database)
        self._tokens = Tokens(database)
        self._cipher = cipher
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._throttle = throttle or Throttle()
        self._has_users = False
        self._on_end: list[Callable[[frozenset[str]], Any]] = []
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("regie.auth")
        code = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(8))
        self.first_run_code = f"{code[:4]}-{code[4:]}"
        """What proves, on the first visit from elsewhere, that one can read the hub's output."""

    def on_end(self, listener: Callable[[frozenset[str]], Any]) -> Callable[[], None]:
        """Call `listener` with the ids of sessions and tokens that lose their standing; what returns ends it."""
        self._on_end.append(listener)
        return lambda: self._on_end.remove(listener)

    async def needs_first_run(self) -> bool:
        """Whether nobody has an account yet."""
        if not self._has_users:
            self._has_users = await self._users.count() > 0
        return not self._has_users

    async def create_first_admin(
        self, name: str, password: str, *, address: str, is_local: bool = False, code: str = "", language: str = ""
    ) -> User:
        """Make the first account. From elsewhere than this machine, `code` must be the one that the hub printed."""
        key = f"first run {address}"
        self._throttle.admit(key)
        if not is_local and not secrets.compare_digest(_code(code), _code(self.first_run_code)):
            raise Unauthorized("That is not the code that the hub printed when it started")
        user = new_user(name, "admin", language)
        if not await self._users.add(user, await self._passwords.hash(password), self._clock(), only_first=True):
            raise Unauthorized("The first account was made already: sign in with it")
        self._throttle.forgive(key)
        self._log.info("account made", user=user.id, role=user.role, first=True)
        return user

    async def create_user(self, name: str, password: str, role: str = "user", *, language: str = "") -> User:
        """Make an account; raises InvalidData."""
        user = new_user(name, role, language)
        await self._users.add(user, await self._passwords.hash(password), self._clock())
        self._log.info("account made", user=user.id, role=role)
        return user

    async def users(self) -> list[User]:
        """All people, by name."""
        return await self._users.all()

    async def find_user(self, name: str) -> User:
        """The person of a name; raises NotFound."""
        found = await self._users.find(name)
        if found is None:
            raise NotFound(f"Nobody is called {name}")
        return found[0]

    async def sign_in(self, name: str, password: str, address: str, *, agent: str = "") -> Session:
        """Sign a browser in; raises Unauthorized, or TooManyAttempts with the time to wait."""
        keys = (f"address {address}", f"account {name_key(name)}")
        self._throttle.admit(*keys)
        found = await self._users.find(name)
        is_right = await self._passwords.matches(password, found[1] if found else None)
        if found is None or not is_right or not found[0].is_active:
            self._log.warning("sign-in refused", address=address)
            raise Unauthorized(WRONG)
        self._throttle.forgive(*keys)
        user, stored = found
        if self._passwords.is_outdated(stored):
            await self._users.change(user.id, {"password_hash": await self._passwords.hash(password)})
        return await self.begin_session(user, address, agent=agent)

    async def begin_session(self, user: User, address: str, *, agent: str = "") -> Session:
        """Sign somebody in who has proven who they are in another way."""
        key = self._cipher.encrypt(access_token.new_key())
        self._log.info("signed in", user=user.id, address=address)
        return await self._sessions.begin(user, key, self._clock(), address=address, agent=agent)

    async def sign_out(self, session: Session) -> None:
        """End a session."""
        await self.end_session(session.user, session.id)

    async def session_for(self, cookie: str) -> Session | None:
        """The session of a cookie, while it lasts."""
        return await self._sessions.find(cookie, self._clock())

    async def user_for_session(self, cookie: str) -> User | None:
        """The person of a session's cookie."""
        session = await self.session_for(cookie)
        return session.user if session else None

    async def list_sessions(self, user: User) -> list[Session]:
        """Where a person is signed in, the newest first."""
        return await self._sessions.of_user(user.id, self._clock())

    async def end_session(self, user: User, session_id: str) -> None:
        """End one session of a person."""
        self._ended(await self._sessions.end(user.id, session_id))

    async def create_token(self, user: User, label: str, *, days: int = LONG_LIVED_DAYS) -> str:
        """A long-lived access token: the plain text, which is shown once and not kept."""
        if not 1 <= days <= MAX_DAYS:
            raise InvalidData(f"A token lives 1 to {MAX_DAYS} days")
        now, key = self._clock(), access_token.new_key()
        token = Token(ulid(), label.strip(), now, now + days * DAY_S)
        await self._tokens.add(user, token, self._cipher.encrypt(key))
        self._log.info("access token made", user=user.id, token=token.id)
        return access_token.issue(token.id, key, now, days * DAY_S)

    async def list_tokens(self, user: User) -> list[Token]:
        """The long-lived access tokens of a person, the newest first."""
        return await self._tokens.of_user(user.id)

    async def revoke(self, user: User, token_id: str) -> None:
        """End a long-lived access token of a person; raises NotFound."""
        await self._tokens.revoke(user.id, token_id)
        self._log.info("access token revoked", user=user.id, token=token_id)
        self._ended([token_id])

    async def session_token(self, session: Session) -> tuple[str, int]:
        """A short-lived access token of a session, and its seconds to live."""
        signer = await self._sessions.signer(session.id, self._clock())
        if signer is None:
            raise Unauthorized("The session has ended")
        key = self._cipher.decrypt(signer.key)
        return access_token.issue(session.id, key, self._clock(), SHORT_LIVED_S), SHORT_LIVED_S

    async def credential_for(self, token: str) -> Credential | None:
        """Who an access token stands for, and what it was issued for."""
        issuer, now = access_token.issuer_of(token), self._clock()
        if issuer is None:
            return None
        signer = await self._tokens.signer(issuer)
        kind: Literal["session", "token"] = "token" if signer else "session"
        signer = signer or await self._sessions.signer(issuer, now)
        if signer is None or not access_token.is_valid(token, issuer, self._cipher.decrypt(signer.key), now):
            return None
        if kind == "token" and now - (signer.seen_at or 0) > TOUCH_S:
            await self._tokens.touch(issuer, now)
        return Credential(signer.user, issuer, kind)

    async def user_for_token(self, token: str) -> User | None:
        """The person of an access token."""
        credential = await self.credential_for(token)
        return credential.user if credential else None

    async def change_password(self, user: User, old: str, new: str, *, address: str) -> None:
        """Change one's own password, proven by the old one; ends all sessions."""
        keys = (f"address {address}", f"account {name_key(user.name)}")
        self._throttle.admit(*keys)
        found = await self._users.find(user.name)
        if not await self._passwords.matches(old, found[1] if found else None):
            raise Unauthorized("The current password is another one")
        self._throttle.forgive(*keys)
        await self.set_password(user, new)

    async def set_password(self, user: User, password: str) -> None:
        """Give somebody a new password; ends all their sessions. Access tokens stay: they have a list of their own."""
        await self._users.change(user.id, {"password_hash": await self._passwords.hash(password)})
        self._log.info("password changed", user=user.id)
        self._ended(await self._sessions.end(user.id))

    async def set_role(self, user: User, role: str) -> None:
        """Give somebody another role; ends all their sessions, and their tokens continue with the new role."""
        if role not in ROLES:
            raise InvalidData(f"A role is one of {', '.join(ROLES)}, not {role!r}")
        await self._users.change(user.id, {"role": role})
        self._log.info("role changed", user=user.id, role=role)
        await self._end_all(user)

    async def set_language(self, user: User, language: str) -> None:
        """Note somebody's language; empty follows their browser."""
        await self._users.change(user.id, {"language": language[:16]})

    async def remove_user(self, user: User) -> None:
        """Delete an account with its sessions and tokens; the last admin stays."""
        await self._users.get(user.id)
        ended = [session.id for session in await self.list_sessions(user)]
        ended += [token.id for token in await self.list_tokens(user)]
        await self._users.remove(user.id)
        self._log.info("account removed", user=user.id)
        self._ended(ended)

    async def _end_all(self, user: User) -> None:
        tokens = [token.id for token in await self.list_tokens(user)]
        self._ended([*await self._sessions.end(user.id), *tokens])

    def _ended(self, ids: Iterable[str]) -> None:
        ended = frozenset(ids)
        for listener in tuple(self._on_end):
            listener(ended)


def _code(text: str) -> bytes:
    return text.strip().upper().replace("-", "").replace(" ", "").encode("utf-8", "replace")
