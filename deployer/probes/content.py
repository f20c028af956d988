"""The content store, whichever it is: a blob goes in, comes out and is taken away again."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from deployer.probes.report import Finding, fails, warns, works
from registry.interfaces import BlobStore


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
