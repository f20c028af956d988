"""A client of S3-compatible storage: how it is reached, and its failures as errors that say who must act."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError, SSLError
from botocore.exceptions import ConnectionError as NotConnectedError
from urllib3.exceptions import HTTPError

from registry.errors import NotFoundError, OperatorError, StorageFullError, TransientError

_ABSENT = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchUpload"})
_FULL = frozenset({"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "InsufficientCapacity", "507"})
_DENIED = frozenset({"403", "401", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"})
_PASSING = frozenset(
    # The last one: the object was replaced, by the same bytes or their cure, while it was read in pieces.
    {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "ThrottlingException", "PreconditionFailed"}
)
_MAKING = threading.Lock()  # the library makes one client at a time
_SERVER_ERROR = 500
_TOO_MANY = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Access:
    """A bucket and how to reach it. Times are seconds.

    Without `access_key` the library looks where it is used to: environment, files, the machine's or pod's role.
    """

    bucket: str
    endpoint_url: str = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    ca_file: str = ""
    path_style: bool = True
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    attempts: int = 5


class S3Client:
    """The operations of one bucket, by their names in the S3 API. Safe between threads, and after a fork."""

    def __init__(self, access: S3Access) -> None:
        self.access = access
        self._made: tuple[int, Any] | None = None

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """Ask for one operation, such as `head_object`; the answer's fields. Raises as `s3_errors`.

        What passes (503, SlowDown, a lost connection) has been repeated with growing pauses before it is an error.
        """
        with s3_errors(self.access.bucket):
            answer: dict[str, Any] = getattr(self.library, operation)(Bucket=self.access.bucket, **params)
            return answer

    def pages(self, operation: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Every page of a listing."""
        with s3_errors(self.access.bucket):
            yield from self.library.get_paginator(operation).paginate(Bucket=self.access.bucket, **params)

    @property
    def library(self) -> Any:
        """The library's own client, one for each process: connections may not cross a fork."""
        made = self._made
        if made is None or made[0] != os.getpid():
            with _MAKING:
                try:
                    made = self._made = (os.getpid(), _library_client(self.access))
                except ValueError as error:  # an address or a file that is none
                    raise OperatorError("s3.misconfigured", reason="ValueError") from error
        return made[1]


@contextmanager
def s3_errors(bucket: str) -> Iterator[None]:
    """Turn the library's failures into the portal's.

    `NotFoundError` for an absent object, `StorageFullError`, `OperatorError` where a setting or right is wrong,
    `TransientError` for what may pass. Nothing that the server wrote goes on, except its error code.
    """
    try:
        yield
    except ClientError as error:
        raise _refusal(error, bucket) from error
    except NoCredentialsError as error:
        raise OperatorError("s3.no_credentials") from error
    except SSLError as error:
        raise OperatorError("s3.untrusted", bucket=bucket) from error
    except (HTTPClientError, NotConnectedError, HTTPError, OSError) as error:
        raise TransientError("s3.unreachable", bucket=bucket) from error
    except BotoCoreError as error:
        raise OperatorError("s3.misconfigured", reason=type(error).__name__) from error


def _refusal(error: ClientError, bucket: str) -> Exception:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code == "NoSuchBucket":
        return OperatorError("s3.no_bucket", bucket=bucket)
    if code in _ABSENT:
        return NotFoundError("storage.blob_missing", sha256="")
    if code in _FULL:
        return StorageFullError("s3.full", bucket=bucket)
    if code in _DENIED:
        return OperatorError("s3.denied", bucket=bucket)
    if code in _PASSING or status >= _SERVER_ERROR or status == _TOO_MANY:
        return TransientError("s3.busy", bucket=bucket, status=status)
    return OperatorError("s3.refused", bucket=bucket, status=status, reason=code[:40] if code.isalnum() else "")


@lru_cache(maxsize=1)
def _session() -> Any:
    """The library's session; it keeps the description of S3's operations, half a second's reading."""
    return botocore.session.get_session()


def _library_client(access: S3Access) -> Any:
    config = Config(
        connect_timeout=access.connect_timeout,
        read_timeout=access.read_timeout,
        retries={"mode": "standard", "total_max_attempts": access.attempts},
        signature_version="s3v4",
        # Trailing checksums are an extension that other stores refuse; a signed payload is checked by all of them.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if access.path_style else "virtual", "payload_signing_enabled": True},
        user_agent_extra="model-commons",
    )
    return _session().create_client(
        "s3",
        region_name=access.region,
        endpoint_url=access.endpoint_url or None,
        verify=access.ca_file or None,
        aws_access_key_id=access.access_key or None,
        aws_secret_access_key=access.secret_key or None,
        config=config,
    )
