"""What a file tells about its model, as the JSON that a version's row keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from registry.interfaces import Introspection, TensorInfo


def introspection_to_json(introspection: Introspection) -> dict[str, Any]:
    """A JSON object with every field."""
    document = asdict(introspection)
    for key in ("inputs", "outputs"):
        document[key] = [{**tensor, "shape": list(tensor["shape"])} for tensor in document[key]]
    return document


def introspection_from_json(document: Mapping[str, Any]) -> Introspection:
    """The dataclass for a stored object; an empty one tells nothing."""
    return Introspection(
        framework=document.get("framework", ""),
        framework_version=document.get("framework_version", ""),
        model_type=document.get("model_type", ""),
        inputs=_tensors(document.get("inputs", ())),
        outputs=_tensors(document.get("outputs", ())),
        parameters=document.get("parameters"),
        metadata=dict(document.get("metadata", {})),
    )


def _tensors(items: Iterable[Mapping[str, Any]]) -> tuple[TensorInfo, ...]:
    return tuple(TensorInfo(name=item["name"], datatype=item["datatype"], shape=tuple(item["shape"])) for item in items)
