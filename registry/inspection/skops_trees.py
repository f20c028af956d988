"""The node arrays of scikit-learn's trees: a prediction follows their indices unchecked, so they are checked here."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from registry.inspection.npy import ArrayHeader
from registry.inspection.verdicts import RefusedError
from registry.inspection.zip_rules import Member

MAX_NODE_BYTES = 512 << 20
_TREE_FIELDS = ("left_child", "right_child", "feature")
_PREDICTOR_FIELDS = ("left", "right", "feature_idx", "is_leaf", "is_categorical", "bitset_idx")
_NEIGHBOUR_FIELDS = ("idx_start", "idx_end", "is_leaf")
_NEIGHBOUR_PARTS = 13  # of `BinaryTree.__getstate__`; the last is the sample weights
_CODES = {"i8": "q", "u8": "Q", "i4": "i", "u4": "I", "u1": "B", "i1": "b"}
_LEAF = -1

Headers = Mapping[str, ArrayHeader | None]
Members = Mapping[str, Member]


def check_tree(node: dict[str, Any], headers: Headers, members: Members) -> None:
    """A `Tree`: children come after their parent, features lie within the announced width, counts agree."""
    attributes = _attributes(node)
    name, header = _array(attributes.get("nodes"), headers)
    arguments = node.get("__reduce__", {}).get("args", {}).get("content", [])
    width = _integer(arguments[0]) if arguments else 0
    count = header.count
    if _integer(attributes.get("node_count")) != count or not count or len(header.shape) != 1:
        raise RefusedError("gate.skops_tree")
    for index, (left, right, feature) in enumerate(_rows(members[name], header, _TREE_FIELDS)):
        if left == _LEAF:
            continue
        if not (index < left < count and index < right < count and 0 <= feature < width):
            raise RefusedError("gate.skops_tree")


def check_predictor(node: dict[str, Any], headers: Headers, members: Members) -> None:
    """A `TreePredictor` of histogram gradient boosting: the same, plus its category bit sets."""
    attributes = _attributes(node)
    name, header = _array(attributes.get("nodes"), headers)
    _, bitsets = _array(attributes.get("raw_left_cat_bitsets"), headers)
    count, sets = header.count, bitsets.shape[0] if bitsets.shape else 0
    if not count or len(header.shape) != 1:
        raise RefusedError("gate.skops_tree")
    for index, row in enumerate(_rows(members[name], header, _PREDICTOR_FIELDS)):
        left, right, feature, is_leaf, is_categorical, bitset = row
        if is_leaf:
            continue
        if not (index < left < count and index < right < count and feature >= 0):
            raise RefusedError("gate.skops_tree")
        if is_categorical and bitset >= sets:
            raise RefusedError("gate.skops_tree")


def check_neighbours(node: dict[str, Any], headers: Headers, members: Members) -> None:
    """A `KDTree` or `BallTree`: samples and nodes that a query may visit exist, and the last level is of leaves."""
    state = node.get("content", {})
    parts = state.get("content") if isinstance(state, dict) else None
    if not isinstance(parts, list) or len(parts) != _NEIGHBOUR_PARTS or parts[-1].get("content") != "null":
        raise RefusedError("gate.skops_tree")
    (_, data), (order_name, order), (nodes_name, nodes), (_, bounds) = (_array(part, headers) for part in parts[:4])
    per_node = 2 if node["__class__"] == "KDTree" else 1
    samples, width = data.shape if len(data.shape) == len(("samples", "features")) else (0, 0)
    if not samples or order.shape != (samples,) or bounds.shape != (per_node, nodes.count, width):
        raise RefusedError("gate.skops_tree")
    if order.descr != "<i8" or not _integer(parts[4]) or _integer(parts[6]) != nodes.count:
        raise RefusedError("gate.skops_tree")
    indices = struct.iter_unpack("<q", members[order_name].read(MAX_NODE_BYTES)[order.data_at :])
    if not all(0 <= index < samples for (index,) in indices):
        raise RefusedError("gate.skops_tree")
    for index, (start, end, is_leaf) in enumerate(_rows(members[nodes_name], nodes, _NEIGHBOUR_FIELDS)):
        if not 0 <= start <= end <= samples or not (is_leaf or 2 * index + 2 < nodes.count):
            raise RefusedError("gate.skops_tree")


def _rows(member: Member, header: ArrayHeader, wanted: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
    """The wanted integer fields of each row, in the order wanted."""
    layout, order = "<", []
    for name, descr in header.fields:
        kind = descr.lstrip("<|=")
        size = int(kind[1:]) if kind[1:].isdigit() else 0
        if name in wanted:
            if kind not in _CODES:
                raise RefusedError("gate.skops_tree")
            order.append(name)
            layout += _CODES[kind]
        else:
            layout += f"{size}x"
    row = struct.Struct(layout)
    if sorted(order) != sorted(wanted) or row.size != header.itemsize:
        raise RefusedError("gate.skops_tree")
    picks = [order.index(name) for name in wanted]
    for values in row.iter_unpack(member.read(MAX_NODE_BYTES)[header.data_at :]):
        yield tuple(values[pick] for pick in picks)


def _attributes(node: dict[str, Any]) -> dict[str, Any]:
    state = node.get("content")
    attributes = state.get("content") if isinstance(state, dict) else None
    if not isinstance(attributes, dict):
        raise RefusedError("gate.skops_tree")
    return attributes


def _array(node: Any, headers: Headers) -> tuple[str, ArrayHeader]:
    name = node.get("file") if isinstance(node, dict) else None
    header = headers.get(name) if isinstance(name, str) else None
    if not isinstance(name, str) or header is None:
        raise RefusedError("gate.skops_tree")
    return name, header


def _integer(node: Any) -> int:
    content = node.get("content") if isinstance(node, dict) else None
    if not isinstance(content, str) or not content.isdecimal() or len(content) > 18:  # noqa: PLR2004 - fits 64 bits
        raise RefusedError("gate.skops_tree")
    return int(content)
