"""Estimators that make sparse matrices of a request: the columns they fill must be columns that they announce."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from registry.inspection.npy import ArrayHeader
from registry.inspection.skops_nodes import (
    Headers,
    Members,
    Node,
    array_of,
    attributes_of,
    content_of,
    items_of,
    whole_number_of,
)
from registry.inspection.verdicts import RefusedError, shown

MAX_ARRAY = 256 << 20
_NULL = "null"
_CODES = {"i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q", "f2": "e", "f4": "f",
          "f8": "d", "b1": "B"}  # fmt: skip
_TEXT = ("U", "S", "a")


class Encoders:
    """The checks, over the members of one archive."""

    def __init__(self, headers: Headers, members: Members) -> None:
        self._headers = headers
        self._members = members

    def check(self, node: Node) -> None:
        """Refuse a fitted encoder or vectorizer whose columns lie outside."""
        attributes = attributes_of(node)
        if attributes is None:
            return
        inside = True
        if node["__class__"] == "OneHotEncoder":
            inside = "_n_features_outs" not in attributes or self._one_hot(attributes)
        elif "vocabulary_" in attributes:
            inside = self._vocabulary(attributes["vocabulary_"])
        if not inside:
            raise RefusedError("gate.skops_index", name=shown(str(node["__class__"])))

    def _vocabulary(self, node: Any) -> bool:
        """Each word has a column, and as many columns are announced as there are words."""
        words = content_of(node)
        if not isinstance(words, dict) or node.get("__loader__") != "DictNode":
            return False
        # Words of other types could become one, and leave fewer columns than words.
        if not all(
            isinstance(kind, dict) and kind.get("__class__") == "str" for kind in _listed(node.get("key_types"))
        ):
            return False
        return all(0 <= column < len(words) for column in map(self._whole, words.values()))

    def _one_hot(self, attributes: Node) -> bool:
        """Each category has a column; rare ones share one, and a dropped one has none."""
        lengths = [self._categories(node) for node in _listed(attributes.get("categories_"))]
        announced = [self._whole(node) for node in _listed(attributes["_n_features_outs"])]
        grouped: Sequence[Any] = [None] * len(lengths)
        if content_of(attributes.get("_infrequent_enabled")) != "false":
            grouped = _listed(attributes.get("_default_to_infrequent_mappings"))
        dropped: Sequence[Any] = [None] * len(lengths)
        if content_of(attributes.get("_drop_idx_after_grouping")) != _NULL:
            dropped = _listed(attributes.get("_drop_idx_after_grouping"))
        if not len(lengths) == len(announced) == len(grouped) == len(dropped):
            return False
        for length, columns, mapping, drop in zip(lengths, announced, grouped, dropped, strict=True):
            needed = length
            if mapping is not None and content_of(mapping) != _NULL:
                groups = self._numbers(mapping)
                if len(groups) != length or not groups or min(groups) < 0:
                    return False
                needed = int(max(groups)) + 1
            if drop is not None and content_of(drop) != _NULL:
                if not 0 <= self._whole(drop) < needed:
                    return False
                needed -= 1
            if columns < needed:
                return False
        return True

    def _categories(self, node: Any) -> int:
        """How many there are. Numbers out of order are refused: scikit-learn finds them by bisection."""
        if isinstance(node, dict) and node.get("type") == "json":
            return len(_listed(node))
        header = self._header(node)
        if header.descr.lstrip("<>|=")[:1] in _TEXT:
            return header.count
        numbers = self._numbers(node)
        known = [number for number in numbers if number == number]  # noqa: PLR0124 - NaN, which comes last
        if any(not earlier < later for earlier, later in pairwise(known)):
            raise RefusedError("gate.skops_index", name="categories_")
        return len(numbers)

    def _whole(self, node: Any) -> int:
        """A whole number, as text or as an array of numpy's with one item; anything else is refused."""
        number = whole_number_of(node)
        if number is not None:
            return number
        numbers = self._numbers(node)
        if len(numbers) != 1 or not isinstance(numbers[0], int):
            raise RefusedError("gate.skops_index", name=shown(str(content_of(node))))
        return numbers[0]

    def _numbers(self, node: Any) -> tuple[int | float, ...]:
        header = self._header(node)
        code = _CODES.get(header.descr.lstrip("<|="))
        if code is None:
            raise RefusedError("gate.skops_index", name=shown(header.descr))
        data = self._members[str(node["file"])].read(MAX_ARRAY)[header.data_at :]
        return struct.unpack(f"<{header.count}{code}", data)

    def _header(self, node: Any) -> ArrayHeader:
        found = array_of(node, self._headers)
        if found is None:
            name = node.get("file") if isinstance(node, dict) else None
            raise RefusedError("gate.skops_index", name=shown(str(name)))
        return found[1]


def _listed(node: Any) -> list[Any]:
    found = items_of(node)
    if found is None:
        raise RefusedError("gate.skops_index", name=shown(str(content_of(node))))
    return found
