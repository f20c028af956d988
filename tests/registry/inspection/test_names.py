from __future__ import annotations

import pytest

from registry.inspection.names import case_duplicates, judge_path

REFUSED = {
    "": "gate.name_empty",
    "a//b": "gate.name_empty",
    "a/": "gate.name_empty",
    "/etc/passwd": "gate.name_absolute",
    "C:model.onnx": "gate.name_absolute",
    "..\\model.onnx": "gate.name_backslash",
    "../model.onnx": "gate.name_parent",
    "a/../../b": "gate.name_parent",
    "a/./b": "gate.name_parent",
    "a\0b": "gate.name_control",
    "a\nb": "gate.name_control",
    "a\x7fb": "gate.name_control",
    "zero\u200bwidth": "gate.name_control",
    "soft\u00adhyphen": "gate.name_control",
    "lone\ud800surrogate": "gate.name_control",
    "private\ue000": "gate.name_control",
    "line\u2028separator": "gate.name_control",
    "model\u202egpj.onnx": "gate.name_bidi",
    "model\u2066.onnx": "gate.name_bidi",
    "model\u200f.onnx": "gate.name_bidi",
    " model.onnx": "gate.name_space",
    "model.onnx ": "gate.name_space",
    "a /b": "gate.name_space",
    "model.": "gate.name_space",
    "model\u00a0": "gate.name_space",
    ".hidden": "gate.name_hidden",
    "a/.git/config": "gate.name_hidden",
    "con": "gate.name_reserved",
    "a/NUL.txt": "gate.name_reserved",
    "Com1.onnx": "gate.name_reserved",
    "lpt9": "gate.name_reserved",
    "a|b": "gate.name_characters",
    "what?.txt": "gate.name_characters",
    'quo"te': "gate.name_characters",
    "stream.onnx:evil": "gate.name_characters",
    "e\u0301t\u00e9.onnx": "gate.name_not_nfc",
    "a" * 201: "gate.name_long",
    "\u65e5" * 100: "gate.name_long",
    "/".join("abcdefghijk"): "gate.name_deep",
}


@pytest.mark.parametrize("path", REFUSED, ids=ascii)
def test_a_bad_path_is_refused_by_its_rule(path: str) -> None:
    assert judge_path(path) == REFUSED[path]


@pytest.mark.parametrize(
    "path",
    ["model.onnx", "weights/part-1.safetensors", "Größe/日本語.md", "a b.txt", "LICENSE", "v1.2/model.v3.json",
     "/".join("abcdefghij"), "console.txt", "a" * 200],
)  # fmt: skip
def test_an_ordinary_path_passes(path: str) -> None:
    assert judge_path(path) == ""


def test_paths_that_one_file_system_would_merge_are_found() -> None:
    assert case_duplicates(["Model.onnx", "model.onnx", "other"]) == [("Model.onnx", "model.onnx")]
    assert case_duplicates(["a/b", "A"]) == [("A", "a/b")]
    assert case_duplicates(["STRASSE", "straße"]) == [("STRASSE", "straße")]
    assert case_duplicates(["a", "b/a", "c/a"]) == []
