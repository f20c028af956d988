"""Zip confusion, bombs, polyglots and files that are not what they are called."""

from __future__ import annotations

import dataclasses
import pickle
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.registry.inspection.corpus.pickles import npy, pack
from tests.registry.inspection.corpus.sample import MODELS, Sample, honest

__all__ = ["BOMBS", "MODELS", "confusions", "samples"]

ARRAY = honest("table.npy")


@dataclass(frozen=True)
class Entry:
    """A zip member, with separate values for what its local header claims."""

    name: bytes
    body: bytes = ARRAY
    flags: int = 0
    method: int = 0
    crc: int | None = None
    size: int | None = None
    attributes: int = 0o100600 << 16
    comment: bytes = b""
    extra: bytes = b""
    local_name: bytes | None = None
    local_crc: int | None = None
    local_size: int | None = None
    local_flags: int | None = None
    offset: int | None = None


def build(*entries: Entry, prefix: bytes = b"", comment: bytes = b"", gap: bytes = b"") -> bytes:
    """A zip file, byte by byte, so that its two halves may disagree."""
    out, central = bytearray(prefix), b""
    for entry in entries:
        crc = zlib.crc32(entry.body) if entry.crc is None else entry.crc
        size = len(entry.body) if entry.size is None else entry.size
        name = entry.name if entry.local_name is None else entry.local_name
        flags = entry.flags if entry.local_flags is None else entry.local_flags
        at = len(out) if entry.offset is None else entry.offset
        out += struct.pack(
            "<4s5H3L2H", b"PK\3\4", 20, flags, entry.method, 0, 33,
            crc if entry.local_crc is None else entry.local_crc, len(entry.body),
            size if entry.local_size is None else entry.local_size, len(name), 0,
        ) + name + entry.body + gap  # fmt: skip
        central += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 0x314, 20, entry.flags, entry.method, 0, 33, crc, len(entry.body), size,
            len(entry.name), len(entry.extra), len(entry.comment), 0, 0, entry.attributes, at,
        ) + entry.name + entry.extra + entry.comment  # fmt: skip
    start = len(out)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(entries), len(entries), len(central), start, len(comment))
    return bytes(out) + central + end + comment


def confusions() -> Iterator[Sample]:
    """Malformed archives, each of which two readers would read differently; each with its own reason."""
    good = Entry(b"a.npy")
    body = bytearray(ARRAY)
    body[-1] ^= 1
    hidden = build(Entry(b"b.npy"))
    hidden = hidden[: hidden.index(b"PK\1\2")]
    cases = {
        "duplicate": build(good, good),
        "name": build(dataclasses.replace(good, local_name=b"b.npy")),
        "flag": build(dataclasses.replace(good, flags=1, local_flags=0)),
        "unknown flag": build(dataclasses.replace(good, flags=0x10)),
        "crc": build(dataclasses.replace(good, body=bytes(body), crc=zlib.crc32(ARRAY))),
        "local crc": build(dataclasses.replace(good, local_crc=1)),
        "size": build(dataclasses.replace(good, local_size=1)),
        "stored size": build(dataclasses.replace(good, size=len(ARRAY) + 1)),
        "descriptor": build(dataclasses.replace(good, flags=8)),
        "comment": build(good, comment=b"hello"),
        "member comment": build(dataclasses.replace(good, comment=b"hello")),
        "prefix": build(good, prefix=hidden),
        "unnoticed prefix": hidden + build(good),
        "script before": b"#!/bin/sh\n" + build(good),
        "suffix": build(good) + b"tail",
        "gap": build(good, Entry(b"b.npy"), gap=b"gap"),
        "overlap": build(good, Entry(b"b.npy", offset=0)),
        "symlink": build(dataclasses.replace(good, attributes=0o120777 << 16)),
        "folder": build(dataclasses.replace(good, name=b"a/", body=b"")),
        "case": build(good, Entry(b"A.npy")),
        "parent": build(Entry(b"../a.npy")),
        "absolute": build(Entry(b"/a.npy")),
        "backslash": build(Entry(b"..\\a.npy")),
        "no name": build(Entry(b"")),
        "not utf-8": build(Entry(b"\xff.npy")),
        "extra field": build(dataclasses.replace(good, extra=b"up\4\0abcd")),
        "method": build(dataclasses.replace(good, method=14)),
        "empty archive": build(),
    }
    for name, data in cases.items():
        yield Sample(f"zip {name}", f"{name.replace(' ', '-')}.npz", data)


def zeros(size: int, head: bytes = b"") -> bytes:
    """A raw deflate stream of `head` and `size` zeros, a multiple of 1 MiB, made without compressing them all."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = engine.compress(head) + engine.flush(zlib.Z_FULL_FLUSH)
    block = engine.compress(bytes(1 << 20)) + engine.flush(zlib.Z_FULL_FLUSH)
    return start + block * (size >> 20) + b"\x03\x00"


def _zeros() -> tuple[str, bytes]:
    return "zeros.npz", build(Entry(b"a.npy", zeros(1 << 30), method=8, crc=0, size=1 << 30))


def _declared() -> tuple[str, bytes]:
    size = (1 << 32) - 2
    return "declared.npz", build(
        *(Entry(b"%d.npy" % index, zeros(1 << 20), method=8, crc=0, size=size) for index in range(4))
    )


def _hidden() -> tuple[str, bytes]:
    head = npy("'|u1'", b"", shape=f"({1 << 20},)")
    body = zeros(1 << 30, head)
    return "hidden.npz", build(Entry(b"a.npy", body, method=8, crc=0, size=len(head) + (1 << 20)))


def _nested() -> tuple[str, bytes]:
    nested = pack({"a.npy": ARRAY})
    for _ in range(40):
        nested = pack({"a.npz": nested})
    return "nested.npz", nested


def _nested_in_skops() -> tuple[str, bytes]:
    return "nested.skops", pack({"schema.json": b"{}", "a.npz": _nested()[1]})


def _members() -> tuple[str, bytes]:
    return "members.npz", pack({f"{index}.npy": b"" for index in range(60_000)})


def _schema() -> tuple[str, bytes]:
    size = 64 << 20
    return "schema.skops", build(Entry(b"schema.json", zeros(size), method=8, crc=0, size=size))


# Files that unpack, nest or count far beyond their size, built when asked for.
BOMBS: dict[str, Callable[[], tuple[str, bytes]]] = {
    "1 GiB of zeros": _zeros,
    "16 GiB declared": _declared,
    "1 GiB behind a small size": _hidden,
    "depth 40": _nested,
    "depth 40 in skops": _nested_in_skops,
    "60,000 members": _members,
    "zeros as schema": _schema,
}


def samples(marker: Path) -> Iterator[Sample]:
    payload = pickle.dumps([f"touch {marker}"], protocol=4)
    yield from confusions()
    yield from _polyglots(payload)
    yield from _impostors()
    yield from _truncated()
    for suffix in (".skops", ".json", ".onnx", ".txt", ".npz", ".gguf", ".md"):
        yield Sample(f"empty {suffix}", f"empty{suffix}", b"")


def _polyglots(payload: bytes) -> Iterator[Sample]:
    archive = pack({"archive/data.pkl": payload})
    yield Sample("pickle before an archive", "polyglot.skops", payload + honest("iris-pipeline.skops"))
    yield Sample("pickle before arrays", "polyglot.npz", payload + honest("tables.npz"))
    for name in ("iris-xgboost.json", "iris-xgboost.ubj", "iris-lightgbm.txt", "layer.onnx", "table.npy", "tiny.gguf"):
        yield Sample(f"archive behind {name}", name, honest(name) + archive)
    hidden = b"\x7a" + len(archive).to_bytes(1, "little") if len(archive) < 128 else b"\x7a" + _varint(len(archive))
    yield Sample("archive in an ONNX field", "field.onnx", honest("layer.onnx") + hidden + archive)
    header = b'{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (len(archive), len(archive))
    tensors = len(header).to_bytes(8, "little") + header + archive
    yield Sample("archive as a tensor", "tensor.safetensors", tensors)
    yield Sample("archive in an archive", "inner.npz", pack({"a.npy": archive}))
    yield Sample("archive in skops", "inner.skops", pack({"schema.json": b"{}", "archive.zip": archive}))
    yield Sample("archive behind text", "README.md", b"# Card\n" + archive)


def _impostors() -> Iterator[Sample]:
    contents = {
        "elf.onnx": b"\x7fELF\x02\x01\x01" + bytes(64),
        "exe.safetensors": b"MZ" + bytes(128),
        "gzip.skops": b"\x1f\x8b\x08" + bytes(64),
        "seven.npz": b"7z\xbc\xaf\x27\x1c" + bytes(64),
        "hdf.safetensors": b"\x89HDF\r\n\x1a\n" + bytes(64),
        "rar.gguf": b"Rar!\x1a\x07" + bytes(64),
        "script.txt": b"#!/bin/sh\ntouch /tmp/x\n",
        "wasm.ubj": b"\x00asm" + bytes(64),
        "gguf.onnx": honest("tiny.gguf"),
        "onnx.gguf": honest("layer.onnx"),
        "npz.skops": honest("tables.npz"),
        "skops.npz": honest("iris-pipeline.skops"),
        "json.ubj": honest("iris-xgboost.json"),
        "text.onnx": b"just some text\n",
        "binary.md": bytes(range(256)),
        "latin.txt": "Grüße".encode("latin-1"),
        "escape.md": b"# Title \x1b[2J\n",
        "weights.h5": b"\x89HDF\r\n\x1a\n" + bytes(64),
        "model.keras": pack({"config.json": b"{}", "metadata.json": b"{}"}),
        "saved_model.pb": b"\x08\x01\x12",
        "model.pmml": b"<?xml version='1.0'?><PMML/>",
        "model.7z": b"7z\xbc\xaf\x27\x1c",
        "predict.py": b"import os\n",
        "notebook.ipynb": b"{}",
        "model.so.1": b"\x7fELF",
        "page.html": b"<script>alert(1)</script>",
        "model.xyz": b"anything",
        "Makefile": b"all:\n\ttrue\n",
        "object.yaml": b"a: !!python/object/apply:os.system ['touch x']\n",
        "config.json": b'{"auto_map": {"AutoModel": "evil.Model"}}',
        "deep.json": b"[" * 60 + b"]" * 60,
        "twice.json": b'{"a": 1, "a": 2}',
        "broken.json": b'{"a": ',
        "big.md": b"a" * ((1 << 20) + 1),
    }
    for name, data in contents.items():
        yield Sample(f"impostor {name}", name, data)


def _truncated() -> Iterator[Sample]:
    for path in sorted(MODELS.iterdir()):
        if path.suffix == ".md":
            continue
        data = path.read_bytes()
        yield Sample(f"half of {path.name}", path.name, data[: len(data) // 2])
        yield Sample(f"all but the end of {path.name}", path.name, data[:-1] if path.suffix != ".txt" else data[:-900])
        yield Sample(f"head of {path.name}", path.name, data[:9])


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])
