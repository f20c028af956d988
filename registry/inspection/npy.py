"""numpy's .npy and .npz: plain numbers and text only, and exactly as many bytes as the header announces."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from registry.inspection.literals import parse_literal
from registry.inspection.source import Source
from registry.inspection.verdicts import RefusedError, shown
from registry.inspection.zip_rules import Member, read_members
from registry.interfaces import Introspection, TensorInfo

MAGIC = b"\x93NUMPY"
MAX_HEADER = 1 << 16
MAX_DIMENSIONS = 32
MAX_FIELDS = 256
MAX_LISTED = 256
_LENGTH_FORMATS = {(1, 0): "<H", (2, 0): "<I", (3, 0): "<I"}
_DESCR = re.compile(r"([<>|=]?)([?biufcSaUVmM])(\d{0,9})(\[[0-9A-Za-z]{1,12}\])?")
_OBJECT = re.compile(r"[<>|=]?O\d{0,3}")
_FIELD_LENGTHS = (2, 3)
_DATATYPES = {
    "b1": "BOOL", "i1": "INT8", "i2": "INT16", "i4": "INT32", "i8": "INT64", "u1": "UINT8", "u2": "UINT16",
    "u4": "UINT32", "u8": "UINT64", "f2": "FP16", "f4": "FP32", "f8": "FP64",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayHeader:
    """A .npy header. `fields` holds (name, descr) of a structured type; `descr` its text form for a plain one."""

    descr: str
    fields: tuple[tuple[str, str], ...]
    itemsize: int
    shape: tuple[int, ...]
    data_at: int

    @property
    def count(self) -> int:
        """How many items the array has."""
        return math.prod(self.shape)

    @property
    def datatype(self) -> str:
        """The Open Inference Protocol's name of the item type, "BYTES" for text, "" where it has none."""
        plain = self.descr.lstrip("<>|=")
        return "BYTES" if plain[:1] in {"S", "U", "a"} else _DATATYPES.get(plain, "")


def inspect_npy(source: Source) -> Introspection:
    """Accept one array. Refuses object arrays, since loading them means unpickling."""
    header = read_header(source.peek(0, MAX_HEADER + 16), source.size)
    output = TensorInfo(name="array", datatype=header.datatype, shape=header.shape)
    return Introspection(framework="numpy", model_type="array", outputs=(output,), parameters=header.count)


def inspect_npz(source: Source) -> Introspection:
    """Accept an archive that holds .npy members only."""
    arrays = []
    for member in read_members(source):
        if not member.name.endswith(".npy"):
            raise RefusedError("gate.npz_member", member=shown(member.name))
        arrays.append((member.name[:-4], read_member_header(member)))
    return Introspection(
        framework="numpy",
        model_type="arrays",
        outputs=tuple(
            TensorInfo(name=shown(name), datatype=header.datatype, shape=header.shape)
            for name, header in arrays[:MAX_LISTED]
        ),
        parameters=sum(header.count for _, header in arrays),
    )


def read_member_header(member: Member) -> ArrayHeader:
    """Check a .npy member whole (header, length, CRC) and return its header."""
    pieces = member.chunks()
    header = read_header(next(pieces, b"")[: MAX_HEADER + 16], member.size)
    _drain(pieces)
    return header


def read_header(head: bytes, size: int) -> ArrayHeader:
    """The header of a .npy file of `size` bytes, given its first bytes. The data must fill the file exactly."""
    if head[:6] != MAGIC:
        raise RefusedError("gate.npy_header")
    length_format = _LENGTH_FORMATS.get((head[6], head[7])) if len(head) > len(MAGIC) + 1 else None
    if length_format is None or len(head) < 8 + struct.calcsize(length_format):
        raise RefusedError("gate.npy_header")
    (length,) = struct.unpack_from(length_format, head, 8)
    text_at = 8 + struct.calcsize(length_format)
    if length > MAX_HEADER or text_at + length > len(head):
        raise RefusedError("gate.npy_header")
    try:
        literal = parse_literal(head[text_at : text_at + length].decode("utf-8"))
    except UnicodeDecodeError:
        raise RefusedError("gate.npy_header") from None
    return _header(literal, text_at + length, size)


def _header(literal: Any, data_at: int, size: int) -> ArrayHeader:
    if not isinstance(literal, dict) or set(literal) != {"descr", "fortran_order", "shape"}:
        raise RefusedError("gate.npy_header")
    shape, descr = literal["shape"], literal["descr"]
    if not isinstance(shape, tuple) or len(shape) > MAX_DIMENSIONS or not isinstance(literal["fortran_order"], bool):
        raise RefusedError("gate.npy_header")
    if not all(type(length) is int and length >= 0 for length in shape):
        raise RefusedError("gate.npy_header")
    fields = tuple(_fields(descr)) if isinstance(descr, list) else ()
    itemsize = _structured_size(descr) if isinstance(descr, list) else _plain_size(descr)
    # Items without bytes would let a shape claim any number of them.
    if not itemsize or data_at + itemsize * math.prod(shape) != size:
        raise RefusedError("gate.npy_size", needed=data_at + itemsize * math.prod(shape), size=size)
    plain = descr if isinstance(descr, str) else ""
    return ArrayHeader(descr=plain, fields=fields, itemsize=itemsize, shape=shape, data_at=data_at)


def _fields(descr: list[Any]) -> Iterator[tuple[str, str]]:
    for field in descr:
        if isinstance(field, tuple) and len(field) in _FIELD_LENGTHS and isinstance(field[0], str):
            yield field[0], field[1] if isinstance(field[1], str) else ""


def _structured_size(descr: list[Any]) -> int:
    if not descr or len(descr) > MAX_FIELDS:
        raise RefusedError("gate.npy_header")
    total = 0
    for field in descr:
        if not isinstance(field, tuple) or len(field) not in _FIELD_LENGTHS or not isinstance(field[0], str):
            raise RefusedError("gate.npy_header")
        repeat = field[2] if len(field) == _FIELD_LENGTHS[1] else ()
        if not isinstance(repeat, tuple) or not all(type(length) is int and length >= 0 for length in repeat):
            raise RefusedError("gate.npy_header")
        inner = field[1]
        size = _structured_size(inner) if isinstance(inner, list) else _plain_size(inner)
        total += size * math.prod(repeat)
    return total


def _plain_size(descr: Any) -> int:
    if not isinstance(descr, str):
        raise RefusedError("gate.npy_header")
    if _OBJECT.fullmatch(descr):
        raise RefusedError("gate.npy_object", advice='numpy.save("array.npy", array.astype("float64"))')
    match = _DESCR.fullmatch(descr)
    if match is None:
        raise RefusedError("gate.npy_header")
    _, kind, digits, _ = match.groups()
    return int(digits or 1) * (4 if kind == "U" else 1)


def _drain(pieces: Iterator[bytes]) -> None:
    for _ in pieces:
        pass
