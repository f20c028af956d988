"""Compares a model's answer with the expected one."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.tensors import Family, Tensor, TensorError, read_tensors, shown_shape


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerComparison:
    """Whether an answer is the expected one. `worst` is the largest deviation, in the unit of the tolerance.

    `code` is "" on a match, else a message id that `params` fill.
    """

    matches: bool
    worst: float | None = None
    code: str = ""
    params: Mapping[str, str | int | float] = field(default_factory=dict)


def compare_answers(*, expected: Mapping[str, Any], actual: object, tolerance: float) -> AnswerComparison:
    """Compare outputs by name, whatever their order; outputs that nobody expects are ignored.

    A float `a` matches the expected `e` if |a - e| <= tolerance * max(1, |e|): absolute below one, relative above.
    A whole number matches if |a - e| <= tolerance, since a class label does not grow vaguer with its size. Text and
    booleans must be equal, and shapes as well. NaN, infinities and null match nothing.
    """
    try:
        wanted = read_tensors(expected.get("outputs"), where="expected.outputs")
        listed = actual.get("outputs") if isinstance(actual, Mapping) else None
        given = read_tensors(listed, where="outputs", finite=False)
    except TensorError as error:
        code = "examples.answer_malformed" if not error.where.startswith("expected") else error.code
        return AnswerComparison(matches=False, code=code, params={"where": error.where, "reason": error.code})
    worst = 0.0
    for name, tensor in wanted.items():
        found = _compare_tensor(tensor, given.get(name), tolerance)
        if not found.matches:
            return found
        worst = max(worst, found.worst or 0.0)
    return AnswerComparison(matches=True, worst=worst)


def _compare_tensor(wanted: Tensor, given: Tensor | None, tolerance: float) -> AnswerComparison:
    params: dict[str, str | int | float] = {"output": wanted.name, "tolerance": tolerance}
    if given is None:
        return AnswerComparison(matches=False, code="examples.output_missing", params=params)
    numeric = {Family.INTEGER, Family.FLOAT}
    if wanted.family is not given.family and not {wanted.family, given.family} <= numeric:
        params |= {"expected": wanted.datatype, "actual": given.datatype}
        return AnswerComparison(matches=False, code="examples.datatype_differs", params=params)
    if wanted.shape != given.shape:
        params |= {"expected": shown_shape(wanted.shape), "actual": shown_shape(given.shape)}
        return AnswerComparison(matches=False, code="examples.shape_differs", params=params)
    worst, worst_at = 0.0, 0
    for at, (target, value) in enumerate(zip(wanted.values, given.values, strict=True)):
        deviation = _deviation(target, value, wanted.family)
        if deviation is None:
            params |= {"index": at, "expected": _brief(target), "actual": _brief(value)}
            code = "examples.answer_not_finite" if wanted.family in numeric else "examples.differs_text"
            return AnswerComparison(matches=False, code=code, params=params)
        if deviation > worst:
            worst, worst_at = deviation, at
    if worst <= tolerance:
        return AnswerComparison(matches=True, worst=worst)
    params |= {
        "index": worst_at,
        "expected": _brief(wanted.values[worst_at]),
        "actual": _brief(given.values[worst_at]),
        "worst": worst,
    }
    return AnswerComparison(matches=False, worst=worst, code="examples.differs", params=params)


def _deviation(target: Any, value: Any, family: Family) -> float | None:
    """How far off a value is, in the unit of the tolerance; None where no tolerance could make it match."""
    if family in {Family.TEXT, Family.BOOLEAN}:
        return 0.0 if target == value else None
    if value is None or not math.isfinite(value):
        return None
    if family is Family.INTEGER:
        return float(abs(value - target))  # subtracted as integers: floats beyond 2^53 would hide a difference of one
    difference = abs(float(value) - float(target)) / max(1.0, abs(float(target)))
    return min(difference, sys.float_info.max)  # JSON has no infinity to store


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004  # as much as a line of a message holds
