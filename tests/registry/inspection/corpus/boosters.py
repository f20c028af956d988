"""XGBoost and LightGBM models whose counts and indices lie."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.registry.inspection.corpus.sample import Sample, honest


def samples(_marker: Path) -> Iterator[Sample]:
    for name, data in {**_nested(), **_edited()}.items():
        yield Sample(f"xgboost {name}", f"{name.replace(' ', '-')}.json", data)
    for name, data in _targets().items():
        yield Sample(f"xgboost {name}", f"{name.replace(' ', '-')}.json", data)
    for name, data in _binary().items():
        yield Sample(f"xgboost binary {name}", f"{name.replace(' ', '-')}.ubj", data)
    for name, data in _lightgbm().items():
        yield Sample(f"lightgbm {name}", f"{name.replace(' ', '-')}.txt", data)


def _nested() -> dict[str, bytes]:
    count = 200_000
    return {
        "200,000 nested arrays": b'{"learner": ' + b"[" * count + b"]" * count + b', "version": [2, 1, 4]}',
        "200,000 open arrays": b'{"learner": ' + b"[" * count,
        "200,000 nested objects": b'{"learner": ' + b'{"a":' * count + b"1" + b"}" * count + b"}",
        "arrays in a string": b'{"learner": "' + b"[" * count,
        "endless escape": b'{"learner": "' + b"\\" * count,
        "key twice": b'{"learner": {}, "learner": {}, "version": [2, 1, 4]}',
        "huge number": b'{"learner": ' + b"9" * 100_000 + b', "version": [2, 1, 4]}',
        "lone surrogate": b'{"learner": "\xed\xa0\x80"}',
        "data behind": honest("iris-xgboost.json") + b"[]",
    }


def _tree(model: Any) -> Any:
    return model["learner"]["gradient_booster"]["model"]["trees"][0]


def _set(path: str, value: Any) -> Callable[[Any], None]:
    """An edit of one value; the path starts at the learner, or at the first tree with `tree.`."""

    def edit(model: Any) -> None:
        *parents, last = path.removeprefix("tree.").split(".")
        holder = _tree(model) if path.startswith("tree.") else model
        for parent in parents:
            holder = holder[parent]
        holder[int(last) if isinstance(holder, list) else last] = value

    return edit


def _targets() -> dict[str, bytes]:
    """Trees with leaf vectors: a leaf's right child is the number of its vector."""
    found = {}
    for name, path, value in (
        ("leaf vector outside", "tree.right_children.3", 99),
        ("negative leaf vector", "tree.right_children.3", -1),
        ("half a leaf vector", "tree.leaf_weights", [1.0]),
        ("no leaf vectors", "tree.leaf_weights", []),
    ):
        model = json.loads(honest("targets-xgboost.json"))
        assert _tree(model)["left_children"][3] == -1
        _set(path, value)(model)
        found[name] = json.dumps(model).encode()
    return found


def _edited() -> dict[str, bytes]:
    booster = "learner.gradient_booster"
    edits = {
        "no version": _set("version", []),
        "extra key": _set("plugin", "os"),
        "child outside": _set("tree.left_children.0", 10_000),
        "child loops": _set("tree.left_children.0", 0),
        "shared child": _set("tree.right_children.0", 1),
        "one child": _set("tree.right_children.0", -1),
        "negative child": _set("tree.left_children.0", -5),
        "child that is no whole number": _set("tree.left_children.0", 1.5),
        "feature outside": _set("tree.split_indices.0", 4),
        "node count": _set("tree.tree_param.num_nodes", "4000000"),
        "node count as a number": _set("tree.tree_param.num_nodes", 5),
        "short array": _set("tree.split_conditions", []),
        "text in an array": _set("tree.split_conditions.0", "os"),
        "category outside": _set("tree.categories_nodes", [99]),
        "category without a set": _set("tree.split_type.0", 1),
        "tree count": _set(f"{booster}.model.gbtree_model_param.num_trees", "5"),
        "group outside": _set(f"{booster}.model.tree_info.0", 9),
        "iteration outside": _set(f"{booster}.model.iteration_indptr.0", 999),
        "feature count": _set("learner.learner_model_param.num_feature", "99999999999999999999"),
        "feature names": _set("learner.feature_names", ["a"]),
        "objective": _set("learner.objective.name", "../../evil"),
        "booster": _set(f"{booster}.name", "evil"),
        "linear": _set("learner.gradient_booster", {"name": "gblinear", "model": {"weights": [1.0]}}),
    }
    found = {}
    for name, edit in edits.items():
        model = json.loads(honest("iris-xgboost.json"))
        edit(model)
        found[name] = json.dumps(model).encode()
    return found


def ubjson(value: Any) -> bytes:
    """The subset of UBJSON that XGBoost writes."""
    if isinstance(value, dict):
        return b"{" + b"".join(_text(key) + ubjson(inner) for key, inner in value.items()) + b"}"
    if isinstance(value, list):
        if value and all(isinstance(inner, float) for inner in value):
            return b"[$d#L" + struct.pack(f">q{len(value)}f", len(value), *value)
        return b"[#L" + struct.pack(">q", len(value)) + b"".join(map(ubjson, value))
    if isinstance(value, str):
        return b"S" + _text(value)
    return b"l" + struct.pack(">i", value) if isinstance(value, int) else b"d" + struct.pack(">f", value)


def _text(value: str) -> bytes:
    return b"L" + struct.pack(">q", len(value.encode())) + value.encode()


def _binary() -> dict[str, bytes]:
    learner = b"{" + _text("learner")
    model = json.loads(honest("iris-xgboost.json"))
    good = ubjson(model)
    _set("tree.left_children.0", 10_000)(model)
    return {
        "child outside": ubjson(model),
        "nested": learner + b"[" * 200_000,
        "nested objects": learner + (b"{" + _text("a")) * 200_000,
        "huge count": learner + b"[$d#L" + struct.pack(">q", 1 << 62),
        "negative count": learner + b"[$d#L" + struct.pack(">q", -1),
        "count of nothing": learner + b"[$Z#L" + struct.pack(">q", 1 << 40),
        "huge untyped count": learner + b"[#L" + struct.pack(">q", 1 << 30) + b"Z" * 1000,
        "huge text": learner + b"SL" + struct.pack(">q", 1 << 40),
        "key twice": learner + b"Z" + _text("learner") + b"Z}",
        "unknown mark": learner + b"?}",
        "data behind": good + b"Z",
        "high precision": learner + b"H" + _text("1e999999999")[1:] + b"}",
    }


def _lightgbm() -> dict[str, bytes]:
    good = honest("iris-lightgbm.txt")

    def swap(old: bytes, new: bytes) -> bytes:
        assert old in good
        return good.replace(old, new, 1)

    def line(key: bytes, value: bytes) -> bytes:
        """Replace a line of the first tree, keeping the announced sizes true."""
        start = good.index(b"\n" + key + b"=") + 1
        end = good.index(b"\n", start)
        return _resized(good[:start] + key + b"=" + value + good[end:])

    def section(text: bytes) -> bytes:
        """Put lines into the first tree."""
        return _resized(swap(b"is_linear=0\n", text))

    linear = b"is_linear=1\n" + _linear(leaves=4, feature=1)
    return {
        "more trees per iteration than classes": swap(b"num_tree_per_iteration=3", b"num_tree_per_iteration=6"),
        "more classes than trees per iteration": swap(b"num_class=3\n", b"num_class=200\n"),
        "objective with more classes": swap(b"multiclass num_class:3", b"multiclass num_class:9"),
        "objective with classes twice": swap(b"num_class:3", b"num_class:3 num_class:9"),
        "objective without its classes": swap(b"multiclass num_class:3", b"multiclassova"),
        "classes for one value": swap(b"multiclass num_class:3", b"regression num_class:9"),
        "tree in the header": swap(b"\n\nTree=0", b"\nTree=0\nnum_leaves=2\n\nTree=0"),
        "digits of another script": line(b"left_child", "\N{ARABIC-INDIC DIGIT ONE} -1 -2".encode()),
        "digits of another script in a count": line(b"num_leaves", "\N{ARABIC-INDIC DIGIT FOUR}".encode()),
        "gap of another script": line(b"left_child", "1\N{NO-BREAK SPACE}-1 -2".encode()),
        "linear feature outside": section(linear.replace(b"leaf_features=1", b"leaf_features=9")),
        "linear leaf of a tree without splits": _resized(_without_splits(good, _linear(leaves=1, feature=9))),
        "blank line before what counts": section(linear.replace(b"leaf_coeff", b"\nleaf_coeff")),
        "line without a value": section(linear.replace(b"leaf_coeff", b"average_output\nleaf_coeff")),
        "lines beyond those read": section(b"".join(b"%c=\n" % letter for letter in b"abcdefgh") + b"is_linear=0\n"),
        "parameter without a colon": swap(b"[boosting: gbdt]", b"[boosting]"),
        "impossible leaves": line(b"num_leaves", b"2000000000"),
        "leaves beyond the arrays": line(b"num_leaves", b"60"),
        "negative leaves": line(b"num_leaves", b"-1"),
        "no leaves": line(b"num_leaves", b"0"),
        "category count": line(b"num_cat", b"1000000"),
        "feature outside": line(b"split_feature", b"9 9 9"),
        "child outside": line(b"left_child", b"99 -1 -2"),
        "child loops": line(b"left_child", b"0 0 0"),
        "tree number": line(b"Tree", b"7"),
        "threshold": line(b"threshold", b"x y z"),
        "class count": swap(b"num_class=3", b"num_class=0"),
        "class count huge": swap(b"num_class=3", b"num_class=9999999999"),
        "trees per iteration": swap(b"num_tree_per_iteration=3", b"num_tree_per_iteration=4"),
        "feature count": swap(b"max_feature_idx=2", b"max_feature_idx=2000000000"),
        "feature names": swap(b"feature_names=a b c", b"feature_names=a b"),
        "version": swap(b"version=v4", b"version=v99"),
        "objective": swap(b"objective=multiclass", b"objective=../../evil"),
        "sizes": swap(b"tree_sizes=", b"tree_sizes=1"),
        "no sizes": swap(b"tree_sizes=", b"sizes="),
        "key twice": swap(b"num_class=3\n", b"num_class=3\nnum_class=3\n"),
        "carriage return": good.replace(b"\n", b"\r\n"),
        "nested categories": swap(b"pandas_categorical:[", b"pandas_categorical:" + b"[" * 1000),
        "no end": good[: good.index(b"end of trees")],
    }


def _linear(leaves: int, feature: int) -> bytes:
    """The lines of linear leaves, each of one feature."""
    return b"".join(
        key + b"=" + b" ".join([b"%d" % value] * leaves) + b"\n"
        for key, value in ((b"leaf_const", 1), (b"num_features", 1), (b"leaf_features", feature), (b"leaf_coeff", 1))
    )


def _without_splits(data: bytes, linear: bytes) -> bytes:
    """Make the first tree a single linear leaf."""
    start, end = data.index(b"Tree=0\n"), data.index(b"Tree=1\n")
    return (
        data[:start] + b"Tree=0\nnum_leaves=1\nnum_cat=0\nleaf_value=1\nis_linear=1\n" + linear + b"\n\n" + data[end:]
    )


def _resized(data: bytes) -> bytes:
    """Announce the sizes that the sections have now."""
    body = data.index(b"\n\n") + 2
    starts = [body]
    while (following := data.find(b"\nTree=", starts[-1])) >= 0:
        starts.append(following + 1)
    ends = [*starts[1:], data.index(b"end of trees")]
    sizes = b" ".join(b"%d" % (end - start) for start, end in zip(starts, ends, strict=True))
    at = data.index(b"tree_sizes=")
    return data[:at] + b"tree_sizes=" + sizes + data[body - 2 :]
