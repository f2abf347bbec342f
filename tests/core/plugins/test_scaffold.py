import subprocess
import sys
from pathlib import Path

import pytest

from regie.errors import ConfigError
from regie.plugins.scaffold import write_plugin


def test_a_new_plugin_passes_its_own_tests(tmp_path: Path) -> None:
    folder = write_plugin("hello_world", tmp_path)
    assert (folder / "regie_hello_world" / "templates" / "hello.html").exists()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(folder), "PATH": ""}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_a_new_plugin_keeps_the_rules_of_the_house(tmp_path: Path) -> None:
    folder = write_plugin("hello", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("slug", ["Hello", "1up", "a", "with-dash", "class", "x" * 40, "../up"])
def test_what_is_no_slug_is_refused(tmp_path: Path, slug: str) -> None:
    with pytest.raises(ConfigError, match="slug"):
        write_plugin(slug, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    write_plugin("hello", tmp_path)
    with pytest.raises(ConfigError, match="is there already"):
        write_plugin("hello", tmp_path)
