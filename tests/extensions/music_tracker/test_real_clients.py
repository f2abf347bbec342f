"""Unmodified clients against the codecs: liblistenbrainz, pylast, mpdscribble."""

import asyncio
import json
import os
import shutil
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

BRAINZ = """
import json, sys, liblistenbrainz as lb
from liblistenbrainz import errors
client = lb.ListenBrainz(api_base_url=sys.argv[1])
seen = {}
try:
    client.set_auth_token("wrong")
except errors.InvalidAuthTokenException:
    seen["wrong token"] = "refused"
client.set_auth_token("wrong", check_validity=False)
try:
    client.submit_single_listen(lb.Listen("Song", "Queen", 1700000000))
except errors.ListenBrainzAPIException as error:
    seen["unauthorized"] = error.status_code
client.set_auth_token("app-token")
def song(number):
    return lb.Listen(f"Song {number}", "Queen", 1700000000 + 300 * number, release_name="Record",
                     artist_mbids=["0383dadf-2a4e-4d10-a46a-e9e041da8eb3"], tags=["rock"])
seen["single"] = client.submit_single_listen(song(0))
seen["batch"] = client.submit_multiple_listens([song(n) for n in range(40)])
seen["playing"] = client.submit_playing_now(lb.Listen("Now", "Queen"))
seen["now"] = client.get_playing_now("ada").track_name
seen["count"] = client.get_user_listen_count("ada")
page = client.get_listens("ada")
seen["page"] = [len(page), page[0].track_name, page[0].release_name, page[0].tags]
seen["before"] = [one.listened_at for one in client.get_listens("ada", max_ts=1700000600)]
seen["after"] = [one.listened_at for one in client.get_listens("ada", min_ts=1700000000, count=2)]
client.delete_listen(page[0])
seen["deleted"] = client.get_user_listen_count("ada")
client.submit_user_feedback(1, "0383dadf-2a4e-4d10-a46a-e9e041da8eb3")
seen["loved"] = client.get_user_feedback("ada", 1, True)["total_count"]
seen["artists"] = client.get_user_artists("ada")["payload"]["artists"][0]["artist_name"]
try:
    client.get_listens("nobody")
except errors.ListenBrainzAPIException as error:
    seen["nobody"] = error.status_code
print(json.dumps(seen))
"""

BRAINZ_RETRY = """
import sys, liblistenbrainz as lb
client = lb.ListenBrainz(api_base_url=sys.argv[1])
client.set_auth_token("app-token", check_validity=False)
client.submit_single_listen(lb.Listen("Song", "Queen", 1700000000))
print(client.get_user_listen_count("ada"))
"""

LASTFM = """
import json, sys, pylast
def network(password, **given):
    one = pylast.LibreFMNetwork(**given)
    one.name, one.api_key, one.api_secret = "Regie", "key", "secret"
    one.ws_server = (sys.argv[1], "/2.0/")
    one.username, one.password_hash = "ada", pylast.md5(password)
    return one
seen = {}
one = network("wrong")
try:
    pylast.SessionKeyGenerator(one).get_session_key("ada", pylast.md5("wrong"))
except pylast.WSError as error:
    seen["wrong"] = error.get_id()
one = network("app-token")
one.session_key = pylast.SessionKeyGenerator(one).get_session_key("ada", pylast.md5("app-token"))
seen["session"] = one.session_key
one.scrobble("Queen", "Song & Dance <3", 1700000000, album="Record", duration=200)
tracks = [dict(artist="Queen", title=f"Song {n}", timestamp=1700000300 + 300 * n) for n in range(60)]
one.scrobble_many(tracks)
try:
    one.scrobble("Queen", "Song again", 1700900000)
except pylast.WSError as error:
    seen["trouble"] = error.get_id()
one.scrobble("Queen", "Song again", 1700900000)
one.scrobble("Queen", "Song again", 1700900000)
one.update_now_playing("Queen", "Now", duration=200)
user = one.get_user("ada")
seen["now"] = str(user.get_now_playing())
recent = user.get_recent_tracks(limit=62, cacheable=False)
seen["recent"] = [len(recent), recent[0].track.title, str(recent[-1].track), recent[-1].timestamp, recent[-1].album]
one.get_track("Queen", "Song 1").love()
one.get_track("Queen", "Song 2").love()
one.get_track("Queen", "Song 2").unlove()
seen["loved"] = [str(item.track) for item in user.get_loved_tracks(cacheable=False)]
seen["plays"] = user.get_playcount()
seen["registered"] = user.get_unixtime_registered()
seen["top"] = [str(user.get_top_tracks(cacheable=False)[0].item), str(user.get_top_artists()[0].item)]
one.session_key = "stolen"
try:
    one.scrobble("Queen", "Song", 1700000000)
except pylast.WSError as error:
    seen["stolen"] = error.get_id()
one.api_secret = "other"
try:
    one.scrobble("Queen", "Song", 1700000000)
except pylast.WSError as error:
    seen["forged"] = error.get_id()
print(json.dumps(seen))
"""


async def run(script: str, address: str, **environment: str) -> str:
    """What a client's script prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", script, address),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_liblistenbrainz_submits_reads_back_and_is_refused(desk: tuple[Any, str]) -> None:
    seen = json.loads(await run(BRAINZ, desk[1]))
    assert seen == {
        "wrong token": "refused",
        "unauthorized": 401,
        "single": {"status": "ok"},
        "batch": {"status": "ok"},
        "playing": {"status": "ok"},
        "now": "Now",
        "count": 40,
        "page": [25, "Song 39", "Record", ["rock"]],
        "before": [1700000300, 1700000000],
        "after": [1700000600, 1700000300],
        "deleted": 39,
        "loved": 1,
        "artists": "Queen",
        "nobody": 404,
    }


async def test_liblistenbrainz_repeats_after_503_and_the_listen_is_there_once(desk: tuple[Any, str]) -> None:
    desk[0].trouble = 3
    assert (await run(BRAINZ_RETRY, desk[1])).strip() == "1"
    assert desk[0].requests.count("POST /1/submit-listens") == 4


@pytest.fixture
async def secure_desk(desk: tuple[Any, str], tmp_path: Path) -> AsyncIterator[tuple[Any, str, Path]]:
    """The same server behind TLS, with its certificate."""
    certificate = tmp_path / "server.pem"
    certificate.write_bytes(self_signed())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", desk[0].handle)
    server = TestServer(app)
    await server.start_server(ssl=context)
    yield desk[0], f"127.0.0.1:{server.port}", certificate
    await server.close()


def self_signed() -> bytes:
    """A key and a certificate for 127.0.0.1, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


async def test_pylast_scrobbles_reads_back_and_is_refused(secure_desk: tuple[Any, str, Path]) -> None:
    desk, address, certificate = secure_desk
    desk.troubled_track = "Song again"
    seen = json.loads(await run(LASTFM, address, SSL_CERT_FILE=str(certificate)))
    assert seen == {
        "wrong": "4",
        "session": "session-1",
        "trouble": 503,
        "now": "Queen - Now",
        "recent": [62, "Song again", "Queen - Song & Dance <3", "1700000000", "Record"],
        "loved": ["Queen - Song 1"],
        "plays": 62,
        "registered": 1_500_000_000,
        "top": ["Queen - Song again", "Song again"],
        "stolen": "9",
        "forged": "13",
    }


MPD_CONFIGURATION = """
music_directory "{folder}/music"
db_file "{folder}/mpd.db"
bind_to_address "127.0.0.1"
port "{port}"
log_file "{folder}/mpd.log"
pid_file "{folder}/mpd.pid"
audio_output {{
  type "null"
  name "nowhere"
}}
"""
SCRIBBLE_CONFIGURATION = """
host = 127.0.0.1
port = {port}
log = {folder}/scribble.log
verbose = 2
[desk]
url = {url}/
username = ada
password = {password}
journal = {folder}/journal
"""
JOURNAL = """a = Queen
t = Song {number}
b = Record
m =
n = 1
i = {end}
l = 200
o = P
"""


def needs(*programs: str) -> Any:
    missing = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def configure(folder: Path, url: str, password: str) -> int:
    """Set mpd and mpdscribble up, two tracks waiting to be sent; the port of mpd."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    (folder / "music").mkdir()
    (folder / "mpd.conf").write_text(MPD_CONFIGURATION.format(folder=folder, port=port))
    (folder / "scribble.conf").write_text(
        SCRIBBLE_CONFIGURATION.format(folder=folder, port=port, url=url, password=password)
    )
    ends = [1_700_000_200, 1_700_000_500]
    (folder / "journal").write_text("\n".join(JOURNAL.format(number=n, end=end) for n, end in enumerate(ends)))
    return port


@asynccontextmanager
async def mpdscribble(folder: Path) -> AsyncIterator[None]:
    """The client, running."""
    process = await asyncio.create_subprocess_exec(
        "mpdscribble", "--no-daemon", "--conf", str(folder / "scribble.conf")
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


@needs("mpdscribble")
async def test_mpdscribble_hands_over_its_journal(desk: tuple[Any, str], tmp_path: Path) -> None:
    serving, url = desk
    configure(tmp_path, url, "app-token")
    async with mpdscribble(tmp_path):
        await serving.until(lambda: len(serving.items()) == 2)
    # It stamps the end of each song; the server knows that of this client.
    assert [(one.start, one.title) for one in serving.history.listens()] == [
        (1_700_000_000, "Song 0"),
        (1_700_000_300, "Song 1"),
    ]


@needs("mpdscribble")
async def test_mpdscribble_is_told_of_a_wrong_password(desk: tuple[Any, str], tmp_path: Path) -> None:
    serving, url = desk
    configure(tmp_path, url, "wrong")
    async with mpdscribble(tmp_path):
        await serving.until(lambda: serving.answers)
    assert serving.answers == ["BADAUTH\n"]
    assert not serving.items()


@needs("mpd", "mpdscribble", "ffmpeg")
async def test_mpdscribble_tells_what_mpd_plays(desk: tuple[Any, str], tmp_path: Path) -> None:
    serving, url = desk
    port = configure(tmp_path, url, "app-token")
    tags = [part for tag in ("artist=Queen", "title=Now", "album=Record") for part in ("-metadata", tag)]
    source = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "90"]
    await finished("ffmpeg", "-loglevel", "error", *source, *tags, str(tmp_path / "music" / "now.flac"))
    # As a daemon it comes back once it listens.
    await finished("mpd", str(tmp_path / "mpd.conf"))
    try:
        await play(port)
        async with mpdscribble(tmp_path):
            await serving.until(lambda: serving.board.playing("ada", 0))
    finally:
        await finished("mpd", "--kill", str(tmp_path / "mpd.conf"))
    (now,) = serving.board.playing("ada", 0)
    assert (now.artist, now.title, now.album, now.length_s) == ("Queen", "Now", "Record", 90)


async def finished(*command: str) -> None:
    """Run a program to its good end."""
    process = await asyncio.create_subprocess_exec(*command)
    assert await process.wait() == 0


async def play(port: int) -> None:
    """Have mpd index its folder and play the file in it."""
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await reader.readline()).startswith(b"OK MPD")
        for command in ("update", "idle update", "add now.flac", "play"):
            writer.write(command.encode() + b"\n")
            while not (line := await reader.readline()).startswith((b"OK", b"ACK")):
                assert line
            assert line == b"OK\n", line
        writer.close()
        await writer.wait_closed()
