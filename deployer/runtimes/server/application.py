"""The SDK's V1 and V2 endpoints as an ASGI application, with every failure answered as the protocol says."""
# mypy: disable-error-code="import-not-found, misc, no-any-return"
# These packages are installed in the runtimes' environments only.

import logging
import warnings
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from kserve.errors import InferenceError, InvalidInput, ModelNotFound, ModelNotReady
from kserve.model_repository import ModelRepository
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.rest.v1_endpoints import register_v1_endpoints
from kserve.protocol.rest.v2_endpoints import register_v2_endpoints
from starlette.exceptions import HTTPException

from .guard import Guard
from .model import ServedModel

_log = logging.getLogger("server")
_STATUS: dict[type[Exception], HTTPStatus] = {
    InvalidInput: HTTPStatus.BAD_REQUEST,
    ModelNotFound: HTTPStatus.NOT_FOUND,
    ModelNotReady: HTTPStatus.SERVICE_UNAVAILABLE,
    NotImplementedError: HTTPStatus.NOT_FOUND,
}


class FastJSONResponse(JSONResponse):
    """Writes numpy-sized answers quickly, and not-a-number as null, which JSON can carry."""

    def render(self, content: Any) -> bytes:
        """The body, without the optional members that the SDK fills with null."""
        return orjson.dumps(_without_nulls(content))


class NamedDataPlane(DataPlane):
    """The SDK's data plane, which also names version and platform and takes malformed bodies for what they are."""

    async def model_metadata(self, model_name: str) -> dict[str, Any]:
        """The protocol's metadata of the model."""
        metadata: dict[str, Any] = await super().model_metadata(model_name)
        model = self.get_model_from_registry(model_name)
        return {**metadata, "versions": [model.version], "platform": model.adapter.platform}

    def decode(self, body: Any, headers: Any, **options: Any) -> Any:
        """The decoded request; `InvalidInput` for anything that does not follow the protocol."""
        try:
            return super().decode(body, headers, **options)
        except (KeyError, ValueError, TypeError, IndexError, AttributeError) as exc:
            if isinstance(exc, InvalidInput):
                raise
            raise InvalidInput("The request does not follow the protocol.") from exc


def build_application(model: ServedModel, *, max_body_bytes: int) -> Guard:
    """The application that serves `model` and nothing else."""
    # The SDK names a response class on every V1 request whose deprecation would fill the log.
    warnings.filterwarnings("ignore", category=UserWarning, module="kserve|fastapi")
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    repository = ModelRepository()
    repository.update(model)
    plane = NamedDataPlane(repository)
    app = FastAPI(
        title=model.name,
        version=model.version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        default_response_class=FastJSONResponse,
    )
    register_v1_endpoints(app, plane, None)
    register_v2_endpoints(app, plane, None)
    for kind in _STATUS:
        app.add_exception_handler(kind, _expected)
    app.add_exception_handler(InferenceError, _model_failed)
    app.add_exception_handler(RequestValidationError, _not_the_protocol)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    return Guard(app, model_name=model.name, version=model.version, max_body_bytes=max_body_bytes)


def _without_nulls(content: Any) -> Any:
    if not isinstance(content, dict):
        return content
    outputs = content.get("outputs")
    if isinstance(outputs, list):
        content = {**content, "outputs": [_without_nulls(output) for output in outputs]}
    return {name: value for name, value in content.items() if value is not None}


def _error(status: int, text: str) -> Response:
    return FastJSONResponse(status_code=status, content={"error": text})


async def _expected(_request: Request, exc: Exception) -> Response:
    status = next(status for kind, status in _STATUS.items() if isinstance(exc, kind))
    return _error(status, str(exc))


async def _model_failed(_request: Request, exc: Exception) -> Response:
    _log.error("prediction failed", exc_info=exc.__cause__ or exc)
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, str(exc))


async def _not_the_protocol(_request: Request, exc: Exception) -> Response:
    first = exc.errors()[0] if isinstance(exc, RequestValidationError) and exc.errors() else {}
    place = ".".join(str(part) for part in first.get("loc", ()) if part not in ("body", "InferenceRequest"))
    reason = first.get("msg", "not understood")
    return _error(HTTPStatus.BAD_REQUEST, f"Request body: {place + ': ' if place else ''}{reason}.")


async def _http(_request: Request, exc: Exception) -> Response:
    status = exc.status_code if isinstance(exc, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    return _error(status, HTTPStatus(status).phrase)


async def _unexpected(_request: Request, exc: Exception) -> Response:
    _log.error("request failed", exc_info=exc)
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, f"The model server failed ({type(exc).__name__}).")
