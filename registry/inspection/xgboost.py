"""XGBoost models, JSON and UBJSON alike: a prediction follows their indices unchecked, so the arrays are checked here.

Structure as written by XGBoost 1.3 to 3.x (https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from registry.inspection.bounded_json import load_json
from registry.inspection.source import Source
from registry.inspection.ubjson import load_ubjson
from registry.inspection.verdicts import RefusedError, shown
from registry.interfaces import Introspection, TensorInfo

MAX_JSON = 256 << 20
MAX_UBJSON = 512 << 20
MAX_TOKENS = 20_000_000
MAX_TREES = 1_000_000
MAX_FEATURES = 10_000_000
MAX_LISTED = 200
_NUMBER = re.compile(r"[0-9]{1,12}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}:?[a-z0-9_@\-]{0,60}")
_PER_NODE = ("left_children", "right_children", "split_indices", "split_conditions", "default_left")
_OPTIONAL_PER_NODE = ("parents", "split_type", "loss_changes", "sum_hessian")
_NO_CHILD = -1
_VERSION_PARTS = 3
_CATEGORICAL = 1


def inspect_xgboost_json(source: Source) -> Introspection:
    """Accept a model saved as JSON, at most 256 MiB; larger ones fit UBJSON."""
    return check_model(load_json(source.read_all(MAX_JSON), max_tokens=MAX_TOKENS))


def inspect_xgboost_ubj(source: Source) -> Introspection:
    """Accept a model saved as UBJSON, at most 512 MiB."""
    return check_model(load_ubjson(source.read_all(MAX_UBJSON)))


def check_model(model: Any) -> Introspection:
    """Check a decoded model; raises `RefusedError` where a count, index or name cannot be right."""
    learner = _object(model, "learner", "version")["learner"]
    version = model["version"]
    if not _whole_numbers(version, 0, 10_000) or len(version) != _VERSION_PARTS:
        raise RefusedError("gate.xgboost_model", part="version")
    parameters = _object(_object(learner).get("learner_model_param"))
    width = _count(parameters, "num_feature", MAX_FEATURES)
    classes = _count(parameters, "num_class", MAX_FEATURES, default=0)
    targets = _count(parameters, "num_target", MAX_FEATURES, default=1)
    objective = _object(learner.get("objective")).get("name")
    if not isinstance(objective, str) or not _NAME.fullmatch(objective):
        raise RefusedError("gate.xgboost_model", part="objective")
    booster = _object(learner.get("gradient_booster"))
    groups = max(1, classes, targets)
    leaves = _check_booster(booster, width, groups)
    names = _texts(learner.get("feature_names", []), "feature_names")
    _texts(learner.get("feature_types", []), "feature_types")
    if len(names) not in (0, width):
        raise RefusedError("gate.xgboost_model", part="feature_names")
    metadata = {"objective": objective, "booster": str(booster["name"])}
    if names:
        metadata["features"] = json.dumps([shown(name) for name in names[:MAX_LISTED]], ensure_ascii=False)
    if classes:
        metadata["num_class"] = str(classes)
    outputs = (-1, groups) if groups > 1 and objective != "multi:softmax" else (-1,)
    return Introspection(
        framework="xgboost",
        framework_version=".".join(map(str, version)),
        model_type=f"{booster['name']} {objective}",
        inputs=(TensorInfo(name="input-0", datatype="FP32", shape=(-1, width)),),
        outputs=(TensorInfo(name="output-0", datatype="FP32", shape=outputs),),
        parameters=leaves,
        metadata=metadata,
    )


def _check_booster(booster: Mapping[str, Any], width: int, groups: int) -> int:
    """Check the booster; returns how many weights or tree nodes it has."""
    name = booster.get("name")
    if name == "gblinear":
        weights = _object(booster.get("model")).get("weights")
        if not _numbers(weights) or len(weights) != (width + 1) * groups:
            raise RefusedError("gate.xgboost_model", part="weights")
        return len(weights)
    if name not in {"gbtree", "dart"}:
        raise RefusedError("gate.xgboost_model", part="gradient_booster")
    holder = booster if name == "gbtree" else _object(booster.get("gbtree"))
    model = _object(holder.get("model"))
    trees = model.get("trees")
    count = _count(_object(model.get("gbtree_model_param")), "num_trees", MAX_TREES)
    if not isinstance(trees, list) or len(trees) != count:
        raise RefusedError("gate.xgboost_count", part="trees")
    if not _whole_numbers(model.get("tree_info"), 0, groups - 1) or len(model["tree_info"]) != count:
        raise RefusedError("gate.xgboost_count", part="tree_info")
    steps = model.get("iteration_indptr")
    if steps is not None and not (_whole_numbers(steps, 0, count) and list(steps) == sorted(steps)):
        raise RefusedError("gate.xgboost_count", part="iteration_indptr")
    if name == "dart" and not (_numbers(booster.get("weight_drop")) and len(booster["weight_drop"]) == count):
        raise RefusedError("gate.xgboost_count", part="weight_drop")
    return sum(_check_tree(_object(tree), width, groups) for tree in trees)


def _check_tree(tree: Mapping[str, Any], width: int, groups: int) -> int:
    parameters = _object(tree.get("tree_param"))
    count = _count(parameters, "num_nodes", 1 << 31)
    leaf_size = max(1, _count(parameters, "size_leaf_vector", groups, default=1))
    for part in (*_PER_NODE, *_OPTIONAL_PER_NODE):
        values = tree.get(part)
        if values is None and part in _OPTIONAL_PER_NODE:
            continue
        if not _numbers(values) or len(values) != count:
            raise RefusedError("gate.xgboost_count", part=part)
    weights = tree.get("base_weights")
    if not _numbers(weights) or len(weights) not in (count, count * leaf_size) or not count:
        raise RefusedError("gate.xgboost_count", part="base_weights")
    _check_indices(tree, width, _leaf_vectors(tree, leaf_size))
    _check_categories(tree, count)
    return count


def _check_categories(tree: Mapping[str, Any], count: int) -> None:
    """Category sets: node i of `categories_nodes` owns `categories[segment : segment + size]`."""
    parts = [tree.get(f"categories{suffix}", []) for suffix in ("", "_nodes", "_segments", "_sizes")]
    if not all(_whole_numbers(values, 0, 1 << 31) for values in parts):
        raise RefusedError("gate.xgboost_index", part="categories")
    categories, nodes, segments, sizes = parts
    if not len(nodes) == len(segments) == len(sizes) or any(node >= count for node in nodes):
        raise RefusedError("gate.xgboost_index", part="categories_nodes")
    if any(start + size > len(categories) for start, size in zip(segments, sizes, strict=True)):
        raise RefusedError("gate.xgboost_index", part="categories_segments")
    owned = set(nodes)
    types = tree.get("split_type", [])
    if any(kind == _CATEGORICAL and node not in owned for node, kind in enumerate(types)):
        raise RefusedError("gate.xgboost_index", part="split_type")


def _leaf_vectors(tree: Mapping[str, Any], leaf_size: int) -> int | None:
    """How many leaf vectors a tree of XGBoost 3 with several targets has; None where leaves have no vectors apart."""
    weights = tree.get("leaf_weights")
    if weights is None or leaf_size == 1:
        return None
    if not _numbers(weights) or len(weights) % leaf_size:
        raise RefusedError("gate.xgboost_count", part="leaf_weights")
    return len(weights) // leaf_size


def _check_indices(tree: Mapping[str, Any], width: int, vectors: int | None) -> None:
    """Children, features and leaf vectors lie inside, and every way down from the root ends.

    A node has two children or none. With no node reached from two others and the root from none, a cycle cannot hang
    below the root; sets say so without a walk in Python. Deleted nodes keep a feature that means nothing.
    """
    left, right, features = tree["left_children"], tree["right_children"], tree["split_indices"]
    count = len(left)
    if not _whole_numbers(left, _NO_CHILD, count - 1):
        raise RefusedError("gate.xgboost_index", part="left_children")
    if not _whole_numbers(right, _NO_CHILD, max(count, vectors or 0) - 1):
        raise RefusedError("gate.xgboost_index", part="right_children")
    if not _whole_numbers(features, 0, (1 << 31) - 1):
        raise RefusedError("gate.xgboost_index", part="split_indices")
    children: list[int] = []
    for one, other, feature in zip(left, right, features, strict=True):
        if one != _NO_CHILD:
            children += (one, other)
            if feature >= width:
                raise RefusedError("gate.xgboost_index", part="split_indices")
        elif not (other == _NO_CHILD if vectors is None else 0 <= other < vectors):
            raise RefusedError("gate.xgboost_index", part="right_children")
    reached = set(children)
    if len(reached) != len(children) or not reached.isdisjoint((_NO_CHILD, 0)) or max(reached, default=0) >= count:
        raise RefusedError("gate.xgboost_index", part="left_children")


def _object(value: Any, *required: str) -> dict[str, Any]:
    if not isinstance(value, dict) or (required and set(value) != set(required)):
        raise RefusedError("gate.xgboost_model", part=", ".join(required) or "learner")
    return value


def _count(holder: Mapping[str, Any], name: str, limit: int, default: int | None = None) -> int:
    """XGBoost writes its counts as decimal text."""
    text = holder.get(name, None if default is None else str(default))
    if not isinstance(text, str) or not _NUMBER.fullmatch(text) or int(text) > limit:
        raise RefusedError("gate.xgboost_count", part=name)
    return int(text)


def _numbers(values: Any) -> TypeGuard[Sequence[float]]:
    """A list of numbers as JSON gives it, or a typed array as UBJSON does."""
    if isinstance(values, list):
        return not values or set(map(type, values)) <= {int, float, bool}
    return isinstance(values, memoryview | bytes)


def _whole_numbers(values: Any, low: int, high: int) -> TypeGuard[Sequence[int]]:
    if isinstance(values, memoryview) and values.format in {"f", "d"}:
        return False
    if isinstance(values, list) and not set(map(type, values)) <= {int, bool}:
        return False
    if not isinstance(values, list | memoryview | bytes):
        return False
    return not len(values) or (min(values) >= low and max(values) <= high)


def _texts(values: Any, part: str) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise RefusedError("gate.xgboost_model", part=part)
    return values
