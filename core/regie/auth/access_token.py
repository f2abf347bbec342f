"""Access tokens: JWT signed with a key of their own session or token, so that ending that one ends them.

Claims and leeway are Home Assistant's: `iss` names what the token was issued for, `iat` and `exp` are epoch seconds.
"""

import secrets

import jwt

from regie.bus.event import is_ulid

ALGORITHM = "HS256"
LEEWAY_S = 10
SHORT_LIVED_S = 1800
DAY_S = 86_400
LONG_LIVED_DAYS = 3650
MAX_TOKEN_LENGTH = 4096


def new_key() -> str:
    """A signing key for the access tokens of one session or token."""
    return secrets.token_hex(32)


def issue(issuer: str, key: str, now: float, lifespan_s: int) -> str:
    """An access token for `issuer`, the id of a session or token."""
    claims = {"iss": issuer, "iat": int(now), "exp": int(now) + lifespan_s}
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def issuer_of(token: str) -> str | None:
    """What a token says it was issued for; not yet proven."""
    if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
        return None
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return None
    issuer = claims.get("iss")
    return issuer if isinstance(issuer, str) and is_ulid(issuer) else None


def is_valid(token: str, issuer: str, key: str, now: float) -> bool:
    """Whether a token was issued for `issuer` with this key, and is in its time."""
    try:
        # Times are compared here, against the clock that the caller injects.
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=issuer,
            options={"require": ["iss", "iat", "exp"], "verify_exp": False, "verify_iat": False},
        )
        return int(claims["iat"]) - LEEWAY_S <= now < int(claims["exp"]) + LEEWAY_S
    except (jwt.InvalidTokenError, TypeError, ValueError):
        return False
