"""A scanner that fails in any way refuses the file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from registry.scanners import PicklescanScanner
from tests.registry.inspection.corpus import MODELS, honest_models, hostile

SUMMARY = "Scanned files: {}\\nInfected files: {}\\nSuspicious globals: {}\\nDangerous globals: {}"
BROKEN = {
    "exit 2": (f"print('{SUMMARY.format(1, 0, 0, 0)}'); raise SystemExit(2)", "scan.failed"),
    "exit 0 with 0 files": (f"print('{SUMMARY.format(0, 0, 0, 0)}')", "scan.nothing"),
    "segmentation fault": ("import ctypes; ctypes.string_at(0)", "scan.failed"),
    "out of memory": (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28)); b'x' * (1 << 30)",
        "scan.failed",
    ),
    "out of processor time": (
        "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: pass",
        "scan.timeout",
    ),
    "no summary": ("print('fine')", "scan.failed"),
    "exit 1": (f"print('{SUMMARY.format(1, 1, 0, 1)}'); raise SystemExit(1)", "scan.dangerous"),
    "exit 0 with findings": (f"print('{SUMMARY.format(1, 0, 0, 1)}')", "scan.dangerous"),
    "exit 0 with suspicions": (f"print('{SUMMARY.format(1, 0, 1, 0)}')", "scan.dangerous"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_scanner_that_fails_is_a_refusal(case: str) -> None:
    code, reason = BROKEN[case]
    scanner = PicklescanScanner(command=[sys.executable, "-c", code])

    result = scanner.scan(path="model.onnx", blob=MODELS / "layer.onnx")

    assert (result.clean, result.code) == (False, reason)


def test_a_scanner_that_hangs_is_a_refusal() -> None:
    scanner = PicklescanScanner(command=[sys.executable, "-c", "import time; time.sleep(300)"], timeout=1)

    assert scanner.scan(path="model.onnx", blob=MODELS / "layer.onnx").code == "scan.timeout"


def test_a_scanner_that_is_missing_is_a_refusal() -> None:
    scanner = PicklescanScanner(command=["/nonexistent/picklescan"])

    assert scanner.scan(path="model.onnx", blob=MODELS / "layer.onnx").code == "scan.missing"


def test_memory_of_the_real_scanner_is_limited() -> None:
    scanner = PicklescanScanner(memory=64 << 20)

    assert scanner.scan(path="tables.npz", blob=MODELS / "tables.npz").code == "scan.failed"


@pytest.mark.parametrize("path", honest_models(), ids=lambda path: path.name)
def test_every_honest_model_is_clean(path: Path) -> None:
    assert PicklescanScanner().scan(path=path.name, blob=path).code == ""


@pytest.mark.parametrize(
    "name",
    ["joblib zlib", "joblib gzip", "joblib bz2", "joblib xz", "joblib lzma", "joblib zlib disguised",
     "joblib lzma disguised", "torch archive as .pt", "npz with a pickle named npy", "pickle before an archive",
     "archive in an archive", "npz with a member without extension"],
)  # fmt: skip
def test_what_the_scanner_calls_clean_because_it_cannot_read_it_is_refused(tmp_path: Path, name: str) -> None:
    sample = next(sample for sample in hostile(tmp_path / "marker") if sample.name == name)
    blob = tmp_path / "blob"
    blob.write_bytes(sample.data)

    assert not PicklescanScanner().scan(path=sample.path, blob=blob).clean


def test_the_finding_is_named(tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    blob.write_bytes(b"cposix\nsystem\n(S'true'\ntR.")

    assert PicklescanScanner().scan(path="model.pkl", blob=blob).detail == "posix system"


@pytest.mark.parametrize("path", ["notes.md", "LICENSE", "settings.yaml", "table.csv", "config.json"])
def test_text_is_no_matter_for_the_scanner(tmp_path: Path, path: str) -> None:
    blob = tmp_path / "blob"
    blob.write_text('{"what": "text, of which picklescan cannot make a pickle"}\n')

    assert PicklescanScanner().scan(path=path, blob=blob).clean
