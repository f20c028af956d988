"""Scripts hold no wording: templates hand it to them, translated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "static" / "js"
COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)
# What a fault of the program itself says is for developers, in the console.
THROWN = re.compile(r"new Error\([^)]*\)")
TEXT = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"|`([^`]*)`")
FILLED_IN = re.compile(r"\$\{[^}]*\}")
SENTENCE = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")


def wording_in(source: str) -> list[str]:
    bare = THROWN.sub("", COMMENT.sub("", source))
    texts = (next(filter(None, match.groups()), "") for match in TEXT.finditer(bare))
    return [text for text in texts if SENTENCE.search(FILLED_IN.sub("", text))]


@pytest.mark.parametrize("script", sorted(SCRIPTS.rglob("*.js")), ids=lambda path: path.name)
def test_no_script_holds_a_sentence(script: Path) -> None:
    assert wording_in(script.read_text()) == []


def test_a_sentence_would_be_found() -> None:
    assert wording_in("/* Not this one. */ say( 'Upload failed' ); throw new Error( 'Nor this one' );") == [
        "Upload failed"
    ]
