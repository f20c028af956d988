"""What the gate tells about an accepted model, since pages and runtimes rely on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from registry.interfaces import TensorInfo
from tests.fakes.inspection import inspect_bytes
from tests.registry.inspection.corpus.graphs import graph, model, node, number, part
from tests.registry.inspection.corpus.sample import honest
from tests.registry.inspection.corpus.skops_files import archive, estimator, text
from tests.registry.inspection.corpus.skops_files import node as skops_node

if TYPE_CHECKING:
    from registry.interfaces import Introspection


def told(name: str, data: bytes | None = None) -> Introspection:
    answer = inspect_bytes(name, honest(name) if data is None else data)
    assert answer.introspection is not None, answer.code
    return answer.introspection


def test_a_pipeline_tells_its_steps_labels_and_width() -> None:
    found = told("iris-pipeline.skops")

    assert found.inputs == (TensorInfo(name="input-0", datatype="FP64", shape=(-1, 4)),)
    assert found.outputs == (TensorInfo(name="output-0", datatype="BYTES", shape=(-1,)),)
    assert found.metadata["steps"] == "StandardScaler → LogisticRegression"
    assert json.loads(found.metadata["classes"]) == ["setosa", "versicolor", "virginica"]
    assert found.metadata["skops_version"] == "0.16.0"


def test_a_text_pipeline_takes_text() -> None:
    found = told("edit-text.skops")

    assert found.inputs == (TensorInfo(name="input-0", datatype="BYTES", shape=(-1,)),)
    assert json.loads(found.metadata["classes"]) == ["bad", "good"]


def test_whole_number_labels_are_read_from_the_array() -> None:
    found = told("iris-forest.skops")

    assert json.loads(found.metadata["classes"]) == ["0", "1", "2"]
    assert found.outputs[0].datatype == "INT64"


def test_xgboost_tells_features_and_groups() -> None:
    found = told("iris-categories.json")

    assert found.inputs == (TensorInfo(name="input-0", datatype="FP32", shape=(-1, 3)),)
    assert found.outputs == (TensorInfo(name="output-0", datatype="FP32", shape=(-1, 3)),)
    assert json.loads(found.metadata["features"]) == ["a", "b", "c"]


def test_both_encodings_of_xgboost_tell_the_same() -> None:
    assert told("iris-xgboost.json") == told("iris-xgboost.ubj")


def test_lightgbm_tells_features_and_classes() -> None:
    found = told("iris-lightgbm.txt")

    assert found.outputs[0].shape == (-1, 3)
    assert json.loads(found.metadata["features"]) == ["a", "b", "c"]
    assert found.metadata["objective"] == "multiclass num_class:3"


def test_onnx_tells_inputs_outputs_and_weights() -> None:
    found = told("layer.onnx")

    assert found.inputs == (TensorInfo(name="input", datatype="FP32", shape=(-1, 4)),)
    assert found.outputs == (TensorInfo(name="output", datatype="FP32", shape=(-1, 2)),)
    assert (found.parameters, found.framework_version) == (8, "17")
    assert found.metadata["operators"] == "MatMul, Relu"


def test_an_initializer_among_the_inputs_is_no_input() -> None:
    weight = part(5, number(1, 2), number(2, 1), part(8, "w"), part(9, bytes(8)))
    data = model(graph(node("Relu"), weight, part(11, part(1, "w"))))

    assert [value.name for value in told("model.onnx", data).inputs] == ["x"]


def test_the_tokenizer_of_text_models_is_the_one_contributed_operator() -> None:
    data = model(graph(node("Tokenizer", domain="com.microsoft")), opsets=("", "com.microsoft"))

    assert told("model.onnx", data).metadata["opsets"] == "ai.onnx 17, com.microsoft 17"


@pytest.mark.parametrize("field", [part(7, b""), b"\x3d" + bytes(4), number(8, 300)])
def test_long_lists_of_an_attribute_are_passed_over(field: bytes) -> None:
    many = part(5, part(1, "values"), field * 10_000, part(9, "text"))

    assert told("model.onnx", model(graph(node("TreeEnsembleClassifier", many, domain="ai.onnx.ml")))).parameters == 0


def test_hostile_names_are_shown_harmlessly() -> None:
    data = model(graph(node("Relu"), part(12, part(1, "\u202eevil\n" + "x" * 500))))

    assert told("model.onnx", data).outputs[0].name == "\ufffdevil\ufffd" + "x" * 73 + "…"


def test_labels_of_an_object_array_come_from_its_nodes() -> None:
    labels = skops_node(
        "NdArrayNode", "numpy", "ndarray", type="json", content=[text("yes"), text("no")], shape=text([2])
    )

    found = told("model.skops", archive(estimator(classes_=labels, n_features_in_=text(7))))

    assert json.loads(found.metadata["classes"]) == ["yes", "no"]
    assert found.inputs[0].shape == (-1, 7)
    assert found.outputs[0].datatype == "BYTES"


def test_arrays_tell_their_shapes() -> None:
    assert told("table.npy").outputs == (TensorInfo(name="array", datatype="FP64", shape=(3, 4)),)
    assert [(value.name, value.datatype) for value in told("tables.npz").outputs] == [
        ("weight", "FP32"),
        ("labels", "BYTES"),
    ]


def test_tensors_are_counted() -> None:
    found = told("layer.safetensors")

    assert (found.framework, found.parameters, found.metadata["datatypes"]) == ("numpy", 10, "F16, F32")
    assert (told("tiny.gguf").model_type, told("tiny.gguf").parameters) == ("llama", 128)
