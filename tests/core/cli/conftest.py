import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from regie.testing.process import HubProcess

Regie = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def regie(data_dir: Path) -> Regie:
    """Runs a command to its end."""

    def run(*arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "regie", *arguments]
        environ = {**os.environ, "REGIE_DATA_DIR": str(data_dir)}
        return subprocess.run(
            command, env=environ, input=given, capture_output=True, text=True, timeout=50, check=False
        )

    return run


@pytest.fixture
def running(data_dir: Path) -> Iterator[HubProcess]:
    """A running hub."""
    process = HubProcess(data_dir)
    yield process
    process.end()
