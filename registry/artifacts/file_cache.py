"""Blobs of a distant store as local files, as many as fit: the longest unused go first."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from registry.artifacts.folder import full_disk_as_error
from registry.errors import IntegrityError

_CHUNK = 1 << 20
_KEPT_SECONDS = 600.0  # whoever was given a path shall find the file there for as long
_LEFTOVER_SECONDS = 24 * 3600.0


class FileCache:
    """Read-only files named by their SHA-256, at most `limit_bytes` of them beside those asked for just now.

    Several processes may share the folder. A file's digest is taken again whenever it is handed out.
    """

    def __init__(self, root: Path, *, limit_bytes: int, clock: Callable[[], float] = time.time) -> None:
        self._files = root / "sha256"
        self._tmp = root / "tmp"
        self._lock = root / "lock"
        self._limit = limit_bytes
        self._clock = clock
        for folder in (self._files, self._tmp):
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)

    def path(self, sha256: str, fetch: Callable[[], BinaryIO]) -> Path:
        """The blob's file, fetched if it is not there or was altered; `IntegrityError` if what comes is another."""
        target = self._files / sha256
        if _digest_of(target) == sha256:
            now = self._clock()
            with contextlib.suppress(FileNotFoundError):
                os.utime(target, (now, now))
                return target
        with self.temporary() as temporary:
            _download(temporary, sha256, fetch)
            now = self._clock()
            os.utime(temporary, (now, now))
            temporary.rename(target)
        self._make_room()
        return target

    def forget(self, sha256: str) -> None:
        """Drop the blob's file, if there is one."""
        (self._files / sha256).unlink(missing_ok=True)

    @contextlib.contextmanager
    def temporary(self) -> Iterator[Path]:
        """A fresh name beside the files, gone afterwards unless it was renamed."""
        path = self._tmp / secrets.token_hex(16)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _make_room(self) -> None:
        """Remove the longest unused files beyond the limit, and what killed processes left behind."""
        now = self._clock()
        with self._lock.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for path in self._tmp.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime < now - _LEFTOVER_SECONDS:
                        path.unlink()
            found = sorted(_stats_in(self._files), key=lambda each: each[0].st_mtime)
            held = sum(stat.st_size for stat, _file in found)
            for stat, file in found:
                if held <= self._limit or stat.st_mtime > now - _KEPT_SECONDS:
                    break
                file.unlink(missing_ok=True)
                held -= stat.st_size


def _stats_in(folder: Path) -> Iterator[tuple[os.stat_result, Path]]:
    """What is in the folder, but for what another process forgets at this moment."""
    for file in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield file.stat(), file


def _digest_of(path: Path) -> str | None:
    """The file's SHA-256; None if there is no such file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _download(path: Path, sha256: str, fetch: Callable[[], BinaryIO]) -> None:
    hasher = hashlib.sha256()
    with fetch() as source, full_disk_as_error(), path.open("xb") as out:
        while chunk := source.read(_CHUNK):
            hasher.update(chunk)
            out.write(chunk)
        out.flush()
        os.fchmod(out.fileno(), 0o444)
    if hasher.hexdigest() != sha256:
        raise IntegrityError("storage.blob_corrupt", sha256=sha256, actual=hasher.hexdigest())
