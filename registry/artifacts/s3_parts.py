"""An object that is made of parts: it appears as a whole, or nothing of it stays."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from registry.artifacts.s3_access import S3Client
from registry.errors import NotFoundError, TransientError


class Parts:
    """The session of one such object; each part's answer is added in order."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.answers: list[dict[str, Any]] = []

    @property
    def next_number(self) -> int:
        """Parts count from 1."""
        return len(self.answers) + 1

    def add(self, etag: str) -> None:
        """One that has arrived, by the ETag that the storage answered."""
        self.answers.append({"ETag": etag, "PartNumber": self.next_number})


@contextlib.contextmanager
def joined(client: S3Client, key: str, *, size: int) -> Iterator[Parts]:
    """Send parts in the block; at its end they become an object of `size` bytes. A failure takes them back.

    `TransientError` if the session is gone without the object, beside what the client raises.
    """
    parts = Parts(str(client.call("create_multipart_upload", Key=key)["UploadId"]))
    try:
        yield parts
        _join(client, key, parts, size)
    except BaseException as error:
        with contextlib.suppress(Exception):  # what cannot be taken back now, a lifecycle rule of the bucket does
            client.call("abort_multipart_upload", Key=key, UploadId=parts.session)
        if isinstance(error, NotFoundError):  # nobody's request is wrong
            raise TransientError("s3.unreachable", bucket=client.access.bucket) from error
        raise


def _join(client: S3Client, key: str, parts: Parts, size: int) -> None:
    """The client repeats a request whose answer was lost, and some storages know no session that has ended."""
    whole = {"Parts": parts.answers}
    try:
        client.call("complete_multipart_upload", Key=key, UploadId=parts.session, MultipartUpload=whole)
    except NotFoundError:
        if int(client.call("head_object", Key=key)["ContentLength"]) != size:
            raise
