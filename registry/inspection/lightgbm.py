"""LightGBM's text format: counts and indices must agree before LightGBM's own parser, which trusts them, sees the file.

Structure as written by LightGBM 2 to 4 (`GBDT::SaveModelToString`, `Tree::ToString`). Where that parser reads a line
differently (blank lines, lines without "=", digits of other scripts, more lines than it takes), the line is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from registry.inspection.bounded_json import load_json
from registry.inspection.source import Source
from registry.inspection.verdicts import RefusedError, shown
from registry.interfaces import Introspection, TensorInfo

MAX_SIZE = 256 << 20
MAX_TREES = 100_000
MAX_FEATURES = 1_000_000
MAX_LEAVES = 1 << 24
MAX_LISTED = 200
MAX_HEADER = 64 << 20
_VERSION = re.compile(r"v[2-4]")
_WHOLE = re.compile(r"-?[0-9]{1,10}")
_NUMBER = re.compile(
    r"[-+]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:e[-+]?[0-9]{1,4})?|-?inf|-?nan", re.IGNORECASE
)
_KEY = re.compile(r"[a-z_]{1,40}")
_OBJECTIVE = re.compile(r"[a-z_0-9]{1,40}(?: [a-z_0-9]{1,40}(?::[-+.e0-9a-z]{1,40})?)*")
_PARAMETER = re.compile(r"\[[a-z_0-9]{1,80}: .*\]")
_END = b"end of trees"
_CATEGORICAL = 1
_PER_SPLIT = ("split_feature", "threshold", "decision_type", "left_child", "right_child")
_OPTIONAL_PER_SPLIT = ("split_gain", "internal_value", "internal_weight", "internal_count")
_OPTIONAL_PER_LEAF = ("leaf_weight", "leaf_count")
_OF_TREE = frozenset(
    {"Tree", "num_leaves", "num_cat", "leaf_value", "cat_boundaries", "cat_threshold", "is_linear", "leaf_const",
     "num_features", "leaf_features", "leaf_coeff", "shrinkage", *_PER_SPLIT, *_OPTIONAL_PER_SPLIT, *_OPTIONAL_PER_LEAF}
)  # fmt: skip
# Objectives that write a value for each class of a row, by all their names.
_MANY_CLASSES = frozenset({"multiclass", "softmax", "multiclassova", "multiclass_ova", "ova", "ovr"})


def inspect_lightgbm(source: Source) -> Introspection:
    """Accept a text model whose header, tree sections and their announced sizes agree."""
    data = source.read_all(MAX_SIZE)
    head, trees, tail = _sections(data)
    header = _header(head)
    if not _VERSION.fullmatch(header.get("version", "")):
        raise RefusedError("gate.lightgbm_header", part="version")
    width = _number(header, "max_feature_idx", MAX_FEATURES) + 1
    names = header.get("feature_names", "").split(" ")
    if len(names) != width or len(header.get("feature_infos", "").split(" ")) != width:
        raise RefusedError("gate.lightgbm_count", part="feature_names")
    classes = _classes(header, len(trees))
    objective = header.get("objective", "custom")
    leaves = sum(_check_tree(tree, index, width) for index, tree in enumerate(trees))
    _check_tail(tail)
    outputs = (-1, classes) if classes > 1 else (-1,)
    return Introspection(
        framework="lightgbm",
        framework_version=header["version"].lstrip("v"),
        model_type=shown(objective.split(" ", 1)[0]),
        inputs=(TensorInfo(name="input-0", datatype="FP64", shape=(-1, width)),),
        outputs=(TensorInfo(name="output-0", datatype="FP64", shape=outputs),),
        parameters=leaves,
        metadata={
            "objective": shown(objective, 200),
            "trees": str(len(trees)),
            "features": json.dumps([shown(name) for name in names[:MAX_LISTED]], ensure_ascii=False),
        },
    )


def _sections(data: bytes) -> tuple[str, list[str], str]:
    """Header, trees and what follows them. The announced `tree_sizes` must be the real ones: LightGBM seeks by them."""
    header_end = data.find(b"\n\n")
    if b"\r" in data or b"\0" in data:
        raise RefusedError("gate.lightgbm_header", part="CR, NUL")
    if not 0 < header_end <= MAX_HEADER:
        raise RefusedError("gate.lightgbm_header", part="tree_sizes")
    head = _text(data[:header_end])
    match = re.search(r"^tree_sizes=([0-9 ]*)$", head, re.MULTILINE)
    sizes = match.group(1).split() if match else []
    if not 0 < len(sizes) <= MAX_TREES:
        raise RefusedError("gate.lightgbm_count", part="tree_sizes")
    position, trees = header_end + 2, []
    for size in sizes:
        end = position + (int(size) if _WHOLE.fullmatch(size) else 0)
        if end > len(data) or not data.startswith(b"Tree=", position) or data[end - 1 : end] != b"\n":
            raise RefusedError("gate.lightgbm_count", part="tree_sizes")
        trees.append(_text(data[position:end]))
        position = end
    if not data.startswith(_END, position):
        raise RefusedError("gate.lightgbm_count", part="tree_sizes")
    return head, trees, _text(data[position:])


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError("gate.lightgbm_header", part="utf-8") from None


def _header(text: str) -> dict[str, str]:
    first, *lines = text.split("\n")
    # LightGBM would take a line that begins like a tree for the first one, whatever `tree_sizes` says.
    if first != "tree" or any(line.startswith("Tree") for line in lines):
        raise RefusedError("gate.lightgbm_header", part="tree")
    return _pairs([line for line in lines if line != "average_output"])


def _pairs(lines: list[str]) -> dict[str, str]:
    """`key=value` lines; a key given twice is refused, as readers disagree which one counts."""
    found: dict[str, str] = {}
    for line in lines:
        key, mark, value = line.partition("=")
        if not mark or key in found or not (_KEY.fullmatch(key) or key == "Tree"):
            raise RefusedError("gate.lightgbm_header", part=shown(key) or "=")
        found[key] = value
    return found


def _classes(header: Mapping[str, str], trees: int) -> int:
    """How many values a row gets. LightGBM keeps room for `num_class`, and fills what two other counts say."""
    classes = _number(header, "num_class", MAX_FEATURES)
    per_iteration = _number(header, "num_tree_per_iteration", MAX_FEATURES)
    if not classes or per_iteration != classes or trees % classes:
        raise RefusedError("gate.lightgbm_count", part="num_tree_per_iteration")
    objective = header.get("objective", "custom")
    if not _OBJECTIVE.fullmatch(objective):
        raise RefusedError("gate.lightgbm_header", part="objective")
    name, *settings = objective.split(" ")
    announced = [setting for setting in settings if setting.startswith("num_class")]
    if announced != ([f"num_class:{classes}"] if announced or name in _MANY_CLASSES else []):
        raise RefusedError("gate.lightgbm_count", part="num_class")
    return classes


def _check_tree(text: str, index: int, width: int) -> int:
    """Check one section; returns how many leaves it has."""
    tree = _pairs(text.rstrip("\n").split("\n"))
    if not tree.keys() <= _OF_TREE:
        raise RefusedError("gate.lightgbm_header", part=shown(min(tree.keys() - _OF_TREE)))
    leaves = _number(tree, "num_leaves", MAX_LEAVES)
    sets = _number(tree, "num_cat", MAX_LEAVES)
    if tree.get("Tree") != str(index) or not leaves:
        raise RefusedError("gate.lightgbm_count", part="num_leaves")
    _check_length(tree, "leaf_value", leaves)
    _check_numbers(tree, "leaf_value")
    _check_linear(tree, leaves, width)
    if leaves == 1:
        if sets:
            raise RefusedError("gate.lightgbm_count", part="num_cat")
        return leaves
    _check_lengths(tree, leaves)
    _check_numbers(tree, "threshold")
    if not all(0 <= feature < width for feature in _whole(tree, "split_feature")):
        raise RefusedError("gate.lightgbm_index", part="split_feature")
    _check_children(_whole(tree, "left_child"), _whole(tree, "right_child"), leaves)
    _check_categories(tree, sets)
    return leaves


def _check_lengths(tree: Mapping[str, str], leaves: int) -> None:
    for part in _PER_SPLIT:
        _check_length(tree, part, leaves - 1)
    for part in _OPTIONAL_PER_SPLIT:
        if tree.get(part):
            _check_length(tree, part, leaves - 1)
    for part in _OPTIONAL_PER_LEAF:
        if tree.get(part):
            _check_length(tree, part, leaves)


def _check_children(left: list[int], right: list[int], leaves: int) -> None:
    """A split's children come after it, or are leaves, written as ~leaf; each is reached once."""
    reached = set()
    for split, children in enumerate(zip(left, right, strict=True)):
        for child in children:
            inner = split < child < leaves - 1
            leaf = -leaves <= child < 0
            if not (inner or leaf) or child in reached:
                raise RefusedError("gate.lightgbm_index", part="left_child")
            reached.add(child)


def _check_categories(tree: Mapping[str, str], sets: int) -> None:
    """Bounds of the category bit sets: `threshold` of a categorical split names a set."""
    kinds = _whole(tree, "decision_type")
    if sets:
        bounds, words = _whole(tree, "cat_boundaries"), len(_whole(tree, "cat_threshold"))
        if len(bounds) != sets + 1 or bounds != sorted(bounds) or bounds[0] != 0 or bounds[-1] != words:
            raise RefusedError("gate.lightgbm_count", part="cat_boundaries")
    for kind, threshold in zip(kinds, _items(tree, "threshold"), strict=True):
        if kind & _CATEGORICAL and not (_WHOLE.fullmatch(threshold) and 0 <= int(threshold) < sets):
            raise RefusedError("gate.lightgbm_index", part="threshold")


def _check_linear(tree: Mapping[str, str], leaves: int, width: int) -> None:
    if tree.get("is_linear", "0") not in {"0", "1"}:
        raise RefusedError("gate.lightgbm_header", part="is_linear")
    if tree.get("is_linear") != "1":
        return
    counts = _whole(tree, "num_features")
    features = _whole(tree, "leaf_features")
    _check_length(tree, "leaf_const", leaves)
    _check_length(tree, "leaf_coeff", len(features))
    if len(counts) != leaves or any(count < 0 for count in counts) or sum(counts) != len(features):
        raise RefusedError("gate.lightgbm_count", part="num_features")
    if not all(0 <= feature < width for feature in features):
        raise RefusedError("gate.lightgbm_index", part="leaf_features")


def _check_tail(text: str) -> None:
    """Importances, training parameters and pandas categories: text that LightGBM shows but does not follow.

    Only the parameters are taken apart, at their colon, which LightGBM does not look for twice.
    """
    lines = text.split("\n")
    begins, ends = lines.count("parameters:"), lines.count("end of parameters")
    if lines[-1] or begins != ends or begins > 1:
        raise RefusedError("gate.lightgbm_header", part="parameters")
    if begins:
        listed = lines[lines.index("parameters:") + 1 : lines.index("end of parameters")]
        if not all(not line or _PARAMETER.fullmatch(line) for line in listed):
            raise RefusedError("gate.lightgbm_header", part="parameters")
    marker = "\npandas_categorical:"
    at = text.rfind(marker)
    if at >= 0:
        load_json(text[at + len(marker) :].strip().encode(), max_depth=4)


def _items(tree: Mapping[str, str], part: str) -> list[str]:
    """The items of a list, split at spaces alone, as LightGBM does it."""
    return [item for item in tree.get(part, "").split(" ") if item]


def _check_length(tree: Mapping[str, str], part: str, count: int) -> None:
    if len(_items(tree, part)) != count:
        raise RefusedError("gate.lightgbm_count", part=part)


def _check_numbers(tree: Mapping[str, str], part: str) -> None:
    if not all(map(_NUMBER.fullmatch, _items(tree, part))):
        raise RefusedError("gate.lightgbm_header", part=part)


def _whole(tree: Mapping[str, str], part: str) -> list[int]:
    texts = _items(tree, part)
    if not all(map(_WHOLE.fullmatch, texts)):
        raise RefusedError("gate.lightgbm_header", part=part)
    return list(map(int, texts))


def _number(holder: Mapping[str, str], part: str, limit: int) -> int:
    text = holder.get(part, "")
    if not _WHOLE.fullmatch(text) or not 0 <= int(text) <= limit:
        raise RefusedError("gate.lightgbm_count", part=part)
    return int(text)
