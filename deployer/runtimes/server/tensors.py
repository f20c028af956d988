"""Tensors of the Open Inference Protocol V2 as numpy arrays, with every mismatch told as the client's mistake."""
# mypy: disable-error-code="import-not-found, misc, no-any-return"
# These packages are installed in the runtimes' environments only.

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

DTYPES: dict[str, Any] = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
    "BYTES": np.object_,
}
_NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


class InputError(ValueError):
    """The request does not fit the protocol or the model; the text is meant for the client."""


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of the model: protocol datatype, and shape with -1 where any length fits."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def as_metadata(self) -> dict[str, Any]:
        """The protocol's metadata tensor."""
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}


def decode(name: str, shape: Sequence[int], datatype: str, data: Any) -> "np.ndarray[Any, Any]":
    """The array of one request tensor; `data` is flat or nested row-major values. Raises `InputError`."""
    if datatype not in DTYPES:
        raise InputError(f"Input '{name}': unknown datatype '{datatype}'.")
    if any(length < 0 for length in shape):
        raise InputError(f"Input '{name}': shape {list(shape)} has a negative length.")
    array = _texts(name, data) if datatype == "BYTES" else _numbers(name, datatype, data)
    if array.size != math.prod(shape):
        raise InputError(f"Input '{name}': shape {list(shape)} needs {math.prod(shape)} values, got {array.size}.")
    return array.reshape(shape)


def encode(array: "np.ndarray[Any, Any]") -> tuple[str, "np.ndarray[Any, Any]"]:
    """Datatype and array as the protocol carries them: texts as objects, half precision widened for JSON."""
    if array.dtype.kind in "OUS":
        texts = [item.decode() if isinstance(item, bytes) else str(item) for item in array.ravel()]
        return "BYTES", _object_array(texts).reshape(array.shape)
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    array = array.astype(array.dtype.newbyteorder("="))
    return _NAMES[array.dtype], array


def datatype_of(array: "np.ndarray[Any, Any]") -> str:
    """The protocol's name of an array's element type."""
    return "BYTES" if array.dtype.kind in "OUS" else _NAMES.get(array.dtype.newbyteorder("="), "BYTES")


def cast(name: str, array: "np.ndarray[Any, Any]", datatype: str) -> "np.ndarray[Any, Any]":
    """`array` in the type that the model takes, if no value is lost beyond rounding. Raises `InputError`."""
    wanted = np.dtype(DTYPES[datatype])
    if array.dtype == wanted:
        return array
    if (array.dtype.kind == "O") != (wanted.kind == "O") or (array.dtype.kind == "f" and wanted.kind != "f"):
        raise InputError(f"Input '{name}': the model takes {datatype}, the request has {datatype_of(array)}.")
    if wanted.kind in "iu" and array.size:
        _check_range(name, array, wanted)
    return array.astype(wanted)


def _numbers(name: str, datatype: str, data: Any) -> "np.ndarray[Any, Any]":
    wanted = np.dtype(DTYPES[datatype])
    try:
        natural = np.asarray(data)
        if natural.dtype.kind == "O" and wanted.kind == "f":
            natural = np.asarray(data, dtype=np.float64)  # null stands for a missing value, as JSON has no NaN
    except (ValueError, TypeError, OverflowError) as exc:
        raise InputError(f"Input '{name}': data is ragged or not numeric.") from exc
    allowed = {"b": "b", "i": "iu", "u": "iu", "f": "fiu"}[wanted.kind]
    if natural.size and natural.dtype.kind not in allowed:
        raise InputError(f"Input '{name}': data does not hold {datatype} values.")
    if natural.size and wanted.kind in "iu":
        _check_range(name, natural, wanted)
    with np.errstate(over="ignore"):
        return natural.astype(wanted).ravel()


def _check_range(name: str, array: "np.ndarray[Any, Any]", wanted: "np.dtype[Any]") -> None:
    bounds = np.iinfo(wanted)
    if int(array.min()) < bounds.min or int(array.max()) > bounds.max:
        raise InputError(f"Input '{name}': a value is outside {wanted.name}.")


def _texts(name: str, data: Any) -> "np.ndarray[Any, Any]":
    texts: list[str] = []
    pending = [data]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, bytes):
            texts.append(_utf8(name, item))
        elif isinstance(item, (list, tuple, np.ndarray)):
            pending.extend(reversed(item))
        else:
            raise InputError(f"Input '{name}': BYTES data holds texts only.")
    return _object_array(texts)


def _utf8(name: str, item: bytes) -> str:
    try:
        return item.decode()
    except UnicodeDecodeError as exc:
        raise InputError(f"Input '{name}': BYTES data must be UTF-8.") from exc


def _object_array(items: Sequence[Any]) -> "np.ndarray[Any, Any]":
    array = np.empty(len(items), dtype=np.object_)
    array[:] = items
    return array
