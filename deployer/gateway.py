"""The open inference API: Open Inference Protocol V2 and V1 under `/serve/`, without accounts, sessions or cookies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from deployer import routing, selectors, services
from deployer.backends import serving_backend
from deployer.errors import NotFoundError, PortalError, TransientError
from deployer.meter import meter
from deployer.outputs import INERT
from deployer.request_bodies import BINARY_HEADER, BINARY_REFUSED, json_fault
from deployer.routing import NothingServedError
from deployer.selectors import Silence
from registry.tasks import ring

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
RETRY_AFTER = "5"
HELP_SECONDS = 2.0
_SILENCE = {
    Silence.COMING: (HTTPStatus.SERVICE_UNAVAILABLE, "The model is being started. Try again."),
    Silence.RETIRED: (HTTPStatus.GONE, "The model was taken out of service."),
    Silence.NEVER_SERVED: (HTTPStatus.NOT_FOUND, "No version of this model is in service."),
}
_TRANSIENT = {
    "serving.timeout": (HTTPStatus.GATEWAY_TIMEOUT, "The model did not answer in time."),
    "serving.answer_too_large": (HTTPStatus.BAD_GATEWAY, "The model's answer is too large."),
}
_UNREACHABLE = (HTTPStatus.SERVICE_UNAVAILABLE, "The model is being restarted. Try again.")
_REFUSED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
JSON, BYTES = "application/json", "application/octet-stream"
VERSION_HEADER, DIGEST_HEADER = "X-Model-Version", "X-Model-Digest"
_last_calls: dict[str, float] = {}


def open_api(*methods: str) -> Callable[[View[P]], View[P]]:
    """A view that any origin may call: no CSRF token, since there is no cookie that it could abuse; errors as JSON."""

    def decorate(view: View[P]) -> View[P]:
        @csrf_exempt
        @wraps(view)
        def answering(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method == "OPTIONS":
                response = HttpResponse(status=HTTPStatus.NO_CONTENT)
            elif request.method not in methods:
                response = _error(HTTPStatus.METHOD_NOT_ALLOWED, f"Use {' or '.join(methods)}.")
            else:
                response = _answered(view, request, *args, **kwargs)
            if request.method == "OPTIONS" or response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                response["Allow"] = response["Access-Control-Allow-Methods"] = ", ".join([*methods, "OPTIONS"])
                response["Access-Control-Allow-Headers"] = "Content-Type"
                response["Access-Control-Max-Age"] = "86400"
            for header, value in INERT.items():
                response[header] = value
            response["Access-Control-Allow-Origin"] = "*"
            response["Access-Control-Expose-Headers"] = f"{VERSION_HEADER}, {DIGEST_HEADER}, X-Request-Id, Retry-After"
            return response

        return answering

    return decorate


@open_api("GET", "HEAD")
def server_metadata(_request: HttpRequest) -> HttpResponse:
    """`GET v2`."""
    return JsonResponse({"name": settings.SITE_NAME, "version": "2", "extensions": []})


@open_api("GET", "HEAD")
def server_live(_request: HttpRequest) -> HttpResponse:
    """`GET v2/health/live`."""
    return JsonResponse({"live": True})


@open_api("GET", "HEAD")
def server_ready(_request: HttpRequest) -> HttpResponse:
    """`GET v2/health/ready`: the portal can look up routes."""
    selectors.look_up_any()
    return JsonResponse({"ready": True})


@open_api("GET", "HEAD")
def models(_request: HttpRequest) -> HttpResponse:
    """`GET v2/models` and `GET v1/models`: the endpoints that answer now."""
    return JsonResponse({"models": selectors.live_names()})


@open_api("GET", "HEAD")
def v2_metadata(_request: HttpRequest, name: str) -> HttpResponse:
    """`GET v2/models/<name>`."""
    return _pass(name, "GET", f"/v2/models/{name}")


@open_api("GET", "HEAD")
def v2_ready(_request: HttpRequest, name: str) -> HttpResponse:
    """`GET v2/models/<name>/ready`."""
    return _pass(name, "GET", f"/v2/models/{name}/ready")


@open_api("POST")
def v2_infer(request: HttpRequest, name: str) -> HttpResponse:
    """`POST v2/models/<name>/infer`."""
    return _pass_body(request, name, f"/v2/models/{name}/infer")


@open_api("GET", "HEAD")
def v1_status(_request: HttpRequest, name: str) -> HttpResponse:
    """`GET v1/models/<name>`."""
    return _pass(name, "GET", f"/v1/models/{name}")


@open_api("POST")
def v1_predict(request: HttpRequest, name: str) -> HttpResponse:
    """`POST v1/models/<name>:predict`."""
    return _pass_body(request, name, f"/v1/models/{name}:predict")


@open_api("GET", "HEAD", "POST")
def unknown(_request: HttpRequest) -> HttpResponse:
    """Everything else below `/serve/`."""
    return _error(HTTPStatus.NOT_FOUND, "There is no such resource in the inference protocol.")


def _answered(view: View[P], request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
    """The view's answer; an expected failure as the protocol's error object, never a page."""
    try:
        return view(request, *args, **kwargs)
    except (PortalError, NothingServedError) as error:
        return _refusal(error)


def _refusal(error: PortalError | NothingServedError) -> HttpResponse:
    if isinstance(error, NothingServedError):
        status, text = _SILENCE[error.silence]
        return _error(status, text, retry=error.silence is Silence.COMING)
    if isinstance(error, NotFoundError):
        return _error(HTTPStatus.NOT_FOUND, "There is no endpoint of this name.")
    if isinstance(error, TransientError):
        status, text = _TRANSIENT.get(error.code, _UNREACHABLE)
        return _error(status, text, retry=status is HTTPStatus.SERVICE_UNAVAILABLE)
    return _error(HTTPStatus(error.http_status), error.code)


def _pass_body(request: HttpRequest, name: str, path: str) -> HttpResponse:
    limit = settings.LIMITS["gateway_max_bytes"]
    declared = request.META.get("CONTENT_LENGTH") or ""
    if not declared and request.headers.get("Transfer-Encoding"):
        return _error(HTTPStatus.LENGTH_REQUIRED, "Send the request with a Content-Length.")
    if declared.isdecimal() and int(declared) > limit:
        return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request may have at most {limit} bytes.")
    if BINARY_HEADER in request.headers:
        return _error(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, BINARY_REFUSED)
    # Not `request.body`: its cap is that of forms, and smaller.
    body = request.read(limit + 1)
    response = _counted(name, path, body)
    fault = json_fault(body) if response.status_code in _REFUSED else ""
    if fault:
        response.content = json.dumps({"error": fault}, ensure_ascii=False).encode()
        response["Content-Type"] = JSON
    return response


def _counted(name: str, path: str, body: bytes) -> HttpResponse:
    """Pass a prediction on, and count it. A client's slow line is not the model's, so the body is there by now."""
    began, version = time.perf_counter(), ""
    try:
        # JSON whatever the client calls it: curl says "form" of all it sends, and the model server would believe it.
        response = _pass(name, "POST", path, body=body, content_type=JSON)
        version = response[VERSION_HEADER]
    except NotFoundError:
        raise  # whatever name anybody makes up is nobody's figure
    except (PortalError, NothingServedError) as error:
        response = _refusal(error)
        version = str(error.params.get("version", "")) if isinstance(error, PortalError) else ""
    meter.count(
        name,
        version_number=int(version) if version.isdecimal() else 0,
        status=response.status_code,
        milliseconds=(time.perf_counter() - began) * 1000,
    )
    return response


def _pass(name: str, method: str, path: str, *, body: bytes = b"", content_type: str = "") -> HttpResponse:
    try:
        answer = routing.ask(
            serving_backend(),
            name,
            method=method,
            path=path,
            body=body,
            content_type=content_type,
            timeout=float(settings.GATEWAY_TIMEOUT_SECONDS),
        )
    except TransientError as error:
        if error.code == "serving.unreachable":
            _call_for_help(name)
        raise
    kind = _media_type(answer.response.content_type)
    response = HttpResponse(answer.response.body, status=answer.response.status, content_type=kind)
    response[VERSION_HEADER] = answer.route.version
    response[DIGEST_HEADER] = answer.route.image_digest
    return response


def _media_type(claimed: str) -> str:
    """JSON where the model server says so, else bytes: what it calls a page or a script must not become one here."""
    kind = claimed.partition(";")[0].strip().lower() or JSON
    return JSON if kind == JSON else BYTES


def _call_for_help(name: str) -> None:
    """Have a dead cup brought back now rather than at the next sweep; not for every request of a crowd, though."""
    now = time.monotonic()
    if now - _last_calls.get(name, -HELP_SECONDS) < HELP_SECONDS:
        return
    _last_calls[name] = now
    current = selectors.endpoint_by_name(name).current
    if current is not None:
        ring(services.queue_convergence(current))


def _error(status: HTTPStatus, text: str, *, retry: bool = False) -> HttpResponse:
    response = JsonResponse({"error": text}, status=status)
    if retry:
        response["Retry-After"] = RETRY_AFTER
    return response
