"""Secrets: marked by their type, encrypted at rest, a sentinel everywhere else."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from regie.errors import ConfigError

SENTINEL = "***"
KEY_FILE = "secret.key"
_MARK = "$secret"


class Secret:
    """A text that nothing shows by accident: str, repr and JSON give a sentinel."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself."""
        return self._value

    def __str__(self) -> str:
        return SENTINEL

    def __repr__(self) -> str:
        return f"Secret({SENTINEL})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)


class SecretBox:
    """Encrypts with a key file of mode 0600 in the data directory; made at the first start."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    @classmethod
    def open(cls, data_dir: Path) -> "SecretBox":
        """Read the key file, or make one."""
        path = data_dir / KEY_FILE
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key())
        try:
            return cls(path.read_bytes().strip())
        except ValueError as error:
            raise ConfigError(
                f"{path} holds no key; restore it from a backup, or remove it and enter all passwords anew"
            ) from error

    def encrypt(self, text: str) -> str:
        """A token that only this hub's key opens."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """What was encrypted; raises ConfigError when the key is another."""
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken as error:
            raise ConfigError(
                f"A secret was encrypted with another key; restore {KEY_FILE}, or enter the password anew"
            ) from error

    def pack(self, value: Any) -> Any:
        """A copy of nested data with each Secret encrypted, fit for JSON."""
        if isinstance(value, Secret):
            return {_MARK: self.encrypt(value.reveal())}
        if isinstance(value, Mapping):
            return {key: self.pack(item) for key, item in value.items()}
        return [self.pack(item) for item in value] if isinstance(value, list | tuple) else value

    def unpack(self, value: Any) -> Any:
        """The opposite of `pack`."""
        if isinstance(value, Mapping):
            if set(value) == {_MARK}:
                return Secret(self.decrypt(value[_MARK]))
            return {key: self.unpack(item) for key, item in value.items()}
        return [self.unpack(item) for item in value] if isinstance(value, list) else value


def shown(value: Any) -> Any:
    """A copy of nested data with each Secret replaced by the sentinel, for APIs, logs and diagnostics."""
    if isinstance(value, Secret):
        return SENTINEL
    if isinstance(value, Mapping):
        return {key: shown(item) for key, item in value.items()}
    return [shown(item) for item in value] if isinstance(value, list | tuple) else value


def values_of(value: Any) -> list[str]:
    """The texts of all secrets in nested data."""
    if isinstance(value, Secret):
        return [value.reveal()]
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [text for item in items for text in values_of(item)]
