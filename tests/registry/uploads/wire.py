"""How tus writes things into headers."""

from __future__ import annotations

import base64
import hashlib

COLLECTION = "/uploads/"
CHUNK = "application/offset+octet-stream"


def metadata(**values: str | int) -> str:
    return ",".join(f"{key} {base64.b64encode(str(value).encode()).decode()}" for key, value in values.items())


def checksum(data: bytes, algorithm: str = "sha1") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"
