from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from registry.inspection import child
from registry.inspection.source import CHUNK, Source, inflate
from registry.inspection.verdicts import RefusedError
from registry.inspection.zip_rules import read_members
from tests.fakes.inspection import inspect_bytes
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


def _deflated(size: int) -> Source:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return Source.of_bytes(engine.compress(bytes(size)) + engine.flush())


@pytest.mark.parametrize("over", range(24))
def test_a_stream_whose_output_fills_whole_pieces_inflates_to_its_end(over: int) -> None:
    """All of the input may be taken while output, or the end mark, is still inside."""
    size = 2 * CHUNK + over

    assert sum(map(len, inflate(_deflated(size), size))) == size
    with pytest.raises(RefusedError):
        list(inflate(_deflated(size), size - 1))


# A process of its own measures, as a child's peak memory begins with that of the process which forked it.
MEASURE = """
import json, os, subprocess, sys
with open(sys.argv[2], "rb") as file:
    command = [sys.executable, "-I", "-S", sys.argv[1], sys.argv[3], '{"memory": 2147483648, "cpu": 60}']
    process = subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, env={})
    answer = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
print(json.dumps({
    "answer": json.loads(answer), "status": status, "seconds": used.ru_utime + used.ru_stime,
    "kib": used.ru_maxrss, "written": used.ru_oublock * 512,
}))
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_stays_small_in_the_child(name: str, tmp_path: Path) -> None:
    path, data = BOMBS[name]()
    blob = tmp_path / "blob"
    blob.write_bytes(data)

    command = [sys.executable, "-I", "-S", "-c", MEASURE, str(child.__file__), str(blob), path]
    found = json.loads(subprocess.run(command, capture_output=True, check=True, env={}).stdout)

    assert (found["status"], found["answer"]["accepted"]) == (0, False)
    assert found["answer"]["code"] in {"gate.zip_bomb", "gate.zip_size", "gate.zip_count", "gate.npz_member"}
    assert found["seconds"] <= 2
    assert found["kib"] <= 200 * 1024
    assert found["written"] <= MIB
    assert sorted(tmp_path.iterdir()) == [blob]
