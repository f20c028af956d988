"""Digests of files that arrive in several chunks, carried from one chunk to the next within a process.

Only a saving: what is not here (another process took a chunk, or this one is new) is read and hashed at the end.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from registry.uploads.partial_files import FileIdentity

if TYPE_CHECKING:
    from hashlib import _Hash

MOST_KEPT = 256

_kept: OrderedDict[FileIdentity, tuple[int, _Hash]] = OrderedDict()
_guard = threading.Lock()


def hasher_at(identity: FileIdentity, offset: int) -> _Hash | None:
    """A hasher that has read the file up to `offset`, None if there is none. Taking it forgets it."""
    if offset == 0:
        return hashlib.sha256()
    with _guard:
        known, hasher = _kept.pop(identity, (0, None))
    return hasher if known == offset else None


def keep_hasher(identity: FileIdentity, offset: int, hasher: _Hash) -> None:
    """Keep a hasher that has read exactly the first `offset` bytes, which are synced and never change again."""
    with _guard:
        _kept[identity] = (offset, hasher)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
