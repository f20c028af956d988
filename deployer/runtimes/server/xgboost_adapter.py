"""XGBoost boosters in JSON or UBJSON."""
# mypy: disable-error-code="import-not-found, misc, no-any-return"
# These packages are installed in the runtimes' environments only.

import numpy as np
import xgboost

from .adapter import Arrays
from .tabular import TabularAdapter
from .tensors import TensorSpec


class Adapter(TabularAdapter):
    """Answers with `predict`: what the booster's objective gives (probabilities, values, margins)."""

    platform = "xgboost"
    suffixes = (".json", ".ubj", ".bst", ".model")
    marks = (b"learner",)

    def load(self) -> None:
        """Read the booster; its class count tells the output's shape."""
        self.booster = xgboost.Booster({"nthread": self.threads})
        self.booster.load_model(self.path)
        self.features = self.booster.num_features()
        self.inputs = (TensorSpec("input-0", "FP32", (-1, self.features)),)
        sample = self._predict(np.zeros((1, self.features), dtype=np.float32))
        self.outputs = (TensorSpec("predict", "FP32", (-1, *sample.shape[1:])),)

    def infer(self, inputs: Arrays, wanted: frozenset[str]) -> Arrays:  # noqa: ARG002  # there is one output
        """Predictions for a matrix of floats; NaN is a missing value."""
        return {"predict": self._predict(self.matrix(inputs))}

    def _predict(self, matrix: np.ndarray) -> np.ndarray:
        data = xgboost.DMatrix(
            matrix, feature_names=self.booster.feature_names, feature_types=self.booster.feature_types, nthread=1
        )
        answer: np.ndarray = self.booster.predict(data)
        return answer
