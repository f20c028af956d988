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
                out.flush()
                sync_file(out.fileno(), mode=0o444)
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


def sync_file(descriptor: int, *, mode: int) -> None:
    """Make the bytes handed to the system survive a power cut, before a rename shows them; the umask has no say."""
    os.fchmod(descriptor, mode)
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a rename or removal in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
