"""What a file may be, what it certainly is not, and how to convert it. Pure, and shared with the browser as JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class ModelFormat(StrEnum):
    """The model formats that hold data only."""

    SKOPS = "skops"
    XGBOOST_JSON = "xgboost-json"
    XGBOOST_UBJ = "xgboost-ubj"
    LIGHTGBM_TEXT = "lightgbm-text"
    ONNX = "onnx"
    SAFETENSORS = "safetensors"
    GGUF = "gguf"
    NPY = "npy"
    NPZ = "npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedFamily:
    """Files that are never accepted: `code` names the reason, `advice` is the command that converts one."""

    code: str
    extensions: tuple[str, ...]
    advice: str = ""


MIB = 1 << 20
MAX_MODEL_SIZE = 64 << 30
MAX_SIDE_SIZE = MIB
MAX_SIDE_JSON_SIZE = 16 * MIB
MAX_TEXT_MODEL_SIZE = 256 * MIB

# The formats that an extension may hold, in the order in which their first bytes are tried.
EXTENSIONS: dict[str, tuple[ModelFormat, ...]] = {
    ".skops": (ModelFormat.SKOPS,),
    ".json": (ModelFormat.XGBOOST_JSON,),
    ".ubj": (ModelFormat.XGBOOST_UBJ,),
    ".txt": (ModelFormat.LIGHTGBM_TEXT,),
    ".lgb": (ModelFormat.LIGHTGBM_TEXT,),
    ".bst": (ModelFormat.LIGHTGBM_TEXT, ModelFormat.XGBOOST_UBJ, ModelFormat.XGBOOST_JSON),
    ".model": (ModelFormat.LIGHTGBM_TEXT, ModelFormat.XGBOOST_UBJ, ModelFormat.XGBOOST_JSON),
    ".onnx": (ModelFormat.ONNX,),
    ".safetensors": (ModelFormat.SAFETENSORS,),
    ".gguf": (ModelFormat.GGUF,),
    ".npy": (ModelFormat.NPY,),
    ".npz": (ModelFormat.NPZ,),
}
SIDE_EXTENSIONS = frozenset({".md", ".rst", ".txt", ".json", ".yaml", ".yml", ".csv", ".tsv"})
SIDE_NAMES = frozenset({"readme", "license", "licence", "copying", "notice", "authors", "changelog", "citation"})
MODEL_EXTENSIONS = tuple(EXTENSIONS)

_TO_SKOPS = 'skops.io.dump(model, "model.skops")'
_TO_SAFETENSORS = 'safetensors.torch.save_file(model.state_dict(), "model.safetensors")'
_TORCH_TO_ONNX = 'torch.onnx.export(model, example_input, "model.onnx")'
_KERAS_TO_ONNX = 'model.export("model.onnx", format="onnx")'
_TF_TO_ONNX = "python -m tf2onnx.convert --saved-model saved_model --output model.onnx"

REFUSED = (
    RefusedFamily(
        code="gate.pickle",
        extensions=(".pkl", ".pickle", ".pck", ".pcl", ".p", ".dill", ".cloudpickle", ".joblib", ".jbl", ".sav", ".z"),
        advice=_TO_SKOPS,
    ),
    RefusedFamily(
        code="gate.torch",
        extensions=(".pt", ".pth", ".pt2", ".bin", ".ckpt", ".t7", ".ptl", ".torchscript", ".pte"),
        advice=f"{_TO_SAFETENSORS}  |  {_TORCH_TO_ONNX}",
    ),
    RefusedFamily(code="gate.mar", extensions=(".mar",), advice=_TORCH_TO_ONNX),
    RefusedFamily(code="gate.hdf5", extensions=(".h5", ".hdf5", ".hdf", ".he5"), advice=_KERAS_TO_ONNX),
    RefusedFamily(code="gate.keras", extensions=(".keras",), advice=_KERAS_TO_ONNX),
    RefusedFamily(code="gate.savedmodel", extensions=(".pb", ".pbtxt", ".tflite", ".meta"), advice=_TF_TO_ONNX),
    RefusedFamily(code="gate.pmml", extensions=(".pmml", ".xml"), advice=_TO_SKOPS),
    RefusedFamily(code="gate.catboost", extensions=(".cbm",), advice='model.save_model("model.onnx", format="onnx")'),
    RefusedFamily(code="gate.coreml", extensions=(".mlmodel", ".mlpackage")),
    RefusedFamily(code="gate.llamafile", extensions=(".llamafile", ".ggml")),
    RefusedFamily(
        code="gate.archive",
        extensions=(
            ".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".lzma", ".zst", ".lz4", ".7z", ".rar", ".cab", ".iso",
            ".whl", ".egg", ".jar", ".deb", ".rpm", ".nemo", ".mlmodelc",
        ),
    ),
    RefusedFamily(
        code="gate.code",
        extensions=(
            ".py", ".pyc", ".pyo", ".pyd", ".pyx", ".ipynb", ".sh", ".bash", ".bat", ".cmd", ".ps1", ".js", ".mjs",
            ".html", ".htm", ".svg", ".php", ".rb", ".pl", ".lua", ".r", ".rds", ".rdata", ".jl",
        ),
    ),
    RefusedFamily(
        code="gate.executable",
        extensions=(".so", ".dll", ".dylib", ".exe", ".msi", ".com", ".wasm", ".engine", ".plan", ".trt", ".o", ".a"),
    ),
)  # fmt: skip
FAMILIES = {extension: family for family in REFUSED for extension in family.extensions}
_VERSIONED_LIBRARY = re.compile(r"\.so(?:\.\d+)+$")


def extension(path: str) -> str:
    """The last extension in lower case with its dot, "" if the name has none."""
    name = path.rsplit("/", 1)[-1].lower()
    if _VERSIONED_LIBRARY.search(name):
        return ".so"
    stem, dot, ending = name.rpartition(".")
    return f".{ending}" if dot and stem else ""


def refused_family(path: str) -> RefusedFamily | None:
    """The refused family that a name belongs to, None if the name alone is no reason to refuse."""
    return FAMILIES.get(extension(path))


def is_side_name(path: str) -> bool:
    """Whether a name may be that of a side file: documentation, configuration or a small table."""
    name = path.rsplit("/", 1)[-1].lower()
    return extension(path) in SIDE_EXTENSIONS or (not extension(path) and name in SIDE_NAMES)


def judge_name(path: str, size: int) -> str | None:
    """The message id that refuses a file by name and size alone, None if its content has to decide.

    The page does the same with the table of `browser_table` when files are picked, before a byte travels.
    """
    family = refused_family(path)
    if family is not None:
        return family.code
    if size <= 0:
        return "gate.empty"
    formats, side = EXTENSIONS.get(extension(path)), is_side_name(path)
    if formats is None and not side:
        return "gate.unknown"
    return "gate.too_large" if size > _largest(formats, side=side) else None


def browser_table() -> dict[str, object]:
    """The rules of `judge_name` as JSON-serialisable data."""
    return {
        "models": {key: {"formats": list(map(str, value)), "max": _largest(value)} for key, value in _models()},
        "side": {"extensions": sorted(SIDE_EXTENSIONS), "names": sorted(SIDE_NAMES), "max": MAX_SIDE_SIZE},
        "refused": {
            ending: {"code": family.code, "advice": family.advice} for ending, family in sorted(FAMILIES.items())
        },
    }


def _models() -> list[tuple[str, tuple[ModelFormat, ...]]]:
    return sorted(EXTENSIONS.items())


def _largest(formats: tuple[ModelFormat, ...] | None, *, side: bool = False) -> int:
    if formats is None:
        return MAX_SIDE_SIZE if side else 0
    texts = {ModelFormat.XGBOOST_JSON, ModelFormat.LIGHTGBM_TEXT}
    return MAX_TEXT_MODEL_SIZE if set(formats) <= texts else MAX_MODEL_SIZE
