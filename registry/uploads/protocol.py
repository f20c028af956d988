"""The headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload), parsed and nothing else.

Extensions: creation, checksum, expiration, termination.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.errors import UserError

if TYPE_CHECKING:
    from hashlib import _Hash

TUS_VERSION = "1.0.0"
EXTENSIONS = ("creation", "checksum", "expiration", "termination")
# Without md5: it no longer tells an accident from an intention.
CHECKSUM_ALGORITHMS = ("sha1", "sha256")
CONTENT_TYPE = "application/offset+octet-stream"
METHODS = frozenset({"OPTIONS", "POST", "HEAD", "PATCH", "DELETE"})

_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


class TusError(UserError):
    """A request that the protocol answers with a status of its own: 405, 410, 411, 412, 413, 415, 423 or 460."""

    def __init__(self, code: str, *, status: int, field: str | None = None, **params: object) -> None:
        super().__init__(code, field=field, **params)
        self.http_status = status


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a chunk's digest has to be."""

    algorithm: str
    digest: bytes

    def hasher(self) -> _Hash:
        """A fresh hasher of the algorithm."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """What a creation asks for: a file of `length` bytes under `filename` in the draft with the key `version_id`."""

    length: int
    filename: str
    version_id: int
    raw_metadata: str


def effective_method(method: str, headers: Mapping[str, str]) -> str:
    """The method that counts: `X-HTTP-Method-Override` wins over the real one, whatever that is."""
    return headers.get("X-HTTP-Method-Override", method).strip().upper()


def check_version(headers: Mapping[str, str]) -> None:
    """Refuse every protocol version but ours, an absent one included."""
    if headers.get("Tus-Resumable") != TUS_VERSION:
        raise TusError("upload.protocol_version", status=412, version=TUS_VERSION)


def parse_creation(headers: Mapping[str, str]) -> Creation:
    """The headers of a creation."""
    if "Upload-Defer-Length" in headers:
        raise UserError("upload.length_deferred")
    if "Upload-Concat" in headers:
        raise UserError("upload.no_concatenation")
    length = _number(headers, "Upload-Length", "upload.bad_length")
    raw = headers.get("Upload-Metadata", "")
    metadata = parse_metadata(raw)
    try:
        filename = metadata["filename"].decode()
        version = metadata["version"].decode("ascii")
    except (KeyError, UnicodeDecodeError):
        raise UserError("upload.bad_metadata") from None
    if not _NUMBER.fullmatch(version):
        raise UserError("upload.bad_metadata")
    return Creation(length=length, filename=filename, version_id=int(version), raw_metadata=raw)


def parse_metadata(raw: str) -> dict[str, bytes]:
    """`Upload-Metadata` as a dictionary. Keys are ASCII, unique and not empty; values are strict base64."""
    found: dict[str, bytes] = {}
    for pair in raw.split(",") if raw.strip() else ():
        key, _space, value = pair.strip().partition(" ")
        if not key or not key.isascii() or not key.isprintable() or key in found or not value.isascii():
            raise UserError("upload.bad_metadata")
        try:
            found[key] = base64.b64decode(value, validate=True)
        except binascii.Error:
            raise UserError("upload.bad_metadata") from None
    return found


def parse_offset(headers: Mapping[str, str]) -> int:
    """`Upload-Offset` of a chunk."""
    return _number(headers, "Upload-Offset", "upload.bad_offset")


def check_content_type(headers: Mapping[str, str]) -> None:
    """A chunk has exactly one media type."""
    if headers.get("Content-Type", "") != CONTENT_TYPE:
        raise TusError("upload.content_type", status=415, expected=CONTENT_TYPE)


def parse_content_length(headers: Mapping[str, str]) -> int:
    """Bytes of a chunk. A body of unknown length is refused: only a length that is known first can bind."""
    if headers.get("Content-Length", "") == "" or "Transfer-Encoding" in headers:
        raise TusError("upload.length_required", status=411)
    return _number(headers, "Content-Length", "upload.bad_length")


def parse_checksum(headers: Mapping[str, str]) -> Checksum | None:
    """`Upload-Checksum: <algorithm> <base64 digest>`, None if there is none."""
    raw = headers.get("Upload-Checksum")
    if raw is None:
        return None
    algorithm, _space, encoded = raw.partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise UserError("upload.checksum_algorithm", allowed=", ".join(CHECKSUM_ALGORITHMS))
    try:
        checksum = Checksum(algorithm, base64.b64decode(encoded.encode("ascii"), validate=True))
    except (binascii.Error, UnicodeEncodeError):
        raise UserError("upload.bad_checksum") from None
    if len(checksum.digest) != checksum.hasher().digest_size:
        raise UserError("upload.bad_checksum")
    return checksum


def _number(headers: Mapping[str, str], name: str, code: str) -> int:
    text = headers.get(name, "")
    if not _NUMBER.fullmatch(text):
        raise UserError(code, header=name)
    return int(text)
