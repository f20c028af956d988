"""safetensors, GGUF and .npy files that are malformed."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.registry.inspection.corpus.pickles import npy
from tests.registry.inspection.corpus.sample import Sample, honest


def safetensors(header: Any, data: bytes = bytes(8), length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(start: int, end: int, *, dtype: str = "F32", shape: Any = None) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [(end - start) // 4] if shape is None else shape, "data_offsets": [start, end]}


def samples(_marker: Path) -> Iterator[Sample]:
    for name, data in _safetensors().items():
        yield Sample(f"safetensors {name}", f"{name.replace(' ', '-')}.safetensors", data)
    for name, data in _gguf().items():
        yield Sample(f"gguf {name}", f"{name.replace(' ', '-')}.gguf", data)
    for name, data in _npy().items():
        yield Sample(f"npy {name}", f"{name.replace(' ', '-')}.npy", data)


def _safetensors() -> dict[str, bytes]:
    good = entry(0, 8)
    twice = json.dumps({"a": good}).encode()[:-1] + b', "a": ' + json.dumps(good).encode() + b"}"
    return {
        "header past the end": safetensors({"a": good}, length=1 << 20),
        "huge header": safetensors({"a": good}, length=1 << 62),
        "negative header": safetensors({"a": good}, length=(1 << 64) - 1),
        "key twice": safetensors(twice),
        "overlap": safetensors({"a": entry(0, 8), "b": entry(4, 8)}),
        "gap": safetensors({"a": entry(0, 4)}),
        "hole": safetensors({"a": entry(0, 4), "b": entry(8, 12)}, bytes(12)),
        "past the end": safetensors({"a": entry(0, 16)}),
        "backwards": safetensors({"a": entry(8, 0, shape=[0])}),
        "shape": safetensors({"a": entry(0, 8, shape=[3])}),
        "overflowing shape": safetensors({"a": entry(0, 8, shape=[1 << 40, 1 << 40])}),
        "negative shape": safetensors({"a": entry(0, 8, shape=[-1, -2])}),
        "boolean shape": safetensors({"a": entry(0, 8, shape=[True, 2])}),
        "datatype": safetensors({"a": entry(0, 8, dtype="O")}),
        "metadata": safetensors({"__metadata__": {"a": ["b"]}, "a": good}),
        "extra key": safetensors({"a": {**good, "hook": "os.system"}}),
        "no json": safetensors(b"{broken", bytes(0)),
        "nested": safetensors(b'{"a":' + b"[" * 100_000, bytes(0)),
        "trailing": honest("layer.safetensors") + b"tail",
    }


def _gguf() -> dict[str, bytes]:
    good = honest("tiny.gguf")

    def head(tensors: int, pairs: int, rest: bytes = b"", version: int = 3) -> bytes:
        return b"GGUF" + struct.pack("<IQQ", version, tensors, pairs) + rest

    def pair(key: bytes, kind: int, value: bytes) -> bytes:
        return struct.pack("<Q", len(key)) + key + struct.pack("<I", kind) + value

    array = pair(b"a", 9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 4, 1) + bytes(4))
    kind_at = good.index(b"token_embd.weight") + len(b"token_embd.weight") + 4 + 16
    return {
        "version": head(0, 0, version=1),
        "huge tensor count": head(1 << 60, 0),
        "huge pair count": head(0, 1 << 60),
        "huge key": head(0, 1, struct.pack("<Q", 1 << 60)),
        "huge text": head(0, 1, pair(b"a", 8, struct.pack("<Q", 1 << 60))),
        "huge array": head(0, 1, pair(b"a", 9, struct.pack("<IQ", 4, 1 << 60))),
        "array past the end": head(0, 1, pair(b"a", 9, struct.pack("<IQ", 4, 1 << 20))),
        "array of texts past the end": head(0, 1, pair(b"a", 9, struct.pack("<IQ", 8, 1 << 20))),
        "nested arrays": head(0, 1, array),
        "key twice": head(0, 2, pair(b"a", 4, bytes(4)) * 2),
        "unknown kind": head(0, 1, pair(b"a", 99, b"")),
        "alignment": head(0, 1, pair(b"general.alignment", 4, struct.pack("<I", 3))),
        "alignment zero": head(0, 1, pair(b"general.alignment", 4, bytes(4))),
        "tensor past the end": good[:-32],
        "tensor kind": good[:kind_at] + struct.pack("<I", 77) + good[kind_at + 4 :],
        "tensor offset": good[: kind_at + 4] + struct.pack("<Q", 1 << 40) + good[kind_at + 12 :],
        "unaligned tensor": good[: kind_at + 4] + struct.pack("<Q", 7) + good[kind_at + 12 :],
        "trailing": good + bytes(4096),
    }


def _npy() -> dict[str, bytes]:
    return {
        "shape": npy("'<f8'", bytes(8), shape="(2,)"),
        "items without bytes": npy("'<U0'", b"", shape="(99999999999999999,)"),
        "huge shape": npy("'<f8'", bytes(8), shape="(99999999999999999, 9999999999999999)"),
        "endless number": npy("'<f8'", bytes(8), shape="(" + "9" * 4000 + ",)"),
        "negative shape": npy("'<f8'", bytes(8), shape="(-1,)"),
        "code in the header": npy("__import__('os').system('x')", bytes(8)),
        "arithmetic": npy("'<f8'", bytes(8), shape="(2**99,)"),
        "nested header": npy("[" * 2000 + "]" * 2000, bytes(8)),
        "unknown type": npy("'<q9'", bytes(8)),
        "version": b"\x93NUMPY\x09\x00" + honest("table.npy")[8:],
        "header past the end": b"\x93NUMPY\x02\x00" + struct.pack("<I", 1 << 31) + b"{}",
        "key twice": npy("'<f8', 'descr': '|O'", bytes(8)),
    }
