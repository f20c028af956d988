"""Random access to hostile bytes with the bounds checked in one place."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, BinaryIO

from registry.inspection.verdicts import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 20
_WINDOW = 1 << 16


class Source:
    """A range of a seekable file: `size` bytes from `start`. Reads past the range are refused as truncation.

    Small reads are served from one cached window of 64 KiB, so walking a format field by field costs few system calls.
    """

    def __init__(self, file: BinaryIO, size: int, start: int = 0) -> None:
        self._file = file
        self._start = start
        self.size = size
        self._window_at = 0
        self._window = b""

    @classmethod
    def of_bytes(cls, data: bytes) -> Source:
        """Bytes that are already in memory, as a source."""
        return cls(io.BytesIO(data), len(data))

    def view(self, offset: int, length: int) -> Source:
        """The part of `length` bytes from `offset`, as a source of its own."""
        self._check(offset, length)
        return Source(self._file, length, self._start + offset)

    def read_at(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`."""
        self._check(offset, length)
        if length > _WINDOW:
            return self._read(offset, length)
        relative = offset - self._window_at
        if relative < 0 or relative + length > len(self._window):
            self._window = self._read(offset, min(_WINDOW, self.size - offset))
            self._window_at, relative = offset, 0
        return self._window[relative : relative + length]

    def peek(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`: fewer at the end."""
        return self.read_at(offset, max(0, min(length, self.size - offset)))

    def chunks(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `offset` in pieces of at most 1 MiB."""
        end = self.size if length is None else offset + length
        self._check(offset, end - offset)
        while offset < end:
            piece = self._read(offset, min(CHUNK, end - offset))
            offset += len(piece)
            yield piece

    def read_all(self, limit: int) -> bytes:
        """The whole range, which may not be larger than `limit`."""
        if self.size > limit:
            raise RefusedError("gate.too_large", size=self.size, limit=limit)
        return self._read(0, self.size)

    def _check(self, offset: int, length: int) -> None:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise RefusedError("gate.truncated", needed=offset + length, size=self.size)

    def _read(self, offset: int, length: int) -> bytes:
        self._file.seek(self._start + offset)
        data = self._file.read(length)
        if len(data) != length:
            raise RefusedError("gate.truncated", needed=offset + length, size=self.size)
        return data


def inflate(source: Source, limit: int) -> Iterator[bytes]:
    """Decompress a raw deflate stream in pieces of at most 1 MiB, refusing more than `limit` bytes in all.

    Memory stays flat whatever the stream claims; it must end exactly at the end of `source`.
    """
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    produced = 0
    try:
        for chunk in source.chunks():
            pending, piece = chunk, b""
            # A full piece may have left output, or the end mark, inside although all the input is taken.
            while pending or len(piece) == CHUNK:
                piece = engine.decompress(pending, CHUNK)
                pending = engine.unconsumed_tail
                produced += len(piece)
                if produced > limit or engine.unused_data:
                    raise RefusedError("gate.zip_size")
                if piece:
                    yield piece
    except zlib.error:
        raise RefusedError("gate.zip_size") from None
    if not engine.eof:
        raise RefusedError("gate.zip_size")
