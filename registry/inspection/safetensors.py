"""safetensors: a JSON header and one block of bytes that the tensors cover without gap or overlap.

Rules of https://github.com/huggingface/safetensors#format, plus one of our own: no key may stand twice in the header.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from registry.inspection.bounded_json import load_json
from registry.inspection.magic import MAX_SAFETENSORS_HEADER
from registry.inspection.source import Source
from registry.inspection.verdicts import RefusedError, shown
from registry.interfaces import Introspection

MAX_DIMENSIONS = 64
MAX_LISTED = 200
_LENGTH_BYTES = 8
_HEADER_DEPTH = 3
_BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip
_FRAMEWORKS = {"pt": "pytorch", "tf": "tensorflow", "flax": "flax", "np": "numpy", "mlx": "mlx"}


def inspect_safetensors(source: Source) -> Introspection:
    """Accept a file whose header describes every byte after it exactly once."""
    length = int.from_bytes(source.read_at(0, _LENGTH_BYTES), "little")
    if length > MAX_SAFETENSORS_HEADER:
        raise RefusedError("gate.too_large", size=length, limit=MAX_SAFETENSORS_HEADER)
    header = load_json(source.read_at(_LENGTH_BYTES, length), max_depth=_HEADER_DEPTH)
    if not isinstance(header, dict):
        raise RefusedError("gate.safetensors_header", tensor="")
    metadata = _metadata(header.pop("__metadata__", {}))
    spans, parameters, kinds = [], 0, set()
    for name, entry in header.items():
        kind, count, span = _tensor(name, entry)
        spans.append(span)
        kinds.add(kind)
        parameters += count
    _check_spans(spans, source.size - _LENGTH_BYTES - length)
    return Introspection(
        framework=_FRAMEWORKS.get(metadata.get("format", ""), ""),
        model_type="tensors",
        parameters=parameters,
        metadata={
            "tensors": str(len(header)),
            "datatypes": ", ".join(sorted(kinds)),
            "metadata": json.dumps({shown(key): shown(value, 200) for key, value in list(metadata.items())[:50]}),
        },
    )


def _metadata(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise RefusedError("gate.safetensors_header", tensor="__metadata__")
    return value


def _tensor(name: str, entry: Any) -> tuple[str, int, tuple[int, int]]:
    """Datatype, count of items and span of one tensor."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise RefusedError("gate.safetensors_header", tensor=shown(name))
    shape, kind = entry["shape"], entry["dtype"]
    if not _lengths(shape) or len(shape) > MAX_DIMENSIONS or not isinstance(kind, str) or kind not in _BITS:
        raise RefusedError("gate.safetensors_header", tensor=shown(name))
    span = _span(entry)
    count = math.prod(shape)
    if span[1] - span[0] != (count * _BITS[kind] + 7) // 8:
        raise RefusedError("gate.safetensors_offsets", tensor=shown(name))
    return kind, count, span


def _span(entry: Mapping[str, Any]) -> tuple[int, int]:
    offsets = entry["data_offsets"]
    if not _lengths(offsets) or len(offsets) != len(("begin", "end")):
        raise RefusedError("gate.safetensors_offsets", tensor="")
    return offsets[0], offsets[1]


def _lengths(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 1 << 48 for value in values)


def _check_spans(spans: list[tuple[int, int]], size: int) -> None:
    edges = [(0, 0), *sorted(spans), (size, size)]
    if any(before[1] != after[0] for before, after in pairwise(edges)):
        raise RefusedError("gate.safetensors_offsets", tensor="")
