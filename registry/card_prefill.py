"""What the files tell about a model, as the text with which a card's section begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.interfaces import Introspection, TensorInfo
from registry.introspection import introspection_from_json
from registry.tensors import shown_shape

MAX_TENSORS = 40
MAX_NAME = 120


def interface_text(introspection: Mapping[str, Any]) -> str:
    """Markdown about framework, size, inputs and outputs; "" where the file tells nothing. In English, as cards are."""
    found = introspection_from_json(introspection)
    return "\n\n".join(
        part
        for part in (_made_with(found), _tensors("Inputs", found.inputs), _tensors("Outputs", found.outputs))
        if part
    )


def library_of(introspection: Mapping[str, Any]) -> str:
    """The framework by the name that model hubs use in `library_name`."""
    return introspection_from_json(introspection).framework.casefold()


def _made_with(found: Introspection) -> str:
    facts = []
    if found.framework:
        facts.append(f"- Framework: {found.framework} {found.framework_version}".rstrip())
    if found.model_type:
        facts.append(f"- Type: {found.model_type}")
    if found.parameters is not None:
        facts.append(f"- Parameters: {found.parameters:,}")
    return "\n".join(facts)


def _tensors(title: str, tensors: tuple[TensorInfo, ...]) -> str:
    if not tensors:
        return ""
    rows = [f"| {_cell(each.name)} | {each.datatype} | {shown_shape(each.shape)} | |" for each in tensors[:MAX_TENSORS]]
    left_out = len(tensors) - MAX_TENSORS
    more = [f"\nand {left_out} more"] if left_out > 0 else []
    return "\n".join([f"| {title} | Datatype | Shape | Meaning |", "| --- | --- | --- | --- |", *rows, *more])


def _cell(name: str) -> str:
    """A name from a file in a table's cell: as code, and without what would end the cell or the code."""
    kept = "".join(char if char.isprintable() and char not in "`|" else " " for char in name[:MAX_NAME])
    return f"`{kept.strip() or '?'}`"
