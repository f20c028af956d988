"""GGUF: key-value pairs, tensor descriptions and aligned data, each count bounded before it is believed.

Layout and block sizes: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from registry.inspection.source import Source
from registry.inspection.verdicts import RefusedError, shown
from registry.interfaces import Introspection

MAX_PAIRS = 1 << 16
MAX_TENSORS = 1 << 17
MAX_ITEMS = 10_000_000
MAX_TEXT = 16 << 20
MAX_NAME = 1 << 16
MAX_TENSOR_NAME = 128
MAX_DIMENSIONS = 4
_VERSIONS = (2, 3)
_TEXT, _ARRAY = 8, 9
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
_DEFAULT_ALIGNMENT = 32
_MAX_ALIGNMENT = 1 << 16
_ARRAY_DEPTH = 2
# ggml type: (items in a block, bytes of a block).
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
    40: (64, 36), 41: (128, 18),
}  # fmt: skip


def inspect_gguf(source: Source) -> Introspection:
    """Accept a file whose tensors lie inside it, aligned and apart."""
    reader = _Reader(source)
    if reader.bytes(4) != b"GGUF" or reader.number("I") not in _VERSIONS:
        raise RefusedError("gate.gguf_header", part="version")
    tensors, pairs = reader.count("Q", MAX_TENSORS, "tensor_count"), reader.count("Q", MAX_PAIRS, "kv_count")
    facts: dict[str, Any] = {}
    for _ in range(pairs):
        key = reader.text(MAX_NAME)
        if not key or key in facts:
            raise RefusedError("gate.gguf_header", part=shown(key))
        facts[key] = reader.value(reader.number("I"))
    alignment = facts.get("general.alignment", _DEFAULT_ALIGNMENT)
    if type(alignment) is not int or not 0 < alignment <= _MAX_ALIGNMENT or alignment % 8:
        raise RefusedError("gate.gguf_header", part="general.alignment")
    spans, parameters, names = [], 0, set()
    for _ in range(tensors):
        name, count, span = reader.tensor(alignment)
        if name in names:
            raise RefusedError("gate.gguf_tensor", tensor=shown(name))
        names.add(name)
        spans.append(span)
        parameters += count
    _check_spans(spans, source.size - _align(reader.at, alignment) if spans else 0, alignment)
    if not spans and source.size - reader.at >= alignment:
        raise RefusedError("gate.trailing", count=source.size - reader.at)
    shown_facts = {shown(key): shown(str(value)) for key, value in facts.items() if key.startswith("general.")}
    return Introspection(
        framework="gguf",
        model_type=shown(str(facts.get("general.architecture", ""))),
        parameters=parameters,
        metadata={**dict(list(shown_facts.items())[:50]), "tensors": str(tensors)},
    )


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._items = 0
        self.at = 0

    def bytes(self, length: int) -> bytes:
        data = self._source.read_at(self.at, length)
        self.at += length
        return data

    def number(self, code: str) -> Any:
        return struct.unpack("<" + code, self.bytes(struct.calcsize("<" + code)))[0]

    def count(self, code: str, limit: int, part: str) -> int:
        found: int = self.number(code)
        if found > limit:
            raise RefusedError("gate.gguf_count", part=part, count=found, limit=limit)
        return found

    def text(self, limit: int = MAX_TEXT) -> str:
        length = self.count("Q", limit, "string")
        try:
            return self.bytes(length).decode("utf-8")
        except UnicodeDecodeError:
            raise RefusedError("gate.gguf_header", part="utf-8") from None

    def value(self, kind: int, depth: int = _ARRAY_DEPTH) -> Any:
        """One value; an array is walked and stands for itself by its length."""
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _TEXT:
            return self.text()
        if kind != _ARRAY or not depth:
            raise RefusedError("gate.gguf_header", part=f"type {kind}")
        inner, length = self.number("I"), self.count("Q", MAX_ITEMS, "array")
        self._items += length
        if self._items > MAX_ITEMS:
            raise RefusedError("gate.gguf_count", part="array", count=self._items, limit=MAX_ITEMS)
        if inner in _SCALARS:
            self._skip(length * struct.calcsize(_SCALARS[inner]))
        else:
            read: Callable[[], Any] = self._skip_text if inner == _TEXT else lambda: self.value(inner, depth - 1)
            for _ in range(length):
                read()
        return f"[{length}]"

    def _skip_text(self) -> None:
        self._skip(int.from_bytes(self.bytes(8), "little"))

    def tensor(self, alignment: int) -> tuple[str, int, tuple[int, int]]:
        """Name, count of items and span of one tensor description."""
        name = self.text(MAX_TENSOR_NAME)
        shape = [self.number("Q") for _ in range(self.count("I", MAX_DIMENSIONS, "dimensions"))]
        block, size = _BLOCKS.get(self.number("I"), (0, 0))
        offset: int = self.number("Q")
        count = math.prod(shape)
        if not block or count >= 1 << 48 or (shape and shape[0] % block) or offset % alignment:
            raise RefusedError("gate.gguf_tensor", tensor=shown(name))
        return name, count, (offset, offset + count // block * size)

    def _skip(self, length: int) -> None:
        if self.at + length > self._source.size:
            raise RefusedError("gate.truncated", needed=self.at + length, size=self._source.size)
        self.at += length


def _check_spans(spans: list[tuple[int, int]], size: int, alignment: int) -> None:
    """Tensors must follow each other with nothing but the padding of their alignment between and after them."""
    edges = [(0, 0), *sorted(spans)]
    if any(_align(before[1], alignment) != after[0] for before, after in pairwise(edges)):
        raise RefusedError("gate.gguf_layout")
    end = edges[-1][1]
    if size < end:
        raise RefusedError("gate.truncated")
    if size > _align(end, alignment):
        raise RefusedError("gate.trailing")


def _align(position: int, alignment: int) -> int:
    return (position + alignment - 1) // alignment * alignment
