"""Universal Binary JSON as XGBoost writes it: big-endian, counted, with typed arrays (https://ubjson.org, draft 12).

Strings, counts and depth are bounded before anything is built, and a typed array stays one block of memory.
"""

from __future__ import annotations

import array
import struct
import sys
from typing import Any

from registry.inspection.verdicts import RefusedError, shown

MAX_DEPTH = 64
MAX_ITEMS = 10_000_000
MAX_STRING = 64 << 20
_INTEGERS = {b"i": "b", b"U": "B", b"I": "h", b"l": "i", b"L": "q"}
_FLOATS = {b"d": "f", b"D": "d"}
_CODES = _INTEGERS | _FLOATS
_CONSTANTS = {b"Z": None, b"T": True, b"F": False}


def load_ubjson(data: bytes) -> Any:
    """Decode one value that fills `data`; raises `RefusedError` for anything else."""
    reader = _Reader(data)
    value = reader.value(MAX_DEPTH)
    if reader.at != len(data):
        raise RefusedError("gate.trailing", count=len(data) - reader.at)
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._items = 0
        self.at = 0

    def value(self, depth: int, mark: bytes | None = None) -> Any:
        mark = self._take(1) if mark is None else mark
        self._items += 1
        if self._items > MAX_ITEMS:
            raise RefusedError("gate.json_count", limit=MAX_ITEMS)
        if mark in _CODES:
            return self._number(mark)
        if mark in _CONSTANTS:
            return _CONSTANTS[mark]
        if mark == b"S":
            return self._text()
        if mark == b"C":
            return self._take(1).decode("latin-1")
        if mark in (b"[", b"{"):
            if not depth:
                raise RefusedError("gate.json_depth", limit=MAX_DEPTH)
            return self._array(depth - 1) if mark == b"[" else self._object(depth - 1)
        raise RefusedError("gate.ubj_invalid", offset=self.at - 1)

    def _array(self, depth: int) -> Any:
        kind, count = self._header()
        if kind is not None:
            return self._typed(kind, count)
        items: list[Any] = []
        while len(items) < count if count >= 0 else not self._accept(b"]"):
            items.append(self.value(depth))
        return items

    def _typed(self, kind: bytes, count: int) -> Any:
        code = _CODES.get(kind)
        if code is None:
            raise RefusedError("gate.ubj_invalid", offset=self.at)
        values = array.array(code)
        values.frombytes(self._take(count * values.itemsize))
        if sys.byteorder == "little":
            values.byteswap()
        return memoryview(values)

    def _object(self, depth: int) -> dict[str, Any]:
        kind, count = self._header()
        found: dict[str, Any] = {}
        while len(found) < count if count >= 0 else not self._accept(b"}"):
            key = self._text()
            if key in found:
                raise RefusedError("gate.json_duplicate", key=shown(key))
            found[key] = self.value(depth, kind)
        return found

    def _header(self) -> tuple[bytes | None, int]:
        """Type and count of a container: (None, -1) for one that ends with a bracket."""
        kind = self._take(1) if self._accept(b"$") else None
        if self._accept(b"#"):
            return kind, self._length()
        if kind is not None:
            raise RefusedError("gate.ubj_invalid", offset=self.at)
        return None, -1

    def _length(self) -> int:
        mark = self._take(1)
        if mark not in _INTEGERS:
            raise RefusedError("gate.ubj_invalid", offset=self.at - 1)
        length = self._number(mark)
        if not isinstance(length, int) or not 0 <= length <= len(self._data):
            raise RefusedError("gate.truncated", needed=int(length), size=len(self._data))
        return length

    def _number(self, mark: bytes) -> int | float:
        code = ">" + _CODES[mark]
        value: int | float = struct.unpack(code, self._take(struct.calcsize(code)))[0]
        return value

    def _text(self) -> str:
        length = self._length()
        if length > MAX_STRING:
            raise RefusedError("gate.too_large", size=length, limit=MAX_STRING)
        try:
            return self._take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise RefusedError("gate.ubj_invalid", offset=self.at) from None

    def _accept(self, mark: bytes) -> bool:
        found = self._data[self.at : self.at + 1] == mark
        self.at += found
        return found

    def _take(self, length: int) -> bytes:
        end = self.at + length
        if end > len(self._data):
            raise RefusedError("gate.truncated", needed=end, size=len(self._data))
        taken = self._data[self.at : end]
        self.at = end
        return taken
