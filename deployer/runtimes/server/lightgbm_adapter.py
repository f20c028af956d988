"""LightGBM boosters in the text format."""

# mypy: disable-error-code="import-not-found, misc, no-any-return"
# These packages are installed in the runtimes' environments only.

import lightgbm
import numpy as np

from .adapter import Arrays
from .tabular import TabularAdapter
from .tensors import TensorSpec


class Adapter(TabularAdapter):
    """Answers with `predict`: probabilities or values, as the booster's objective gives them."""

    platform = "lightgbm"
    suffixes = (".txt", ".lgb", ".bst", ".model")
    marks = (b"tree\nversion=",)

    def load(self) -> None:
        """Read the booster; its class count tells the output's shape."""
        self.booster = lightgbm.Booster(model_file=str(self.path))
        self.features = self.booster.num_feature()
        self.inputs = (TensorSpec("input-0", "FP64", (-1, self.features)),)
        sample = self._predict(np.zeros((1, self.features)))
        self.outputs = (TensorSpec("predict", "FP64", (-1, *sample.shape[1:])),)

    def infer(self, inputs: Arrays, wanted: frozenset[str]) -> Arrays:  # noqa: ARG002  # there is one output
        """Predictions for a matrix of floats; NaN is a missing value."""
        return {"predict": self._predict(self.matrix(inputs))}

    def _predict(self, matrix: np.ndarray) -> np.ndarray:
        return np.asarray(self.booster.predict(matrix, num_threads=self.threads), dtype=np.float64)
