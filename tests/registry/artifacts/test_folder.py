"""What is particular to blobs in a folder: modes, leftovers, other filesystems, a full disk."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.artifacts.folder import FolderBlobStore, full_disk_as_error
from registry.errors import IntegrityError, StorageFullError

DATA = b"weights " * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()
MEMORY_DISK = Path("/dev/shm")


@pytest.fixture
def store(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "blobs")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another filesystem than the store."""
    if not MEMORY_DISK.is_dir() or MEMORY_DISK.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one filesystem only")
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK) as folder:
        yield Path(folder)


def names_under(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_blobs_lie_under_their_first_two_digits(store: FolderBlobStore, tmp_path: Path) -> None:
    store.put(iter([DATA]))
    path = tmp_path / "blobs" / "sha256" / SHA256[:2] / SHA256
    assert store.local_path(SHA256) == path
    assert path.read_bytes() == DATA


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_a_blob_is_read_only_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    upload = tmp_path / "upload"
    upload.write_bytes(DATA)
    before = os.umask(umask & 0o077)
    try:
        store.adopt(upload, SHA256)
    finally:
        os.umask(before)
    assert store.local_path(SHA256).stat().st_mode & 0o777 == 0o444


def test_adopting_moves_and_does_not_copy(store: FolderBlobStore, tmp_path: Path) -> None:
    upload = tmp_path / "upload"
    upload.write_bytes(DATA)
    inode = upload.stat().st_ino
    store.adopt(upload, SHA256)
    assert store.local_path(SHA256).stat().st_ino == inode


def test_adopting_from_another_filesystem_moves_too(store: FolderBlobStore, elsewhere: Path) -> None:
    upload = elsewhere / "upload"
    upload.write_bytes(DATA)
    store.adopt(upload, SHA256)
    assert not upload.exists()
    store.verify(SHA256)


def test_a_wrong_copy_from_another_filesystem_is_refused_and_harms_nothing(
    store: FolderBlobStore, elsewhere: Path, tmp_path: Path
) -> None:
    store.put(iter([b"other"]))
    upload = elsewhere / "upload"
    upload.write_bytes(b"other")
    with pytest.raises(IntegrityError):
        store.adopt(upload, SHA256)
    assert upload.exists()
    assert names_under(tmp_path / "blobs") == [hashlib.sha256(b"other").hexdigest()]


def test_failures_leave_no_temporary_file(store: FolderBlobStore, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield DATA
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.put(broken())
    assert names_under(tmp_path / "blobs") == []


def test_old_leftovers_of_killed_processes_are_cleared_and_young_ones_kept(
    store: FolderBlobStore, tmp_path: Path
) -> None:
    old, young = tmp_path / "blobs" / "tmp" / "old", tmp_path / "blobs" / "tmp" / "young"
    for path in (old, young):
        path.write_bytes(DATA)
    os.utime(old, (0, 0))
    store.put(iter([b"next"]))
    assert not old.exists()
    assert young.exists()


def test_foreign_files_are_no_blobs(store: FolderBlobStore, tmp_path: Path) -> None:
    store.put(iter([DATA]))
    for name in ("README", SHA256[:2] + "/notes", SHA256[:2] + "/" + "f" * 64):
        (tmp_path / "blobs" / "sha256" / name).write_bytes(b"?")
    assert list(store.digests()) == [SHA256]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_every_way_of_having_no_room_is_one_error(number: int) -> None:
    with pytest.raises(StorageFullError), full_disk_as_error():
        raise OSError(number, os.strerror(number))


def test_other_failures_of_the_disk_keep_their_name() -> None:
    with pytest.raises(PermissionError), full_disk_as_error():
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
