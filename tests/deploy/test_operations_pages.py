"""The pages for operators name settings, commands and files that are there, and lead nowhere that is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from portal.env_variables import DECLARED
from tests.architecture import ROOT

PAGES = [
    *sorted((ROOT / "docs" / "operations").glob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "deploy/compose/README.md")),
]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)")
PATHS = re.compile(r"\bdeploy/[\w./-]*\w")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text()
    known = {variable.name for variable in DECLARED}
    named = set(re.findall(r"\bMODEL_COMMONS_[A-Z0-9_]*[A-Z0-9](?![*…_A-Z])", text))
    assert named - known == set()
    assert {command for command in re.findall(r"manage\.py ([a-z_]+)", text) if command not in get_commands()} == set()
    assert [link for link, _part in LINK.findall(text) if not (page.parent / link).exists()] == []
    assert [path for path in PATHS.findall(text) if not (ROOT / path).exists()] == []
