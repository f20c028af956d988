"""ONNX graphs on ONNX Runtime, on the CPU."""

# mypy: disable-error-code="import-not-found, misc, no-any-return"
# These packages are installed in the runtimes' environments only.

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime

from .adapter import Arrays, ModelAdapter
from .tensors import InputError, TensorSpec, cast

_TYPES = {
    "tensor(bool)": "BOOL",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(float16)": "FP16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}
_ERRORS_ONLY = 3


class Adapter(ModelAdapter):
    """Answers with the graph's own outputs; a classifier's class-to-probability maps become dense columns."""

    platform = "onnxruntime_onnx"
    suffixes = (".onnx",)

    def load(self) -> None:
        """Read the graph; every input must be a tensor that the protocol can carry."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        options.enable_cpu_mem_arena = False  # the arena keeps what one large request once needed
        self.session = onnxruntime.InferenceSession(str(self.path), options, providers=["CPUExecutionProvider"])
        self.inputs = tuple(_spec(node) for node in self.session.get_inputs())
        self.outputs = tuple(_spec(node) for node in self.session.get_outputs())

    def infer(self, inputs: Arrays, wanted: frozenset[str]) -> Arrays:
        """Named outputs for named inputs; a model with one input takes it under any name."""
        feed = self._feed(inputs)
        names = [spec.name for spec in self.outputs if not wanted or spec.name in wanted]
        try:
            values = self.session.run(names, feed)
        except onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument as exc:
            raise InputError("The input does not fit the model's graph.") from exc
        return {name: _dense(value) for name, value in zip(names, values, strict=True)}

    def from_instances(self, instances: Sequence[Any]) -> Arrays:
        """Rows for the only input, or objects with one key an input."""
        if len(self.inputs) == 1 and not all(isinstance(row, dict) for row in instances):
            rows = {self.inputs[0].name: list(instances)}
        elif all(isinstance(row, dict) and row.keys() == instances[0].keys() for row in instances):
            rows = {name: [row[name] for row in instances] for name in instances[0]}
        else:
            raise InputError("Instances must be objects with one key for each input.")
        return {name: self._as_array(name, values) for name, values in rows.items()}

    def to_predictions(self, outputs: Arrays) -> list[Any]:
        """One value an instance for one output, one object an instance for several."""
        if len(outputs) == 1:
            return super().to_predictions(outputs)
        lists = {name: array.tolist() for name, array in outputs.items()}
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=False)]

    @property
    def v1_outputs(self) -> frozenset[str]:
        """Every output: a graph has no main one."""
        return frozenset()

    def _feed(self, inputs: Arrays) -> Arrays:
        specs = {spec.name: spec for spec in self.inputs}
        if len(specs) == 1 and len(inputs) == 1:
            inputs = {self.inputs[0].name: next(iter(inputs.values()))}
        if inputs.keys() != specs.keys():
            raise InputError(f"The model takes the inputs {', '.join(specs)}.")
        return {name: _fit(specs[name], array) for name, array in inputs.items()}

    def _as_array(self, name: str, values: list[Any]) -> np.ndarray:
        datatype = next((spec.datatype for spec in self.inputs if spec.name == name), "FP32")
        dtype = np.object_ if datatype == "BYTES" else None
        try:
            array = np.array(values, dtype=dtype)
        except (ValueError, TypeError) as exc:
            raise InputError("Instances must be rows of equal length.") from exc
        if array.dtype.kind == "f" and datatype in ("FP16", "FP32", "FP64"):
            return array.astype(np.float64)
        return array


def _spec(node: Any) -> TensorSpec:
    shape = tuple(length if isinstance(length, int) else -1 for length in node.shape or ())
    if node.type.startswith("seq(map("):
        return TensorSpec(node.name, "FP32", (-1, -1))
    if node.type not in _TYPES:
        raise InputError(f"'{node.name}' has the type {node.type}, which the protocol cannot carry")
    return TensorSpec(node.name, _TYPES[node.type], shape)


def _fit(spec: TensorSpec, array: np.ndarray) -> np.ndarray:
    if spec.shape:
        fits = array.ndim == len(spec.shape) and all(
            wanted in (-1, length) for wanted, length in zip(spec.shape, array.shape, strict=True)
        )
        if not fits:
            raise InputError(f"Input '{spec.name}': the model takes shape {list(spec.shape)}, got {list(array.shape)}.")
    return cast(spec.name, array, spec.datatype)


def _dense(value: Any) -> np.ndarray:
    """Converters wrap a classifier's probabilities in one map a row, whose keys are the classes."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        classes = sorted(value[0])
        return np.array([[row[name] for name in classes] for row in value], dtype=np.float32)
    return np.asarray(value)
