"""Uploads that go from the browser to the bucket, past the portal: signed addresses, and its own look at what came."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any, BinaryIO

from registry.artifacts.s3 import PART_BYTES, S3BlobStore
from registry.artifacts.s3_access import S3Access, S3Client, s3_errors
from registry.artifacts.s3_parts import joined
from registry.artifacts.s3_reader import open_object
from registry.errors import ConflictError, IntegrityError, NotFoundError

ADDRESS_SECONDS = 3600
# What one request copies. Some stores answer only when they are done: at 20 MB/s this takes 14 s of the 30 s for which
# the client waits, while the 5 GiB that S3 allows would take minutes.
_COPY_PART = 256 << 20


class S3DirectUploads:
    """`registry.interfaces.DirectUploads` by multipart uploads below `<prefix>uploads/`.

    `public_url` is the storage's address as browsers reach it; signatures hold for that host only.
    """

    part_bytes = PART_BYTES

    def __init__(self, *, access: S3Access, store: S3BlobStore, public_url: str, prefix: str = "") -> None:
        self._client = S3Client(access)
        self._signing = S3Client(replace(access, endpoint_url=public_url))
        self._store = store
        self._prefix = f"{prefix}uploads/"

    def begin(self, name: str) -> str:
        """Open a session; what is sent to it counts only once it is complete."""
        return str(self._client.call("create_multipart_upload", Key=self._key(name))["UploadId"])

    def address(self, name: str, session: str, number: int, length: int) -> str:
        """Where one part may be PUT, for an hour; parts count from 1.

        The length is signed too: nobody fills the bucket with more than was reserved.
        """
        params = {
            "Bucket": self._signing.access.bucket,
            "Key": self._key(name),
            "UploadId": session,
            "PartNumber": number,
            "ContentLength": length,
        }
        with s3_errors(self._signing.access.bucket):
            signed = self._signing.library.generate_presigned_url(
                "upload_part", Params=params, ExpiresIn=ADDRESS_SECONDS, HttpMethod="PUT"
            )
        return str(signed)

    def arrived(self, name: str, session: str) -> dict[int, int]:
        """The bytes of each part that has arrived; `NotFoundError` if there is no such session any more."""
        return {int(part["PartNumber"]): int(part["Size"]) for part in self._parts(name, session)}

    def complete(self, name: str, session: str) -> int:
        """Join the parts; the bytes of the whole. Safe to repeat. `ConflictError` if no part has arrived."""
        with contextlib.suppress(NotFoundError):
            parts = [{"ETag": part["ETag"], "PartNumber": part["PartNumber"]} for part in self._parts(name, session)]
            if not parts:
                raise ConflictError("upload.direct_incomplete", number=1)
            self._client.call(
                "complete_multipart_upload", Key=self._key(name), UploadId=session, MultipartUpload={"Parts": parts}
            )
        return int(self._client.call("head_object", Key=self._key(name))["ContentLength"])

    def open(self, name: str) -> BinaryIO:
        """What was joined, for taking its digest."""
        return open_object(self._client, self._key(name))

    def keep(self, name: str, sha256: str) -> None:
        """Make it the blob of this digest, within the bucket; the caller has taken the digest. Safe to repeat."""
        source, target = self._key(name), self._store.key_of(sha256)
        try:
            head = self._client.call("head_object", Key=source)
        except NotFoundError:
            self._store.size(sha256)  # it was kept before
            return
        size = int(head["ContentLength"])
        self._copy(source, target, size=size)
        if self._store.size(sha256) != size:  # a store that copies a list of parts instead of their bytes
            self._store.delete(sha256)
            raise IntegrityError("storage.blob_corrupt", sha256=sha256)
        self._client.call("delete_object", Key=source)

    def discard(self, name: str, session: str) -> None:
        """Free the room of whatever has arrived; nothing there is fine."""
        with contextlib.suppress(NotFoundError):
            self._client.call("abort_multipart_upload", Key=self._key(name), UploadId=session)
        with contextlib.suppress(NotFoundError):
            self._client.call("delete_object", Key=self._key(name))

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}"

    def _parts(self, name: str, session: str) -> list[dict[str, Any]]:
        pages = self._client.pages("list_parts", Key=self._key(name), UploadId=session)
        return [part for page in pages for part in page.get("Parts", ())]

    def _copy(self, source: str, target: str, *, size: int) -> None:
        """Within the bucket. The object is the one that was hashed: its session has ended, and with it all addresses.

        A condition on its ETag would say so once more, but Swift knows joined parts by another ETag than it tells.
        """
        origin = {"CopySource": {"Bucket": self._client.access.bucket, "Key": source}}
        if size <= _COPY_PART:
            self._client.call("copy_object", Key=target, **origin)
            return
        with joined(self._client, target, size=size) as parts:
            for start in range(0, size, _COPY_PART):
                end = min(start + _COPY_PART, size) - 1
                where = {"Key": target, "UploadId": parts.session, "PartNumber": parts.next_number}
                copied = self._client.call(
                    "upload_part_copy", CopySourceRange=f"bytes={start}-{end}", **where, **origin
                )  # fmt: skip
                parts.add(copied["CopyPartResult"]["ETag"])


def s3_direct_uploads(*, public_url: str, prefix: str = "", store: S3BlobStore, **access: Any) -> S3DirectUploads:
    """Direct uploads as settings describe them, into the bucket of the content store."""
    return S3DirectUploads(access=S3Access(**access), store=store, public_url=public_url, prefix=prefix)
