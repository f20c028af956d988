"""ONNX models that reach outside of the file or of the standard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.registry.inspection.corpus.sample import Sample, honest


def number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def part(field: int, *values: bytes | str) -> bytes:
    body = b"".join(value.encode() if isinstance(value, str) else value for value in values)
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def node(operator: str, *parts: bytes, domain: str = "") -> bytes:
    return part(1, part(1, "x"), part(2, "y"), part(4, operator), part(7, domain), *parts)


def graph(*parts: bytes) -> bytes:
    return part(7, *parts, part(11, part(1, "x")), part(12, part(1, "y")))


def model(*parts: bytes, opsets: tuple[str, ...] = ("",), version: int = 8) -> bytes:
    return number(1, version) + b"".join(part(8, part(1, domain), number(2, 17)) for domain in opsets) + b"".join(parts)


def tensor(*parts: bytes) -> bytes:
    return number(1, 2) + number(2, 1) + part(8, "w") + b"".join(parts)


def external(location: str) -> bytes:
    return tensor(part(13, part(1, "location"), part(2, location)), number(14, 1))


def samples(_marker: Path) -> Iterator[Sample]:
    plain = graph(node("Relu"))
    inner = plain[2:]
    for _ in range(30):
        inner = node("If", part(5, part(1, "then_branch"), part(6, inner)))
    constant = node("Constant", part(5, part(1, "value"), part(5, external("/etc/passwd"))))
    sparse = part(15, part(1, external("weights.bin")), part(2, tensor()))
    wide = number(1, (1 << 63) - 1) + number(1, (1 << 63) - 1) + number(2, 1)
    cases = {
        "custom domain": model(graph(node("Evil", domain="com.evil")), opsets=("", "com.evil")),
        "undeclared domain": model(graph(node("Evil", domain="com.evil"))),
        "contributed operator": model(graph(node("PyOp", domain="com.microsoft")), opsets=("", "com.microsoft")),
        "training domain": model(plain, opsets=("", "ai.onnx.training")),
        "external data": model(graph(node("Relu"), part(5, external("weights.bin")))),
        "external data above": model(graph(node("Relu"), part(5, external("../../etc/passwd")))),
        "external data in a constant": model(graph(constant)),
        "external data in a sparse tensor": model(graph(node("Relu"), sparse)),
        "external without a place": model(graph(node("Relu"), part(5, tensor(number(14, 1))))),
        "local function": model(plain, part(25, part(1, "Relu"), part(10, ""))),
        "training": model(plain, part(20, b"")),
        "unknown field": model(plain, part(99, "hidden")),
        "unknown node field": model(graph(node("Relu", part(99, "hidden")))),
        "unknown tensor field": model(graph(node("Relu"), part(5, tensor(part(99, "x"))))),
        "unknown type": model(graph(node("Relu"), part(5, number(1, 2), number(2, 200)))),
        "nested graphs": model(graph(inner)),
        "raw data too short": model(graph(node("Relu"), part(5, tensor(part(9, b"1234"))))),
        "shape without data": model(graph(node("Relu"), part(5, number(1, 1 << 39), number(2, 1)))),
        "impossible shape": model(graph(node("Relu"), part(5, wide))),
        "negative shape": model(graph(node("Relu"), part(5, number(1, (1 << 64) - 5), number(2, 1)))),
        "two graphs": model(plain, plain),
        "no graph": model(),
        "no opset": model(plain, opsets=()),
        "conflicting opsets": model(plain, part(8, part(1, ""), number(2, 9))),
        "future version": model(plain, version=99),
        "operator name": model(graph(node("../Relu"))),
        "length past the end": model(plain) + b"\x3a\xff\xff\xff\xff\x0f",
        "endless number": b"\x08\x08" + b"\x08" + b"\xff" * 20,
        "group": model(plain) + b"\x0b\x0c",
        "field zero": model(plain) + b"\x02\x00",
        "trailing bytes": honest("layer.onnx") + b"\x00\x00",
    }
    for name, data in cases.items():
        yield Sample(f"onnx {name}", f"{name.replace(' ', '-')}.onnx", data)
