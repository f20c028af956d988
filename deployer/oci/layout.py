"""A whole image as an OCI image layout on disk (image-spec image-layout.md), as skopeo and umoci take it."""

from __future__ import annotations

import errno
import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployer.errors import ConflictError, IntegrityError, NotFoundError, UserError
from deployer.interfaces import BuiltImage, LayerStream, Progress
from deployer.oci.files import full_disk_as_error, sync_file, sync_folder
from deployer.oci.manifest import INDEX_TYPE, MANIFEST_TYPE, canonical, digest_of
from deployer.oci.reference import digest_hex, is_digest

REF_NAME = "org.opencontainers.image.ref.name"

_VERSION = {"imageLayoutVersion": "1.0.0"}
_REF_NAME = re.compile(r"[A-Za-z0-9]+(?:(?:[-._:@+/]|--)[A-Za-z0-9]+)*", re.ASCII)
_JSON_LIMIT = 4 << 20  # what registries accept for a manifest
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutImage:
    """One image of a layout: `layers` are (digest, size in bytes) in manifest order."""

    ref_name: str
    digest: str
    manifest: bytes
    config: bytes
    layers: tuple[tuple[str, int], ...]


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


def read_layout(root: Path) -> tuple[LayoutImage, ...]:
    """The images of a layout, manifests and configs checked against their digests, layers not read yet.

    Raises `NotFoundError` if there is no layout, `IntegrityError` for one that is damaged or of another kind.
    """
    try:
        if _parse(_read_start(root / "oci-layout")) != _VERSION:
            raise IntegrityError("layout.malformed", part="oci-layout")
        index = _parse(_read_start(root / "index.json"))
    except FileNotFoundError:
        raise NotFoundError("layout.missing", root=str(root)) from None
    try:
        return tuple(_read_image(root, descriptor) for descriptor in index["manifests"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise IntegrityError("layout.malformed", part="index.json") from error


def verify_layers(root: Path, image: LayoutImage) -> None:
    """Read every layer of the image; `IntegrityError` if one is missing or not what its digest says."""
    for digest, size in image.layers:
        hasher, seen = hashlib.sha256(), 0
        for chunk in _read_chunks(root, digest):
            hasher.update(chunk)
            seen += len(chunk)
        if (f"sha256:{hasher.hexdigest()}", seen) != (digest, size):
            raise IntegrityError("layout.blob_corrupt", digest=digest)


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


def _read_image(root: Path, descriptor: dict[str, Any]) -> LayoutImage:
    manifest = _read_json_blob(root, descriptor)
    content = _parse(manifest)
    layers = tuple((layer["digest"], layer["size"]) for layer in content["layers"])
    if not all(is_digest(digest) and isinstance(size, int) for digest, size in layers):
        raise IntegrityError("layout.malformed", part=descriptor["digest"])
    return LayoutImage(
        ref_name=descriptor.get("annotations", {}).get(REF_NAME, ""),
        digest=descriptor["digest"],
        manifest=manifest,
        config=_read_json_blob(root, content["config"]),
        layers=layers,
    )


def _read_json_blob(root: Path, descriptor: dict[str, Any]) -> bytes:
    digest, size = descriptor["digest"], descriptor["size"]
    if not 0 <= size <= _JSON_LIMIT:
        raise IntegrityError("layout.malformed", part=digest)
    data = b"".join(_read_chunks(root, digest, limit=size + 1))
    if len(data) != size or digest_of(data) != digest:
        raise IntegrityError("layout.blob_corrupt", digest=digest)
    return data


def _read_chunks(root: Path, digest: str, *, limit: int | None = None) -> Iterator[bytes]:
    """A blob's bytes, at most `limit` of them; a digest that is none never becomes a path."""
    if not is_digest(digest):
        raise IntegrityError("layout.malformed", part=str(digest))
    left = limit
    try:
        with (root / "blobs" / "sha256" / digest_hex(digest)).open("rb") as blob:
            while chunk := blob.read(_CHUNK if left is None else min(_CHUNK, left)):
                yield chunk
                left = None if left is None else left - len(chunk)
    except FileNotFoundError:
        raise IntegrityError("layout.blob_corrupt", digest=digest) from None


def _read_start(path: Path) -> bytes:
    """The file up to the limit; a longer one is cut, and then no JSON."""
    with path.open("rb") as file:
        return file.read(_JSON_LIMIT)


def _parse(data: bytes) -> Any:
    """JSON or `IntegrityError`."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise IntegrityError("layout.malformed", part="json") from error
