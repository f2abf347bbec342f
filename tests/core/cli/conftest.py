import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Regie = Callable[..., "subprocess.CompletedProcess[str]"]


class Process:
    """A hub in a process of its own, as a person starts it."""

    def __init__(self, environ: dict[str, str]) -> None:
        command = [sys.executable, "-m", "regie", "run", "--port", "0"]
        self.popen = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines: list[str] = []
        self.url = self._wait_for_address()

    def _wait_for_address(self) -> str:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.lines.append(line)
            if found := re.search(r"Regie is running at (http://\S+?)/?$", line.strip()):
                return found[1]
        raise AssertionError("".join(self.lines))

    def end(self) -> int:
        """Ask it to stop, as Ctrl-C does, and wait."""
        if self.popen.poll() is None:
            self.popen.send_signal(2)
        code = self.popen.wait(timeout=40)
        assert self.popen.stdout is not None
        self.popen.stdout.close()
        return code


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "REGIE_DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def regie(environ: dict[str, str]) -> Regie:
    """Runs a command to its end."""

    def run(*arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "regie", *arguments]
        return subprocess.run(
            command, env=environ, input=given, capture_output=True, text=True, timeout=50, check=False
        )

    return run


@pytest.fixture
def running(environ: dict[str, str]) -> Iterator[Process]:
    """A running hub."""
    process = Process(environ)
    yield process
    process.end()
