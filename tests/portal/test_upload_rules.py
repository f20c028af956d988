"""The browser and the server judge a file's name and size alike, from the same table."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from registry.inspection.formats import (
    EXTENSIONS,
    FAMILIES,
    MAX_MODEL_SIZE,
    MAX_SIDE_SIZE,
    MAX_TEXT_MODEL_SIZE,
    SIDE_EXTENSIONS,
    SIDE_NAMES,
    browser_table,
    judge_name,
)

RULES_JS = Path(__file__).parents[2] / "static" / "js" / "upload" / "rules.js"
SCRIPT = """
import { codeFor } from %s;
let text = '';
for await ( const part of process.stdin ) {
    text += part;
}
const { rules, cases } = JSON.parse( text );
console.log( JSON.stringify( cases.map( ( [ path, size ] ) => codeFor( path, size, rules ) ) ) );
"""
NAMES = [
    *(f"w/Model{extension}" for extension in {*EXTENSIONS, *FAMILIES, *SIDE_EXTENSIONS}),
    *SIDE_NAMES,
    *(
        "README",
        "docs/License",
        "weights",
        "x.unknown",
        "lib.so.1.2",
        "a.tar.gz",
        ".onnx",
        "a.b/model",
        "name.",
        "ß.ONNX",
    ),
]
SIZES = [-1, 0, 1, *(limit + more for limit in (MAX_SIDE_SIZE, MAX_TEXT_MODEL_SIZE, MAX_MODEL_SIZE) for more in (0, 1))]


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js, which also makes the front-end files")
def test_the_browser_answers_as_the_server_does() -> None:
    cases = [(name, size) for name in NAMES for size in SIZES]
    expected = [judge_name(name, size) for name, size in cases]
    answer = subprocess.run(
        ["node", "--input-type=module", "--eval", SCRIPT % json.dumps(RULES_JS.as_uri())],
        input=json.dumps({"rules": browser_table(), "cases": cases}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    wrong = [
        (case, server, browser)
        for case, server, browser in zip(cases, expected, json.loads(answer.stdout), strict=True)
        if server != browser
    ]
    assert wrong == []
    assert len(set(expected)) > 10
