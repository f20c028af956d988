from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from registry.inspection import formats
from registry.inspection.formats import EXTENSIONS, FAMILIES, REFUSED, ModelFormat, browser_table, judge_name
from registry.messages_gate import GATE_MESSAGES
from tests.fakes.inspection import inspect_bytes
from tests.registry.inspection.corpus import hostile

SOURCES = [
    *Path(formats.__file__).parent.glob("*.py"),
    *(Path(formats.__file__).parents[1] / name for name in ("inspectors.py", "scanners.py")),
]


@pytest.mark.parametrize(
    ("path", "size", "code"),
    [
        ("model.onnx", 10, None),
        ("MODEL.ONNX", 10, None),
        ("deep/model.safetensors", 5 << 30, None),
        ("README", 10, None),
        ("LICENSE.md", 10, None),
        ("config.json", 10, None),
        ("model.pkl", 10, "gate.pickle"),
        ("model.tar.gz", 10, "gate.archive"),
        ("libx.so.6", 10, "gate.executable"),
        ("predict.py", 10, "gate.code"),
        ("model.onnx", 0, "gate.empty"),
        ("model.pkl", 0, "gate.pickle"),
        ("model", 10, "gate.unknown"),
        ("model.weird", 10, "gate.unknown"),
        (".onnx", 10, "gate.unknown"),
        ("README.md", (1 << 20) + 1, "gate.too_large"),
        ("model.json", (256 << 20) + 1, "gate.too_large"),
        ("model.onnx", (64 << 30) + 1, "gate.too_large"),
    ],
)
def test_a_name_and_size_are_judged_before_a_byte_travels(path: str, size: int, code: str | None) -> None:
    assert judge_name(path, size) == code


def test_the_browser_gets_the_same_rules() -> None:
    table = json.loads(json.dumps(browser_table()))

    assert set(table["models"]) == set(EXTENSIONS)
    assert table["refused"][".pkl"]["code"] == judge_name("model.pkl", 1)
    for ending, entry in table["models"].items():
        assert judge_name(f"model{ending}", entry["max"]) is None
        assert judge_name(f"model{ending}", entry["max"] + 1) == "gate.too_large"
    for ending in table["side"]["extensions"]:
        assert judge_name(f"notes{ending}", table["side"]["max"]) is None


def test_no_extension_is_both_accepted_and_refused() -> None:
    assert not (set(EXTENSIONS) | formats.SIDE_EXTENSIONS) & set(FAMILIES)
    assert sum(len(family.extensions) for family in REFUSED) == len(FAMILIES)
    assert {found for listed in EXTENSIONS.values() for found in listed} == set(ModelFormat)


def test_every_code_has_a_text_and_every_text_a_use() -> None:
    used = {code for path in SOURCES for code in re.findall(r'"((?:gate|scan)\.[a-z_0-9]+)"', path.read_text())}

    assert used == GATE_MESSAGES.keys()


def test_a_text_names_only_what_its_refusals_tell(tmp_path: Path) -> None:
    for sample in hostile(tmp_path / "marker"):
        answer = inspect_bytes(sample.path, sample.data)
        text = f"{GATE_MESSAGES[answer.code].title} {GATE_MESSAGES[answer.code].body}"
        assert set(re.findall(r"%\((\w+)\)", text)) <= {*answer.params, "code"}, (sample.name, answer)
