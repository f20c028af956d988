"""The layer's framing, held against Python's own tar implementation."""

from __future__ import annotations

import io
import random
import tarfile
from pathlib import Path

import pytest

from deployer.interfaces import LayerRecipe
from deployer.oci.layers import frame, layer_stream
from tests.fakes.blobs import InMemoryBlobStore


def tar_by_the_library(path: str, data: bytes) -> bytes:
    """The same layer as `tarfile` writes it, up to the end-of-archive blocks, which it pads to 10 KiB."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        parts = f"models/{path}".split("/")
        for depth in range(1, len(parts)):
            folder = tarfile.TarInfo("/".join(parts[:depth]))
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(folder)
        member = tarfile.TarInfo("/".join(parts))
        member.size, member.mode = len(data), 0o644
        archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def layer(path: str, data: bytes) -> bytes:
    around = frame(path, len(data))
    return around.header + data + bytes(around.padding)


def random_paths(count: int) -> list[str]:
    chooser = random.Random(20260901)
    letters = "abcXYZ019-_. é日"
    paths: list[str] = []
    while len(paths) < count:
        parts = ["".join(chooser.choices(letters, k=chooser.randint(1, 40))) for _ in range(chooser.randint(1, 7))]
        if not any(part in {".", ".."} for part in parts) and len("/".join(parts).encode()) < 150:
            paths.append("/".join(parts))
    return paths


def test_layers_are_byte_for_byte_the_librarys() -> None:
    chooser = random.Random(7)
    for path in random_paths(200):
        data = chooser.randbytes(chooser.choice([0, 1, 511, 512, 513, 5000]))
        ours, theirs = layer(path, data), tar_by_the_library(path, data)
        assert theirs.startswith(ours), path
        assert not any(theirs[len(ours) :])
        assert len(ours) % 512 == 0


@pytest.mark.parametrize(
    "path",
    [
        "x" * 100,
        "y" * 93 + "/z",
        "a" * 70 + "/" + "b" * 70 + "/" + "c" * 100,
        "/".join(["part"] * 40),
        "d" * 90 + "/" + "e" * 90,
    ],
    ids=len,
)
def test_long_paths_come_back_whole(path: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(layer(path, b"data"))) as archive:
        assert archive.getnames()[-1] == f"models/{path}"
        assert archive.getmembers()[-1].type == tarfile.REGTYPE


def test_members_carry_nothing_of_the_machine() -> None:
    with tarfile.open(fileobj=io.BytesIO(layer("sub/file", b"data"))) as archive:
        members = archive.getmembers()
        assert [(member.name, member.mode) for member in members] == [
            ("models", 0o755),
            ("models/sub", 0o755),
            ("models/sub/file", 0o644),
        ]
        for member in members:
            assert (member.uid, member.gid, member.uname, member.gname, member.mtime) == (0, 0, "", "", 0)
        content = archive.extractfile("models/sub/file")
        assert content is not None
        assert content.read() == b"data"


@pytest.mark.parametrize("size", [8**11 - 1, 8**11, 8**11 + 1, 1 << 45])
def test_sizes_beyond_8_gib_are_told_in_the_header(size: int) -> None:
    around = frame("big.bin", size)
    member = tarfile.TarInfo.frombuf(around.header[-512:], "utf-8", "strict")
    assert (member.name, member.size) == ("models/big.bin", size)
    assert around.layer_size(size) % 512 == 0
    assert around.layer_size(size) == len(around.header) + size + around.padding


def test_the_archive_ends_with_two_zero_blocks() -> None:
    for size in (0, 1, 511, 512, 513):
        data = b"\xff" * size
        tail = layer("f", data)[1024 + size :]
        assert not any(tail)
        assert 1024 <= len(tail) < 1024 + 512


def test_a_layer_is_streamed_in_pieces_of_bounded_size(tmp_path: Path) -> None:
    blobs = InMemoryBlobStore(tmp_path)
    data = random.Random(1).randbytes(5_000_000)
    sha256 = blobs.add(data)
    around = frame("f", len(data))
    recipe = LayerRecipe(
        path="f",
        blob_sha256=sha256,
        blob_size=len(data),
        header=around.header,
        padding=around.padding,
        digest="",
        size=around.layer_size(len(data)),
    )
    pieces = list(layer_stream(blobs)(recipe))
    assert max(map(len, pieces)) <= 1 << 20
    assert b"".join(pieces) == layer("f", data)
