import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from regie_fetcher.errors import SealBroken, SecretError
from regie_fetcher.sealed import Mailbox, Parcel, seal
from regie_fetcher.vault import KeyRing, Sealed, associated

SEAL_JS = Path(__file__).parents[3] / "extensions/fetcher/browser_extension/seal.js"
SERVER = ec.derive_private_key(0x5EC2E7, ec.SECP256R1())
SENDER = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
NONCE = bytes(range(12))
NOW_MS = 1_800_000_000_000
TEXT = "example.com\tFALSE\t/\tTRUE\t0\tsid\tgehe\u00efm 🎬"


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.open(tmp_path / "keys")


def mailbox(now_ms: int = NOW_MS) -> Mailbox:
    return Mailbox(SERVER, clock=lambda: now_ms / 1000)


def parcel(**changes: Any) -> Parcel:
    options: dict[str, Any] = {"user": "ann", "site": "example.com", "time_ms": NOW_MS, "key": SENDER, "nonce": NONCE}
    return seal(mailbox().public_key, TEXT, **options | changes)


def test_a_secret_opens_for_its_user_and_site_only(ring: KeyRing) -> None:
    sealed = ring.seal("ann", "example.com", TEXT)
    assert ring.open_sealed("ann", "example.com", sealed) == TEXT
    assert TEXT.encode() not in sealed.ciphertext
    for user, site in (("eve", "example.com"), ("ann", "example.org"), ("annexample", ".com")):
        with pytest.raises(SealBroken, match="another user or site"):
            ring.open_sealed(user, site, sealed)


def test_a_changed_secret_does_not_open(ring: KeyRing) -> None:
    sealed = ring.seal("ann", "example.com", TEXT)
    for broken in (
        Sealed(sealed.key_id, sealed.nonce, sealed.ciphertext[:-1] + bytes([sealed.ciphertext[-1] ^ 1])),
        Sealed(sealed.key_id, bytes(12), sealed.ciphertext),
        Sealed(sealed.key_id, b"", sealed.ciphertext),
        Sealed(sealed.key_id, sealed.nonce, b""),
    ):
        with pytest.raises(SealBroken):
            ring.open_sealed("ann", "example.com", broken)


def test_a_ring_is_kept_private_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    sealed = KeyRing.open(path).seal("ann", "s", TEXT)
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert KeyRing.open(path).open_sealed("ann", "s", sealed) == TEXT
    path.chmod(0o640)
    with pytest.raises(SecretError, match="chmod 600"):
        KeyRing.open(path)


def test_old_keys_decrypt_and_the_new_one_encrypts(tmp_path: Path, ring: KeyRing) -> None:
    old = ring.seal("ann", "s", TEXT)
    rotated = ring.rotated(tmp_path / "keys")
    assert rotated.open_sealed("ann", "s", old) == TEXT
    assert rotated.needs_rotation(old)
    fresh = rotated.seal("ann", "s", TEXT)
    assert not rotated.needs_rotation(fresh)
    assert KeyRing.open(tmp_path / "keys").open_sealed("ann", "s", fresh) == TEXT
    with pytest.raises(SealBroken, match="not in the key ring"):
        ring.open_sealed("ann", "s", fresh)


@pytest.mark.parametrize("text", ["", "{}", "[{}]", '[{"id": "a", "key": "!"}]', '[{"id": "a", "key": "AAAA"}]', "[]"])
def test_a_broken_ring_is_an_error_that_shows_no_key(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(SecretError):
        KeyRing.open(path)


def test_a_ring_does_not_show_its_keys() -> None:
    assert "k" * 32 not in repr(KeyRing({"one": b"k" * 32}))


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_no_two_lists_of_parts_are_taken_for_each_other(one: list[str], two: list[str]) -> None:
    assert (associated(*one) == associated(*two)) == (one == two)


def test_a_parcel_opens_once() -> None:
    box = mailbox()
    assert box.open("ann", "example.com", Parcel.parse(parcel().dump())) == TEXT
    with pytest.raises(SealBroken, match="twice"):
        box.open("ann", "example.com", parcel())


@pytest.mark.parametrize("shift_ms", [-301_000, 301_000])
def test_a_parcel_is_fresh_for_five_minutes(shift_ms: int) -> None:
    with pytest.raises(SealBroken, match="too old"):
        mailbox(NOW_MS + shift_ms).open("ann", "example.com", parcel())


def test_a_parcel_for_another_is_not_opened() -> None:
    for user, site in (("eve", "example.com"), ("ann", "example.org")):
        with pytest.raises(SealBroken, match="changed"):
            mailbox().open(user, site, parcel())
    other = Mailbox(ec.derive_private_key(99, ec.SECP256R1()), clock=lambda: NOW_MS / 1000)
    with pytest.raises(SealBroken, match="another server"):
        other.open("ann", "example.com", parcel())
    late = Parcel(parcel().public_key, NONCE, parcel().ciphertext, NOW_MS + 1000)
    with pytest.raises(SealBroken, match="changed"):
        mailbox().open("ann", "example.com", late)


@pytest.mark.parametrize(
    "changes",
    [
        {"publicKey": "!"},
        {"publicKey": None},
        {"nonce": "AAAA"},
        {"time": "soon"},
        {"time": float("inf")},
        {"ciphertext": 5},
    ],
)
def test_a_malformed_parcel_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SealBroken, match="malformed"):
        Parcel.parse(parcel().dump() | changes)


@pytest.mark.parametrize("key", [b"", bytes(65), b"\x04" + bytes(64), b"\x04" + b"\xff" * 64])
def test_a_point_off_the_curve_is_refused(key: bytes) -> None:
    with pytest.raises(SealBroken):
        mailbox().open("ann", "example.com", Parcel(key, NONCE, b"x" * 40, NOW_MS))


def test_the_fingerprint_is_short_and_stable() -> None:
    assert mailbox().fingerprint == mailbox().fingerprint
    assert [len(group) for group in mailbox().fingerprint.split()] == [4] * 6


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    return found


def run_js(node: str, body: str, tmp_path: Path) -> Any:
    (tmp_path / "seal.mjs").write_text(SEAL_JS.read_text())
    (tmp_path / "test.mjs").write_text(f'import {{ seal }} from "./seal.mjs";\n{body}')
    done = subprocess.run([node, tmp_path / "test.mjs"], capture_output=True, text=True, check=True, timeout=50)
    return json.loads(done.stdout)


def test_the_browser_and_the_server_seal_to_the_same_bytes(node: str, tmp_path: Path) -> None:
    numbers = SENDER.private_numbers()
    url_safe = {
        name: base64.urlsafe_b64encode(value.to_bytes(32, "big")).decode().rstrip("=")
        for name, value in {
            "d": numbers.private_value,
            "x": numbers.public_numbers.x,
            "y": numbers.public_numbers.y,
        }.items()
    }
    body = f"""
const jwk = {{ kty: "EC", crv: "P-256", ext: true, ...{json.dumps(url_safe)} }};
const curve = {{ name: "ECDH", namedCurve: "P-256" }};
const {{ d, ...open }} = jwk;
const keys = {{
  privateKey: await crypto.subtle.importKey("jwk", jwk, curve, true, ["deriveBits"]),
  publicKey: await crypto.subtle.importKey("jwk", open, curve, true, []),
}};
const nonce = Uint8Array.from({list(NONCE)});
const options = {{ user: "ann", site: "example.com", time: {NOW_MS}, keys, nonce }};
const server = {json.dumps(base64.b64encode(mailbox().public_key).decode())};
console.log(JSON.stringify(await seal(server, {json.dumps(TEXT)}, options)));
"""
    assert run_js(node, body, tmp_path) == parcel().dump()


def test_what_the_browser_seals_the_server_opens(node: str, tmp_path: Path) -> None:
    server = base64.b64encode(mailbox().public_key).decode()
    options = json.dumps({"user": "ann", "site": "example.com", "time": NOW_MS})
    body = f"console.log(JSON.stringify(await seal({json.dumps(server)}, {json.dumps(TEXT)}, {options})));"
    sent = Parcel.parse(run_js(node, body, tmp_path))
    assert mailbox().open("ann", "example.com", sent) == TEXT
    assert sent.nonce != NONCE
