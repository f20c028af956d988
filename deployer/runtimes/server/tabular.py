"""Rows of features: the input that the tabular frameworks share."""
# mypy: disable-error-code="import-not-found, misc, no-any-return"
# These packages are installed in the runtimes' environments only.

from collections.abc import Sequence
from typing import Any

import numpy as np

from .adapter import Arrays, ModelAdapter
from .tensors import InputError


class TabularAdapter(ModelAdapter):
    """One input of shape [rows, features]."""

    features: int | None = None

    def matrix(self, inputs: Arrays) -> "np.ndarray[Any, Any]":
        """The single numeric input, shape [rows, features]. Raises `InputError`."""
        if len(inputs) != 1:
            raise InputError(f"The model takes 1 input, the request has {len(inputs)}.")
        name, array = next(iter(inputs.items()))
        if array.dtype.kind not in "fiub":
            raise InputError(f"Input '{name}': the model takes numbers.")
        return self.check_width(name, array)

    def check_width(self, name: str, array: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        """`array` if it is two-dimensional and as wide as the model; `InputError` otherwise."""
        if array.ndim != 2:  # noqa: PLR2004  # rows and features
            raise InputError(f"Input '{name}': expected 2 dimensions [rows, features], got {array.ndim}.")
        if array.shape[0] == 0:
            raise InputError(f"Input '{name}': no rows.")
        if self.features is not None and array.shape[1] != self.features:
            raise InputError(
                f"Input '{name}': the model takes {self.features} features a row, the request has {array.shape[1]}."
            )
        return array

    def from_instances(self, instances: Sequence[Any]) -> Arrays:
        """A matrix of floats from rows of numbers; null stands for a missing value."""
        try:
            natural = np.asarray(instances)
            numeric = natural.dtype.kind in "fiub" or natural.dtype.kind == "O"
            matrix = np.asarray(instances, dtype=np.float64) if numeric else None
        except (ValueError, TypeError) as exc:
            raise InputError("Instances must be rows of numbers of equal length.") from exc
        if matrix is None:
            raise InputError("Instances must be rows of numbers.")
        return {"input-0": matrix}
