"""The content store in a folder: one read-only file per blob, `sha256/ab/abcd...` under the root."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from registry.errors import IntegrityError, NotFoundError, StorageFullError

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CHUNK = 1 << 20
_LEFTOVER_AGE = 24 * 3600
# EFBIG is a file-size limit of the process or the filesystem: for whoever stores, it is fullness all the same.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FolderBlobStore:
    """`registry.interfaces.BlobStore` on a local filesystem.

    A blob appears under its name by one rename, after its bytes have been synced: a reader sees all of it or nothing,
    and a crash leaves at most an unnamed file in `tmp/`, which a later `put` clears away.
    """

    def __init__(self, root: Path) -> None:
        self._blobs = root / "sha256"
        self._tmp = root / "tmp"
        for folder in (self._blobs, self._tmp):
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)

    def has(self, sha256: str) -> bool:
        """Whether the blob is stored; a name that is no digest never is."""
        return _SHA256.fullmatch(sha256) is not None and self._path(sha256).is_file()

    def size(self, sha256: str) -> int:
        """Bytes of the blob; `NotFoundError` if absent."""
        return self.local_path(sha256).stat().st_size

    def open(self, sha256: str) -> BinaryIO:
        """A reader at offset 0; `NotFoundError` if absent. The caller closes it."""
        path = self._path(sha256)
        try:
            return path.open("rb")
        except FileNotFoundError:
            raise NotFoundError("storage.blob_missing", sha256=sha256) from None

    def adopt(self, path: Path, sha256: str) -> None:
        """Move a finished file in; the caller vouches for the digest. Safe to run twice.

        A blob that is there already is replaced: the same bytes, or the cure of a damaged file.
        From another filesystem the bytes have to be copied, and are hashed on the way: `IntegrityError` if they differ.
        """
        target = self._path(sha256)
        try:
            found = path.lstat()
        except FileNotFoundError:
            if target.is_file():
                return
            raise NotFoundError("storage.blob_missing", sha256=sha256) from None
        if not stat.S_ISREG(found.st_mode):
            raise IntegrityError("storage.not_a_file", sha256=sha256)
        try:
            with full_disk_as_error():
                self._publish(path, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copy_in(path, sha256)

    def put(self, chunks: Iterator[bytes]) -> tuple[str, int]:
        """Store streamed bytes; returns (sha256, size). `StorageFullError` leaves nothing behind."""
        with self._temporary() as temporary:
            sha256, size = _write(temporary, chunks)
            self.adopt(temporary, sha256)
        return sha256, size

    def local_path(self, sha256: str) -> Path:
        """The blob's own file, mode 0444; `NotFoundError` if absent."""
        path = self._path(sha256)
        if not path.is_file():
            raise NotFoundError("storage.blob_missing", sha256=sha256)
        return path

    def verify(self, sha256: str) -> None:
        """Read the blob and compare; `IntegrityError` if a bit differs."""
        hasher = hashlib.sha256()
        with self.open(sha256) as blob:
            for chunk in _chunks(blob):
                hasher.update(chunk)
        actual = hasher.hexdigest()
        if actual != sha256:
            raise IntegrityError("storage.blob_corrupt", sha256=sha256, actual=actual)

    def delete(self, sha256: str) -> None:
        """Remove the blob; an absent one is fine."""
        if _SHA256.fullmatch(sha256) is None:
            return
        path = self._path(sha256)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            _sync_folder(path.parent)

    def digests(self) -> Iterator[str]:
        """Every stored digest, in no order; foreign files are passed over."""
        for folder in self._blobs.iterdir():
            if folder.is_dir():
                names = (path.name for path in folder.iterdir())
                yield from (name for name in names if _SHA256.fullmatch(name) and name.startswith(folder.name))

    def _path(self, sha256: str) -> Path:
        """Where the blob lies. Only 64 lower-case hex digits become a path, so nothing can climb out of the root."""
        if _SHA256.fullmatch(sha256) is None:
            raise NotFoundError("storage.bad_digest")
        return self._blobs / sha256[:2] / sha256

    def _publish(self, source: Path, target: Path) -> None:
        """Sync, make read-only, rename, sync the folder: in this order, or a power cut leaves a named hole."""
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            os.fchmod(descriptor, 0o444)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if not target.parent.is_dir():
            target.parent.mkdir(mode=0o750, exist_ok=True)
            _sync_folder(self._blobs)
        source.rename(target)
        _sync_folder(target.parent)

    def _copy_in(self, path: Path, sha256: str) -> None:
        """Adopt across filesystems, where rename cannot move."""
        with self._temporary() as temporary:
            with path.open("rb") as source:
                actual, _ = _write(temporary, _chunks(source))
            if actual != sha256:
                raise IntegrityError("storage.blob_corrupt", sha256=sha256, actual=actual)
            self.adopt(temporary, sha256)
        path.unlink()

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[Path]:
        """A fresh name in `tmp/`, gone afterwards whatever happens."""
        self._clear_leftovers()
        path = self._tmp / secrets.token_hex(16)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _clear_leftovers(self) -> None:
        """Remove what a killed process left in `tmp/` more than a day ago."""
        deadline = time.time() - _LEFTOVER_AGE
        for path in self._tmp.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.lstat().st_mtime < deadline:
                    path.unlink()


def require_room(descriptor: int, *, coming: int, reserve: int) -> None:
    """`StorageFullError` unless so many more bytes leave `reserve` on the disk of the open file."""
    disk = os.fstatvfs(descriptor)
    if disk.f_bavail * disk.f_frsize < reserve + coming:
        raise StorageFullError("storage.full")


@contextlib.contextmanager
def full_disk_as_error() -> Iterator[None]:
    """Turn the system's ways of saying "no room" into `StorageFullError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFullError("storage.full") from error
        raise


def _write(path: Path, chunks: Iterable[bytes]) -> tuple[str, int]:
    """Write a new file and hash it on the way; returns (sha256, size)."""
    hasher, size = hashlib.sha256(), 0
    with path.open("xb", buffering=0) as out:
        for chunk in chunks:
            hasher.update(chunk)
            size += len(chunk)
            view = memoryview(chunk)
            with full_disk_as_error():
                while view:  # a raw write may take only part when the disk is nearly full
                    view = view[os.write(out.fileno(), view) :]
    return hasher.hexdigest(), size


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    """The rest of the stream in pieces, so that memory stays flat whatever the size."""
    while chunk := source.read(_CHUNK):
        yield chunk


def _sync_folder(folder: Path) -> None:
    """Make a rename or removal in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
