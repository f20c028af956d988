"""What every `FileInspector` promises, run against the child process and the fake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from registry.errors import NotFoundError
from registry.inspectors import ChildProcessInspector
from tests.fakes.inspection import FakeInspector

if TYPE_CHECKING:
    from registry.interfaces import FileInspector

MODELS = Path(__file__).parents[1] / "data" / "models"


@pytest.fixture(params=[ChildProcessInspector, FakeInspector])
def inspector(request: pytest.FixtureRequest) -> FileInspector:
    found: FileInspector = request.param()
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("iris-pipeline.skops", ("skops", "sklearn", "1.5.2", 4)),
        ("iris-xgboost.json", ("xgboost-json", "xgboost", "2.1.4", 4)),
        ("iris-xgboost.ubj", ("xgboost-ubj", "xgboost", "2.1.4", 4)),
        ("iris-lightgbm.txt", ("lightgbm-text", "lightgbm", "4", 3)),
        ("iris-pipeline.onnx", ("onnx", "onnx", "22", 4)),
    ],
)
def test_an_honest_model_is_accepted_with_what_it_tells(
    inspector: FileInspector, name: str, expected: tuple[str, str, str, int]
) -> None:
    model_format, framework, version, width = expected
    found = inspector.inspect(path=f"models/{name}", blob=MODELS / name)

    assert found.accepted, found.code
    assert (found.path, found.model_format, found.code) == (f"models/{name}", model_format, "")
    assert found.introspection is not None
    assert found.introspection.framework == framework
    assert found.introspection.framework_version == version
    assert found.introspection.inputs[0].shape == (-1, width)
    assert found.introspection.outputs


def test_a_side_file_has_no_format(inspector: FileInspector, tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    blob.write_text("# Card\n\nWhat it does.\n")

    found = inspector.inspect(path="README.md", blob=blob)

    assert (found.accepted, found.model_format, found.introspection) == (True, "", None)


@pytest.mark.parametrize(
    ("path", "content", "code"),
    [
        ("model.pkl", b"\x80\x04N.", "gate.pickle"),
        ("model.skops", b"\x80\x04N.", "gate.pickle"),
        ("model.onnx", b"", "gate.empty"),
        ("model.xyz", b"anything", "gate.unknown"),
        ("../model.onnx", b"anything", "gate.name_parent"),
        ("model.onnx\0", b"anything", "gate.name_control"),
        ("model.ubj", b"\xff" * 4096, "gate.mismatch"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(
    inspector: FileInspector, tmp_path: Path, path: str, content: bytes, code: str
) -> None:
    blob = tmp_path / "blob"
    blob.write_bytes(content)

    found = inspector.inspect(path=path, blob=blob)

    assert (found.path, found.accepted, found.code) == (path, False, code)
    assert found.model_format == ""
    assert found.introspection is None


def test_a_pickle_comes_with_the_command_that_converts_it(inspector: FileInspector, tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    blob.write_bytes(b"\x80\x04N.")

    assert "skops.io.dump" in inspector.inspect(path="model.joblib", blob=blob).advice


def test_a_lost_blob_is_nobodys_bad_content(inspector: FileInspector, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        inspector.inspect(path="model.onnx", blob=tmp_path / "absent")

    assert caught.value.code == "gate.blob_missing"
