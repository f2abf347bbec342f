"""Durable moves of files: whatever these return from is on the disk, whole or not at all."""

import errno
import fcntl
import hashlib
import os
import shutil
from pathlib import Path

from .errors import StoreUnavailable

_FICLONE = 0x40049409  # linux/fs.h
_NO_CLONE = frozenset({errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM})
_NO_LINK = frozenset({errno.EPERM, errno.EXDEV, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES})


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, read once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Bring a file's bytes, or a folder's names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def move(source: Path, target: Path, sha256: str) -> None:
    """Move a file into place by one atomic rename, over file systems if need be."""
    target.parent.mkdir(parents=True, exist_ok=True)
    sync(source)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _carry_over(source, target, sha256)
    sync(target.parent)


def _carry_over(source: Path, target: Path, sha256: str) -> None:
    part = target.with_name(f"{target.name}.part")
    shutil.copyfile(source, part)
    sync(part)
    if hash_file(part) != sha256:
        part.unlink()
        raise StoreUnavailable(f"The copy of {source.name} differs from the original: the disk or share is faulty")
    part.replace(target)
    source.unlink()


def duplicate(source: Path, target: Path) -> None:
    """Give a file a second name: a hard link, else a clone, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(f".{target.name[:200]}.part")
    try:
        with source.open("rb") as read, part.open("wb") as write:
            fcntl.ioctl(write.fileno(), _FICLONE, read.fileno())
    except OSError as error:
        if error.errno not in _NO_CLONE:
            raise
        shutil.copyfile(source, part)
    part.replace(target)
