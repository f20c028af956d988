"""What every content store promises, whatever it stores in."""

from __future__ import annotations

import contextlib
import hashlib
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest

from registry.artifacts.folder import FolderBlobStore
from registry.artifacts.s3 import S3BlobStore
from registry.artifacts.s3_access import S3Access
from registry.errors import IntegrityError, NotFoundError, StorageFullError
from registry.interfaces import BlobStore
from tests.fakes.blobs import InMemoryBlobStore

ABSENT = "0" * 64
DATA = b"weights " * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()
BAD_NAMES = [
    "",
    "..",
    "../" * 3 + "etc/passwd",
    "/etc/passwd",
    SHA256.upper(),
    SHA256[:-1],
    SHA256 + "\n",
    f"x{SHA256}",
]


@dataclass(frozen=True)
class Case:
    """A store, and the two accidents that a test can cause it."""

    store: BlobStore
    corrupt: Callable[[str], None]
    full: Callable[[], contextlib.AbstractContextManager[None]]


def folder_case(tmp_path: Path) -> Case:
    store = FolderBlobStore(tmp_path / "blobs")

    def corrupt(sha256: str) -> None:
        path = store.local_path(sha256)
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-1] + b"?")

    @contextlib.contextmanager
    def full() -> Iterator[None]:
        # A limit on file size stands in for a full disk, which takes a mount to make.
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return Case(store, corrupt, full)


def s3_case(tmp_path: Path, access: S3Access) -> Case:
    """A bucket of its own. What it is full of is the disk by which `put` sends: a bucket's quota is tried elsewhere."""
    store = S3BlobStore(access=access, cache_dir=tmp_path / "cache", cache_bytes=1 << 20)
    store.client.call("create_bucket")

    def corrupt(sha256: str) -> None:
        with store.open(sha256) as blob:
            data = blob.read()[:-1] + b"?"
        store.client.call("put_object", Key=f"sha256/{sha256[:2]}/{sha256}", Body=data)

    return Case(store, corrupt, folder_case(tmp_path).full)


def memory_case(tmp_path: Path) -> Case:
    store = InMemoryBlobStore(tmp_path)

    def corrupt(sha256: str) -> None:
        store.blobs[sha256] = store.blobs[sha256][:-1] + b"?"

    @contextlib.contextmanager
    def full() -> Iterator[None]:
        store.capacity = 4096
        yield
        store.capacity = None

    return Case(store, corrupt, full)


@pytest.fixture(params=["folder", "memory", "moto", "swift"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    if request.param == "folder":
        return folder_case(tmp_path)
    if request.param == "memory":
        return memory_case(tmp_path)
    access: S3Access = request.getfixturevalue(request.param)
    return s3_case(tmp_path, replace(access, bucket=f"blobs-{uuid4().hex}"))


def in_pieces(data: bytes = DATA) -> Iterator[bytes]:
    return (data[start : start + 999] for start in range(0, len(data), 999))


def test_put_names_the_bytes_by_their_digest(case: Case) -> None:
    assert case.store.put(in_pieces()) == (SHA256, len(DATA))
    assert case.store.has(SHA256)
    assert case.store.size(SHA256) == len(DATA)
    with case.store.open(SHA256) as blob:
        assert blob.read(7) == b"weights"
        assert blob.read() == DATA[7:]


def test_the_empty_blob_is_a_blob(case: Case) -> None:
    assert case.store.put(iter([])) == (hashlib.sha256().hexdigest(), 0)
    assert case.store.size(hashlib.sha256().hexdigest()) == 0


def test_put_twice_keeps_one(case: Case) -> None:
    case.store.put(in_pieces())
    case.store.put(in_pieces())
    assert list(case.store.digests()) == [SHA256]


def test_adopt_moves_the_file_and_may_be_repeated(case: Case, tmp_path: Path) -> None:
    upload = tmp_path / "upload"
    for _ in range(2):
        upload.write_bytes(DATA)
        case.store.adopt(upload, SHA256)
        assert not upload.exists()
    case.store.adopt(upload, SHA256)  # a worker that died after the move tries again
    case.store.verify(SHA256)
    assert case.store.size(SHA256) == len(DATA)


def test_adopting_the_bytes_again_cures_a_damaged_blob(case: Case, tmp_path: Path) -> None:
    case.store.put(in_pieces())
    case.corrupt(SHA256)
    upload = tmp_path / "upload"
    upload.write_bytes(DATA)
    case.store.adopt(upload, SHA256)
    case.store.verify(SHA256)


def test_adopt_of_nothing_is_an_error(case: Case, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        case.store.adopt(tmp_path / "never", SHA256)
    assert not case.store.has(SHA256)


def test_adopt_takes_no_link_and_no_folder(case: Case, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(DATA)
    link = tmp_path / "link"
    link.symlink_to(secret)
    for path in (link, tmp_path):
        with pytest.raises(IntegrityError):
            case.store.adopt(path, SHA256)
    assert secret.read_bytes() == DATA
    assert not case.store.has(SHA256)


def test_local_path_is_a_read_only_file_with_the_bytes(case: Case) -> None:
    case.store.put(in_pieces())
    path = case.store.local_path(SHA256)
    assert path.read_bytes() == DATA
    assert path.stat().st_mode & 0o777 == 0o444


def test_what_is_absent_is_reported_so(case: Case) -> None:
    assert not case.store.has(ABSENT)
    for ask in (case.store.size, case.store.open, case.store.local_path, case.store.verify):
        with pytest.raises(NotFoundError) as caught:
            ask(ABSENT)
        assert caught.value.code == "storage.blob_missing"
    case.store.delete(ABSENT)
    assert list(case.store.digests()) == []


def test_verify_finds_one_changed_byte(case: Case) -> None:
    case.store.put(in_pieces())
    case.store.verify(SHA256)
    case.corrupt(SHA256)
    with pytest.raises(IntegrityError) as caught:
        case.store.verify(SHA256)
    assert caught.value.params["sha256"] == SHA256


def test_delete_removes_one_and_leaves_the_rest(case: Case) -> None:
    kept, _ = case.store.put(iter([b"kept"]))
    case.store.put(in_pieces())
    case.store.delete(SHA256)
    assert not case.store.has(SHA256)
    assert list(case.store.digests()) == [kept]
    with pytest.raises(NotFoundError):
        case.store.open(SHA256)


def test_digests_lists_everything(case: Case) -> None:
    stored = {case.store.put(iter([bytes([number])]))[0] for number in range(20)}
    assert set(case.store.digests()) == stored


def test_a_full_store_refuses_and_keeps_nothing_of_it(case: Case) -> None:
    with case.full(), pytest.raises(StorageFullError):
        case.store.put(in_pieces())
    assert list(case.store.digests()) == []
    assert case.store.put(in_pieces()) == (SHA256, len(DATA))


def test_a_source_that_fails_leaves_nothing(case: Case) -> None:
    def broken() -> Iterator[bytes]:
        yield DATA
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        case.store.put(broken())
    assert list(case.store.digests()) == []


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_is_no_digest_reaches_nothing(case: Case, tmp_path: Path, name: str) -> None:
    upload = tmp_path / "upload"
    upload.write_bytes(DATA)
    assert not case.store.has(name)
    for ask in (case.store.size, case.store.open, case.store.local_path, case.store.verify):
        with pytest.raises(NotFoundError):
            ask(name)
    with pytest.raises(NotFoundError):
        case.store.adopt(upload, name)
    case.store.delete(name)
    assert upload.read_bytes() == DATA
