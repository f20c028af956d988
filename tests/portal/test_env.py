from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal import env

ROOT = Path(__file__).resolve().parents[2]


def test_the_readme_holds_the_table_of_the_settings() -> None:
    assert env.as_markdown() in (ROOT / "README.md").read_text()


def test_every_variable_is_declared_once_with_a_line_of_doc() -> None:
    names = [variable.name for variable in env.DECLARED]
    assert len(names) == len(set(names))
    assert all(variable.doc.endswith(".") and "\n" not in variable.doc for variable in env.DECLARED)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL_COMMONS_PORT", "eighty"),
        ("MODEL_COMMONS_WEB_THREADS", "0"),
        ("MODEL_COMMONS_DEBUG", "maybe"),
        ("MODEL_COMMONS_SERVING_SANDBOX", "docker"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_and_names_the_variable(name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "portal.env"],
        cwd=ROOT,
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert name in done.stderr
    assert value in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("text", "expected"), [("yes", True), ("0", False), ("ON", True)])
def test_booleans(text: str, expected: bool) -> None:  # noqa: FBT001  # the value under test
    assert env.boolean(text) is expected


def test_words_leave_out_empty_ones() -> None:
    assert env.words(" a.example , ,b.example") == ["a.example", "b.example"]
