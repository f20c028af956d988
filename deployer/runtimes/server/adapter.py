"""What a framework's adapter has to offer to the server."""
# mypy: disable-error-code="import-not-found, misc, no-any-return"
# These packages are installed in the runtimes' environments only.

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .tensors import InputError, TensorSpec

_HEAD_BYTES = 4096
Arrays = dict[str, "np.ndarray[Any, Any]"]


class ModelAdapter(ABC):
    """Loads the one model file of a folder and answers with named arrays."""

    platform = ""
    suffixes: tuple[str, ...] = ()
    marks: tuple[bytes, ...] = ()

    def __init__(self, models_dir: Path, threads: int) -> None:
        self.path = only_file(models_dir, self.suffixes, self.marks)
        self.threads = threads
        self.inputs: tuple[TensorSpec, ...] = ()
        self.outputs: tuple[TensorSpec, ...] = ()
        self.load()

    @abstractmethod
    def load(self) -> None:
        """Read `self.path`; set `inputs` and `outputs`."""

    @abstractmethod
    def infer(self, inputs: Arrays, wanted: frozenset[str]) -> Arrays:
        """Named outputs for named inputs; only those in `wanted` need be computed, all if it is empty."""

    @abstractmethod
    def from_instances(self, instances: Sequence[Any]) -> Arrays:
        """Named inputs for the instances of a V1 request. Raises `InputError`."""

    def to_predictions(self, outputs: Arrays) -> list[Any]:
        """The predictions of a V1 answer, one an instance: the first output's rows."""
        rows: list[Any] = next(iter(outputs.values())).tolist()
        return rows

    @property
    def v1_outputs(self) -> frozenset[str]:
        """The outputs that a V1 answer needs."""
        return frozenset({self.outputs[0].name})


def only_file(models_dir: Path, suffixes: Sequence[str], marks: Sequence[bytes] = ()) -> Path:
    """The single file of the folder with one of the suffixes, as KServe's own servers require it.

    Among several, side files of the same suffix are told apart by what the format's files begin with.
    """
    found = sorted(path for path in models_dir.iterdir() if path.is_file() and path.suffix in suffixes)
    if len(found) > 1 and marks:
        found = [path for path in found if any(mark in _head(path) for mark in marks)]
    if len(found) != 1:
        raise InputError(f"expected one model file ending in {' or '.join(suffixes)}, found {len(found)}")
    return found[0]


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD_BYTES)
