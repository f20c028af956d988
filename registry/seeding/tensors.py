"""Requests and answers of the Open Inference Protocol V2, from numpy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

_DATATYPES = {"float64": "FP64", "float32": "FP32", "int32": "INT32", "int64": "INT64"}


def tensor(name: str, array: np.ndarray) -> dict[str, Any]:
    """One tensor with flat, row-major data. Arrays of texts become BYTES."""
    datatype = "BYTES" if array.dtype.kind in "OU" else _DATATYPES[array.dtype.name]
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "data": array.ravel().tolist()}


def request(name: str, array: np.ndarray) -> dict[str, Any]:
    """A request with a single input."""
    return {"inputs": [tensor(name, array)]}


def answer(**outputs: np.ndarray) -> dict[str, Any]:
    """An answer with these outputs, in the order given."""
    return {"outputs": [tensor(name, array) for name, array in outputs.items()]}
