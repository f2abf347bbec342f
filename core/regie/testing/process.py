"""A hub in a process of its own, started as a person starts it: for tests that kill it, or drive it by browser."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_ADDRESS = re.compile(r"Regie is running at (http://\S+?)/?$")
END_S = 40.0


class HubProcess:
    """Started on a free loopback port; `url` is its address, `lines` what it printed until then."""

    def __init__(
        self, data_dir: Path, *, python: str = sys.executable, environ: Mapping[str, str] | None = None
    ) -> None:
        self.data_dir = data_dir
        self._environ = {**os.environ, **(environ or {}), "REGIE_DATA_DIR": str(data_dir)}
        self._python = python
        self._log = (data_dir.parent / f"{data_dir.name}.log").open("a+")
        command = [python, "-m", "regie", "run", "--port", "0"]
        self.popen = subprocess.Popen(  # noqa: S603 - our own program
            command, env=self._environ, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self.lines: list[str] = []
        self.url = self._wait_for_address()

    def cli(self, *arguments: str, given: str = "") -> str:
        """Run a command on the same data directory and answer what it prints; raises when it fails."""
        command = [self._python, "-m", "regie", *arguments]
        done = subprocess.run(  # noqa: S603 - our own program
            command, env=self._environ, input=given, capture_output=True, text=True, timeout=END_S, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def log(self) -> str:
        """What it has logged."""
        self._log.seek(0)
        return self._log.read()

    def end(self) -> int:
        """Ask it to stop, as Ctrl-C does, and wait."""
        return self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def _end(self, signum: signal.Signals) -> int:
        if self.popen.poll() is None:
            self.popen.send_signal(signum)
        code = self.popen.wait(timeout=END_S)
        if self.popen.stdout is not None:
            self.popen.stdout.close()
        if not self._log.closed:
            self._log.close()
        return code

    def _wait_for_address(self) -> str:
        for line in self.popen.stdout or ():
            self.lines.append(line)
            if found := _ADDRESS.search(line.strip()):
                return found[1]
        self.popen.wait(timeout=END_S)
        raise RuntimeError("".join(self.lines) + self.log())
