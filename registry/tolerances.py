"""How far off an answer may be and still count as the expected one, as a share of what is expected."""

from __future__ import annotations

from collections.abc import Iterable

from registry.tensors import Family, Tensor

SAYS_NOTHING = 1.0
"""From here on a model that always answers zero passes."""
SAYS_LITTLE = 0.5


def slack(expected: Iterable[Tensor], tolerance: float) -> float:
    """The largest share of an expected number by which an answer may differ (1 is all of it), 0 without numbers.

    For floats that is the tolerance, which is relative above one; for whole numbers it is absolute (`compare_answers`).
    """
    return max((_share(tensor, tolerance) for tensor in expected), default=0.0)


def _share(tensor: Tensor, tolerance: float) -> float:
    if tensor.family is Family.FLOAT:
        return tolerance
    if tensor.family is not Family.INTEGER or tolerance < 1:
        return 0.0
    largest: int = max((1, *map(abs, tensor.values)))
    return tolerance / largest
