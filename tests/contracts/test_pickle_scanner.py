"""What every `PickleScanner` promises, run against picklescan and the fake."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from registry.scanners import PicklescanScanner
from tests.fakes.inspection import FakeScanner

if TYPE_CHECKING:
    from registry.interfaces import PickleScanner

MODELS = Path(__file__).parents[1] / "data" / "models"


class _Touch:
    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return open, ("/nonexistent/marker", "w")  # type: ignore[return-value]  # any callable will do


@pytest.fixture(params=[PicklescanScanner, FakeScanner])
def scanner(request: pytest.FixtureRequest) -> PickleScanner:
    found: PickleScanner = request.param()
    return found


@pytest.mark.parametrize(
    "name",
    [
        "iris-pipeline.skops",
        "iris-xgboost.json",
        "iris-xgboost.ubj",
        "iris-lightgbm.txt",
        "layer.onnx",
        "tables.npz",
        "table.npy",
    ],
)
def test_an_honest_file_is_clean(scanner: PickleScanner, name: str) -> None:
    result = scanner.scan(path=f"models/{name}", blob=MODELS / name)

    assert (result.clean, result.code) == (True, "")
    assert result.scanner


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("path", ["model.pkl", "model.onnx", "notes.md"])
def test_a_pickle_is_dangerous_under_any_name(scanner: PickleScanner, tmp_path: Path, path: str, protocol: int) -> None:
    blob = tmp_path / "blob"
    blob.write_bytes(pickle.dumps(_Touch(), protocol=protocol))

    result = scanner.scan(path=path, blob=blob)

    assert (result.clean, result.code) == (False, "scan.dangerous")


def test_a_lost_blob_is_a_refusal(scanner: PickleScanner, tmp_path: Path) -> None:
    assert not scanner.scan(path="model.onnx", blob=tmp_path / "absent").clean
