"""Two digests from one read: the file's own and its layer's."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

from deployer.oci.layers import Frame

_CHUNK = 1 << 20
# Chunks between reader and second hasher: enough to ride out a late wake-up, few enough to stay in the CPU's cache.
_AHEAD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoDigests:
    """Hex SHA-256 of the blob alone and of the blob in its frame, and the bytes read."""

    blob: str
    layer: str
    size: int


def hash_in_frame(
    blob: BinaryIO, surroundings: Frame, *, expected_size: int, advance: Callable[[int], None]
) -> TwoDigests:
    """Read the blob once; hash it here and, framed, in a second thread (hashlib works outside the interpreter lock).

    Reading ends soon after `expected_size` bytes, so a blob that grows cannot keep the builder for ever.
    Memory: at most `_AHEAD` + 2 chunks of 1 MiB. `advance` is told the bytes of each chunk.
    """
    own, layer, size = hashlib.sha256(), hashlib.sha256(surroundings.header), 0
    pending: deque[Future[None]] = deque()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="layer-hash") as second:
        while size <= expected_size and (chunk := blob.read(_CHUNK)):
            pending.append(second.submit(layer.update, chunk))
            own.update(chunk)
            size += len(chunk)
            advance(len(chunk))
            if len(pending) > _AHEAD:
                pending.popleft().result()
        while pending:
            pending.popleft().result()
    layer.update(bytes(surroundings.padding))
    return TwoDigests(blob=own.hexdigest(), layer=layer.hexdigest(), size=size)
