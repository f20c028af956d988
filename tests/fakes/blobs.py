"""A content store in memory, for tests that need one but are not about it."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from registry.errors import IntegrityError, NotFoundError, StorageFullError


class InMemoryBlobStore:
    """`registry.interfaces.BlobStore` in a dict. `scratch` is where `local_path` materialises blobs.

    `capacity` bytes at most, None for any; `opened` lists the digests that were opened, in order.
    """

    def __init__(self, scratch: Path, *, capacity: int | None = None) -> None:
        self.blobs: dict[str, bytes] = {}
        self.capacity = capacity
        self.opened: list[str] = []
        self._scratch = scratch

    def add(self, data: bytes) -> str:
        """Store bytes; returns their digest."""
        return self.put(iter([data]))[0]

    def has(self, sha256: str) -> bool:
        return sha256 in self.blobs

    def size(self, sha256: str) -> int:
        return len(self._bytes(sha256))

    def open(self, sha256: str) -> BinaryIO:
        data = self._bytes(sha256)
        self.opened.append(sha256)
        return io.BytesIO(data)

    def adopt(self, path: Path, sha256: str) -> None:
        if re.fullmatch(r"[0-9a-f]{64}", sha256) is None:
            raise NotFoundError("storage.bad_digest")
        if not path.exists():
            self._bytes(sha256)
            return
        if path.is_symlink() or not path.is_file():
            raise IntegrityError("storage.not_a_file", sha256=sha256)
        self.blobs[sha256] = path.read_bytes()
        path.unlink()

    def put(self, chunks: Iterator[bytes]) -> tuple[str, int]:
        data = b"".join(chunks)
        used = sum(map(len, self.blobs.values()))
        if self.capacity is not None and used + len(data) > self.capacity:
            raise StorageFullError("storage.full")
        sha256 = hashlib.sha256(data).hexdigest()
        self.blobs[sha256] = data
        return sha256, len(data)

    def local_path(self, sha256: str) -> Path:
        path = self._scratch / self._name(sha256)
        if not path.exists():
            path.write_bytes(self.blobs[sha256])
            path.chmod(0o444)
        return path

    def verify(self, sha256: str) -> None:
        actual = hashlib.sha256(self._bytes(sha256)).hexdigest()
        if actual != sha256:
            raise IntegrityError("storage.blob_corrupt", sha256=sha256, actual=actual)

    def delete(self, sha256: str) -> None:
        if self.blobs.pop(sha256, None) is not None:
            (self._scratch / sha256).unlink(missing_ok=True)

    def digests(self) -> Iterator[str]:
        return iter(tuple(self.blobs))

    def _name(self, sha256: str) -> str:
        self._bytes(sha256)
        return sha256

    def _bytes(self, sha256: str) -> bytes:
        if re.fullmatch(r"[0-9a-f]{64}", sha256) is None:
            raise NotFoundError("storage.bad_digest")
        if sha256 not in self.blobs:
            raise NotFoundError("storage.blob_missing", sha256=sha256)
        return self.blobs[sha256]
