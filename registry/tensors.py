"""Tensors as the Open Inference Protocol V2 writes them in JSON, checked and flattened.

Source: the protocol's "Tensor Data Types" and "Request/Response Tensor" (kserve/open-inference-protocol, REST).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

MAX_DIMENSIONS = 8
MAX_NAME = 200


class Family(Enum):
    """Which JSON values a datatype takes."""

    BOOLEAN = auto()
    INTEGER = auto()
    FLOAT = auto()
    TEXT = auto()


_RANGES = {f"INT{bits}": (-(1 << bits - 1), (1 << bits - 1) - 1) for bits in (8, 16, 32, 64)}
_RANGES |= {f"UINT{bits}": (0, (1 << bits) - 1) for bits in (8, 16, 32, 64)}
_LARGEST = {"FP16": 65504.0, "FP32": 3.4028234663852886e38, "FP64": math.inf}
FAMILIES: Mapping[str, Family] = (
    {"BOOL": Family.BOOLEAN, "BYTES": Family.TEXT}
    | dict.fromkeys(_RANGES, Family.INTEGER)
    | dict.fromkeys(_LARGEST, Family.FLOAT)
)
DATATYPES = tuple(FAMILIES)


class TensorError(Exception):
    """A tensor that breaks the protocol. `where` is the place within the document, such as `inputs[0].data[3]`."""

    def __init__(self, code: str, *, where: str, **params: str | float) -> None:
        super().__init__(code)
        self.code = code
        self.where = where
        self.params = params


@dataclass(frozen=True, slots=True)
class Tensor:
    """A checked tensor; `values` in row-major order."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: tuple[Any, ...]

    @property
    def family(self) -> Family:
        """Which values it holds."""
        return FAMILIES[self.datatype]


def read_tensors(value: object, *, where: str, finite: bool = True) -> dict[str, Tensor]:
    """The tensors of a list by name, in its order. `TensorError` at the first fault.

    With `finite=False` NaN, infinities and null pass as values, so that an answer's can be told from a malformed one.
    """
    if not isinstance(value, list) or not value:
        raise TensorError("examples.tensors_missing", where=where)
    tensors: dict[str, Tensor] = {}
    for position, item in enumerate(value):
        place = f"{where}[{position}]"
        tensor = _read_tensor(item, where=place, finite=finite)
        if tensor.name in tensors:
            raise TensorError("examples.name_twice", where=f"{place}.name", name=tensor.name)
        tensors[tensor.name] = tensor
    return tensors


def shown_shape(shape: Sequence[int]) -> str:
    """A shape as messages write it; -1 reads `any`."""
    return "[" + ", ".join("any" if length < 0 else str(length) for length in shape) + "]"


def _read_tensor(item: object, *, where: str, finite: bool) -> Tensor:
    if not isinstance(item, Mapping):
        raise TensorError("examples.not_object", where=where)
    unknown = sorted(map(str, item.keys() - {"name", "shape", "datatype", "parameters", "data"}))
    if unknown:
        raise TensorError("examples.unknown_key", where=where, key=unknown[0][:80])
    name, datatype, shape = item.get("name"), item.get("datatype"), item.get("shape")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise TensorError("examples.bad_name", where=f"{where}.name")
    if not isinstance(datatype, str) or datatype not in FAMILIES:
        raise TensorError("examples.bad_datatype", where=f"{where}.datatype", known=", ".join(DATATYPES))
    if not isinstance(shape, list) or not 0 < len(shape) <= MAX_DIMENSIONS or not all(map(_is_length, shape)):
        raise TensorError("examples.bad_shape", where=f"{where}.shape", limit=MAX_DIMENSIONS)
    if not isinstance(item.get("parameters") or {}, Mapping):
        raise TensorError("examples.not_object", where=f"{where}.parameters")
    values = _flatten(item.get("data"), tuple(shape), where=f"{where}.data")
    for position, value in enumerate(values):
        code = _judge_value(value, datatype, finite=finite)
        if code:
            raise TensorError(code, where=f"{where}.data[{position}]", datatype=datatype)
    return Tensor(name, datatype, tuple(shape), tuple(values))


def _is_length(value: object) -> bool:
    return type(value) is int and value > 0


def _flatten(data: object, shape: tuple[int, ...], *, where: str) -> list[Any]:
    """Row-major values of flat data, or of data nested exactly as the shape says."""
    count = math.prod(shape)
    if not isinstance(data, list):
        raise TensorError("examples.data_missing", where=where)
    if len(shape) > 1 and data and all(isinstance(item, list) for item in data):
        level: list[Any] = [data]
        for length in shape:
            if not all(isinstance(item, list) and len(item) == length for item in level):
                raise TensorError("examples.data_shape", where=where, shape=shown_shape(shape), count=count)
            level = [value for item in level for value in item]
        return level
    if len(data) != count:
        raise TensorError("examples.data_length", where=where, shape=shown_shape(shape), count=count, found=len(data))
    return data


def _judge_value(value: object, datatype: str, *, finite: bool) -> str:
    family = FAMILIES[datatype]
    if family is Family.TEXT:
        return "" if isinstance(value, str) else "examples.bad_value"
    if family is Family.BOOLEAN:
        return "" if isinstance(value, bool) else "examples.bad_value"
    if not finite and (value is None or (isinstance(value, float) and not math.isfinite(value))):
        return ""
    if family is Family.INTEGER:
        if type(value) is not int:
            return "examples.bad_value"
        low, high = _RANGES[datatype]
        return "" if low <= value <= high else "examples.out_of_range"
    return _judge_float(value, datatype)


def _judge_float(value: object, datatype: str) -> str:
    if type(value) not in {int, float}:
        return "examples.bad_value"
    try:
        number = float(value)  # type: ignore[arg-type]  # an int or a float, as the line above made sure
    except OverflowError:
        return "examples.out_of_range"
    if not math.isfinite(number):
        return "examples.not_finite"
    return "" if abs(number) <= _LARGEST[datatype] else "examples.out_of_range"
