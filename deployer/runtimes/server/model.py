"""The KServe SDK's model around an adapter."""
# mypy: disable-error-code="import-not-found, misc, no-any-return"
# These packages are installed in the runtimes' environments only.

import asyncio
import importlib.util
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
from kserve.errors import InferenceError, InvalidInput
from kserve.model import Model
from kserve.protocol.infer_type import InferOutput, InferRequest, InferResponse

from .adapter import Arrays, ModelAdapter
from .tensors import InputError, decode, encode


def load_adapter(path: Path, *, models_dir: Path, threads: int) -> ModelAdapter:
    """The `Adapter` class of a Python file, holding the model of `models_dir`."""
    name = f"{__package__}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"no adapter at {path.name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    adapter: ModelAdapter = module.Adapter(models_dir, threads)
    return adapter


class ServedModel(Model):
    """One version of a model under the name that requests use."""

    def __init__(self, *, name: str, version: str, adapter: ModelAdapter, threads: int) -> None:
        super().__init__(name)
        self.version = version
        self.adapter = adapter
        # Predictions leave the event loop, so that a slow one cannot make the readiness path look dead.
        self._pool = ThreadPoolExecutor(max_workers=max(1, threads), thread_name_prefix="predict")

    def get_input_types(self) -> list[dict[str, Any]]:
        """The protocol's metadata of the inputs."""
        return [spec.as_metadata() for spec in self.adapter.inputs]

    def get_output_types(self) -> list[dict[str, Any]]:
        """The protocol's metadata of the outputs."""
        return [spec.as_metadata() for spec in self.adapter.outputs]

    async def predict(self, payload: Any, headers: Any = None, response_headers: Any = None) -> Any:  # noqa: ARG002  # KServe's hook
        """Answer a decoded V1 dictionary or V2 request."""
        loop = asyncio.get_running_loop()
        work = self._infer if isinstance(payload, InferRequest) else self._predict_v1
        return await loop.run_in_executor(self._pool, work, payload)

    def _infer(self, request: InferRequest) -> InferResponse:
        wanted = frozenset(output.name for output in request.request_outputs or ())
        unknown = wanted - {spec.name for spec in self.adapter.outputs}
        if unknown:
            raise InvalidInput(f"The model has no output '{min(unknown)}'.")
        outputs = self._run(lambda: _decode_inputs(request), wanted)
        return InferResponse(
            response_id=request.id or str(uuid.uuid4()),
            model_name=self.name,
            model_version=self.version,
            infer_outputs=[_as_output(name, array) for name, array in outputs.items()],
            use_binary_outputs=request.use_binary_outputs,
            requested_outputs=request.request_outputs,
        )

    def _predict_v1(self, payload: Any) -> dict[str, Any]:
        body = _json(payload)
        instances = body.get("instances", body.get("inputs")) if isinstance(body, dict) else None
        if not isinstance(instances, list) or not instances:
            raise InvalidInput('Expected "instances" to be a list with at least one row.')
        outputs = self._run(lambda: self.adapter.from_instances(instances), self.adapter.v1_outputs)
        return {"predictions": self.adapter.to_predictions(outputs)}

    def _run(self, decode_inputs: Any, wanted: frozenset[str]) -> Arrays:
        """Outputs of the adapter; the client's mistakes as 400, the model's as 500, neither with a traceback."""
        try:
            return self.adapter.infer(decode_inputs(), wanted)
        except (InputError, ValueError, TypeError) as exc:
            raise InvalidInput(str(exc)) from exc
        except MemoryError as exc:
            raise InferenceError("The model ran out of memory on this request.") from exc
        except Exception as exc:
            raise InferenceError(f"The model failed on this request ({type(exc).__name__}).") from exc


def _decode_inputs(request: InferRequest) -> Arrays:
    if not request.inputs:
        raise InputError("The request has no inputs.")
    return {tensor.name: decode(tensor.name, tensor.shape, tensor.datatype, tensor.data) for tensor in request.inputs}


def _as_output(name: str, array: Any) -> InferOutput:
    datatype, data = encode(array)
    return InferOutput(name=name, shape=list(data.shape), datatype=datatype, data=data)


def _json(payload: Any) -> Any:
    """The SDK leaves a body alone whose content type carries a parameter such as a charset."""
    if not isinstance(payload, (bytes, str)):
        return payload
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as exc:
        raise InvalidInput(f"Unrecognized request format: {exc}") from exc
