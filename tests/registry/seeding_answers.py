"""Run by the training environment: do the files alone, in a fresh process, give the answers that were written down?

`python seeding_answers.py SEED_DIR` loads each file with its library, without the recipes, and prints one line for each
example: folder, title and the largest difference.
"""

import json
import sys
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnxruntime
import skops.io
import xgboost

Tensors = dict[str, dict[str, Any]]
Arrays = dict[str, np.ndarray]


def skops_outputs(path: str, inputs: Tensors) -> Arrays:
    estimator = skops.io.load(path)
    texts = inputs["input-0"]["data"]
    return {"predict": estimator.predict(texts), "predict_proba": estimator.predict_proba(texts)}


def xgboost_outputs(path: str, inputs: Tensors) -> Arrays:
    booster = xgboost.Booster(model_file=path)
    rows = xgboost.DMatrix(matrix(inputs["input-0"], np.float32), feature_names=booster.feature_names)
    return {"predict": booster.predict(rows)}


def lightgbm_outputs(path: str, inputs: Tensors) -> Arrays:
    return {"predict": lightgbm.Booster(model_file=path).predict(matrix(inputs["input-0"], np.float64))}


def onnx_outputs(path: str, inputs: Tensors) -> Arrays:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    values = session.run(None, {name: matrix(tensor, np.int32) for name, tensor in inputs.items()})
    return dict(zip([output.name for output in session.get_outputs()], values, strict=True))


def matrix(tensor: dict[str, Any], dtype: type[np.generic]) -> np.ndarray:
    return np.array(tensor["data"], dtype=dtype).reshape(tensor["shape"])


def difference(wanted: dict[str, Any], got: np.ndarray) -> float:
    if list(got.shape) != wanted["shape"]:
        return float("inf")
    if wanted["datatype"] == "BYTES":
        return 0.0 if got.tolist() == wanted["data"] else float("inf")
    return float(np.abs(got.ravel() - np.array(wanted["data"])).max())


LOADERS = {
    ".skops": skops_outputs,
    ".json": xgboost_outputs,
    ".bst": lightgbm_outputs,
    ".onnx": onnx_outputs,
}


def main(seed_dir: str) -> None:
    for folder in sorted(Path(seed_dir).iterdir()):
        file = next(path for path in (folder / "files").iterdir() if path.suffix in LOADERS)
        for example in json.loads((folder / "examples.json").read_text(encoding="utf-8")):
            inputs = {tensor["name"]: tensor for tensor in example["request"]["inputs"]}
            outputs = LOADERS[file.suffix](str(file), inputs)
            worst = max(difference(wanted, outputs[wanted["name"]]) for wanted in example["expected"]["outputs"])
            line = json.dumps([folder.name, example["title"], worst, example["tolerance"]])
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main(sys.argv[1])
