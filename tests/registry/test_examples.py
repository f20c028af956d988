"""Example requests: the protocol's structure, the model's own inputs, and comparison with an answer."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from registry import examples as module
from registry.errors import UserError
from registry.examples import (
    ExampleInput,
    compare_answers,
    example_from_introspection,
    parse_examples_json,
    validate_example,
    validate_examples,
)
from registry.interfaces import Introspection, TensorInfo
from registry.introspection import introspection_from_json, introspection_to_json
from registry.tensors import DATATYPES

IRIS = Introspection(
    framework="sklearn",
    framework_version="1.8.0",
    inputs=(TensorInfo(name="input-0", datatype="FP64", shape=(-1, 4)),),
    outputs=(TensorInfo(name="output-0", datatype="INT64", shape=(-1,)),),
    parameters=12,
    metadata={"classes": '["a"]'},
)


def tensor(data: Any, *, shape: Any = None, datatype: str = "FP64", name: str = "input-0") -> dict[str, Any]:
    return {"name": name, "shape": [len(data)] if shape is None else shape, "datatype": datatype, "data": data}


def asking(*tensors: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"inputs": list(tensors), **others}


def answering(*tensors: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"outputs": list(tensors), **others}


REQUEST = asking(tensor([5.1, 3.5, 1.4, 0.2], shape=[1, 4]))
EXPECTED = answering(tensor([0], datatype="INT64", name="output-0"))


def refusal(**changes: Any) -> UserError:
    arguments: dict[str, Any] = {"request": REQUEST, "expected": EXPECTED, "tolerance": 0.1, "introspection": IRIS}
    with pytest.raises(UserError) as caught:
        validate_example(**{**arguments, **changes})
    return caught.value


def test_a_good_example_passes() -> None:
    validate_example(request=REQUEST, expected=EXPECTED, tolerance=0, introspection=IRIS)
    validate_example(request={**REQUEST, "outputs": [{"name": "output-0"}]}, expected=EXPECTED, tolerance=1e-3)


@pytest.mark.parametrize(
    ("data", "shape", "datatype"),
    [
        ([[1, 2], [3, 4]], [2, 2], "FP32"),
        ([1, 2.5, -3, 4e3], [2, 2], "FP16"),
        ([[[True], [False]]], [1, 2, 1], "BOOL"),
        (["text", ""], [2], "BYTES"),
        ([-(2**63), 2**63 - 1], [2], "INT64"),
        ([0, 2**64 - 1], [2], "UINT64"),
        ([-128, 127], [2], "INT8"),
    ],
)
def test_flat_and_nested_data_of_every_kind(data: Any, shape: list[int], datatype: str) -> None:
    validate_example(request=asking(tensor(data, shape=shape, datatype=datatype)), expected=EXPECTED, tolerance=0)


@pytest.mark.parametrize(
    ("fault", "code", "where"),
    [
        (tensor([1.0, 2.0], shape=[3]), "examples.data_length", "request.inputs[0].data"),
        (tensor([[1.0], [2.0, 3.0]], shape=[2, 1]), "examples.data_shape", "request.inputs[0].data"),
        (tensor([[1.0, 2.0]], shape=[2, 1]), "examples.data_shape", "request.inputs[0].data"),
        (tensor([[[1.0]], [[2.0]]], shape=[2, 1]), "examples.bad_value", "request.inputs[0].data[0]"),
        (tensor([1.0], shape=[0]), "examples.bad_shape", "request.inputs[0].shape"),
        (tensor([1.0], shape=[-1]), "examples.bad_shape", "request.inputs[0].shape"),
        (tensor([1.0], shape=[]), "examples.bad_shape", "request.inputs[0].shape"),
        (tensor([1.0], shape=[True]), "examples.bad_shape", "request.inputs[0].shape"),
        (tensor([1.0], shape=[1] * 9), "examples.bad_shape", "request.inputs[0].shape"),
        (tensor([1.0], shape=[10**30, 10**30]), "examples.data_length", "request.inputs[0].data"),
        (tensor([1.0], datatype="FP128"), "examples.bad_datatype", "request.inputs[0].datatype"),
        (tensor([1.0], name=""), "examples.bad_name", "request.inputs[0].name"),
        (tensor(["1"]), "examples.bad_value", "request.inputs[0].data[0]"),
        (tensor([True]), "examples.bad_value", "request.inputs[0].data[0]"),
        (tensor([None]), "examples.bad_value", "request.inputs[0].data[0]"),
        (tensor([1], datatype="BOOL"), "examples.bad_value", "request.inputs[0].data[0]"),
        (tensor([1], datatype="BYTES"), "examples.bad_value", "request.inputs[0].data[0]"),
        (tensor([1.5], datatype="INT8"), "examples.bad_value", "request.inputs[0].data[0]"),
        (tensor([0, 128], datatype="INT8"), "examples.out_of_range", "request.inputs[0].data[1]"),
        (tensor([-1], datatype="UINT8"), "examples.out_of_range", "request.inputs[0].data[0]"),
        (tensor([70000], datatype="FP16"), "examples.out_of_range", "request.inputs[0].data[0]"),
        (tensor([10**400]), "examples.out_of_range", "request.inputs[0].data[0]"),
        (tensor([math.nan]), "examples.not_finite", "request.inputs[0].data[0]"),
        (tensor([-math.inf]), "examples.not_finite", "request.inputs[0].data[0]"),
        (tensor(["a\0b"], datatype="BYTES"), "examples.bad_text", "request.inputs[0].data[0]"),
        (tensor(["\ud800"], datatype="BYTES"), "examples.bad_text", "request.inputs[0].data[0]"),
        ({"name": "x", "shape": [1], "datatype": "FP64"}, "examples.data_missing", "request.inputs[0].data"),
        ({**tensor([1.0]), "dtype": "FP64"}, "examples.unknown_key", "request.inputs[0]"),
        ({**tensor([1.0]), "parameters": [1]}, "examples.not_object", "request.inputs[0].parameters"),
        ([1.0], "examples.not_object", "request.inputs[0]"),
    ],
)
def test_a_fault_in_a_tensor_is_named_with_its_place(fault: Any, code: str, where: str) -> None:
    error = refusal(request=asking(fault), introspection=None)
    assert (error.code, error.field, error.params["where"]) == (code, "request", where)


@pytest.mark.parametrize(
    ("values", "datatype", "widest", "too_wide"),
    [
        ([0.25, -3.5], "FP32", 0.99, 1),
        ([2e6], "FP64", 0.99, 1e308),
        ([1, 2], "INT64", 1, 2),
        ([0], "INT64", 0.99, 1),
        ([-2_000_000], "INT32", 1_000, 2_000_000),
        (["yes"], "BYTES", 1e308, None),
    ],
)
def test_a_tolerance_says_something(values: list[Any], datatype: str, widest: float, too_wide: float | None) -> None:
    expected = answering(tensor(values, datatype=datatype))

    validate_example(request=REQUEST, expected=expected, tolerance=widest)
    if too_wide is not None:
        error = refusal(expected=expected, tolerance=too_wide)
        assert (error.code, error.field) == ("examples.tolerance_wide", "tolerance")
        zeros = answering(tensor([0] * len(values), datatype=datatype))
        assert compare_answers(expected=expected, actual=zeros, tolerance=too_wide).matches


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"tolerance": -1}, "examples.bad_tolerance", "tolerance"),
        ({"tolerance": math.nan}, "examples.bad_tolerance", "tolerance"),
        ({"tolerance": math.inf}, "examples.bad_tolerance", "tolerance"),
        ({"tolerance": True}, "examples.bad_tolerance", "tolerance"),
        ({"request": []}, "examples.not_object", "request"),
        ({"request": {}}, "examples.tensors_missing", "request"),
        ({"request": {"inputs": []}}, "examples.tensors_missing", "request"),
        ({"request": {"input": [1], **REQUEST}}, "examples.unknown_key", "request"),
        ({"request": {**REQUEST, "outputs": ["output-0"]}}, "examples.bad_outputs", "request"),
        ({"request": {**REQUEST, "outputs": [{"name": "other"}]}}, "examples.output_not_expected", "expected"),
        ({"request": asking(tensor([1.0]), tensor([2.0]))}, "examples.name_twice", "request"),
        ({"request": asking(tensor(["x" * 300_000], datatype="BYTES"))}, "examples.too_large", "request"),
        ({"request": {1: 2}}, "examples.bad_text", "request"),
        ({"request": {"inputs": {1, 2}}}, "examples.bad_value", "request"),
        ({"expected": {"outputs": "0"}}, "examples.tensors_missing", "expected"),
        ({"request": asking(tensor([1.0] * 4, shape=[1, 4], name="x"))}, "examples.input_names", "request"),
        ({"request": asking(tensor([1.0] * 3, shape=[1, 3]))}, "examples.input_shape", "request"),
        ({"request": asking(tensor([1.0] * 4))}, "examples.input_shape", "request"),
        ({"request": asking(tensor(["a"] * 4, shape=[1, 4], datatype="BYTES"))}, "examples.input_datatype", "request"),
    ],
)
def test_a_fault_elsewhere_is_named_with_its_field(changes: dict[str, Any], code: str, field: str) -> None:
    error = refusal(**changes)
    assert (error.code, error.field) == (code, field)
    assert error.params["where"]


def test_any_number_of_rows_and_any_numeric_type_fit_what_the_file_declares() -> None:
    request = asking(tensor([1] * 12, shape=[3, 4], datatype="INT32"))
    validate_example(request=request, expected=EXPECTED, tolerance=0, introspection=IRIS)
    validate_example(request=asking(tensor([1.0])), expected=EXPECTED, tolerance=0, introspection=Introspection())


def test_depth_is_refused_without_recursion() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert refusal(request={"inputs": deep}).code == "examples.too_deep"


def test_a_list_names_the_example_at_fault() -> None:
    good = ExampleInput("first", REQUEST, EXPECTED)
    validate_examples([good, good], IRIS)
    with pytest.raises(UserError) as caught:
        validate_examples([good, ExampleInput("second", {}, EXPECTED)], IRIS)
    assert caught.value.field == "examples"
    assert caught.value.params["number"] == 2
    assert caught.value.params["where"] == "[1].request.inputs"
    with pytest.raises(UserError) as caught:
        validate_examples([good] * 21)
    assert caught.value.code == "examples.too_many"
    with pytest.raises(UserError) as caught:
        validate_examples([ExampleInput("t" * 121, REQUEST, EXPECTED)])
    assert caught.value.code == "examples.title_long"


def test_a_json_list_becomes_examples() -> None:
    text = json.dumps([{"title": "One", "request": REQUEST, "expected": EXPECTED, "tolerance": 1}])
    assert parse_examples_json(text) == [ExampleInput("One", REQUEST, EXPECTED, 1.0)]
    assert parse_examples_json(json.dumps([{"request": REQUEST, "expected": EXPECTED}]))[0].tolerance == 1e-4
    assert parse_examples_json("[]") == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "examples.json"),
        ('[\n{"title": }]', "examples.json"),
        ("{}", "examples.not_list"),
        ("[1]", "examples.not_object"),
        ("[{}]", "examples.not_object"),
        ('[{"request": {}, "expected": []}]', "examples.not_object"),
        ('[{"request": {}, "expected": {}, "tol": 1}]', "examples.unknown_key"),
        ('[{"request": {}, "expected": {}, "title": 1}]', "examples.bad_text"),
        ('[{"request": {}, "expected": {}, "title": "\\u0000"}]', "examples.bad_text"),
        ('[{"request": {"a": "\\u0000"}, "expected": {}}]', "examples.bad_text"),
        ('[{"request": {"a": 1e999}, "expected": {}}]', "examples.not_finite"),
        ('[{"request": {}, "expected": {}, "tolerance": "1"}]', "examples.bad_tolerance"),
        ('[{"request": {}, "expected": {}, "tolerance": 1e999}]', "examples.bad_tolerance"),
        ('[{"request": {}, "expected": {}, "tolerance": NaN}]', "examples.json_values"),
        (f'[{{"request": {{"a": {"9" * 5000}}}, "expected": {{}}}}]', "examples.json_values"),
        ("[" * 100_000, "examples.json_values"),
        (json.dumps([{}] * 21), "examples.too_many"),
        ("[" + " " * (module.MAX_BYTES * module.MAX_EXAMPLES) + "]", "examples.too_large"),
    ],
)
def test_bad_json_is_refused_with_a_reason(text: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_examples_json(text)
    assert (caught.value.code, caught.value.field) == (code, "examples")


def test_a_slip_in_json_names_line_and_column() -> None:
    with pytest.raises(UserError) as caught:
        parse_examples_json('[\n{"title": }]')
    assert (caught.value.params["line"], caught.value.params["column"]) == (2, 11)


@pytest.mark.parametrize(
    ("expected", "actual", "tolerance", "matches"),
    [
        (0.5, 0.5, 0, True),
        (0.5, 0.51, 0.01001, True),
        (0.5, 0.52, 0.01, False),
        (0.0, 1e-5, 1e-4, True),
        (1000.0, 1000.9, 1e-3, True),
        (1000.0, 1001.1, 1e-3, False),
        (-1000.0, -1000.9, 1e-3, True),
        (0.5, math.nan, 1e9, False),
        (0.5, math.inf, 1e9, False),
        (0.5, None, 1e9, False),
        (1e308, -1e308, 1, False),
        (10**308, -(10**308), 1, False),
    ],
)
def test_floats_match_absolutely_below_one_and_relatively_above(
    expected: float, actual: float | None, tolerance: float, *, matches: bool
) -> None:
    found = compare_answers(
        expected=answering(tensor([expected])), actual=answering(tensor([actual])), tolerance=tolerance
    )
    assert found.matches is matches
    assert (found.code == "") is matches
    assert found.worst is None or math.isfinite(found.worst)
    if found.worst is not None:
        assert (found.worst <= tolerance) is matches


def test_whole_numbers_differ_absolutely_however_large() -> None:
    wanted = answering(tensor([2**53], datatype="INT64"))
    given = answering(tensor([2**53 + 1], datatype="INT64"))
    assert not compare_answers(expected=wanted, actual=given, tolerance=0.5).matches
    assert compare_answers(expected=wanted, actual=given, tolerance=1).matches
    assert compare_answers(expected=wanted, actual=given, tolerance=1).worst == 1.0


def test_outputs_match_by_name_in_any_order_and_spelling() -> None:
    a, b = tensor([1.0, 2.0, 3.0, 4.0], shape=[2, 2], name="a"), tensor(["x"], datatype="BYTES", name="b")
    nested = {**a, "data": [[1, 2], [3, 4]], "datatype": "FP32", "parameters": None}
    extra = tensor([9], datatype="INT8", name="c")
    found = compare_answers(
        expected=answering(a, b), actual=answering(extra, b, nested, model_version="3"), tolerance=0
    )
    assert found.matches
    assert found.worst == 0.0


@pytest.mark.parametrize(
    ("actual", "code"),
    [
        (answering(), "examples.answer_malformed"),
        ({"error": "no"}, "examples.answer_malformed"),
        ("text", "examples.answer_malformed"),
        (None, "examples.answer_malformed"),
        (answering(tensor([1.0], name="other")), "examples.output_missing"),
        (answering(tensor([1.0, 2.0])), "examples.shape_differs"),
        (answering(tensor([1.0], shape=[1, 1])), "examples.shape_differs"),
        (answering(tensor(["1"], datatype="BYTES")), "examples.datatype_differs"),
        (answering(tensor([True], datatype="BOOL")), "examples.datatype_differs"),
        (answering(tensor([math.nan])), "examples.answer_not_finite"),
        (answering(tensor([2.0])), "examples.differs"),
        (answering(tensor([10**400])), "examples.answer_malformed"),
    ],
)
def test_a_mismatch_says_what_differs(actual: object, code: str) -> None:
    found = compare_answers(expected=answering(tensor([1.0])), actual=actual, tolerance=1e-4)
    assert not found.matches
    assert found.code == code
    json.dumps(dict(found.params), allow_nan=False)


def test_the_worst_value_is_the_one_that_is_reported() -> None:
    found = compare_answers(
        expected=answering(tensor([1.0, 2.0, 4.0])), actual=answering(tensor([1.0, 2.5, 8.0])), tolerance=0.1
    )
    assert found.worst == 1.0
    assert (found.params["index"], found.params["expected"], found.params["actual"]) == (2, "4.0", "8.0")


def test_text_and_booleans_must_be_equal() -> None:
    for wanted, given, datatype in (("a", "b", "BYTES"), (True, False, "BOOL")):
        one, other = (answering(tensor([value], datatype=datatype)) for value in (wanted, given))
        assert compare_answers(expected=one, actual=one, tolerance=0).matches
        assert compare_answers(expected=one, actual=other, tolerance=9).code == "examples.differs_text"


@pytest.mark.parametrize("datatype", DATATYPES)
def test_a_prefilled_request_is_a_valid_one(datatype: str) -> None:
    introspection = Introspection(inputs=(TensorInfo(name="x", datatype=datatype, shape=(-1, 3)),))
    request = example_from_introspection(introspection)
    assert request["inputs"][0]["shape"] == [1, 3]
    validate_example(request=request, expected=EXPECTED, tolerance=0, introspection=introspection)


def test_a_request_is_prefilled_from_stored_json_or_from_nothing() -> None:
    assert example_from_introspection(introspection_to_json(IRIS))["inputs"] == [tensor([0.0] * 4, shape=[1, 4])]
    assert example_from_introspection({})["inputs"] == [tensor([0.0], shape=[1, 1])]
    image = Introspection(inputs=(TensorInfo(name="image", datatype="FP32", shape=(-1, 3, 224, 224)),))
    assert example_from_introspection(image)["inputs"][0]["data"] == []


def test_introspection_survives_storage() -> None:
    stored = json.loads(json.dumps(introspection_to_json(IRIS)))
    assert introspection_from_json(stored) == IRIS
    assert introspection_from_json({}) == Introspection()
