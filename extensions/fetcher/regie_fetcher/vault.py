"""Secrets at rest: AES-256-GCM under a ring of keys, each text bound to its user and site."""

import base64
import binascii
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import SealBroken, SecretError

KEY_BYTES = 32
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed text as a row holds it."""

    key_id: str
    nonce: bytes
    ciphertext: bytes


class KeyRing:
    """Keys by id; the first encrypts, all decrypt."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise SecretError("A key ring holds keys of 32 bytes, and at least one")
        self._keys = dict(keys)

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the ring's file, or make it with a first key; a file that others can read is refused."""
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls._read(path)
        ring = cls({secrets.token_hex(4): secrets.token_bytes(KEY_BYTES)})
        with os.fdopen(handle, "w") as file:
            file.write(ring.dump())
            file.flush()
            os.fsync(file.fileno())
        return ring

    @classmethod
    def _read(cls, path: Path) -> Self:
        if path.stat().st_mode & 0o077:
            raise SecretError(f"Others can read {path}: chmod 600 {path}")
        try:
            keys = {
                str(each["id"]): base64.b64decode(each["key"], validate=True) for each in json.loads(path.read_text())
            }
        except (ValueError, TypeError, KeyError, binascii.Error) as error:
            raise SecretError(f"{path} is no key ring; restore it from where you keep it") from error
        return cls(keys)

    def rotated(self, path: Path) -> Self:
        """A ring with a new first key, written before it is used; the old ones go on decrypting."""
        ring = type(self)({secrets.token_hex(4): secrets.token_bytes(KEY_BYTES), **self._keys})
        part = path.with_name(f"{path.name}.part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(ring.dump())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        return ring

    def dump(self) -> str:
        """The ring as its file holds it."""
        return json.dumps([{"id": name, "key": base64.b64encode(key).decode()} for name, key in self._keys.items()])

    def seal(self, user: str, site: str, text: str) -> Sealed:
        """Encrypt under the first key; only the same user and site can open it."""
        key_id, key = next(iter(self._keys.items()))
        nonce = secrets.token_bytes(NONCE_BYTES)
        return Sealed(key_id, nonce, AESGCM(key).encrypt(nonce, text.encode(), associated(user, site, key_id)))

    def open_sealed(self, user: str, site: str, sealed: Sealed) -> str:
        """Decrypt; SealBroken for another user or site, a changed text or a lost key."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise SealBroken("The key of this secret is not in the key ring")
        try:
            plain = AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, associated(user, site, sealed.key_id))
        except (InvalidTag, ValueError) as error:
            raise SealBroken("The secret belongs to another user or site, or was changed") from error
        return plain.decode()

    def needs_rotation(self, sealed: Sealed) -> bool:
        """Whether another key than the first sealed it."""
        return sealed.key_id != next(iter(self._keys))


def associated(*parts: str) -> bytes:
    """Associated data that no two lists of parts share: each with its length before it."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
