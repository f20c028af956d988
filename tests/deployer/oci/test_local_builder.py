"""What is particular to images in a folder: nothing is copied, nothing is read twice, nothing is left half done."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self, cast

import pytest

from deployer.builders.local import LocalImageBuilder
from deployer.errors import IntegrityError, NotFoundError
from deployer.interfaces import FileEntry, ImageSpec
from registry.artifacts.folder import FolderBlobStore
from registry.errors import StorageFullError
from tests.deployer.oci.conftest import FILES, Workshop

PROJECT = Path(__file__).parents[3]

BUILD_IN_A_CHILD = """
import json, os, sys
from pathlib import Path
from deployer.builders.local import LocalImageBuilder
from deployer.interfaces import FileEntry, ImageSpec
from registry.artifacts.folder import FolderBlobStore

job = json.loads(sys.argv[1])
os.umask(job["umask"])
blobs = FolderBlobStore(Path(job["blobs"]))
builder = LocalImageBuilder(Path(job["images"]), blobs)
spec = ImageSpec(files=tuple(FileEntry(**entry) for entry in job["files"]), labels=job["labels"])
if job["die_at"]:
    seen = 0
    def die(event, args):
        global seen
        if event in ("open", "os.rename", "os.chmod"):
            seen += 1
            if seen == job["die_at"]:
                os._exit(9)
    sys.addaudithook(die)
print(builder.build(spec).digest)
"""


def build_in_a_child(
    workshop: Workshop, *, images: Path, cwd: Path, umask: int = 0o022, die_at: int = 0, **env: str
) -> subprocess.CompletedProcess[str]:
    job = {
        "blobs": str(workshop.images.parent / "blobs"),
        "images": str(images),
        "files": [{"path": f.path, "sha256": f.sha256, "size": f.size} for f in workshop.spec.files],
        "labels": dict(workshop.spec.labels),
        "umask": umask,
        "die_at": die_at,
    }
    return subprocess.run(
        [sys.executable, "-c", BUILD_IN_A_CHILD, json.dumps(job)],
        cwd=cwd,
        env={"PYTHONPATH": str(PROJECT), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def bytes_under(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class CountingReader:
    """A `BlobReader` that counts what is read of each blob."""

    def __init__(self, blobs: FolderBlobStore) -> None:
        self._blobs = blobs
        self.read: dict[str, int] = {}

    def open(self, sha256: str) -> BinaryIO:
        return cast("BinaryIO", CountingFile(self, sha256, self._blobs.open(sha256)))

    def local_path(self, sha256: str) -> Path:
        return self._blobs.local_path(sha256)


class CountingFile:
    def __init__(self, counter: CountingReader, sha256: str, file: BinaryIO) -> None:
        self._counter, self._sha256, self._file = counter, sha256, file

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._counter.read[self._sha256] = self._counter.read.get(self._sha256, 0) + len(data)
        return data

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def test_no_weight_is_copied(workshop: Workshop) -> None:
    workshop.builder.build(workshop.spec)
    assert sum(map(len, FILES.values())) > 3_000_000
    assert bytes_under(workshop.images) < 30_000
    assert {path.stat().st_nlink for path in workshop.images.rglob("*") if path.is_file()} == {1}


def test_each_file_is_read_once_and_a_known_one_not_at_all(workshop: Workshop) -> None:
    counter = CountingReader(workshop.blobs)
    builder = LocalImageBuilder(workshop.images, counter)
    image = builder.build(workshop.spec)
    assert counter.read == {entry.sha256: entry.size for entry in workshop.spec.files}
    counter.read.clear()
    assert builder.build(workshop.spec) == image
    relabelled = builder.build(ImageSpec(files=workshop.spec.files, labels={"other": "labels"}))
    builder.delete(image.digest)
    assert builder.build(workshop.spec) == image
    assert relabelled.digest != image.digest
    assert counter.read == {}


def test_reading_a_blob_that_grows_ends_soon_after_its_size(workshop: Workshop) -> None:
    entry = workshop.spec.files[1]
    path = workshop.blobs.local_path(entry.sha256)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.truncate(200 << 20)
    counter = CountingReader(workshop.blobs)
    with pytest.raises(IntegrityError):
        LocalImageBuilder(workshop.images, counter).build(workshop.spec)
    assert counter.read[entry.sha256] <= 1 << 20


def test_memory_stays_flat(workshop: Workshop) -> None:
    size = 64 << 20
    piece = random.Random(3).randbytes(1 << 20)
    sha256, _ = workshop.blobs.put(piece for _ in range(64))
    spec = ImageSpec(files=(FileEntry(path="model.onnx", sha256=sha256, size=size),))
    tracemalloc.start()
    try:
        workshop.builder.build(spec)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 << 20


def test_place_user_locale_time_zone_umask_and_file_times_leave_no_trace(workshop: Workshop, tmp_path: Path) -> None:
    here = workshop.builder.build(workshop.spec).digest
    for entry in workshop.spec.files:
        os.utime(workshop.blobs.local_path(entry.sha256), (1, 1))
    there = build_in_a_child(
        workshop,
        images=tmp_path / "elsewhere",
        cwd=Path("/"),
        umask=0o077,
        TZ="Asia/Tokyo",
        LC_ALL="C",
        USER="nobody",
        HOME="/nonexistent",
        PYTHONHASHSEED="12345",
        SOURCE_DATE_EPOCH="1700000000",
    )
    assert there.stdout.strip() == here, there.stderr


def test_a_crash_anywhere_is_made_good_by_the_next_build(workshop: Workshop, tmp_path: Path) -> None:
    images = tmp_path / "crashed"
    outcomes = []
    for die_at in range(1, 60):
        done = build_in_a_child(workshop, images=images, cwd=tmp_path, die_at=die_at)
        outcomes.append(done.returncode)
        assert done.returncode in {0, 9}, done.stderr
        for record in (images / "images").iterdir():
            LocalImageBuilder(images, workshop.blobs).get(f"sha256:{record.stem}")  # never half an image
        if done.returncode == 0:
            break
    assert outcomes.count(9) >= 10
    assert outcomes[-1] == 0
    assert done.stdout.strip() == workshop.builder.build(workshop.spec).digest


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"path": 1}', b"\xff\xfe"])
def test_a_damaged_recipe_is_made_again(workshop: Workshop, damage: bytes) -> None:
    image = workshop.builder.build(workshop.spec)
    for path in (workshop.images / "recipes").rglob("*.json"):
        path.chmod(0o600)
        path.write_bytes(damage)
    workshop.builder.delete(image.digest)
    assert workshop.builder.build(workshop.spec) == image


def test_a_damaged_image_is_reported_and_mended_by_building_again(workshop: Workshop) -> None:
    image = workshop.builder.build(workshop.spec)
    places = [*(workshop.images / "sha256").rglob("*"), *(workshop.images / "images").iterdir()]
    files = [path for path in places if path.is_file()]
    assert files
    for path in files:
        path.chmod(0o600)
        path.write_bytes(b"{}")
        with pytest.raises(IntegrityError):
            workshop.builder.get(image.digest)
        assert workshop.builder.build(workshop.spec) == image
        assert workshop.builder.get(image.digest) == image
        path.unlink()
        with pytest.raises(NotFoundError):
            workshop.builder.get(image.digest)
        assert workshop.builder.build(workshop.spec) == image


def test_even_a_damaged_image_can_be_deleted(workshop: Workshop) -> None:
    image = workshop.builder.build(workshop.spec)
    [record] = (workshop.images / "images").iterdir()
    record.chmod(0o600)
    record.write_bytes(b"nonsense")
    workshop.builder.delete(image.digest)
    with pytest.raises(NotFoundError):
        workshop.builder.get(image.digest)


def test_many_builders_and_removers_at_once_never_show_half_an_image(workshop: Workshop) -> None:
    image = LocalImageBuilder(workshop.images.parent / "apart", workshop.blobs).build(workshop.spec)
    start, wrong = threading.Barrier(4), []

    def work(number: int) -> None:
        builder = LocalImageBuilder(workshop.images, workshop.blobs)
        start.wait()
        for _ in range(15):
            if number == 0:
                builder.delete(image.digest)
            elif builder.build(workshop.spec) != image:
                wrong.append("build")
            try:
                if builder.get(image.digest) != image:
                    wrong.append("get")
            except NotFoundError:
                pass
            except IntegrityError as error:
                wrong.append(str(error))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []
    assert workshop.builder.build(workshop.spec) == image
    assert workshop.builder.get(image.digest) == image
    assert list((workshop.images / "tmp").iterdir()) == []


def test_two_processes_at_once_build_the_same(workshop: Workshop, tmp_path: Path) -> None:
    results: list[str] = []

    def child() -> None:
        results.append(build_in_a_child(workshop, images=tmp_path / "shared", cwd=tmp_path).stdout.strip())

    workers = [threading.Thread(target=child) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert results == [workshop.builder.build(workshop.spec).digest] * 2


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """Not a fixture: the limit must be lifted before pytest writes its report, maybe to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_named_and_leaves_no_rubbish(workshop: Workshop) -> None:
    with full_disk(), pytest.raises(StorageFullError):
        workshop.builder.build(workshop.spec)
    assert bytes_under(workshop.images) == 0


def test_cancelling_through_progress_leaves_nothing_running(workshop: Workshop) -> None:
    class CancelledError(Exception):
        pass

    def cancel(_done: int, _total: int) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        workshop.builder.build(workshop.spec, progress=cancel)
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("layer-hash")] == []


def test_file_digests_are_the_files(workshop: Workshop) -> None:
    image = workshop.builder.build(workshop.spec)
    by_path = {layer.path: layer.blob_sha256 for layer in image.layers}
    assert by_path == {path: hashlib.sha256(data).hexdigest() for path, data in FILES.items()}
