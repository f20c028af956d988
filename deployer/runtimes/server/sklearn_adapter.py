"""scikit-learn estimators and pipelines in the skops format."""

# mypy: disable-error-code="import-not-found, import-untyped, misc, no-any-return"
# These packages are installed in the runtimes' environments only.

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import skops.io

from .adapter import Arrays
from .tabular import TabularAdapter
from .tensors import InputError, TensorSpec, datatype_of

_METHODS = ("predict", "predict_proba")
_TRUSTED = ("sklearn.", "numpy.", "scipy.", "_loss.")


class Adapter(TabularAdapter):
    """Answers with `predict`, and with `predict_proba` where the estimator has it."""

    platform = "sklearn"
    suffixes = (".skops",)

    def load(self) -> None:
        """Read the estimator, trusting nothing outside the three numeric packages.

        The gate has checked each name against an exact list already; here a wrong file can only harm this process.
        """
        untrusted = skops.io.get_untrusted_types(file=self.path)
        foreign = [name for name in untrusted if not name.startswith(_TRUSTED)]
        if foreign:
            raise InputError(f"the file names {foreign[0]}, which is not trusted")
        self.estimator = skops.io.load(self.path, trusted=untrusted)
        if not hasattr(self.estimator, "predict"):
            raise InputError(f"{type(self.estimator).__name__} has no predict method")
        self.columns = getattr(self.estimator, "feature_names_in_", None)
        self.features = getattr(self.estimator, "n_features_in_", None)
        self.takes_texts = self.features is None
        self._describe()

    def infer(self, inputs: Arrays, wanted: frozenset[str]) -> Arrays:
        """Predictions for a matrix, a list of texts, or one column an input where the estimator knows names."""
        rows = self._rows(inputs)
        names = [spec.name for spec in self.outputs if not wanted or spec.name in wanted]
        return {name: np.asarray(getattr(self.estimator, name)(rows)) for name in names}

    def from_instances(self, instances: Sequence[Any]) -> Arrays:
        """Texts stay texts, objects become one input a key, everything else is a matrix."""
        if all(isinstance(row, dict) for row in instances):
            return _columns(instances)
        flat = [value for row in instances for value in (row if isinstance(row, list) else [row])]
        if any(isinstance(value, str) for value in flat):
            try:
                return {"input-0": np.array(instances, dtype=np.object_)}
            except ValueError as exc:
                raise InputError("Instances must be rows of equal length.") from exc
        return super().from_instances(instances)

    def _rows(self, inputs: Arrays) -> Any:
        if len(inputs) > 1:
            return self._frame(inputs)
        name, array = next(iter(inputs.items()))
        if self.takes_texts:
            if array.dtype.kind != "O":
                raise InputError(f"Input '{name}': the model takes texts (BYTES).")
            return array.ravel()
        if self.columns is not None and len(self.columns) == 1 and array.ndim == 1:
            array = array.reshape(-1, 1)
        matrix = self.check_width(name, array)
        if self.columns is None:
            return matrix
        return pd.DataFrame(matrix, columns=self.columns).infer_objects()

    def _frame(self, inputs: Arrays) -> pd.DataFrame:
        if self.columns is None:
            raise InputError(f"The model takes 1 input, the request has {len(inputs)}.")
        missing = [str(column) for column in self.columns if column not in inputs]
        if missing or len(inputs) != len(self.columns):
            raise InputError(f"The model takes the inputs {', '.join(map(str, self.columns))}.")
        if len({array.size for array in inputs.values()}) != 1:
            raise InputError("Every input needs the same number of rows.")
        return pd.DataFrame({column: inputs[column].ravel() for column in self.columns})

    def _describe(self) -> None:
        """Inputs and outputs, learnt from one made-up row, which also spares the first request the warming up."""
        texts = TensorSpec("input-0", "BYTES", (-1,))
        matrix = TensorSpec("input-0", "FP64", (-1, int(self.features or 0)))
        row = np.array(["text"], dtype=np.object_) if self.takes_texts else np.zeros((1, int(self.features or 0)))
        self.inputs = (texts if self.takes_texts else matrix,)
        answers = self._try({"input-0": row})
        if answers is None and self.columns is not None:
            # Numbers do not fit every column; numeric columns take numbers written as text too.
            self.inputs = tuple(TensorSpec(str(name), "BYTES", (-1,)) for name in self.columns)
        self.outputs = self._known_outputs() if answers is None else _specs(answers)

    def _try(self, inputs: Arrays) -> Arrays | None:
        rows = self._rows(inputs)
        answers: Arrays = {}
        for name in _METHODS:
            try:
                method = getattr(self.estimator, name)  # a pipeline's attribute may refuse to be there, too
                answer = method(rows)
            except Exception:  # noqa: BLE001  # a made-up row need not suit the model; real requests decide
                if name == "predict":
                    return None
                continue
            if isinstance(answer, np.ndarray):  # several targets give a list of arrays, which no tensor can hold
                answers[name] = answer
        return answers

    def _known_outputs(self) -> tuple[TensorSpec, ...]:
        classes = getattr(self.estimator, "classes_", None)
        if not isinstance(classes, np.ndarray):
            return (TensorSpec("predict", "FP64", (-1,)),)
        predict = TensorSpec("predict", datatype_of(classes), (-1,))
        if not hasattr(self.estimator, "predict_proba"):
            return (predict,)
        return (predict, TensorSpec("predict_proba", "FP64", (-1, len(classes))))


def _specs(answers: Arrays) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(name, datatype_of(array), (-1, *array.shape[1:])) for name, array in answers.items())


def _columns(instances: Sequence[dict[str, Any]]) -> Arrays:
    names = list(instances[0])
    if not names or any(list(row) != names for row in instances):
        raise InputError("Instances must all have the same keys in the same order.")
    return {name: np.array([row[name] for row in instances]) for name in names}
