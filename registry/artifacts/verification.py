"""Reading what is stored against its digests: what a disk or a storage lost or altered since it came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from registry.errors import IntegrityError, NotFoundError
from registry.interfaces import BlobStore
from registry.models import Blob, VersionFile

AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBlob:
    """One blob that was read; `fault` is a message id, "" for one that is as it came."""

    sha256: str
    size: int
    fault: str = ""


def read_blobs(store: BlobStore) -> Iterator[ReadBlob]:
    """Every blob that a row names, by its digest, each read once in a constant amount of memory.

    One whose row went away meanwhile is passed over. An error of the storage as a whole is the caller's.
    """
    last = ""
    while rows := list(Blob.objects.filter(pk__gt=last).order_by("pk").values_list("pk", "size")[:AT_ONCE]):
        for sha256, size in rows:
            fault = _fault(store, sha256)
            if not fault or Blob.objects.filter(pk=sha256).exists():
                yield ReadBlob(sha256=sha256, size=size, fault=fault)
        last = rows[-1][0]


def files_of_blob(sha256: str) -> list[str]:
    """The files that consist of the blob, as owner/name/number and path."""
    files = VersionFile.objects.filter(blob=sha256).select_related("version__registered_model__owner")
    return [f"{file.version.registered_model}/{file.version.number} {file.path}" for file in files.order_by("pk")]


def _fault(store: BlobStore, sha256: str) -> str:
    try:
        store.verify(sha256)
    except (IntegrityError, NotFoundError) as error:
        return error.code
    return ""
