"""Unfinished uploads on disk: one file each, whose size is the offset, and one writer at a time.

Bytes are only ever appended. A chunk that came with a checksum counts only once it has been verified: until then a
mark beside the file holds the offset at which it began, and whoever opens the file after a crash cuts it back.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

from registry.artifacts.folder import full_disk_as_error, require_room
from registry.errors import NotFoundError
from registry.uploads.protocol import TusError

_PART = ".part"
_MARK = ".unverified"

FileIdentity = tuple[str, int, int]
"""Name, device and inode: a file made anew under the same name is another one."""


class PartialFile:
    """A partial file that this process alone may write, until the `writer` that gave it out ends."""

    def __init__(self, path: Path, descriptor: int, *, reserve: int) -> None:
        self.path = path
        found = os.fstat(descriptor)
        self.identity: FileIdentity = (path.name, found.st_dev, found.st_ino)
        self.offset = found.st_size
        self._descriptor = descriptor
        self._synced = self.offset
        self._mark = path.with_suffix(_MARK)
        self._reserve = reserve

    def is_current(self) -> bool:
        """Whether the name still means this file: a terminated or adopted one is written by nobody."""
        try:
            named = self.path.lstat()
        except FileNotFoundError:
            return False
        return (self.path.name, named.st_dev, named.st_ino) == self.identity

    def append(self, data: bytes | memoryview) -> None:
        """Write all of `data`. `StorageFullError` keeps what fitted and leaves `reserve` bytes to everybody else."""
        if not self.is_current():
            raise NotFoundError("upload.unknown")
        require_room(self._descriptor, coming=len(data), reserve=self._reserve)
        view = memoryview(data)
        with full_disk_as_error():
            while view:  # a raw write may take only part when the disk is nearly full
                written = os.write(self._descriptor, view)
                self.offset += written
                view = view[written:]

    def start_writeback(self) -> None:
        """Bring what is written to the disk now, so that the last sync is short. May run beside `append`."""
        with contextlib.suppress(OSError):  # the sync that counts reports it
            os.fdatasync(self._descriptor)

    def sync(self) -> None:
        """Make the bytes survive a power cut; only then may they be acknowledged."""
        try:
            with full_disk_as_error():
                os.fsync(self._descriptor)
        except Exception:
            # The system forgets which pages it could not write, so none since the last sync can be trusted.
            os.ftruncate(self._descriptor, self._synced)
            self.offset = self._synced
            raise
        _sync_folder(self.path.parent)
        self._synced = self.offset

    def read(self, offset: int, size: int) -> bytes:
        """Bytes from the middle, for hashing."""
        return os.pread(self._descriptor, size, offset)

    def cut(self, offset: int) -> None:
        """Drop everything from `offset` on."""
        os.ftruncate(self._descriptor, offset)
        os.fsync(self._descriptor)
        self.offset = self._synced = offset

    def remove(self) -> None:
        """Take the file away."""
        self.path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def unverified(self) -> Iterator[None]:
        """Bytes appended inside count only if the block ends without an exception."""
        start = self.offset
        draft = self._mark.with_suffix(".mark")
        with full_disk_as_error():
            with draft.open("wb") as out:
                out.write(str(start).encode())
                out.flush()
                os.fsync(out.fileno())
            draft.replace(self._mark)
            _sync_folder(self._mark.parent)
        try:
            yield
        except BaseException:
            self.cut(start)  # a cut that fails leaves the mark, and whoever opens the file next repeats it
            self._mark.unlink(missing_ok=True)
            raise
        self._mark.unlink(missing_ok=True)

    def _settle(self) -> None:
        """Cut a chunk back that was never verified because its writer died."""
        start = _read_mark(self._mark)
        if start is not None:
            self.cut(min(start, self.offset))
            self._mark.unlink(missing_ok=True)


class PartialFiles:
    """The folder of partial files. `reserve` bytes of the disk are never filled."""

    def __init__(self, root: Path, *, reserve: int) -> None:
        self._root = root
        self._reserve = reserve
        root.mkdir(mode=0o750, parents=True, exist_ok=True)

    @property
    def folder_id(self) -> str:
        """What tells this folder from those of other machines, 32 hex digits: made once, and kept in the folder."""
        kept = self._root / "folder-id"
        if not kept.exists():
            draft = self._root / f".folder-id-{uuid4().hex}"
            draft.write_text(uuid4().hex)
            with contextlib.suppress(FileExistsError):
                kept.hardlink_to(draft)  # the first one wins, however many begin together
            draft.unlink()
        return kept.read_text()

    def path(self, upload_id: UUID) -> Path:
        """Where an upload's bytes lie."""
        return self._root / f"{upload_id.hex}{_PART}"

    def offset(self, upload_id: UUID) -> int:
        """Bytes that have arrived and count; 0 before the first."""
        path = self.path(upload_id)
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            return 0
        start = _read_mark(path.with_suffix(_MARK))
        return size if start is None else min(start, size)

    @contextlib.contextmanager
    def writer(self, upload_id: UUID) -> Iterator[PartialFile]:
        """The file, created if new, for one writer; 423 while another writes. The kernel frees the lock of the dead."""
        path = self.path(upload_id)
        with full_disk_as_error():
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TusError("upload.busy", status=423) from None
            partial = PartialFile(path, descriptor, reserve=self._reserve)
            if not partial.is_current():  # taken away between opening and locking
                raise TusError("upload.busy", status=423)
            partial._settle()  # noqa: SLF001  # both classes are this file's one concern
            yield partial
        finally:
            os.close(descriptor)

    def remove(self, upload_id: UUID) -> None:
        """Delete an upload's bytes. A writer at work notices before its next write."""
        path = self.path(upload_id)
        for name in (path, path.with_suffix(_MARK)):
            name.unlink(missing_ok=True)

    def ids(self) -> Iterator[UUID]:
        """Every upload that has bytes here."""
        for path in self._root.glob(f"*{_PART}"):
            with contextlib.suppress(ValueError):
                yield UUID(hex=path.stem)


def _read_mark(mark: Path) -> int | None:
    try:
        return int(mark.read_text())
    except FileNotFoundError:
        return None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
