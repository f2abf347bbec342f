"""Accounts, sessions, access tokens, and who may do what."""

from regie.auth.auth import Auth, Credential
from regie.auth.permissions import Permission, allows
from regie.auth.sessions import Session
from regie.auth.throttle import TooManyAttempts
from regie.auth.tokens import Token
from regie.auth.users import User

__all__ = ["Auth", "Credential", "Permission", "Session", "Token", "TooManyAttempts", "User", "allows"]
