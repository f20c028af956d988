"""What a checked skops archive tells about its model. Nothing here decides: a missing fact is left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from registry.inspection.npy import ArrayHeader
from registry.inspection.verdicts import shown
from registry.inspection.zip_rules import Member
from registry.interfaces import Introspection, TensorInfo

MAX_LISTED = 200
_MAX_LABEL_BYTES = 1 << 16
_TEXT_MODULE = "sklearn.feature_extraction.text"
_INTEGERS = {"INT8": 1, "INT16": 2, "INT32": 4, "INT64": 8}


Headers = Mapping[str, ArrayHeader | None]
Members = Mapping[str, Member]


def summarise(root: dict[str, Any], arrays: Headers, members: Members) -> Introspection:
    """Framework version, estimator, inputs and outputs, class labels and feature names as far as they are stored."""
    attributes = _attributes(root)
    steps = _steps(root)
    last = steps[-1] if steps else root
    names = [step.get("__class__", "") for step in steps]
    labels = _labels(_attributes(last).get("classes_"), arrays, members)
    features = _labels(attributes.get("feature_names_in_") or _first(steps, "feature_names_in_"), arrays, members)
    metadata = {
        "skops_version": shown(str(root.get("_skops_version", ""))),
        "steps": " → ".join(names),
        "classes": json.dumps(labels, ensure_ascii=False) if labels else "",
        "features": json.dumps(features, ensure_ascii=False) if features else "",
    }
    return Introspection(
        framework="sklearn",
        framework_version=shown(str(_plain(attributes.get("_sklearn_version")) or "")),
        model_type=str(names[-1] if names else root.get("__class__", "")),
        inputs=_inputs(root, steps),
        outputs=_outputs(last, arrays, labels),
        parameters=sum(header.count for header in arrays.values() if header is not None),
        metadata={key: value for key, value in metadata.items() if value},
    )


def _inputs(root: dict[str, Any], steps: list[dict[str, Any]]) -> tuple[TensorInfo, ...]:
    first = steps[0] if steps else root
    if first.get("__module__") == _TEXT_MODULE and first.get("__class__") != "TfidfTransformer":
        return (TensorInfo(name="input-0", datatype="BYTES", shape=(-1,)),)
    width = _plain(_attributes(root).get("n_features_in_"))
    if width is None:
        width = _plain(_attributes(first).get("n_features_in_"))
    return (TensorInfo(name="input-0", datatype="FP64", shape=(-1, width)),) if type(width) is int else ()


def _outputs(last: dict[str, Any], arrays: Headers, labels: list[str]) -> tuple[TensorInfo, ...]:
    classes = _attributes(last).get("classes_")
    if isinstance(classes, dict):
        header = arrays.get(str(classes.get("file")))
        datatype = header.datatype if header is not None else "BYTES" if labels else ""
        return (TensorInfo(name="output-0", datatype=datatype or "INT64", shape=(-1,)),)
    return (TensorInfo(name="output-0", datatype="FP64", shape=(-1,)),)


def _steps(root: dict[str, Any]) -> list[dict[str, Any]]:
    """The estimators of a pipeline in order, empty for anything else."""
    listed = _attributes(root).get("steps") if root.get("__class__") == "Pipeline" else None
    pairs = listed.get("content") if isinstance(listed, dict) else None
    found = []
    for pair in pairs if isinstance(pairs, list) else ():
        items = pair.get("content") if isinstance(pair, dict) else None
        if isinstance(items, list) and len(items) == 2 and isinstance(items[1], dict):  # noqa: PLR2004 - (name, step)
            found.append(items[1])
    return found


def _first(steps: list[dict[str, Any]], name: str) -> Any:
    return _attributes(steps[0]).get(name) if steps else None


def _attributes(node: dict[str, Any]) -> dict[str, Any]:
    state = node.get("content")
    attributes = state.get("content") if isinstance(state, dict) else None
    return attributes if isinstance(attributes, dict) else {}


def _plain(node: Any) -> Any:
    content = node.get("content") if isinstance(node, dict) else None
    try:
        return json.loads(content) if isinstance(content, str) else None
    except ValueError:
        return None


def _labels(node: Any, arrays: Headers, members: Members) -> list[str]:
    """The items of a short array of text or whole numbers, at most 200 of them."""
    if not isinstance(node, dict):
        return []
    if node.get("type") == "json":
        items = node.get("content")
        return [shown(str(_plain(item))) for item in items[:MAX_LISTED]] if isinstance(items, list) else []
    name = str(node.get("file"))
    header = arrays.get(name)
    if header is None or header.itemsize * header.count > _MAX_LABEL_BYTES:
        return []
    data = members[name].read(_MAX_LABEL_BYTES + header.data_at)[header.data_at :]
    items = [data[at : at + header.itemsize] for at in range(0, len(data), header.itemsize or 1)][:MAX_LISTED]
    return [shown(text) for text in (_label(item, header) for item in items) if text]


def _label(item: bytes, header: ArrayHeader) -> str:
    if "U" in header.descr:
        return item.decode("utf-32-be" if header.descr.startswith(">") else "utf-32-le", "replace").rstrip("\0")
    if header.datatype in _INTEGERS:
        return str(int.from_bytes(item, "big" if header.descr.startswith(">") else "little", signed=True))
    return item.rstrip(b"\0").decode("utf-8", "replace") if header.datatype == "BYTES" else ""
