"""Writes this folder's models. Run each part in an environment with the framework:

python make_models.py sklearn     (scikit-learn 1.5.2, skops 0.16.0, pandas)
python make_models.py xgboost     (xgboost-cpu 2.1.4)
python make_models.py lightgbm    (lightgbm 4.6.0)
python make_models.py onnx        (scikit-learn 1.5.2, skl2onnx, onnx)
"""

# mypy: ignore-errors
# The frameworks are installed in the runtimes' environments only.

import sys
from pathlib import Path

import numpy as np

HERE = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent
RANDOM = np.random.default_rng(7)
X = RANDOM.normal(size=(120, 4))
Y = (X[:, 0] + X[:, 1] > 0).astype(int) + (X[:, 2] > 1)
TEXTS = ["good clear article", "bad vandal edit", "well sourced text", "spam spam link"] * 5
LABELS = ["keep", "revert"] * 10


def sklearn() -> None:
    import pandas as pd
    import skops.io
    from sklearn.compose import make_column_transformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    skops.io.dump(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y), HERE / "classifier.skops")
    skops.io.dump(LinearRegression().fit(X, X[:, 0] * 2), HERE / "regressor.skops")
    skops.io.dump(make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, LABELS), HERE / "text.skops")
    frame = pd.DataFrame({"wiki": ["en", "de", "fr"] * 40, "length": np.abs(X[:, 0]) * 100})
    columns = make_column_transformer((OneHotEncoder(), ["wiki"]), (StandardScaler(), ["length"]))
    skops.io.dump(make_pipeline(columns, LogisticRegression()).fit(frame, Y > 0), HERE / "columns.skops")


def xgboost() -> None:
    import xgboost

    settings = {"objective": "binary:logistic", "max_depth": 2, "seed": 7}
    booster = xgboost.train(settings, xgboost.DMatrix(X, Y > 0), 4)
    booster.save_model(HERE / "binary.json")
    classes = {"objective": "multi:softprob", "num_class": 3, "max_depth": 2, "seed": 7}
    booster = xgboost.train(classes, xgboost.DMatrix(X, Y, feature_names=["a", "b", "c", "d"]), 3)
    booster.save_model(HERE / "classes.ubj")


def lightgbm() -> None:
    import lightgbm

    settings = {"objective": "binary", "num_leaves": 4, "min_data_in_leaf": 5, "verbose": -1, "seed": 7}
    lightgbm.train(settings, lightgbm.Dataset(X, Y > 0), 4).save_model(HERE / "binary.txt")


def onnx() -> None:
    import onnx
    from onnx import TensorProto, helper
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    graph = to_onnx(LogisticRegression().fit(X, Y), X[:1].astype(np.float32), target_opset=17)
    onnx.save(graph, HERE / "classifier.onnx")
    nodes = [
        helper.make_node("Add", ["left", "right"], ["sum"]),
        helper.make_node("Identity", ["label"], ["echo"]),
    ]
    inputs = [
        helper.make_tensor_value_info("left", TensorProto.FLOAT, ["rows", 2]),
        helper.make_tensor_value_info("right", TensorProto.FLOAT, ["rows", 2]),
        helper.make_tensor_value_info("label", TensorProto.STRING, ["rows"]),
    ]
    outputs = [
        helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["rows", 2]),
        helper.make_tensor_value_info("echo", TensorProto.STRING, ["rows"]),
    ]
    model = helper.make_model(
        helper.make_graph(nodes, "two", inputs, outputs), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    onnx.save(model, HERE / "several.onnx")


if __name__ == "__main__":
    {"sklearn": sklearn, "xgboost": xgboost, "lightgbm": lightgbm, "onnx": onnx}[sys.argv[1]]()
