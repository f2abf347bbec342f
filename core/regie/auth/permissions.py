"""The one table of permissions, for pages, REST, WebSocket commands and services alike."""

from typing import Protocol

from regie.services import RANK, Permission

__all__ = ["RANK", "Permission", "allows", "check_permission"]


class HasRole(Protocol):
    """Somebody with a role."""

    @property
    def role(self) -> str:
        """guest, user or admin."""


def check_permission(permission: str, what: str) -> None:
    """Refuse what does not say who may use it."""
    if permission not in RANK:
        raise ValueError(f"{what} declares the permission {permission!r}; it must be one of {', '.join(RANK)}")


def allows(permission: str, user: HasRole | None) -> bool:
    """Whether somebody (None: nobody signed in) may use what wants this permission; an unknown permission allows no one."""
    wanted = RANK.get(permission)
    if wanted is None:
        return False
    return wanted <= (0 if user is None else RANK.get(user.role, 0))
