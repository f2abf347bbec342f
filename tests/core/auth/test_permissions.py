from dataclasses import dataclass

import pytest

from regie.auth.permissions import allows, check_permission


@dataclass(frozen=True)
class Somebody:
    role: str


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ("public", {None, "guest", "user", "admin"}),
        ("guest", {"guest", "user", "admin"}),
        ("user", {"user", "admin"}),
        ("admin", {"admin"}),
        ("", set()),
        ("everyone", set()),
    ],
)
def test_who_may(permission: str, allowed: set[str | None]) -> None:
    for role in (None, "guest", "user", "admin"):
        assert allows(permission, Somebody(role) if role else None) == (role in allowed)


def test_an_unknown_role_is_nobody() -> None:
    assert not allows("guest", Somebody("emperor"))


@pytest.mark.parametrize("permission", ["", "Admin", "everyone"])
def test_a_permission_must_be_known(permission: str) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        check_permission(permission, "GET /x")
