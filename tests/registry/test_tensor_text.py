"""Tensors in a form: what is not touched stays as its JSON had it, and what is typed is read as it was meant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.tensor_text import ValuesError, shape_text, values_text, with_texts

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=6)
KINDS = {
    "FP64": FLOATS, "FP32": st.one_of(FLOATS, st.integers(-9, 9)), "INT64": st.integers(-(2**63), 2**63 - 1),
    "BOOL": st.booleans(), "BYTES": TEXTS,
}  # fmt: skip


@st.composite
def tensors(draw: Any) -> dict[str, Any]:
    datatype = draw(st.sampled_from(sorted(KINDS)))
    rows, width = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    nested = draw(st.booleans())
    row = st.lists(KINDS[datatype], min_size=width, max_size=width)
    data = draw(st.lists(row, min_size=rows, max_size=rows))
    flat = data if nested else [value for line in data for value in line]
    return {"name": "x", "datatype": datatype, "shape": [rows, width], "data": flat, "parameters": {"k": 1}}


def flat(data: Any) -> list[Any]:
    return [value for item in data for value in (flat(item) if isinstance(item, list) else [item])]


@given(tensors())
def test_texts_that_say_the_same_change_nothing(tensor: dict[str, Any]) -> None:
    values = values_text(tensor).replace("\n", "\r\n")
    assert with_texts(tensor, shape=shape_text(tensor), values=values) == tensor


@given(tensors())
def test_every_text_is_read_as_the_values_that_it_shows(tensor: dict[str, Any]) -> None:
    empty = {**tensor, "data": []}
    found = with_texts(empty, shape=shape_text(tensor), values=values_text(tensor))
    if values_text(tensor):
        assert found["data"] == flat(tensor["data"])
    assert found["parameters"] == {"k": 1}


@pytest.mark.parametrize(
    ("datatype", "shape", "typed", "data"),
    [
        ("FP32", [1, 2], "[1.5; 2]", [1.5, 2]),
        ("FP32", [1, 2], "1e3\t-.5", [1000.0, -0.5]),
        ("INT64", [3], "1, 2,\n3", [1, 2, 3]),
        ("BOOL", [2], "True false", [True, False]),
        ("BYTES", [1, 1], "one text, as it is", ["one text, as it is"]),
        ("BYTES", [2], "one\ntwo", ["one", "two"]),
        ("BYTES", [2], '["a\\nb", "c"]', ["a\nb", "c"]),
    ],
)
def test_what_people_type(datatype: str, shape: list[int], typed: str, data: list[Any]) -> None:
    tensor = {"name": "x", "datatype": datatype, "shape": shape, "data": []}
    assert with_texts(tensor, shape=shape_text(tensor), values=typed)["data"] == data


@pytest.mark.parametrize(
    ("datatype", "values"),
    [("FP32", "one"), ("FP32", "nan"), ("FP64", "1e999"), ("INT8", "1.5"), ("BOOL", "yes"),
     ("BYTES", "[1]"), ("BYTES", "[")],
)  # fmt: skip
def test_what_is_no_value_is_refused(datatype: str, values: str) -> None:
    with pytest.raises(ValuesError, match="values"):
        with_texts({"datatype": datatype, "shape": [2], "data": []}, shape="2", values=values)


@pytest.mark.parametrize("shape", ["", "a", "1.5", "-1", "1 " * 9, "1" * 10])
def test_what_is_no_shape_is_refused(shape: str) -> None:
    with pytest.raises(ValuesError, match="shape"):
        with_texts({"datatype": "FP32", "shape": [3], "data": []}, shape=shape, values="")


def test_a_shape_is_read_however_it_is_written() -> None:
    tensor = {"datatype": "FP32", "shape": [3], "data": []}
    assert with_texts(tensor, shape="2 × 3", values="")["shape"] == [2, 3]  # noqa: RUF001
    assert with_texts(tensor, shape="[2,3]", values="")["shape"] == [2, 3]


@pytest.mark.parametrize("tensor", [{}, {"data": 3}, {"data": [[{}]], "shape": "x"}, {"shape": [0], "datatype": 7}])
def test_a_tensor_that_is_none_breaks_nothing(tensor: dict[str, Any]) -> None:
    assert with_texts(tensor, shape=shape_text(tensor), values=values_text(tensor)) == tensor
