"""The content store in a bucket of S3-compatible storage: one object per blob, `<prefix>sha256/ab/abcd...`."""

from __future__ import annotations

import contextlib
import hashlib
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from registry.artifacts.file_cache import FileCache
from registry.artifacts.folder import full_disk_as_error
from registry.artifacts.s3_access import S3Access, S3Client
from registry.artifacts.s3_parts import joined
from registry.artifacts.s3_reader import open_object
from registry.errors import IntegrityError, NotFoundError

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CHUNK = 1 << 20
PART_BYTES = 16 << 20
"""Size of a part: 10,000 of them, the most that S3 takes, hold 156 GiB."""


class S3BlobStore:
    """`registry.interfaces.BlobStore` in a bucket.

    An object appears under its name only once all of it has arrived and its digest was right. `cache_dir` keeps copies
    of at most `cache_bytes` for whoever needs a file. Memory: one part. Raises as `s3_access.s3_errors` beside what
    the interface names.
    """

    def __init__(self, *, access: S3Access, cache_dir: Path, cache_bytes: int, prefix: str = "") -> None:
        self.client = S3Client(access)
        self._prefix = f"{prefix}sha256/"
        self._cache = FileCache(cache_dir, limit_bytes=cache_bytes)

    def has(self, sha256: str) -> bool:
        """Whether the blob is stored; a name that is no digest never is."""
        if _SHA256.fullmatch(sha256) is None:
            return False
        with contextlib.suppress(NotFoundError):
            self.size(sha256)
            return True
        return False

    def size(self, sha256: str) -> int:
        """Bytes of the blob; `NotFoundError` if absent."""
        with _naming(sha256):
            return int(self.client.call("head_object", Key=self.key_of(sha256))["ContentLength"])

    def open(self, sha256: str) -> BinaryIO:
        """A reader at offset 0 that goes on after a cut; `NotFoundError` if absent. The caller closes it."""
        with _naming(sha256):
            return open_object(self.client, self.key_of(sha256))

    def adopt(self, path: Path, sha256: str) -> None:
        """Send a finished file and remove it; `IntegrityError`, and nothing stored, if its digest is another.

        A blob that is there already is replaced: the same bytes, or the cure of a damaged object. Safe to run twice.
        """
        key = self.key_of(sha256)
        try:
            found = path.lstat()
        except FileNotFoundError:
            self.size(sha256)
            return
        if not stat.S_ISREG(found.st_mode):
            raise IntegrityError("storage.not_a_file", sha256=sha256)
        with path.open("rb") as source:
            self._send(source, key=key, sha256=sha256, size=found.st_size)
        path.unlink(missing_ok=True)

    def put(self, chunks: Iterator[bytes]) -> tuple[str, int]:
        """Store streamed bytes by way of a local file, as their name is known at their end; (sha256, size)."""
        hasher, size = hashlib.sha256(), 0
        with self._cache.temporary() as temporary:
            with temporary.open("xb", buffering=0) as out:
                for chunk in chunks:
                    hasher.update(chunk)
                    size += len(chunk)
                    view = memoryview(chunk)
                    with full_disk_as_error():
                        while view:
                            view = view[out.write(view) :]
            self.adopt(temporary, hasher.hexdigest())
        return hasher.hexdigest(), size

    def local_path(self, sha256: str) -> Path:
        """A read-only copy on this machine, its digest just taken; `NotFoundError` if the blob is absent."""
        self.key_of(sha256)
        return self._cache.path(sha256, lambda: self.open(sha256))

    def verify(self, sha256: str) -> None:
        """Read the blob and compare; `IntegrityError` if a bit differs."""
        hasher = hashlib.sha256()
        with self.open(sha256) as blob:
            while chunk := blob.read(_CHUNK):
                hasher.update(chunk)
        if hasher.hexdigest() != sha256:
            raise IntegrityError("storage.blob_corrupt", sha256=sha256, actual=hasher.hexdigest())

    def delete(self, sha256: str) -> None:
        """Remove the blob and its local copy; an absent one is fine."""
        if _SHA256.fullmatch(sha256) is None:
            return
        self._cache.forget(sha256)
        with contextlib.suppress(NotFoundError):
            self.client.call("delete_object", Key=self.key_of(sha256))

    def digests(self) -> Iterator[str]:
        """Every stored digest, in no order; foreign objects are passed over."""
        for page in self.client.pages("list_objects_v2", Prefix=self._prefix):
            for row in page.get("Contents", ()):
                name = str(row["Key"]).rpartition("/")[2]
                if _SHA256.fullmatch(name) and row["Key"] == self.key_of(name):
                    yield name

    def key_of(self, sha256: str) -> str:
        """Where the blob lies. Only 64 lower-case hex digits become part of a key."""
        if _SHA256.fullmatch(sha256) is None:
            raise NotFoundError("storage.bad_digest")
        return f"{self._prefix}{sha256[:2]}/{sha256}"

    def _send(self, source: BinaryIO, *, key: str, sha256: str, size: int) -> None:
        """In one request if it is a part or less, else in parts; nothing appears unless the digest is right."""
        if size > PART_BYTES:
            self._send_parts(source, key=key, sha256=sha256, size=size)
            return
        data = source.read(PART_BYTES + 1)
        _compare(hashlib.sha256(data).hexdigest(), sha256)
        self.client.call("put_object", Key=key, Body=data)

    def _send_parts(self, source: BinaryIO, *, key: str, sha256: str, size: int) -> None:
        hasher = hashlib.sha256()
        with joined(self.client, key, size=size) as parts:
            while data := source.read(PART_BYTES):
                hasher.update(data)
                where = {"Key": key, "UploadId": parts.session, "PartNumber": parts.next_number}
                parts.add(self.client.call("upload_part", Body=data, **where)["ETag"])
            _compare(hasher.hexdigest(), sha256)


def s3_blob_store(*, cache_dir: Path, cache_bytes: int, prefix: str = "", **access: Any) -> S3BlobStore:
    """The store as settings describe it: plain values, those of the access by its fields' names."""
    return S3BlobStore(access=S3Access(**access), cache_dir=cache_dir, cache_bytes=cache_bytes, prefix=prefix)


def _compare(actual: str, sha256: str) -> None:
    if actual != sha256:
        raise IntegrityError("storage.blob_corrupt", sha256=sha256, actual=actual)


@contextlib.contextmanager
def _naming(sha256: str) -> Iterator[None]:
    """Say which blob it is that the bucket does not have."""
    try:
        yield
    except NotFoundError as error:
        if error.code != "storage.blob_missing":
            raise
        raise NotFoundError("storage.blob_missing", sha256=sha256) from error
