"""The model server's answers, for every runtime: V1, V2, metadata, and mistakes told as the protocol says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deployer.serving.local import LocalServingBackend
from tests.deployer.serving import cups
from tests.deployer.serving.cups import infer, post, tensor
from tests.fakes.blobs import InMemoryBlobStore

pytestmark = pytest.mark.runtimes

CUPS = {
    "sklearn": ("skops-sklearn", "classifier.skops"),
    "text": ("skops-sklearn", "text.skops"),
    "columns": ("skops-sklearn", "columns.skops"),
    "xgboost": ("xgboost-json", "binary.json"),
    "classes": ("xgboost-ubj", "classes.ubj"),
    "lightgbm": ("lightgbm", "binary.txt"),
    "onnx": ("onnx", "classifier.onnx"),
    "several": ("onnx", "several.onnx"),
}
TABULAR = ["sklearn", "xgboost", "classes", "lightgbm", "onnx"]
ROWS = [0.1, 0.2, 0.3, 0.4, 1.0, -1.0, 2.0, 0.0]
V1 = "/v1/models/article-quality:predict"
V2 = "/v2/models/article-quality"


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServingBackend]:
    folder = tmp_path_factory.mktemp("serving")
    (folder / "blobs").mkdir()
    blobs = InMemoryBlobStore(folder / "blobs")
    made = LocalServingBackend(cups.config(folder / "cups", blobs))
    for name, (runtime, file) in CUPS.items():
        cups.serve(made, cups.cup(blobs, name, runtime=runtime, file=file))
    yield made
    made.stop_all()


def get(backend: LocalServingBackend, name: str, path: str) -> tuple[int, Any]:
    answer = backend.request(name, method="GET", path=path, timeout=10)
    return answer.status, json.loads(answer.body)


def outputs(answer: Any) -> dict[str, Any]:
    return {output["name"]: output for output in answer["outputs"]}


def rounded(values: list[float]) -> list[float]:
    return [round(value, 3) for value in values]


# The figures are what the frameworks that wrote the files predict for these rows.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "sklearn",
            {
                "predict": ("INT64", [2], [1, 2]),
                "predict_proba": ("FP64", [2, 3], [0.244, 0.73, 0.026, 0.015, 0.217, 0.768]),
            },
        ),
        ("xgboost", {"predict": ("FP32", [2], [0.734, 0.683])}),
        ("classes", {"predict": ("FP32", [2, 3], [0.247, 0.594, 0.159, 0.26, 0.315, 0.425])}),
        ("lightgbm", {"predict": ("FP64", [2], [0.625, 0.533])}),
        (
            "onnx",
            {
                "output_label": ("INT64", [2], [1, 2]),
                "output_probability": ("FP32", [2, 3], [0.252, 0.721, 0.027, 0.017, 0.223, 0.759]),
            },
        ),
    ],
)
@pytest.mark.parametrize("datatype", ["FP64", "FP32"])
def test_a_matrix_gets_the_frameworks_own_predictions(
    backend: LocalServingBackend, name: str, expected: dict[str, Any], datatype: str
) -> None:
    status, answer = infer(backend, name, tensor(ROWS, shape=[2, 4], datatype=datatype), id="request-7")
    assert status == 200, answer
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("request-7", "article-quality", "3")
    found = {
        output["name"]: (output["datatype"], output["shape"], rounded(output["data"])) for output in answer["outputs"]
    }
    assert found == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sklearn", [1, 2]),
        ("xgboost", [0.734, 0.683]),
        ("lightgbm", [0.625, 0.533]),
        ("classes", [[0.247, 0.594, 0.159], [0.26, 0.315, 0.425]]),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
def test_v1_answers_one_prediction_an_instance(
    backend: LocalServingBackend, name: str, expected: list[Any], content_type: str
) -> None:
    body = json.dumps({"instances": [ROWS[:4], ROWS[4:]]}).encode()
    answer = backend.request(name, method="POST", path=V1, body=body, content_type=content_type, timeout=10)
    assert answer.status == 200
    predictions = json.loads(answer.body)["predictions"]
    assert [rounded(row) if isinstance(row, list) else round(row, 3) for row in predictions] == expected


def test_v1_answers_an_object_where_a_graph_has_several_outputs(backend: LocalServingBackend) -> None:
    status, answer = post(backend, "onnx", V1, {"instances": [ROWS[:4]]})
    assert status == 200, answer
    (prediction,) = answer["predictions"]
    assert prediction["output_label"] == 1
    assert rounded(prediction["output_probability"]) == [0.252, 0.721, 0.027]


def test_only_the_outputs_asked_for_are_answered(backend: LocalServingBackend) -> None:
    rows = tensor(ROWS, shape=[2, 4])
    status, answer = infer(backend, "sklearn", rows, outputs=[{"name": "predict_proba"}])
    assert (status, list(outputs(answer))) == (200, ["predict_proba"])
    status, answer = infer(backend, "sklearn", rows, outputs=[{"name": "confidence"}])
    assert (status, answer) == (400, {"error": "The model has no output 'confidence'."})


def test_nested_data_is_the_same_as_flat_data(backend: LocalServingBackend) -> None:
    flat = infer(backend, "xgboost", tensor(ROWS, shape=[2, 4]))[1]["outputs"]
    nested = infer(backend, "xgboost", tensor([ROWS[:4], ROWS[4:]], shape=[2, 4]))[1]["outputs"]
    assert flat == nested


def test_null_is_a_missing_value(backend: LocalServingBackend) -> None:
    for name in ("xgboost", "lightgbm"):
        assert infer(backend, name, tensor([None, 0.2, None, 0.4], shape=[1, 4]))[0] == 200
        assert post(backend, name, V1, {"instances": [[None, 0.2, None, 0.4]]})[0] == 200
    status, answer = infer(backend, "sklearn", tensor([None, 0.2, 0.3, 0.4], shape=[1, 4]))
    assert status == 400
    assert "NaN" in answer["error"]


def test_texts(backend: LocalServingBackend) -> None:
    texts = ["good clear text", "spam edit"]
    for shape in ([2], [2, 1]):
        status, answer = infer(backend, "text", tensor(texts, shape=shape, datatype="BYTES"))
        assert status == 200, answer
        assert outputs(answer)["predict"] | {"data": None} == {
            "name": "predict",
            "datatype": "BYTES",
            "shape": [2],
            "data": None,
        }
        assert outputs(answer)["predict"]["data"] == ["keep", "revert"]
    assert post(backend, "text", V1, {"instances": texts}) == (200, {"predictions": ["keep", "revert"]})
    assert infer(backend, "text", tensor([1.0], shape=[1]))[0] == 400


def test_named_columns(backend: LocalServingBackend) -> None:
    wiki = tensor(["en", "de"], shape=[2], datatype="BYTES", name="wiki")
    length = tensor([120.0, 8.0], shape=[2], name="length")
    status, answer = infer(backend, "columns", wiki, length)
    assert status == 200, answer
    as_texts = tensor(["120.0", "8.0"], shape=[2], datatype="BYTES", name="length")
    assert infer(backend, "columns", as_texts, wiki)[1]["outputs"] == answer["outputs"]
    rows = {"instances": [{"wiki": "en", "length": 120.0}, {"wiki": "de", "length": 8.0}]}
    assert post(backend, "columns", V1, rows) == (200, {"predictions": outputs(answer)["predict"]["data"]})
    described = get(backend, "columns", V2)[1]["inputs"]
    assert [(column["name"], column["datatype"]) for column in described] == [("wiki", "BYTES"), ("length", "BYTES")]
    assert infer(backend, "columns", wiki, length | {"name": "size"})[0] == 400


def test_several_inputs_of_a_graph(backend: LocalServingBackend) -> None:
    left = tensor([1, 2], shape=[1, 2], datatype="INT64", name="left")
    right = tensor([0.5, 0.5], shape=[1, 2], name="right")
    label = tensor(["grün"], shape=[1], datatype="BYTES", name="label")
    status, answer = infer(backend, "several", label, right, left)
    assert status == 200, answer
    assert outputs(answer)["sum"]["data"] == [1.5, 2.5]
    assert outputs(answer)["echo"]["data"] == ["grün"]
    rows = {"instances": [{"left": [1, 2], "right": [0.5, 0.5], "label": "grün"}]}
    assert post(backend, "several", V1, rows) == (200, {"predictions": [{"sum": [1.5, 2.5], "echo": "grün"}]})
    status, answer = infer(backend, "several", left, right)
    assert (status, answer) == (400, {"error": "The model takes the inputs left, right, label."})
    assert infer(backend, "several", left, right | {"shape": [2, 1]}, label)[0] == 400
    assert infer(backend, "several", left, right, label | {"datatype": "FP32", "data": [1.0]})[0] == 400


@pytest.mark.parametrize("name", TABULAR)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shape": [2, 3]}, "needs 6 values"),
        ({"shape": [2, -4]}, "negative"),
        ({"shape": [4, 2]}, ""),
        ({"shape": [8]}, ""),
        ({"shape": [2, 4, 1]}, ""),
        ({"datatype": "FLOAT"}, "unknown datatype"),
        ({"datatype": "INT64"}, "INT64"),
        ({"datatype": "INT8", "data": [300] * 8}, "int8"),
        ({"datatype": "BOOL"}, "BOOL"),
        ({"data": ["a"] * 8}, "FP64"),
        ({"data": [[1.0], [1.0, 2.0]]}, "ragged"),
        ({"data": [{}] * 8}, ""),
        ({"data": ["text"] * 8, "datatype": "BYTES"}, ""),
        ({"data": [1.0] * 8, "datatype": "BYTES"}, "texts"),
    ],
)
def test_a_tensor_that_does_not_fit_is_the_clients_mistake(
    backend: LocalServingBackend, name: str, change: dict[str, Any], words: str
) -> None:
    status, answer = infer(backend, name, tensor(ROWS, shape=[2, 4]) | change)
    assert (status, list(answer)) == (400, ["error"]), answer
    assert words in answer["error"]
    assert "Traceback" not in answer["error"]


@pytest.mark.parametrize("name", ["sklearn", "xgboost", "classes", "lightgbm"])
def test_no_rows_are_the_clients_mistake_where_the_framework_cannot_take_them(
    backend: LocalServingBackend, name: str
) -> None:
    status, answer = infer(backend, name, tensor([], shape=[0, 4]))
    assert (status, answer) == (400, {"error": "Input 'input-0': no rows."})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"inputs": []}',
        b'{"inputs": {}}',
        b'{"inputs": [1]}',
        b'{"inputs": [{"name": "a"}]}',
        b'{"inputs": [{"name": "a", "shape": "4", "datatype": "FP32", "data": [1]}]}',
        b'{"inputs": [{"name": "a", "shape": [1, 4], "datatype": "FP32", "data": 7}]}',
        b"\xff\xfe",
    ],
)
def test_a_body_that_is_no_request_is_the_clients_mistake(backend: LocalServingBackend, body: bytes) -> None:
    for path in (f"{V2}/infer", V1):
        status, answer = post(backend, "sklearn", path, body)
        assert (status, list(answer)) == (400, ["error"]), (path, answer)


@pytest.mark.parametrize("instances", [None, [], "text", [[1, 2, 3]], [["a", "b", "c", "d"]], [[1], [1, 2]], [{}], 7])
@pytest.mark.parametrize("name", TABULAR)
def test_instances_that_do_not_fit_are_the_clients_mistake(
    backend: LocalServingBackend, name: str, instances: Any
) -> None:
    status, answer = post(backend, name, V1, {"instances": instances})
    assert (status, list(answer)) == (400, ["error"]), answer


@pytest.mark.parametrize("name", CUPS)
def test_metadata_describes_what_the_model_takes(backend: LocalServingBackend, name: str) -> None:
    status, answer = get(backend, name, V2)
    assert status == 200
    assert (answer["name"], answer["versions"]) == ("article-quality", ["3"])
    assert answer["platform"]
    assert answer["inputs"]
    assert answer["outputs"]
    assert get(backend, name, f"{V2}/versions/3") == (200, answer)


def test_health_and_readiness(backend: LocalServingBackend) -> None:
    assert get(backend, "onnx", "/v2/health/live") == (200, {"live": True})
    assert get(backend, "onnx", "/v2/health/ready") == (200, {"ready": True})
    assert get(backend, "onnx", f"{V2}/ready") == (200, {"name": "article-quality", "ready": True})
    assert get(backend, "onnx", "/v2")[0] == 200
    assert get(backend, "onnx", "/v1/models/article-quality")[1]["ready"] is True


def test_another_version_or_model_is_not_here(backend: LocalServingBackend) -> None:
    rows = {"inputs": [tensor(ROWS, shape=[2, 4])]}
    assert post(backend, "onnx", f"{V2}/versions/3/infer", rows)[0] == 200
    assert post(backend, "onnx", f"{V2}/versions/4/infer", rows)[0] == 404
    assert post(backend, "onnx", "/v2/models/other/infer", rows)[0] == 404
    assert post(backend, "onnx", "/v1/models/other:predict", {"instances": [[1]]})[0] == 404
    assert get(backend, "onnx", "/v2/models/other/ready")[0] == 404


@pytest.mark.parametrize(
    "path",
    ["/v2/repository/models/article-quality/unload", "/v2/repository/models/article-quality/load", "//v2/repository"],
)
def test_nobody_can_unload_the_model(backend: LocalServingBackend, path: str) -> None:
    assert post(backend, "onnx", path, {})[0] == 404
    assert get(backend, "onnx", f"{V2}/ready")[0] == 200


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/metrics", "/v1/models/article-quality:explain"])
def test_there_is_nothing_beside_the_protocol(backend: LocalServingBackend, path: str) -> None:
    assert post(backend, "onnx", path, {"instances": [[1]]})[0] == 404


def test_answers_hold_no_null_members(backend: LocalServingBackend) -> None:
    answer = infer(backend, "xgboost", tensor(ROWS, shape=[2, 4]))[1]
    assert "null" not in json.dumps(answer)


def test_the_mistakes_of_clients_do_not_fill_the_log(backend: LocalServingBackend) -> None:
    before = len(backend.logs("lightgbm"))
    for _ in range(20):
        infer(backend, "lightgbm", tensor(ROWS, shape=[8]))
    assert len(backend.logs("lightgbm")) - before < 1000
