"""The content store, whichever it is: a blob goes in, comes out and is taken away again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

import urllib3
from django.db import connections

from deployer.probes.report import Finding, fails, warns, works
from registry.interfaces import BlobStore, DirectUploads
from registry.uploads.selectors import uploads_elsewhere


class DirectUploadsProbe:
    """The way past the portal: whether the storage lets the pages of `origin` (scheme, host, port) send parts to it."""

    part = "part.direct_uploads"

    def __init__(self, place: DirectUploads, *, origin: str, timeout: float = 5.0) -> None:
        self._place = place
        self._origin = origin
        self._timeout = timeout

    def ask(self) -> Iterator[Finding]:
        """What a browser asks before it sends the first part."""
        name = secrets.token_hex(16)
        session = self._place.begin(name)
        try:
            address = self._place.address(name, session, 1, 1)
            self._place.arrived(name, session)  # by a right of its own, which going on and finishing need
        finally:
            self._place.discard(name, session)
        if self._lets_pages_in(address):
            yield works("probe.direct", origin=self._origin)
        else:
            host = urlsplit(address)
            yield warns("probe.direct_refused", origin=self._origin, address=f"{host.scheme}://{host.netloc}")

    def _lets_pages_in(self, address: str) -> bool:
        asked = {"Origin": self._origin, "Access-Control-Request-Method": "PUT"}
        try:
            with urllib3.PoolManager(retries=False, timeout=self._timeout) as pool:
                answer = pool.request("OPTIONS", address, headers=asked)
        except urllib3.exceptions.HTTPError:
            return False
        methods = [method.strip() for method in answer.headers.get("Access-Control-Allow-Methods", "").split(",")]
        allowed = answer.headers.get("Access-Control-Allow-Origin", "") in {"*", self._origin}
        return answer.status < HTTPStatus.MULTIPLE_CHOICES and allowed and "PUT" in methods


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
