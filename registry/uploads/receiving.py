"""A request body on its way to a partial file: flat memory, hashed while it passes, true to what has arrived."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from registry.uploads.partial_files import PartialFile

if TYPE_CHECKING:
    from hashlib import _Hash

Read = Callable[[int], bytes]
"""Up to so many bytes of the body, b"" at its end; OSError when the client is gone."""

LARGEST_PIECE = 1 << 20
SMALLEST_PIECE = 1 << 12
LARGE_CHUNK = 4 << 20
WRITEBACK_BYTES = 8 << 20
DISCARDED_BYTES = 32 << 20
DISCARD_SECONDS = 10.0
_WAITING_PIECES = 3
_SLOW_READ = 0.25
_FAST_READ = 0.05


def receive(*, read: Read, partial: PartialFile, length: int, hashers: Sequence[_Hash]) -> int:
    """Append up to `length` bytes of the body to the file; returns how many came. Fewer: the client broke off.

    A large chunk is written and hashed in a thread beside the one that reads, so that neither waits for the other.
    """
    received = 0
    broken = threading.Event()

    def keep(piece: bytes) -> None:
        if broken.is_set():  # a piece after one that failed would leave a gap
            return
        try:
            partial.append(piece)
        except BaseException:
            broken.set()
            raise
        for hasher in hashers:
            hasher.update(piece)

    with _writer(keep, partial, beside=length >= LARGE_CHUNK) as write:
        for piece in _pieces(read, length):
            write(piece)
            received += len(piece)
    return received


def discard(*, read: Read, length: int) -> None:
    """Read the rest of a body away, so that its sender hears why it was refused instead of a broken connection.

    Only so much and so long as a chunk of a browser takes: who sends more is cut off.
    """
    if length > DISCARDED_BYTES:
        return
    deadline = time.monotonic() + DISCARD_SECONDS
    with contextlib.suppress(OSError):
        while time.monotonic() < deadline and read(SMALLEST_PIECE << 4):
            pass


def _pieces(read: Read, length: int) -> Iterator[bytes]:
    """The body in pieces that take about a tenth of a second each.

    A server's `read` waits until it has all that was asked for, and what it holds back is lost if the client breaks
    off: so a slow client is read in small pieces, and a fast one in large ones.
    """
    size = SMALLEST_PIECE << 4
    while length:
        started = time.monotonic()
        try:
            piece = read(min(size, length))
        except OSError:
            return
        if not piece:
            return
        length -= len(piece)
        seconds = time.monotonic() - started
        if seconds < _FAST_READ:
            size = min(size * 2, LARGEST_PIECE)
        elif seconds > _SLOW_READ:
            size = max(size // 4, SMALLEST_PIECE)
        yield piece


@contextlib.contextmanager
def _writer(keep: Callable[[bytes], None], partial: PartialFile, *, beside: bool) -> Iterator[Callable[[bytes], None]]:
    """A function that keeps a piece, in this thread or beside it. At the end all are kept, or the error is raised."""
    if not beside:
        yield keep
        return
    waiting: deque[Future[Any]] = deque()
    flushed = partial.offset
    with ThreadPoolExecutor(1, "upload-write") as writing, ThreadPoolExecutor(1, "upload-sync") as syncing:
        writeback: Future[None] | None = None

        def write(piece: bytes) -> None:
            nonlocal flushed, writeback
            waiting.append(writing.submit(keep, piece))
            if len(waiting) > _WAITING_PIECES:
                waiting.popleft().result()
            if partial.offset - flushed >= WRITEBACK_BYTES and (writeback is None or writeback.done()):
                flushed = partial.offset
                writeback = syncing.submit(partial.start_writeback)

        yield write
        while waiting:
            waiting.popleft().result()
