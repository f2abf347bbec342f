"""The data directory: one hub at a time, how the last one ended, and how the command line finds a running one."""

import fcntl
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from regie.errors import ConfigError, NotReady

LOCK = "regie.lock"
RUNNING = "running.json"
STARTS = "starts"


@dataclass(frozen=True, slots=True)
class Running:
    """How to reach the running hub: its address, and a token that only this directory's owner can read."""

    url: str
    token: str


class DataDir:
    """A folder that a hub owns while it runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.backups = path / "backups"
        self.was_unclean = False
        self._lock: IO[str] | None = None
        self._is_published = False
        self.control_token = secrets.token_urlsafe(32)

    def lock(self) -> None:
        """Take the folder; raises ConfigError when another hub has it or it cannot be written."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            file = (self.path / LOCK).open("a+")
        except OSError as error:
            raise ConfigError(
                f"The data directory {self.path} cannot be used: {error.strerror}. Choose one with REGIE_DATA_DIR"
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise ConfigError(
                f"Another hub is running on {self.path}: stop it first, or set REGIE_DATA_DIR to another folder"
            ) from None
        self._lock = file
        self.was_unclean = (self.path / RUNNING).exists()

    def unlock(self) -> None:
        """Give the folder back, after a clean end."""
        if self._is_published:  # what another hub left when it was killed stays, for the next start to see
            (self.path / RUNNING).unlink(missing_ok=True)
            self._is_published = False
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def publish(self, url: str) -> None:
        """Let the command line find this hub."""
        path = self.path / RUNNING
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"url": url, "token": self.control_token}, file)
        self._is_published = True

    def running(self) -> Running | None:
        """The hub that runs on this folder, if one does; raises NotReady while it starts or stops."""
        try:
            with (self.path / LOCK).open("a+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._published()
        except OSError:
            return None
        return None

    def _published(self) -> Running:
        try:
            return Running(**json.loads((self.path / RUNNING).read_text()))
        except (OSError, ValueError) as error:
            raise NotReady(f"The hub on {self.path} is starting or stopping: try again in a moment") from error

    def count_start(self) -> int:
        """How many starts in a row, this one included, have not come to run."""
        path = self.path / STARTS
        try:
            count = int(path.read_text()) + 1
        except (OSError, ValueError):
            count = 1
        path.write_text(str(count))
        return count

    def forget_starts(self) -> None:
        """This start came to run."""
        (self.path / STARTS).unlink(missing_ok=True)
