"""Tensors as people write them in a form: values with commas, a text as it is; and back into the protocol's JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from registry.tensors import FAMILIES, Family

MAX_DIMENSIONS = 8
_SEPARATORS = re.compile(r"[\s,;\[\]()]+")


class ValuesError(ValueError):
    """A text that holds no values of the datatype."""


def values_text(tensor: Mapping[str, Any]) -> str:
    """The data of a tensor as text: one row of the last dimension per line; one text per line, or a JSON list."""
    flat = list(_flat(tensor.get("data")))
    if _family(tensor) is Family.TEXT:
        if len(flat) == 1 and isinstance(flat[0], str) and _count(tensor.get("shape")) == 1:
            return flat[0]
        plain = all(isinstance(item, str) and item.strip() and not {"\n", "["} & set(item) for item in flat)
        return "\n".join(flat) if plain else json.dumps(flat, ensure_ascii=False)
    width = _width(tensor.get("shape"), len(flat))
    rows = (flat[start : start + width] for start in range(0, len(flat), width))
    return "\n".join(", ".join(map(json.dumps, row)) for row in rows)


def shape_text(tensor: Mapping[str, Any]) -> str:
    """A shape as text: "1, 4"."""
    shape = tensor.get("shape")
    return ", ".join(map(str, shape)) if isinstance(shape, list) else ""


def with_texts(tensor: Mapping[str, Any], *, shape: str, values: str) -> dict[str, Any]:
    """The tensor with the shape and data of these texts. What says the same stays as it was written in the JSON.

    Raises `ValuesError` with `shape` or `values` as its argument.
    """
    changed = dict(tensor)
    if _plain(shape) != _plain(shape_text(tensor)):
        changed["shape"] = _read_shape(shape)
    if _lines(values) != _lines(values_text(tensor)):
        changed["data"] = _read_values(values, changed)
    return changed


def _read_shape(text: str) -> list[int]:
    parts = [part for part in _SEPARATORS.split(text.replace("×", " ")) if part]  # noqa: RUF001  # as people write it
    if not 0 < len(parts) <= MAX_DIMENSIONS or not all(re.fullmatch(r"\d{1,9}", part, re.ASCII) for part in parts):
        raise ValuesError("shape")
    return [int(part) for part in parts]


def _read_values(text: str, tensor: Mapping[str, Any]) -> list[Any]:
    text = _lines(text)
    family = _family(tensor)
    if family is Family.TEXT:
        return _read_texts(text, one=_count(tensor.get("shape")) == 1)
    words = [word for word in _SEPARATORS.split(text) if word]
    if family is Family.BOOLEAN:
        found = [{"true": True, "false": False}.get(word.casefold()) for word in words]
        if None in found:
            raise ValuesError("values")
        return found
    return [_number(word, whole=family is Family.INTEGER) for word in words]


def _read_texts(text: str, *, one: bool) -> list[str]:
    if one:
        return [text]
    if text.lstrip().startswith("["):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise ValuesError("values") from None
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise ValuesError("values")
        return found
    return text.strip("\n").split("\n") if text.strip("\n") else []


def _number(word: str, *, whole: bool) -> int | float:
    if re.fullmatch(r"[+-]?\d{1,40}", word, re.ASCII):
        return int(word)
    try:
        value = float(word)
    except ValueError:
        raise ValuesError("values") from None
    if whole or not math.isfinite(value):
        raise ValuesError("values")
    return value


def _flat(data: object) -> Iterator[Any]:
    """Row-major values, without recursion: what people upload may be nested however deep."""
    waiting = [data] if isinstance(data, list) else []
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        else:
            yield item


def _family(tensor: Mapping[str, Any]) -> Family:
    datatype = tensor.get("datatype")
    return FAMILIES.get(datatype, Family.FLOAT) if isinstance(datatype, str) else Family.FLOAT


def _count(shape: object) -> int:
    whole = isinstance(shape, list) and all(type(length) is int for length in shape)
    return math.prod(shape) if whole and isinstance(shape, list) else 0


def _width(shape: object, length: int) -> int:
    last = shape[-1] if isinstance(shape, Sequence) and shape and type(shape[-1]) is int else 0
    return last if 0 < last <= length else max(length, 1)


def _plain(text: str) -> str:
    return ",".join(part for part in _SEPARATORS.split(text) if part)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
