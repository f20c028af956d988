"""The image: linted, without root, and of files that are there."""

from __future__ import annotations

import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

from tests.architecture import ROOT

FILE = ROOT / "deploy" / "Dockerfile"
TEXT = FILE.read_text()


def test_a_linter_finds_nothing() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, "--no-color", FILE], capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stdout) == (0, "")


def test_it_runs_as_nobody_in_particular_and_ends_in_order() -> None:
    last = TEXT.rpartition("\nFROM ")[2]
    assert "\nUSER 10001:10001\n" in last
    assert '\nENTRYPOINT ["tini", "--", "python", "manage.py"]\n' in last
    assert "COPY . " not in TEXT, "nothing comes in that is not named"


def test_what_it_copies_is_there_and_let_in() -> None:
    allowed = [
        line[1:] for line in (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"
    ]
    for line in re.findall(r"^COPY (?!--from)(.+)$", TEXT, re.MULTILINE):
        *sources, _target = line.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert any(fnmatch(source.split("/")[0], name) for name in allowed), source


def test_bases_are_the_versions_that_the_project_needs() -> None:
    bases = dict(re.findall(r"^ARG (\w+)_IMAGE=(\S+)$", TEXT, re.MULTILINE))
    assert bases.keys() == {"NODE", "PYTHON"}
    assert bases["PYTHON"].startswith("python:3.11-")
    assert "/" not in "".join(bases.values()), "no host of a registry"
    assert set(re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)) == {"${NODE_IMAGE}", "${PYTHON_IMAGE}"}
