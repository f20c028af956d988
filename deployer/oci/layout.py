"""A whole image as an OCI image layout on disk (image-spec image-layout.md), as skopeo and umoci take it."""

from __future__ import annotations

import errno
import hashlib
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from deployer.errors import ConflictError, IntegrityError, UserError
from deployer.interfaces import BuiltImage, LayerStream, Progress
from deployer.oci.files import full_disk_as_error, sync_file, sync_folder
from deployer.oci.manifest import INDEX_TYPE, MANIFEST_TYPE, canonical, digest_of
from deployer.oci.reference import digest_hex

REF_NAME = "org.opencontainers.image.ref.name"

_VERSION = {"imageLayoutVersion": "1.0.0"}
_REF_NAME = re.compile(r"[A-Za-z0-9]+(?:(?:[-._:@+/]|--)[A-Za-z0-9]+)*", re.ASCII)


def write_layout(
    target: Path, image: BuiltImage, *, stream: LayerStream, ref_name: str, progress: Progress | None = None
) -> None:
    """Write the image as a new layout in `target`, which appears whole or not at all.

    Every layer's digest is taken again while its bytes pass. Raises `ConflictError` if `target` holds something,
    `IntegrityError` if a layer's bytes changed, `NotFoundError` if a blob is gone, `StorageFullError`,
    `UserError` for a `ref_name` outside the image-spec's grammar.
    """
    if _REF_NAME.fullmatch(ref_name) is None:
        raise UserError("export.bad_ref_name", ref_name=ref_name)
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise ConflictError("export.target_exists", target=str(target))
    draft = target.parent / f".{target.name}.{secrets.token_hex(8)}"
    try:
        with full_disk_as_error():
            _write_draft(draft, image, stream=stream, ref_name=ref_name, progress=progress)
            draft.rename(target)
            sync_folder(target.parent)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            raise ConflictError("export.target_exists", target=str(target)) from error
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_draft(
    draft: Path, image: BuiltImage, *, stream: LayerStream, ref_name: str, progress: Progress | None
) -> None:
    blobs = draft / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    total, done = sum(layer.size for layer in image.layers), 0
    for layer in image.layers:
        passing = stream(layer)
        for count in _write_checked(blobs, passing, digest=layer.digest, size=layer.size):
            done += count
            if progress is not None:
                progress(done, total)
    for data in (image.config, image.manifest):
        _write(blobs / digest_hex(digest_of(data)), data)
    _write(draft / "oci-layout", canonical(_VERSION))
    _write(draft / "index.json", _index(image, ref_name))
    for folder in (blobs, blobs.parent, draft):
        folder.chmod(0o755)
        sync_folder(folder)


def _index(image: BuiltImage, ref_name: str) -> bytes:
    descriptor = {
        "annotations": {REF_NAME: ref_name},
        "digest": image.digest,
        "mediaType": MANIFEST_TYPE,
        "size": len(image.manifest),
    }
    return canonical({"manifests": [descriptor], "mediaType": INDEX_TYPE, "schemaVersion": 2})


def _write_checked(blobs: Path, chunks: Iterable[bytes], *, digest: str, size: int) -> Iterator[int]:
    """Write one blob, yielding the bytes of each chunk; stops with `IntegrityError` once it cannot be the digest's."""
    hasher, written = hashlib.sha256(), 0
    with (blobs / digest_hex(digest)).open("xb", buffering=0) as out:
        for chunk in chunks:
            written += len(chunk)
            if written > size:
                break
            hasher.update(chunk)
            view = memoryview(chunk)
            while view:
                view = view[out.write(view) :]
            yield len(chunk)
        if (f"sha256:{hasher.hexdigest()}", written) != (digest, size):
            raise IntegrityError("export.layer_changed", digest=digest)
        sync_file(out.fileno(), mode=0o644)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as out:
        out.write(data)
        out.flush()
        sync_file(out.fileno(), mode=0o644)
