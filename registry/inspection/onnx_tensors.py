"""ONNX tensors and value types: sizes must agree with shapes, and no data may lie outside the file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from registry.inspection.protobuf import BYTES, VARINT, Field, fields, packed_varints, signed
from registry.inspection.source import Source
from registry.inspection.verdicts import RefusedError

EMBED = 'onnx.save_model(model, "model.onnx", save_as_external_data=False)'
MAX_DIMENSIONS = 64
_MAX_TEXT = 1 << 16
_MAX_COUNT = 1 << 40
_T_DIMS, _T_TYPE, _T_NAME, _T_RAW, _T_EXTERNAL, _T_LOCATION = 1, 2, 8, 9, 13, 14
_T_TYPED = frozenset({4, 5, 6, 7, 10, 11})
_T_KNOWN = frozenset({1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16})
_SPARSE_VALUES, _SPARSE_INDICES, _SPARSE_DIMS = 1, 2, 3
_V_NAME, _V_TYPE = 1, 2
_TYPE_TENSOR, _TENSOR_ELEMENT, _TENSOR_SHAPE = 1, 1, 2
_DIM, _DIM_VALUE = 1, 1
# TensorProto.DataType: name in the Open Inference Protocol and bits of one raw item (0 where raw data are not allowed).
_TYPES: dict[int, tuple[str, int]] = {
    1: ("FP32", 32), 2: ("UINT8", 8), 3: ("INT8", 8), 4: ("UINT16", 16), 5: ("INT16", 16), 6: ("INT32", 32),
    7: ("INT64", 64), 8: ("BYTES", 0), 9: ("BOOL", 8), 10: ("FP16", 16), 11: ("FP64", 64), 12: ("UINT32", 32),
    13: ("UINT64", 64), 14: ("", 64), 15: ("", 128), 16: ("BF16", 16), 17: ("", 8), 18: ("", 8), 19: ("", 8),
    20: ("", 8), 21: ("", 4), 22: ("", 4), 23: ("", 4), 24: ("", 8), 25: ("", 2), 26: ("", 2),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shaped:
    """A named tensor: `shape` uses -1 where any length fits."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many items it has."""
        return math.prod(self.shape)


def check_tensor(source: Source) -> Shaped:
    """A TensorProto with its data inside; raw data must have the length that type and shape announce."""
    kind, name, raw, typed = 0, "", -1, 0
    shape: list[int] = []
    for field in fields(source):
        if field.number not in _T_KNOWN:
            raise RefusedError("gate.onnx_field", message="TensorProto", field=field.number)
        if field.number == _T_EXTERNAL or (field.number == _T_LOCATION and field.value):
            raise RefusedError("gate.onnx_external", advice=EMBED)
        if field.number == _T_DIMS:
            shape.extend(_numbers(source, field))
        elif field.number == _T_TYPE:
            kind = field.value
        elif field.number == _T_NAME:
            name = _text(source, field)
        elif field.number == _T_RAW:
            raw = field.length
        elif field.number in _T_TYPED:
            typed += field.length + 1
    _check_shape(shape)
    _check_size(kind, math.prod(shape), raw, typed)
    return Shaped(name, _TYPES[kind][0], tuple(shape))


def _check_size(kind: int, count: int, raw: int, typed: int) -> None:
    """Raw data have the exact length; a typed list spends a byte on each item, or on eight of the narrowest."""
    if kind not in _TYPES:
        raise RefusedError("gate.onnx_tensor")
    bits = _TYPES[kind][1]
    fits = bool(bits) and raw == (count * bits + 7) // 8 if raw >= 0 else count <= 8 * typed
    if not fits:
        raise RefusedError("gate.onnx_tensor")


def check_sparse(source: Source) -> int:
    """A SparseTensorProto; returns how many values it stores."""
    values = 0
    for field in fields(source):
        if field.number in (_SPARSE_VALUES, _SPARSE_INDICES) and field.wire == BYTES:
            tensor = check_tensor(source.view(field.at, field.length))
            values += tensor.count if field.number == _SPARSE_VALUES else 0
        elif field.number == _SPARSE_DIMS:
            _check_shape(list(_numbers(source, field)))
        else:
            raise RefusedError("gate.onnx_field", message="SparseTensorProto", field=field.number)
    return values


def read_value(source: Source) -> Shaped:
    """A ValueInfoProto. Sequences, maps and optionals have no tensor type: their datatype is ""."""
    name, datatype = "", ""
    shape: tuple[int, ...] = ()
    for field in fields(source):
        if field.number == _V_NAME:
            name = _text(source, field)
        elif field.number == _V_TYPE:
            for tensor in _parts(source, field, _TYPE_TENSOR):
                datatype, shape = _tensor_type(tensor)
    return Shaped(name, datatype, shape)


def _tensor_type(source: Source) -> tuple[str, tuple[int, ...]]:
    datatype = ""
    shape: list[int] = []
    for field in fields(source):
        if field.number == _TENSOR_ELEMENT:
            datatype = _TYPES.get(field.value, ("", 0))[0]
        elif field.number == _TENSOR_SHAPE:
            shape.extend(map(_dimension, _parts(source, field, _DIM)))
    if len(shape) > MAX_DIMENSIONS:
        raise RefusedError("gate.onnx_tensor")
    return datatype, tuple(shape)


def _dimension(source: Source) -> int:
    length = -1
    for field in fields(source):
        if field.number == _DIM_VALUE and field.wire == VARINT:
            length = signed(field.value)
    # Some exporters write 0 for a batch of any size; no model takes a tensor without items.
    return length if length > 0 else -1


def _parts(source: Source, field: Field, number: int) -> Iterator[Source]:
    if field.wire != BYTES:
        raise RefusedError("gate.protobuf", offset=field.at)
    outer = source.view(field.at, field.length)
    for inner in fields(outer):
        if inner.number == number and inner.wire == BYTES:
            yield outer.view(inner.at, inner.length)


def _numbers(source: Source, field: Field) -> list[int]:
    if field.wire == VARINT:
        return [signed(field.value)]
    if field.wire != BYTES or field.length > _MAX_TEXT:
        raise RefusedError("gate.protobuf", offset=field.at)
    return [signed(value) for value in packed_varints(source.read_at(field.at, field.length))]


def _check_shape(shape: list[int]) -> None:
    if len(shape) > MAX_DIMENSIONS or any(length < 0 for length in shape) or math.prod(shape) > _MAX_COUNT:
        raise RefusedError("gate.onnx_tensor")


def _text(source: Source, field: Field) -> str:
    if field.wire != BYTES or field.length > _MAX_TEXT:
        raise RefusedError("gate.protobuf", offset=field.at)
    return source.read_at(field.at, field.length).decode("utf-8", "replace")
