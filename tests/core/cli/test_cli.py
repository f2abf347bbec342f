"""The command line, against a running hub and a stopped one."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regie.testing.process import HubProcess

Regie = Callable[..., "subprocess.CompletedProcess[str]"]


def config(url: str, token: str) -> dict[str, Any]:
    request = urllib.request.Request(f"{url}/api/config", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return dict(json.load(response))


def test_an_account_and_a_token_of_a_stopped_hub_serve_the_running_one(
    regie: Regie, request: pytest.FixtureRequest
) -> None:
    added = regie("user", "add", "Ada", "--admin", "--password-stdin", given="a long password\n")
    assert (added.returncode, added.stderr) == (0, "")
    made = regie("token", "create", "--user", "Ada", "--label", "script")
    token = made.stdout.strip()
    assert (made.returncode, made.stdout.count("\n")) == (0, 1)
    running = request.getfixturevalue("running")
    assert config(running.url, token)["state"] == "RUNNING"
    assert "a long password" not in running.log()


def test_the_running_hub_is_asked_when_there_is_one(regie: Regie, running: HubProcess) -> None:
    assert regie("user", "add", "Ada", "--admin", "--password-stdin", given="a long password\n").returncode == 0
    assert regie("user", "list").stdout == "Ada\tadmin\n"
    token = regie("token", "create", "--user", "Ada", "--label", "script").stdout.strip()
    assert config(running.url, token)["state"] == "RUNNING"
    token_id = regie("token", "list", "--user", "Ada").stdout.split("\t")[0]
    assert regie("token", "revoke", "--user", "Ada", token_id).returncode == 0
    with pytest.raises(urllib.error.HTTPError, match="401"):
        config(running.url, token)


def test_a_second_hub_on_the_same_folder_says_what_to_do(regie: Regie, running: HubProcess) -> None:
    second = regie("run", "--port", "0")
    assert second.returncode == 1
    assert second.stderr.strip().count("\n") == 0
    assert "Another hub is running" in second.stderr


def test_a_port_in_use_says_what_to_do(regie: Regie, running: HubProcess, tmp_path: Path) -> None:
    port = running.url.rpartition(":")[2]
    second = regie("run", "--port", port, "--data-dir", str(tmp_path / "other"))
    assert second.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("user", "add", "Ada", "--password-stdin"), "password"),
        (("token", "create", "--user", "Nobody", "--label", "x"), "Nobody"),
        (("run", "--port", "x"), "port"),
        (("plugin", "new", "Bad Slug"), "slug"),
        (("run", "--data-dir", "/proc/nowhere"), "cannot be used"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(regie: Regie, arguments: tuple[str, ...], words: str) -> None:
    done = regie(*arguments, given="\n")
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.startswith("regie: ")
    assert done.stderr.strip().count("\n") == 0


def test_check_names_the_database_and_the_plugins(regie: Regie) -> None:
    done = regie("check")
    assert done.returncode == 0
    assert "SQLite" in done.stdout
    assert "Plugin jellyfin" in done.stdout


def test_an_interrupted_hub_ends_cleanly(running: HubProcess) -> None:
    assert running.end() == 0
    assert not (running.data_dir / "running.json").exists()


def test_a_killed_hub_leaves_a_folder_that_works(running: HubProcess, regie: Regie) -> None:
    running.kill()
    assert regie("user", "list").returncode == 0
