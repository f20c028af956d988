"""Example requests with the answers expected of them: read, validated, and compared with what a model answers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.answers import AnswerComparison, compare_answers
from registry.errors import UserError
from registry.interfaces import Introspection, TensorInfo
from registry.introspection import introspection_from_json
from registry.tensors import FAMILIES, Family, Tensor, TensorError, read_tensors, shown_shape
from registry.tolerances import SAYS_NOTHING, slack

__all__ = [
    "AnswerComparison",
    "ExampleInput",
    "compare_answers",
    "example_from_introspection",
    "parse_examples_json",
    "validate_example",
    "validate_examples",
]
MAX_EXAMPLES = 20
MAX_BYTES = 256 * 1024
MAX_DEPTH = 16
MAX_TITLE = 120
MAX_PREFILLED_VALUES = 4_096
DEFAULT_TOLERANCE = 1e-4
_FILLERS: Mapping[Family, object] = {Family.BOOLEAN: False, Family.INTEGER: 0, Family.FLOAT: 0.0, Family.TEXT: "text"}


@dataclass(frozen=True, slots=True)
class ExampleInput:
    """A request of the Open Inference Protocol V2, the answer to it, and how far a number may be off."""

    title: str
    request: Mapping[str, Any]
    expected: Mapping[str, Any]
    tolerance: float = DEFAULT_TOLERANCE


def parse_examples_json(text: str) -> list[ExampleInput]:
    """Examples from a JSON list of `{"title", "request", "expected", "tolerance"}`.

    What it returns can be stored; whether it follows the protocol is for `validate_examples` to say. Raises `UserError`
    with the field `examples` and line and column, or the place within the list.
    """
    if len(text) > MAX_BYTES * MAX_EXAMPLES:
        raise UserError("examples.too_large", field="examples", limit=MAX_BYTES, where="[]")
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise UserError("examples.json", field="examples", line=error.lineno, column=error.colno) from None
    except (ValueError, RecursionError):
        raise UserError("examples.json_values", field="examples") from None
    if not isinstance(document, list):
        raise UserError("examples.not_list", field="examples")
    if len(document) > MAX_EXAMPLES:
        raise UserError("examples.too_many", field="examples", limit=MAX_EXAMPLES, count=len(document))
    return [_example(item, f"[{position}]") for position, item in enumerate(document)]


def validate_examples(examples: Sequence[ExampleInput], introspection: Introspection | None = None) -> None:
    """Validate each; `UserError` with the field `examples`, the example's `number` from 1 and the place as `where`."""
    if len(examples) > MAX_EXAMPLES:
        raise UserError("examples.too_many", field="examples", limit=MAX_EXAMPLES, count=len(examples))
    for number, example in enumerate(examples, start=1):
        if len(example.title) > MAX_TITLE:
            where = f"[{number - 1}].title"
            raise UserError("examples.title_long", field="examples", where=where, number=number, limit=MAX_TITLE)
        try:
            validate_example(
                request=example.request,
                expected=example.expected,
                tolerance=example.tolerance,
                introspection=introspection,
            )
        except UserError as error:
            params = {**error.params, "number": number, "where": f"[{number - 1}].{error.params['where']}"}
            raise UserError(error.code, field="examples", **params) from None


def validate_example(
    *,
    request: Mapping[str, Any],
    expected: Mapping[str, Any],
    tolerance: float,
    introspection: Introspection | None = None,
) -> None:
    """Check both documents against the protocol, the caps and the inputs that the model declares.

    Raises `UserError` with the field (`request`, `expected` or `tolerance`) and the place as `where`.
    """
    if isinstance(tolerance, bool) or not math.isfinite(tolerance) or tolerance < 0:
        raise UserError("examples.bad_tolerance", field="tolerance", where="tolerance")
    inputs = _document(request, field="request", key="inputs", allowed={"id", "parameters", "inputs", "outputs"})
    allowed = {"id", "parameters", "outputs", "model_name", "model_version"}
    outputs = _document(expected, field="expected", key="outputs", allowed=allowed)
    asked = _names_asked(request)
    missing = sorted(asked - outputs.keys())
    if missing:
        raise UserError("examples.output_not_expected", field="expected", where="expected.outputs", name=missing[0])
    if slack(outputs.values(), tolerance) >= SAYS_NOTHING:
        raise UserError("examples.tolerance_wide", field="tolerance", where="tolerance", tolerance=tolerance)
    if introspection is not None and introspection.inputs:
        _agree(inputs, introspection.inputs)


def example_from_introspection(introspection: Introspection | Mapping[str, Any]) -> dict[str, Any]:
    """A request of zeros with the declared names and shapes, one row long, to be edited by hand.

    Takes the stored JSON as well. Without declared inputs it is one number called `input-0`; the data of inputs too
    large to be edited are left empty.
    """
    if isinstance(introspection, Mapping):
        introspection = introspection_from_json(introspection)
    declared = introspection.inputs or (TensorInfo(name="input-0", datatype="FP64", shape=(1, 1)),)
    return {"inputs": [_filled(info) for info in declared]}


def _filled(info: TensorInfo) -> dict[str, Any]:
    shape = [max(length, 1) for length in info.shape] or [1]
    datatype = info.datatype if info.datatype in FAMILIES else "FP64"
    count = math.prod(shape)
    data = [_FILLERS[FAMILIES[datatype]]] * count if count <= MAX_PREFILLED_VALUES else []
    return {"name": info.name, "shape": shape, "datatype": datatype, "data": data}


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _example(item: object, where: str) -> ExampleInput:
    if not isinstance(item, dict):
        raise UserError("examples.not_object", field="examples", where=where)
    unknown = sorted(item.keys() - {"title", "request", "expected", "tolerance"})
    if unknown:
        raise UserError("examples.unknown_key", field="examples", where=where, key=unknown[0][:80])
    title, tolerance = item.get("title", ""), item.get("tolerance", DEFAULT_TOLERANCE)
    if not isinstance(title, str) or _is_bad_text(title):
        raise UserError("examples.bad_text", field="examples", where=f"{where}.title")
    if type(tolerance) not in {int, float} or not 0 <= tolerance < math.inf:
        raise UserError("examples.bad_tolerance", field="examples", where=f"{where}.tolerance")
    request, expected = (_storable(item.get(key), f"{where}.{key}") for key in ("request", "expected"))
    return ExampleInput(title, request, expected, float(tolerance))


def _storable(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UserError("examples.not_object", field="examples", where=where)
    for code, place in _faults(value, where):
        raise UserError(code, field="examples", where=place, limit=MAX_DEPTH)
    return value


def _document(value: object, *, field: str, key: str, allowed: set[str]) -> dict[str, Tensor]:
    if not isinstance(value, Mapping):
        raise UserError("examples.not_object", field=field, where=field)
    for code, where in _faults(value, field):
        raise UserError(code, field=field, where=where, limit=MAX_DEPTH)
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_BYTES:
        raise UserError("examples.too_large", field=field, where=field, size=size, limit=MAX_BYTES)
    unknown = sorted(value.keys() - allowed)
    if unknown:
        raise UserError("examples.unknown_key", field=field, where=field, key=unknown[0][:80])
    try:
        return read_tensors(value.get(key), where=f"{field}.{key}")
    except TensorError as error:
        raise UserError(error.code, field=field, where=error.where, **error.params) from None


def _faults(root: object, where: str) -> Iterator[tuple[str, str]]:
    """(code, place) of whatever no database or JSON reader would take: depth, NaN, NUL, odd types. Never recursive."""
    waiting = [(root, where, 0)]
    while waiting:
        value, place, depth = waiting.pop()
        if depth > MAX_DEPTH:
            yield "examples.too_deep", where
        elif isinstance(value, Mapping):
            if not all(isinstance(key, str) and not _is_bad_text(key) for key in value):
                yield "examples.bad_text", place
            waiting += [(item, f"{place}.{key}"[:200], depth + 1) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [(item, f"{place}[{at}]"[:200], depth + 1) for at, item in enumerate(value)]
        elif isinstance(value, str):
            if _is_bad_text(value):
                yield "examples.bad_text", place
        elif isinstance(value, float) and not math.isfinite(value):
            yield "examples.not_finite", place
        elif value is not None and not isinstance(value, (bool, int, float)):
            yield "examples.bad_value", place


def _is_bad_text(text: str) -> bool:
    return "\0" in text or any("\ud800" <= char <= "\udfff" for char in text)


def _names_asked(request: Mapping[str, Any]) -> set[str]:
    """The outputs that a request asks for by name; none means all."""
    asked = request.get("outputs", [])
    named = isinstance(asked, list) and all(
        isinstance(item, Mapping) and isinstance(item.get("name"), str) for item in asked
    )
    if not named:
        raise UserError("examples.bad_outputs", field="request", where="request.outputs")
    return {item["name"] for item in asked}


def _agree(inputs: Mapping[str, Tensor], declared: Sequence[TensorInfo]) -> None:
    expected = [info.name for info in declared]
    if set(expected) != inputs.keys():
        raise UserError(
            "examples.input_names",
            field="request",
            where="request.inputs",
            expected=", ".join(expected)[:400],
            found=", ".join(inputs)[:400],
        )
    for info in declared:
        tensor = inputs[info.name]
        where = f"request.inputs.{info.name}"
        fits = len(info.shape) == len(tensor.shape) and all(
            wanted in {-1, length} for wanted, length in zip(info.shape, tensor.shape, strict=False)
        )
        if info.shape and not fits:
            raise UserError(
                "examples.input_shape",
                field="request",
                where=where,
                name=info.name,
                expected=shown_shape(info.shape),
                found=shown_shape(tensor.shape),
            )
        if info.datatype in FAMILIES and _is_text(info.datatype) != _is_text(tensor.datatype):
            raise UserError(
                "examples.input_datatype",
                field="request",
                where=where,
                name=info.name,
                expected=info.datatype,
                found=tensor.datatype,
            )


def _is_text(datatype: str) -> bool:
    return FAMILIES[datatype] is Family.TEXT
