"""The gate: one answer for one file, from its name and bytes. It never raises for content and runs nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from registry.inspection import formats
from registry.inspection.formats import ModelFormat
from registry.inspection.gguf import inspect_gguf
from registry.inspection.lightgbm import inspect_lightgbm
from registry.inspection.magic import looks_like, sniff
from registry.inspection.names import judge_path
from registry.inspection.npy import inspect_npy, inspect_npz
from registry.inspection.onnx import inspect_onnx
from registry.inspection.safetensors import inspect_safetensors
from registry.inspection.skops import inspect_skops
from registry.inspection.source import Source
from registry.inspection.text import inspect_json, inspect_text
from registry.inspection.verdicts import RefusedError
from registry.inspection.xgboost import inspect_xgboost_json, inspect_xgboost_ubj
from registry.inspection.zip_rules import looks_like_zip_end
from registry.interfaces import FileInspection, Introspection

_PARSERS: dict[ModelFormat, Callable[[Source], Introspection]] = {
    ModelFormat.SKOPS: inspect_skops,
    ModelFormat.XGBOOST_JSON: inspect_xgboost_json,
    ModelFormat.XGBOOST_UBJ: inspect_xgboost_ubj,
    ModelFormat.LIGHTGBM_TEXT: inspect_lightgbm,
    ModelFormat.ONNX: inspect_onnx,
    ModelFormat.SAFETENSORS: inspect_safetensors,
    ModelFormat.GGUF: inspect_gguf,
    ModelFormat.NPY: inspect_npy,
    ModelFormat.NPZ: inspect_npz,
}
_ARCHIVES = frozenset({ModelFormat.SKOPS, ModelFormat.NPZ})


def inspect_file(path: str, file: BinaryIO, size: int) -> FileInspection:
    """Judge the `size` bytes of a seekable `file` under the name `path`. Whatever goes wrong is a refusal."""
    try:
        return _judge(path, Source(file, size))
    except RefusedError as refused:
        return FileInspection(
            path=path, accepted=False, code=refused.code, params=refused.params, advice=refused.advice
        )
    except MemoryError:
        return FileInspection(path=path, accepted=False, code="gate.memory")
    except Exception:  # noqa: BLE001 - hostile bytes found a hole in a parser: that is a refusal, not a crash
        return FileInspection(path=path, accepted=False, code="gate.malformed")


def _judge(path: str, source: Source) -> FileInspection:
    code = judge_path(path)
    if code:
        raise RefusedError(code)
    family = formats.refused_family(path)
    if family is not None:
        raise RefusedError(family.code, advice=family.advice, extension=formats.extension(path))
    refused = formats.judge_name(path, source.size)
    if refused:
        accepted = ", ".join(formats.MODEL_EXTENSIONS)
        raise RefusedError(refused, extension=formats.extension(path), size=source.size, accepted=accepted)
    candidates = formats.EXTENSIONS.get(formats.extension(path), ())
    found = next((candidate for candidate in candidates if looks_like(candidate, source)), None)
    if found is not None:
        introspection = _PARSERS[found](source)
        if found not in _ARCHIVES and looks_like_zip_end(source):
            raise RefusedError("gate.polyglot")
        return FileInspection(path=path, accepted=True, model_format=found, introspection=introspection)
    if not formats.is_side_name(path):
        _refuse_mismatch(path, source)
    return _side_file(path, source)


def _side_file(path: str, source: Source) -> FileInspection:
    if sniff(source):
        _refuse_mismatch(path, source)
    (inspect_json if formats.extension(path) == ".json" else inspect_text)(source)
    return FileInspection(path=path, accepted=True)


def _refuse_mismatch(path: str, source: Source) -> None:
    """The content is not what the extension says: name what it is instead, with the advice for that."""
    found = sniff(source)
    family = formats.FAMILIES.get(found) if found.startswith(".") else None
    if family is not None:
        raise RefusedError(family.code, advice=family.advice, extension=formats.extension(path))
    raise RefusedError("gate.mismatch", extension=formats.extension(path), found=found or "?")
