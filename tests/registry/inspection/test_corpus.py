"""The promises about the whole corpus: nothing hostile passes, everything honest does, and no payload ever runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from registry.inspection.child import encode
from registry.inspectors import ChildProcessInspector, decode
from registry.messages_gate import GATE_MESSAGES
from tests.fakes.inspection import inspect_bytes
from tests.registry.inspection.corpus import Sample, honest_models, hostile
from tests.registry.inspection.corpus.archives import BOMBS

ROOT = Path(__file__).parents[3]
# What the honest forests, texts, layers and tables say about themselves: format, framework, estimator or graph.
EXPECTED = {
    "edit-text.skops": ("skops", "sklearn", "SGDClassifier"),
    "iris-categories.json": ("xgboost-json", "xgboost", "gbtree multi:softprob"),
    "iris-forest.onnx": ("onnx", "onnx", "graph"),
    "iris-forest.skops": ("skops", "sklearn", "RandomForestClassifier"),
    "iris-histogram.skops": ("skops", "sklearn", "HistGradientBoostingClassifier"),
    "iris-lightgbm.txt": ("lightgbm-text", "lightgbm", "multiclass"),
    "iris-neighbours.skops": ("skops", "sklearn", "KNeighborsClassifier"),
    "iris-pipeline.onnx": ("onnx", "onnx", "graph"),
    "iris-pipeline.skops": ("skops", "sklearn", "LogisticRegression"),
    "iris-xgboost.json": ("xgboost-json", "xgboost", "gbtree multi:softprob"),
    "iris-xgboost.ubj": ("xgboost-ubj", "xgboost", "gbtree multi:softprob"),
    "layer.onnx": ("onnx", "onnx", "graph"),
    "layer.safetensors": ("safetensors", "numpy", "tensors"),
    "packed.npz": ("npz", "numpy", "arrays"),
    "pruned-xgboost.json": ("xgboost-json", "xgboost", "gbtree reg:squarederror"),
    "table.npy": ("npy", "numpy", "array"),
    "tables.npz": ("npz", "numpy", "arrays"),
    "targets-xgboost.json": ("xgboost-json", "xgboost", "gbtree reg:squarederror"),
    "tiny.gguf": ("gguf", "gguf", "llama"),
}


def test_every_hostile_file_is_refused_with_a_reason_that_people_can_read(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    samples = hostile(marker)

    answers = {sample.name: inspect_bytes(sample.path, sample.data) for sample in samples}

    assert len(samples) >= 94
    assert [name for name, answer in answers.items() if answer.accepted] == []
    assert {answer.code for answer in answers.values()} <= GATE_MESSAGES.keys()
    # A general answer would mean that a parser fell over a sample instead of recognising it.
    assert [name for name, answer in answers.items() if answer.code == "gate.malformed"] == []
    assert not marker.exists()


def test_the_payloads_are_live(tmp_path: Path) -> None:
    """Otherwise a marker that is never created would prove nothing."""
    marker = tmp_path / "marker"
    sample = next(sample for sample in hostile(marker) if sample.name == "protocol 4")

    subprocess.run(
        [sys.executable, "-c", "import pickle, sys; pickle.load(sys.stdin.buffer)"], input=sample.data, check=True
    )

    assert marker.exists()


def test_every_honest_model_is_accepted() -> None:
    answers = {path.name: inspect_bytes(path.name, path.read_bytes()) for path in honest_models()}

    found = {
        name: (answer.model_format, answer.introspection.framework, answer.introspection.model_type)
        for name, answer in answers.items()
        if answer.accepted and answer.introspection
    }
    assert found == EXPECTED


def test_a_refused_model_names_its_conversion() -> None:
    for name, command in {
        "model.pkl": "skops.io.dump",
        "model.joblib": "skops.io.dump",
        "model.pt": "safetensors.torch.save_file",
        "model.pth": "torch.onnx.export",
        "model.h5": 'format="onnx"',
        "model.keras": 'format="onnx"',
        "saved_model.pb": "tf2onnx",
    }.items():
        assert command in inspect_bytes(name, b"anything").advice


AUDIT = """
import io, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from registry.inspection import child
from registry.inspection.child import encode
from registry.inspection.gate import inspect_file
listing = [line.split("\\t") for line in Path(sys.argv[2], "listing").read_text().splitlines()]
files = [(name, Path(sys.argv[2], number).read_bytes()) for number, name in listing]
child.preload()
child.forbid()
accepted = [inspect_file(name, io.BytesIO(data), len(data)).accepted for name, data in files]
print(len(accepted), sum(accepted))
"""


def test_the_gate_imports_compiles_opens_and_unpickles_nothing_over_the_whole_corpus(tmp_path: Path) -> None:
    """The audit hook of the child ends the process at the first such event, so an answer means that there was none."""
    samples = [(sample.path, sample.data) for sample in hostile(tmp_path / "marker")]
    samples += [(path.name, path.read_bytes()) for path in honest_models()]
    for number, (_, data) in enumerate(samples):
        (tmp_path / str(number)).write_bytes(data)
    (tmp_path / "listing").write_text("".join(f"{number}\t{name}\n" for number, (name, _) in enumerate(samples)))

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", AUDIT, str(ROOT), str(tmp_path)], capture_output=True, check=False, text=True
    )

    assert (done.returncode, done.stdout.split()) == (0, [str(len(samples)), str(len(EXPECTED))])


@pytest.mark.long
def test_the_child_refuses_the_whole_corpus_and_accepts_the_honest_files(tmp_path: Path) -> None:
    marker, blob = tmp_path / "marker", tmp_path / "blob"
    inspector = ChildProcessInspector()
    for sample in [*hostile(marker), *(Sample(name, *build()) for name, build in BOMBS.items())]:
        blob.write_bytes(sample.data)
        answer = inspector.inspect(path=sample.path, blob=blob)
        assert (answer.accepted, answer.code in {"gate.crashed", "gate.timeout"}) == (False, False), sample.name
    for path in honest_models():
        assert inspector.inspect(path=path.name, blob=path).accepted, path.name
    assert not marker.exists()


def test_answers_travel_as_json_without_loss() -> None:
    for path in honest_models():
        answer = inspect_bytes(path.name, path.read_bytes())
        assert decode(json.dumps(encode(answer)).encode(), path.name) == answer
