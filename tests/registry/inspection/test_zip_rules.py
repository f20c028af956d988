from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from registry.inspection import child
from registry.inspection.gate import inspect_bytes
from registry.inspection.source import Source
from registry.inspection.zip_rules import read_members
from tests.registry.inspection.corpus.archives import BOMBS, confusions
from tests.registry.inspection.corpus.sample import Sample

# Each malformed archive, and the reason it must be refused for.
REASONS = {
    "duplicate": "zip_duplicate", "name": "zip_name", "flag": "zip_encrypted", "unknown flag": "zip_flags",
    "crc": "zip_crc", "local crc": "zip_crc", "size": "zip_size", "stored size": "zip_size",
    "descriptor": "zip_descriptor", "comment": "zip_comment", "member comment": "zip_comment", "prefix": "zip_prefix",
    "unnoticed prefix": "zip_prefix", "script before": "code", "suffix": "zip_comment", "gap": "zip_prefix",
    "overlap": "zip_overlap", "symlink": "zip_link", "folder": "zip_name", "case": "zip_case", "parent": "zip_name",
    "absolute": "zip_name", "backslash": "zip_name", "no name": "zip_name", "not utf-8": "zip_name",
    "extra field": "zip_extra", "method": "zip_method", "empty archive": "mismatch",
}  # fmt: skip
MIB = 1 << 20


@pytest.mark.parametrize("sample", list(confusions()), ids=lambda sample: sample.name)
def test_an_archive_that_two_readers_read_differently_is_refused(sample: Sample) -> None:
    answer = inspect_bytes(sample.path, sample.data)

    assert (answer.accepted, answer.code) == (False, f"gate.{REASONS[sample.name.removeprefix('zip ')]}")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("zip64", [False, True])
def test_what_zipfile_writes_is_read_in_order(compression: int, *, zip64: bool) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in (("b.npy", b"1" * 5000), ("ä/a.npy", b"")):
            with archive.open(name, "w", force_zip64=zip64) as member:
                member.write(data)

    members = read_members(Source.of_bytes(buffer.getvalue()))

    assert [(member.name, b"".join(member.chunks())) for member in members] == [
        ("b.npy", b"1" * 5000),
        ("ä/a.npy", b""),
    ]


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_stays_small_in_the_child(name: str, tmp_path: Path) -> None:
    path, data = BOMBS[name]()
    blob = tmp_path / "blob"
    blob.write_bytes(data)
    command = [sys.executable, "-I", "-S", str(child.__file__), path, '{"memory": 2147483648, "cpu": 60}']
    with blob.open("rb") as file, subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, env={}) as process:
        assert process.stdout is not None
        answer = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)

    assert process.returncode == 0
    assert b'"accepted": false' in answer
    assert used.ru_utime + used.ru_stime <= 2
    assert used.ru_maxrss <= 200 * 1024  # KiB
    assert used.ru_oublock * 512 <= MIB
    assert sorted(tmp_path.iterdir()) == [blob]
