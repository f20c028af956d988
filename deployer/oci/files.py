"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from registry.errors import StorageFullError

# EFBIG is a file-size limit of the process or the filesystem: for whoever stores, it is fullness all the same.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_atomically(path: Path, data: bytes, *, tmp: Path) -> None:
    """Give `path` the content by one rename; `tmp` is a folder of the same filesystem. `StorageFullError` if no room.

    Safe with other writers of the same path: each has a temporary file of its own, and the last rename stands.
    """
    temporary = tmp / secrets.token_hex(16)
    try:
        with full_disk_as_error():
            with temporary.open("xb") as out:
                out.write(data)
                sync_file(out.fileno())
            if not path.parent.is_dir():
                path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
                sync_folder(path.parent.parent)
            temporary.rename(path)
            sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def full_disk_as_error() -> Iterator[None]:
    """Turn the system's ways of saying "no room" into `StorageFullError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFullError("storage.full") from error
        raise


def sync_file(descriptor: int) -> None:
    """Make the bytes written survive a power cut, before a rename shows them; readable by all, writable by nobody."""
    os.fchmod(descriptor, 0o444)
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a rename or removal in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
