"""A cup's model files: checked against their digests, then linked read-only from the content store."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from deployer.errors import IntegrityError, UserError
from deployer.interfaces import BlobReader, FileEntry


def place(files: Sequence[FileEntry], *, blobs: BlobReader, models_dir: Path) -> None:
    """Make `models_dir` hold exactly `files`.

    The bytes that will be read are the bytes that were hashed: the link comes first, the check reads the link.
    Raises `IntegrityError` if one differs, `NotFoundError` if a blob is gone, `UserError` for a path outside.
    """
    shutil.rmtree(models_dir, ignore_errors=True)
    models_dir.mkdir(mode=0o700, parents=True)
    for entry in files:
        target = models_dir / safe_path(entry.path)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _link(blobs.local_path(entry.sha256), target)
        if target.stat().st_size != entry.size or _sha256(target) != entry.sha256:
            shutil.rmtree(models_dir, ignore_errors=True)
            raise IntegrityError("serving.bytes_changed", path=entry.path)


def safe_path(path: str) -> PurePosixPath:
    """The path below the models' folder; `UserError` if it would leave it."""
    pure = PurePosixPath(path)
    if not pure.parts or pure.is_absolute() or ".." in pure.parts or "\0" in path:
        raise UserError("serving.bad_file_path", path=path)
    return pure


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as exc:
        if exc.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copyfile(source, target)  # another file system, or one without links


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
