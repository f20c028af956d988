"""A request body on its way to a partial file: flat memory, hashed while it passes, true to what has arrived."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Self

from registry.uploads.partial_files import PartialFile

if TYPE_CHECKING:
    from hashlib import _Hash

Read = Callable[[int], bytes]
"""Up to so many bytes of the body, b"" at its end; OSError when the client is gone."""

Fill = Callable[[memoryview], int]
"""Puts bytes of the body at the view's start, as many as are there; returns how many, 0 at the body's end.

It waits only while there are none, and raises OSError when the client is gone.
"""

BUFFER_BYTES = 512 << 10
LARGEST_PIECE = BUFFER_BYTES
SMALLEST_PIECE = 1 << 12
LARGE_CHUNK = 4 << 20
WRITEBACK_BYTES = 8 << 20
DISCARDED_BYTES = 32 << 20
DISCARD_SECONDS = 10.0
_BUFFERS = 4
_SLOW_READ = 0.25
_FAST_READ = 0.05


def receive(*, fill: Fill, partial: PartialFile, length: int, hashers: Sequence[_Hash]) -> int:
    """Append up to `length` bytes of the body to the file; returns how many came. Fewer: the client broke off.

    A large chunk is hashed in a thread beside the one that receives and writes, so that neither waits for the other.
    """
    received = 0
    large = length >= LARGE_CHUNK
    with _Hashing(hashers, beside=large) as hashing, _writeback(partial, wanted=large) as write_back:
        while received < length:
            space = hashing.space()[: length - received]
            try:
                count = fill(space)
            except OSError:
                break
            if not count:
                break
            partial.append(space[:count])
            hashing.filled(count)
            received += count
            write_back()
    return received


def filled_by(read: Read) -> Fill:
    """A `Fill` over a `read` that waits until it has all that was asked for.

    What such a `read` holds back is lost if the client breaks off, so pieces are asked for that take about a tenth of
    a second each: small ones of a slow client, large ones of a fast one.
    """
    size = SMALLEST_PIECE << 4

    def fill(space: memoryview) -> int:
        nonlocal size
        started = time.monotonic()
        piece = read(min(size, len(space)))
        seconds = time.monotonic() - started
        if seconds < _FAST_READ:
            size = min(size * 2, LARGEST_PIECE)
        elif seconds > _SLOW_READ:
            size = max(size // 4, SMALLEST_PIECE)
        space[: len(piece)] = piece
        return len(piece)

    return fill


def discard(*, fill: Fill, length: int) -> None:
    """Read the rest of a body away, so that its sender hears why it was refused instead of a broken connection.

    Only so much and so long as a chunk of a browser takes: who sends more is cut off.
    """
    if length > DISCARDED_BYTES:
        return
    deadline = time.monotonic() + DISCARD_SECONDS
    space = memoryview(bytearray(SMALLEST_PIECE << 4))
    with contextlib.suppress(OSError):
        while time.monotonic() < deadline and fill(space):
            pass


class _Hashing:
    """Buffers that are hashed once they are full, and the rest at the end; `beside`: in a thread of its own.

    The buffers are used again and again, since new memory for each piece costs as much time as hashing it.
    """

    def __init__(self, hashers: Sequence[_Hash], *, beside: bool) -> None:
        self._hashers = hashers
        self._thread = ThreadPoolExecutor(1, "upload-hash") if beside and hashers else None
        self._free = deque(memoryview(bytearray(BUFFER_BYTES)) for _ in range(_BUFFERS if self._thread else 1))
        self._waiting: deque[tuple[Future[None], memoryview]] = deque()
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hash_present()
        if self._thread is not None:
            self._thread.shutdown()
        for hashed, _buffer in self._waiting:
            hashed.result()

    def space(self) -> memoryview:
        """Where the next bytes may be put; never empty."""
        if not self._free:
            hashed, buffer = self._waiting.popleft()
            hashed.result()
            self._free.append(buffer)
        return self._free[0][self._end :]

    def filled(self, count: int) -> None:
        """`count` bytes were put into the space."""
        self._end += count
        if self._end == BUFFER_BYTES:
            self._hash_present()

    def _hash_present(self) -> None:
        if not self._end:
            return
        piece, self._end = self._free[0][: self._end], 0
        if self._thread is None:
            self._update(piece)
        else:
            self._waiting.append((self._thread.submit(self._update, piece), self._free.popleft()))

    def _update(self, piece: memoryview) -> None:
        for hasher in self._hashers:
            hasher.update(piece)


@contextlib.contextmanager
def _writeback(partial: PartialFile, *, wanted: bool) -> Iterator[Callable[[], None]]:
    """A function that starts bringing written bytes to the disk now and then, so that the last sync is short."""
    if not wanted:
        yield lambda: None
        return
    flushed = partial.offset
    running: Future[None] | None = None
    with ThreadPoolExecutor(1, "upload-sync") as syncing:

        def start() -> None:
            nonlocal flushed, running
            if partial.offset - flushed >= WRITEBACK_BYTES and (running is None or running.done()):
                flushed = partial.offset
                running = syncing.submit(partial.start_writeback)

        yield start
