"""The content store, whichever it is: a blob goes in, comes out and is taken away again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

from django.db import connections

from deployer.probes.report import Finding, fails, warns, works
from registry.interfaces import BlobStore
from registry.uploads.selectors import uploads_elsewhere


class UploadsProbe:
    """The folder of unfinished uploads, which all web servers and workers must share."""

    part = "part.uploads"

    def __init__(self, elsewhere: Callable[[], int] = uploads_elsewhere) -> None:
        self._elsewhere = elsewhere

    def ask(self) -> Iterator[Finding]:
        """Whether what volunteers are sending lies in the folder that this machine sees."""
        elsewhere = self._elsewhere()
        connections["default"].close()  # this thread's own
        yield fails("probe.uploads_elsewhere", count=elsewhere) if elsewhere else works("probe.uploads_here")


class BlobStoreProbe:
    """All four rights that the portal needs, tried with a few random bytes. `address` is shown, if there is one."""

    part = "part.blob_store"

    def __init__(self, store: BlobStore, *, address: str = "") -> None:
        self._store = store
        self._address = address

    def ask(self) -> Iterator[Finding]:
        """Write, read, list, delete."""
        if self._address.startswith("http://"):
            yield warns("probe.store_plain", address=self._address)
        data = secrets.token_bytes(64)
        sha256, _size = self._store.put(iter([data]))
        try:
            with self._store.open(sha256) as blob:
                kept = blob.read() == data
            yield works("probe.store") if kept else fails("probe.store_changes")
            if next(iter(self._store.digests()), "") == "":
                yield fails("probe.store_unlisted")
        finally:
            self._store.delete(sha256)
        yield fails("probe.store_keeps") if self._store.has(sha256) else works("probe.store_deletes")
