"""An object of S3 storage as a file: read in order, from anywhere, and on after a cut."""

from __future__ import annotations

import io
from typing import Any

from botocore.exceptions import HTTPClientError, IncompleteReadError, ResponseStreamingError
from urllib3.exceptions import HTTPError

from registry.artifacts.s3_access import S3Client
from registry.errors import IntegrityError, TransientError

_BUFFER = 1 << 20
_CUTS = 5  # in a row, without a byte between them
_LOST = (HTTPClientError, HTTPError, IncompleteReadError, ResponseStreamingError, OSError)


class S3Reader(io.RawIOBase):
    """The bytes of one object. Memory: what one read asks for.

    Each request after the first is bound to the first one's ETag, so that bytes of two objects never mix.
    """

    def __init__(self, client: S3Client, key: str) -> None:
        super().__init__()
        self._client = client
        self._key = key
        self._at = 0
        self._cuts = 0
        answer = client.call("get_object", Key=key)
        self._size = int(answer["ContentLength"])
        self._etag = str(answer.get("ETag", ""))
        self._body: Any = answer["Body"]

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always: the next read asks for the rest from there."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte; nothing is asked for until something is read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        target = max(base + offset, 0)
        if target != self._at:
            self._drop()
            self._at = target
        return target

    def tell(self) -> int:
        """The next byte's offset."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as one read of the network goes; 0 at the end."""
        view = memoryview(buffer).cast("B")
        while self._at < self._size:
            try:
                data = self._stream().read(min(len(view), self._size - self._at))
            except _LOST as error:
                self._note_cut(error)
                continue
            if not data:
                self._note_cut(None)
                continue
            view[: len(data)] = data
            self._at += len(data)
            self._cuts = 0
            return len(data)
        return 0

    def close(self) -> None:
        """Give the connection back."""
        self._drop()
        super().close()

    def _stream(self) -> Any:
        if self._body is None:
            params = {"IfMatch": self._etag} if self._etag else {}
            answer = self._client.call("get_object", Key=self._key, Range=f"bytes={self._at}-", **params)
            self._body = answer["Body"]
            if int(answer["ContentLength"]) != self._size - self._at:
                self._drop()
                raise IntegrityError("storage.blob_corrupt", sha256=self._key.rpartition("/")[2])
        return self._body

    def _note_cut(self, error: Exception | None) -> None:
        self._drop()
        self._cuts += 1
        if self._cuts > _CUTS:
            raise TransientError("s3.unreachable", bucket=self._client.access.bucket) from error

    def _drop(self) -> None:
        body, self._body = getattr(self, "_body", None), None
        if body is not None:
            body.close()


def open_object(client: S3Client, key: str) -> io.BufferedReader:
    """The object as a binary file at offset 0; `NotFoundError` if absent."""
    return io.BufferedReader(S3Reader(client, key), buffer_size=_BUFFER)
