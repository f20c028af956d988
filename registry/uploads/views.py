"""The tus 1.0.0 server. Bytes of a body are read only after every question about the request has been answered."""

from __future__ import annotations

import functools
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt

from registry.errors import ForbiddenError, PortalError, UserError
from registry.messages import message
from registry.models import Account, Upload
from registry.permissions import may_submit
from registry.services import uploads as services
from registry.services.tokens import use_token
from registry.tasks import ring
from registry.tokens import CHALLENGE, bearer_secret
from registry.uploads import protocol
from registry.uploads.limits import sending_slot
from registry.uploads.protocol import TusError
from registry.uploads.receiving import Fill, discard, filled_by
from registry.uploads.selectors import check_here, offset_of, upload_of
from registry.uploads.silence import silence_limited

RETRY_SECONDS = 5
_REPEATABLE = frozenset({HTTPStatus.LOCKED, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE})

View = Callable[..., HttpResponse]


def tus_endpoint(view: View) -> View:
    """What every answer has in common: method override, protocol version, headers, errors as JSON."""

    # CSRF is checked in `authenticate`: for the method that counts, and with an answer that speaks tus.
    @csrf_exempt
    @functools.wraps(view)
    def endpoint(request: HttpRequest, **kwargs: str) -> HttpResponse:
        request.method = protocol.effective_method(request.method or "", request.headers)
        try:
            if request.method == "OPTIONS":
                return _options()
            protocol.check_version(request.headers)
            response = view(request, **kwargs)
        except PortalError as error:
            response = _refusal(error)
        response["Tus-Resumable"] = protocol.TUS_VERSION
        response["Cache-Control"] = "no-store"
        return response

    return endpoint


@tus_endpoint
def uploads(request: HttpRequest) -> HttpResponse:
    """Create an upload."""
    if request.method != "POST":
        raise TusError("upload.method", status=405, allowed="OPTIONS, POST")
    if request.headers.get("Content-Length", "0") not in {"", "0"} or "Transfer-Encoding" in request.headers:
        raise UserError("upload.body_at_creation")
    account = authenticate(request)
    wanted = protocol.parse_creation(request.headers)
    created = services.create_upload(
        actor=account,
        version_id=wanted.version_id,
        path=wanted.filename,
        length=wanted.length,
        metadata=wanted.raw_metadata,
    )
    response = _empty(HTTPStatus.CREATED)
    # Path-absolute: a proxy that ends TLS can get neither scheme nor host of it wrong.
    response["Location"] = f"{request.path}{created.pk}"
    response["Upload-Expires"] = http_date(created.expires_at.timestamp())
    return response


@tus_endpoint
def upload(request: HttpRequest, upload_id: str) -> HttpResponse:
    """Tell an upload's offset, take a chunk, or give the upload up."""
    actions: dict[str, Callable[[HttpRequest, Account, Upload], HttpResponse]] = {
        "HEAD": _head,
        "PATCH": _patch,
        "DELETE": _delete,
    }
    if request.method not in actions:
        raise TusError("upload.method", status=405, allowed="OPTIONS, HEAD, PATCH, DELETE")
    account = authenticate(request)
    return actions[request.method](request, account, upload_of(account=account, upload_id=upload_id))


def authenticate(request: HttpRequest) -> Account:
    """Who asks: the account of an API token, or the session's with a CSRF token where something would change."""
    if "Authorization" in request.headers:
        return _account_of_token(request)
    user = request.user
    if not isinstance(user, Account) or not may_submit(user):
        raise ForbiddenError("upload.sign_in")
    if _CsrfCheck(_no_answer).process_view(request, _no_answer, (), {}) is not None:
        raise ForbiddenError("upload.csrf")
    return user


def _account_of_token(request: HttpRequest) -> Account:
    account, _token = use_token(secret=bearer_secret(request.headers["Authorization"]))
    if not may_submit(account):
        raise ForbiddenError("upload.scope")
    return account


def _head(request: HttpRequest, account: Account, found: Upload) -> HttpResponse:
    del request, account
    check_here(found)
    response = _empty(HTTPStatus.OK)
    response["Upload-Offset"] = str(offset_of(found))
    response["Upload-Length"] = str(found.length)
    if found.metadata:
        response["Upload-Metadata"] = found.metadata
    response["Upload-Expires"] = http_date(found.expires_at.timestamp())
    return response


def _patch(request: HttpRequest, account: Account, found: Upload) -> HttpResponse:
    expires_at = found.expires_at
    try:
        protocol.check_content_type(request.headers)
        chunk = services.Chunk(
            offset=protocol.parse_offset(request.headers),
            length=protocol.parse_content_length(request.headers),
            fill=_body_of(request),
            checksum=protocol.parse_checksum(request.headers),
        )
        with sending_slot(account), silence_limited(request.META.get("gunicorn.socket")):
            received = _receive(found, chunk)
    except PortalError as error:
        response = _refusal(error)
        if error.code != "upload.elsewhere" and error.http_status not in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            response["Upload-Offset"] = str(offset_of(found))
    else:
        ring(received.due)
        response = _empty(HTTPStatus.NO_CONTENT)
        response["Upload-Offset"] = str(received.offset)
        expires_at = received.expires_at
    response["Upload-Expires"] = http_date(expires_at.timestamp())
    return response


def _body_of(request: HttpRequest) -> Fill:
    """The body as the server gives it: straight from the connection where it offers that."""
    direct: Fill | None = request.META.get("portal.fill_body")
    return direct or filled_by(request.read)


def _receive(found: Upload, chunk: services.Chunk) -> services.Received:
    try:
        return services.receive_chunk(upload=found, chunk=chunk)
    except PortalError as error:
        if error.code != "upload.interrupted":
            discard(fill=chunk.fill, length=chunk.length)
        raise


def _delete(request: HttpRequest, account: Account, found: Upload) -> HttpResponse:
    del request, account
    services.terminate_upload(upload=found)
    return _empty(HTTPStatus.NO_CONTENT)


class _CsrfCheck(CsrfViewMiddleware):
    """Django's own check, called by hand."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        del request, reason
        return HttpResponse(status=HTTPStatus.FORBIDDEN)


def _no_answer(request: HttpRequest) -> HttpResponse:
    del request
    return HttpResponse()


def _options() -> HttpResponse:
    response = _empty(HTTPStatus.NO_CONTENT)
    response["Tus-Version"] = protocol.TUS_VERSION
    response["Tus-Extension"] = ",".join(protocol.EXTENSIONS)
    response["Tus-Max-Size"] = str(settings.LIMITS["max_file_bytes"])
    response["Tus-Checksum-Algorithm"] = ",".join(protocol.CHECKSUM_ALGORITHMS)
    return response


def _refusal(error: PortalError) -> HttpResponse:
    text = message(error.code, error.params)
    body = {"code": error.code, "title": text.title, "detail": text.body, "field": error.field}
    if error.params.get("advice"):
        body["advice"] = str(error.params["advice"])
    response = JsonResponse(body, status=error.http_status)
    if error.http_status == HTTPStatus.PRECONDITION_FAILED:
        response["Tus-Version"] = protocol.TUS_VERSION
    if error.http_status == HTTPStatus.METHOD_NOT_ALLOWED:
        response["Allow"] = str(error.params["allowed"])
    if error.http_status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = CHALLENGE
    if error.http_status in _REPEATABLE:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _empty(status: HTTPStatus) -> HttpResponse:
    response = HttpResponse(status=status)
    del response["Content-Type"]
    return response
