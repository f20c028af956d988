"""A request id on every answer and log line, and expected errors as pages."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from django.utils import translation

from portal.error_pages import answer, fragment, problem, request_id
from portal.error_texts import ErrorText
from portal.logs import FIELDS
from portal.signed_out import signed_out
from registry import log_context
from registry.errors import PortalError, SignedOutError
from registry.messages import message

logger = logging.getLogger(__name__)
requests = logging.getLogger("portal.requests")
# As proxies write them; anything else could forge log lines.
PROXY_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{8,64}")
GetResponse = Callable[[HttpRequest], HttpResponse]


def forget_request_id(**_signal: object) -> None:
    """Only now, as Django writes its line about a refused request after every middleware is done."""
    log_context.request_id.set("")


request_finished.connect(forget_request_id, dispatch_uid="portal.forget_request_id")


class RequestIdMiddleware:
    """Gives each request an id that the answer, the error page, the log and the jobs it makes due share.

    A proxy that is trusted may have given it one already.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the id in a header, and write one line about it."""
        began = time.perf_counter()
        request_id = _given_id(request) or uuid.uuid4().hex[:12]
        request.META["request_id"] = request_id
        log_context.request_id.set(request_id)
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        _note(request, response.status_code, time.perf_counter() - began)
        return response


def _given_id(request: HttpRequest) -> str:
    given = request.META.get("HTTP_X_REQUEST_ID", "") if settings.ALLAUTH_TRUSTED_PROXY_COUNT else ""
    return given if PROXY_REQUEST_ID.fullmatch(given) else ""


def _note(request: HttpRequest, status: int, seconds: float) -> None:
    """The route, not the path: the path of a password reset is a secret."""
    route = request.resolver_match.route if request.resolver_match else ""
    fields = {"method": request.method, "route": route, "status": status, "duration_ms": round(seconds * 1000, 1)}
    requests.info("%s /%s %s", request.method, route, status, extra={FIELDS: fields})


class AccountLanguageMiddleware:
    """Whoever is signed in and chose a language reads it in every browser; for all others Django's choice stands."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on in the account's language."""
        # Without a session nobody is signed in, and predictions and downloads shall not ask the database for it.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            language = request.user.language
            if language in dict(settings.LANGUAGES):
                translation.activate(language)
                request.LANGUAGE_CODE = language
        return self.get_response(request)


class PortalErrorMiddleware:
    """Turns an expected error that no view handled into a page, or JSON for who asked for it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a `PortalError`, and whoever stopped sending; leave everything else to Django."""
        if isinstance(exception, UnreadablePostError):
            return answer(request, HTTPStatus.REQUEST_TIMEOUT)
        if isinstance(exception, SignedOutError):
            return signed_out(request)
        return portal_error(request, exception) if isinstance(exception, PortalError) else None


def portal_error(request: HttpRequest, exception: PortalError) -> HttpResponse:
    """The page of an expected error, or JSON for who asked for it."""
    if exception.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("request failed: %s", exception)
    text = message(exception.code, exception.params)
    words = ErrorText(exception.code, text.title, text.body)
    if request.headers.get("HX-Request") == "true":
        return fragment(request, exception.http_status, words)
    if not request.accepts("text/html"):
        return problem(request, exception.http_status, words, field=exception.field)
    context = {"text": text, "code": exception.code, "request_id": request_id(request)}
    return render(request, "errors/portal_error.html", context, status=exception.http_status)
