"""A reader for protobuf's wire format: fields in order, nothing decoded that is not asked for.

Encoding: https://protobuf.dev/programming-guides/encoding/. Groups (wire types 3 and 4) are refused: ONNX has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from registry.inspection.source import Source
from registry.inspection.verdicts import RefusedError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED64: 8, FIXED32: 4}
_VARINT_BYTES = 10
_MORE = 0x80
_MAX_HEADER = 2 * _VARINT_BYTES
_RUN = 1 << 16


class Field(NamedTuple):
    """One field: `value` of a varint, else the bytes from `at`, `length` of them."""

    number: int
    wire: int
    value: int
    at: int
    length: int


def run_of(number: int, wire: int) -> re.Pattern[bytes]:
    """A pattern for many elements of one unpacked repeated number, as proto2 writes lists. `number` is below 16."""
    key = re.escape(bytes([number << 3 | wire]))
    value = b".{%d}" % _FIXED[wire] if wire in _FIXED else b"[\x80-\xff]{0,9}[\x00-\x7f]"
    return re.compile(b"(?:" + key + value + b")++", re.DOTALL)


def fields(source: Source, runs: tuple[re.Pattern[bytes], ...] = ()) -> Iterator[Field]:
    """Every field of the message that fills `source`; runs of the `runs` patterns are passed over in one step each."""
    at = 0
    while at < source.size:
        head = source.peek(at, _MAX_HEADER)
        run = next((pattern for pattern in runs if pattern.match(head)), None)
        match = run.match(source.peek(at, _RUN)) if run else None
        if match:
            at += match.end()
            continue
        key, used = _varint(head, 0)
        number, wire = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise RefusedError("gate.protobuf", offset=at)
        if wire == VARINT:
            value, used = _varint(head, used)
            yield Field(number, wire, value, at + used, 0)
            at += used
            continue
        if wire == BYTES:
            length, used = _varint(head, used)
        elif wire in _FIXED:
            length = _FIXED[wire]
        else:
            raise RefusedError("gate.protobuf", offset=at)
        if length > source.size - at - used:
            raise RefusedError("gate.truncated", needed=at + used + length, size=source.size)
        yield Field(number, wire, 0, at + used, length)
        at += used + length


def signed(value: int) -> int:
    """An int64 or int32 field's value: negatives travel as their 64-bit complement."""
    return value - (1 << 64) if value >> 63 else value


def packed_varints(data: bytes) -> list[int]:
    """The values of a packed repeated field."""
    values, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        values.append(value)
    return values


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for at_byte in range(at, min(at + _VARINT_BYTES, len(data))):
        byte = data[at_byte]
        value |= (byte & 0x7F) << shift
        if not byte & _MORE:
            if value >> 64:
                break
            return value, at_byte + 1
        shift += 7
    raise RefusedError("gate.protobuf", offset=at)
