"""What all tests share: a PostgreSQL server of their own, started once a run."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import settings

# The machines that run the tests are shared: how long one example takes there says nothing about the code.
settings.register_profile("regie", deadline=None)
settings.load_profile("regie")


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_user(folder: Path) -> dict[str, int]:
    """PostgreSQL refuses to run as root: hand the folder to an ordinary user then."""
    if os.getuid() != 0:
        return {}
    user = next(
        pwd.getpwnam(name) for name in ("postgres", "nobody") if name in {row.pw_name for row in pwd.getpwall()}
    )
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid}


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL server on a free loopback port; the whole server goes with the run."""
    binaries = _binaries()
    if binaries is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is missing; script/test installs it")
        pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")
    # Not in pytest's own folder: other runs beside this one prune that.
    folder = Path(tempfile.mkdtemp(prefix="regie-postgresql-"))
    user = _as_user(folder)
    port, data, log = _free_port(), folder / "data", folder / "log"
    initdb = [binaries / "initdb", "-D", data, "-U", "regie", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **user)  # type: ignore[call-overload]
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    control = [binaries / "pg_ctl", "-D", data, "-l", log, "-w", "-t", "60"]
    subprocess.run([*control, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)  # type: ignore[call-overload]
    yield f"postgresql://regie@127.0.0.1:{port}"
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)  # type: ignore[call-overload]
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def postgresql_url(postgresql_server: str) -> AsyncIterator[str]:
    """The address of an empty database for one test."""
    name = f"test_{uuid4().hex}"
    admin = await asyncpg.connect(f"{postgresql_server}/postgres")
    await admin.execute(f'CREATE DATABASE "{name}"')
    yield f"postgresql+asyncpg://regie@{postgresql_server.rpartition('@')[2]}/{name}"
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database: each test that asks for it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'regie.db'}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of test data that several checkouts share; tests that need it are skipped where it is missing."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of shared test data is not beside this checkout")
    return folder
