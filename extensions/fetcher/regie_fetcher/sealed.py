"""Cookies on their way from the browser: sealed to the server's key, so that plain HTTP at home leaks nothing.

The sender makes a P-256 key for this one message, derives an AES key from ECDH by HKDF (SHA-256, salt: the nonce,
info: `INFO`), and encrypts with AES-GCM; user, site and time are associated data. `browser_extension/seal.js` is the
counterpart.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import SealBroken
from .vault import KEY_BYTES, NONCE_BYTES, associated

INFO = b"regie fetcher cookies v1"
MAX_AGE_S = 300
_POINT = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A sealed message: all its parts in base64 on the wire."""

    public_key: bytes
    nonce: bytes
    ciphertext: bytes
    time_ms: int

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> Self:
        """Read what the browser sent."""
        try:
            parts = [base64.b64decode(message[name], validate=True) for name in ("publicKey", "nonce", "ciphertext")]
            time_ms = int(message["time"])
        except (KeyError, TypeError, ValueError, OverflowError, binascii.Error) as error:
            raise SealBroken("The sealed message is malformed") from error
        if len(parts[1]) != NONCE_BYTES:
            raise SealBroken("The sealed message is malformed")
        return cls(parts[0], parts[1], parts[2], time_ms)

    def dump(self) -> dict[str, Any]:
        """As it goes over the wire."""
        named = {"publicKey": self.public_key, "nonce": self.nonce, "ciphertext": self.ciphertext}
        return {name: base64.b64encode(data).decode() for name, data in named.items()} | {"time": self.time_ms}


class Mailbox:
    """Opens parcels for one server key, each once and only while fresh; `clock` gives the time of day in seconds."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, clock: Callable[[], float]) -> None:
        self._key = key
        self._clock = clock
        self._seen: dict[bytes, float] = {}

    @property
    def public_key(self) -> bytes:
        """What the browser seals to, and shows as a fingerprint."""
        return self._key.public_key().public_bytes(*_POINT)

    @property
    def fingerprint(self) -> str:
        """The key's hash in groups that people can compare."""
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self.public_key)
        text = digest.finalize().hex()[:24]
        return " ".join(text[at : at + 4] for at in range(0, len(text), 4))

    def open(self, user: str, site: str, parcel: Parcel) -> str:
        """The text; SealBroken if it is old, seen before, changed, or meant for another."""
        now = self._clock()
        if abs(now - parcel.time_ms / 1000) > MAX_AGE_S:
            raise SealBroken("The message is too old, or one of the two clocks is wrong")
        self._seen = {nonce: until for nonce, until in self._seen.items() if until > now}
        if parcel.nonce in self._seen:
            raise SealBroken("The message was sent twice")
        try:
            sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), parcel.public_key)
            key = _derive(self._key.exchange(ec.ECDH(), sender), parcel.nonce)
            data = associated(user, site, str(parcel.time_ms))
            text = AESGCM(key).decrypt(parcel.nonce, parcel.ciphertext, data).decode()
        except (InvalidTag, ValueError) as error:
            raise SealBroken("The message was changed, or sealed for another server, user or site") from error
        # Twice the age: a clock ahead of ours may stay fresh that long.
        self._seen[parcel.nonce] = now + 2 * MAX_AGE_S
        return text


def seal(
    server_key: bytes,
    text: str,
    *,
    user: str,
    site: str,
    time_ms: int,
    key: ec.EllipticCurvePrivateKey,
    nonce: bytes,
) -> Parcel:
    """What the browser does; `key` and `nonce` are new for every message."""
    server = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), server_key)
    derived = _derive(key.exchange(ec.ECDH(), server), nonce)
    ciphertext = AESGCM(derived).encrypt(nonce, text.encode(), associated(user, site, str(time_ms)))
    return Parcel(key.public_key().public_bytes(*_POINT), nonce, ciphertext, time_ms)


def _derive(secret: bytes, salt: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt, INFO).derive(secret)
