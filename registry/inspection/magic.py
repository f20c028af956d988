"""First bytes: whether a file can be what its extension says, and what else it is if not."""

from __future__ import annotations

import re

from registry.inspection.formats import ModelFormat
from registry.inspection.pickles import is_pickle
from registry.inspection.source import Source

_HEAD = 4096
_ZIP = b"PK\x03\x04"
MAX_SAFETENSORS_HEADER = 100_000_000  # the limit of the safetensors library itself

_STARTS: dict[ModelFormat, re.Pattern[bytes]] = {
    ModelFormat.SKOPS: re.compile(re.escape(_ZIP)),
    ModelFormat.NPZ: re.compile(re.escape(_ZIP)),
    # XGBoost writes the keys of a model in alphabetical order, and many a settings file begins with its version.
    ModelFormat.XGBOOST_JSON: re.compile(rb'\s{0,64}\{\s{0,64}"learner"\s{0,64}:'),
    ModelFormat.XGBOOST_UBJ: re.compile(rb"\{(?:[Ui]|I\x00|l\x00{3}|L\x00{7})\x07learner"),
    ModelFormat.LIGHTGBM_TEXT: re.compile(rb"tree\r?\n"),
    # ModelProto begins with its IR version, a small number; some writers put producer or graph first.
    ModelFormat.ONNX: re.compile(rb"\x08[\x01-\x7f]|[\x12\x1a\x3a\x42]"),
    ModelFormat.GGUF: re.compile(rb"GGUF"),
    ModelFormat.NPY: re.compile(rb"\x93NUMPY"),
}

# What else a file may turn out to be: an extension of a refused family, or a plain name.
_OTHERS: tuple[tuple[str, re.Pattern[bytes]], ...] = tuple(
    (name, re.compile(pattern, re.DOTALL))
    for name, pattern in (
        (".h5", rb"\x89HDF\r\n\x1a\n"),
        (".7z", rb"7z\xbc\xaf\x27\x1c"),
        (".gz", rb"\x1f\x8b"),
        (".bz2", rb"BZh[1-9]"),
        (".xz", rb"\xfd7zXZ\x00"),
        (".zst", rb"\x28\xb5\x2f\xfd"),
        (".lz4", rb"\x04\x22\x4d\x18"),
        (".rar", rb"Rar!"),
        (".so", rb"\x7fELF"),
        (".exe", rb"MZ[\x00-\xff]{62}"),
        (".dylib", rb"\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe"),
        (".wasm", rb"\x00asm"),
        (".sh", rb"#!"),
        (".tar", rb"[\x00-\xff]{257}ustar"),
        (".pmml", rb"\s*<\?xml[\x00-\xff]{0,512}<PMML"),
        ("npy", rb"\x93NUMPY"),
        ("gguf", rb"GGUF"),
    )
)


def looks_like(model_format: ModelFormat, source: Source) -> bool:
    """Whether the first bytes agree with a format; the parser has the last word."""
    head = source.peek(0, _HEAD)
    if model_format is ModelFormat.SAFETENSORS:
        return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= MAX_SAFETENSORS_HEADER
    return bool(_STARTS[model_format].match(head)) and not (model_format is ModelFormat.ONNX and sniff(source))


def sniff(source: Source) -> str:
    """What a file that is not what it says seems to be: an extension with a dot, a plain name, or ""."""
    head = source.peek(0, _HEAD)
    if head.startswith(_ZIP):
        names = source.peek(0, 1 << 16)
        return ".pt" if b"data.pkl" in names else ".zip"
    for name, pattern in _OTHERS:
        if pattern.match(head):
            return name
    return ".pkl" if is_pickle(source.peek(0, 1 << 16)) else ""
