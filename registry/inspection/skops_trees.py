"""The node arrays of scikit-learn's trees: a prediction follows their indices unchecked, so they are checked here."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, TypeVar

from registry.inspection import skops_types
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
from registry.inspection.verdicts import RefusedError
from registry.inspection.zip_rules import Member

MAX_NODE_BYTES = 512 << 20
_TREE_FIELDS = ("left_child", "right_child", "feature")
_PREDICTOR_FIELDS = ("left", "right", "feature_idx", "is_leaf", "is_categorical")
_NEIGHBOUR_FIELDS = ("idx_start", "idx_end", "is_leaf")
_NEIGHBOUR_PARTS = 13  # of `BinaryTree.__getstate__`; the last is the sample weights
_CODES = {"i8": "q", "u8": "Q", "i4": "i", "u4": "I", "u1": "B", "i1": "b"}
_LEAF = -1
_NONE = {"content": "null"}

T = TypeVar("T")


def check_tree(node: Node, owner: Node, headers: Headers, members: Members) -> None:
    """A `Tree`: children come after their parent, features lie within what its estimator asks for, counts agree."""
    attributes = _attributes(node)
    name, header = _array(attributes.get("nodes"), headers)
    width, classes, outputs = _arguments(node, headers)
    _, values = _array(attributes.get("values"), headers)
    count = header.count
    if _integer(attributes.get("node_count")) != count or not count or len(header.shape) != 1:
        raise RefusedError("gate.skops_tree")
    if not outputs or classes.shape != (outputs,) or values.shape[:2] != (count, outputs) or not values.count:
        raise RefusedError("gate.skops_tree")
    # scikit-learn compares a request with the estimator's count alone.
    if owner.get("__class__") not in skops_types.TREES or width != _inputs(owner):
        raise RefusedError("gate.skops_tree")
    for index, (left, right, feature) in enumerate(_rows(members[name], header, _TREE_FIELDS)):
        if left == _LEAF:
            continue
        if not (index < left < count and index < right < count and 0 <= feature < width):
            raise RefusedError("gate.skops_tree")


def check_boosting(node: Node, headers: Headers) -> None:
    """Gradient boosting walks its trees itself, and adds what they say to as many columns as there are trees a step."""
    attributes = _attributes(node)
    if "estimators_" not in attributes:  # not fitted: a template that another estimator keeps
        return
    width, steps = _inputs(node), _listed(attributes["estimators_"])
    trees = [_listed(step) for step in steps]
    columns = len(trees[0]) if trees else 0
    if not columns or any(len(step) != columns for step in trees):
        raise RefusedError("gate.skops_tree")
    for tree in (tree for step in trees for tree in step):
        if not isinstance(tree, dict) or tree.get("__class__") not in skops_types.TREES or _inputs(tree) != width:
            raise RefusedError("gate.skops_tree")
    if not _starts_with(attributes, columns, headers):
        raise RefusedError("gate.skops_init")


def _starts_with(attributes: Node, columns: int, headers: Headers) -> bool:
    """Whether the first prediction has the columns that the trees add to: zeros, a constant or the classes' shares."""
    first, loss = attributes.get("init_"), attributes.get("_loss")
    if not isinstance(first, dict) or not isinstance(loss, dict):
        return False
    if first.get("content") == '"zero"':
        return _integer(attributes.get("n_trees_per_iteration_")) == columns
    if first.get("__class__") not in {"DummyClassifier", "DummyRegressor"}:
        return False
    shares = _attributes(first)
    if "is_multiclass" in _attributes(loss) or _integer(shares.get("n_outputs_")) != 1:
        return False
    if first.get("__class__") == "DummyRegressor":
        return columns == 1
    _, prior = _array(shares.get("class_prior_"), headers)
    several = loss.get("__class__") == "HalfMultinomialLoss"
    named = all(content_of(shares.get(name)) == '"prior"' for name in ("strategy", "_strategy"))
    classes = prior.shape == ((columns,) if several else (2,))
    return named and classes and (several or columns == 1)


def check_histogram(node: Node) -> None:
    """Histogram gradient boosting compares a request with its own count only where nothing prepares the request."""
    attributes = _attributes(node)
    if content_of(attributes.get("_preprocessor", _NONE)) != "null":
        raise RefusedError("gate.skops_categories")
    if "_in_fit" in attributes:
        raise RefusedError("gate.skops_tree")


def check_predictor(node: Node, owner: Node, headers: Headers, members: Members) -> None:
    """A `TreePredictor` of histogram gradient boosting: the same."""
    attributes = _attributes(node)
    name, header = _array(attributes.get("nodes"), headers)
    width, count = _inputs(owner), header.count
    if not count or len(header.shape) != 1 or owner.get("__class__") not in skops_types.HISTOGRAMS:
        raise RefusedError("gate.skops_tree")
    for index, row in enumerate(_rows(members[name], header, _PREDICTOR_FIELDS)):
        left, right, feature, is_leaf, is_categorical = row
        if is_leaf:
            continue
        if not (index < left < count and index < right < count and 0 <= feature < width) or is_categorical:
            raise RefusedError("gate.skops_tree")


def check_neighbours(node: Node, headers: Headers, members: Members) -> None:
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


def _inputs(owner: Node) -> int:
    """How many values a row of a request has for this estimator."""
    return _integer(_attributes(owner).get("n_features_in_"))


def _arguments(node: Node, headers: Headers) -> tuple[int, ArrayHeader, int]:
    """What builds a `Tree`: its count of features, of classes for each output, and of outputs."""
    reduced = node.get("__reduce__")
    arguments = _listed(reduced.get("args") if isinstance(reduced, dict) else None)
    if len(arguments) != len(("features", "classes", "outputs")):
        raise RefusedError("gate.skops_tree")
    return _integer(arguments[0]), _array(arguments[1], headers)[1], _integer(arguments[2])


def _listed(node: Any) -> list[Any]:
    return _found(items_of(node))


def _attributes(node: Node) -> Node:
    return _found(attributes_of(node))


def _array(node: Any, headers: Headers) -> tuple[str, ArrayHeader]:
    return _found(array_of(node, headers))


def _integer(node: Any) -> int:
    return _found(whole_number_of(node))


def _found(value: T | None) -> T:
    if value is None:
        raise RefusedError("gate.skops_tree")
    return value
