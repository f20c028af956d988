"""Errors for whom they reach: a page for people, a fragment for htmx, problem details for programs."""

from __future__ import annotations

import logging
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import REASON_CSRF_TOKEN_MISSING, get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from portal.error_texts import ErrorText, text_of
from portal.logs import SERVING
from registry.api.problems import PREFIX as API
from registry.api.problems import ApiError, plain_answer

logger = logging.getLogger(__name__)
RETRY_SECONDS = "30"
TOO_BIG = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
LONGEST_KEPT = 20_000
UNKEPT = ("password", "token", "secret", "code", "credential", "digest")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that cannot be read, or that is larger than a form may be."""
    too_big = isinstance(exception, TOO_BIG)
    return answer(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_big else HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A right is missing."""
    del exception
    return answer(request, HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Nothing there, or nothing that this person may know of."""
    del exception
    return answer(request, HTTPStatus.NOT_FOUND)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """A rate limit was reached."""
    response = answer(request, HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = "60"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of ours, or a database that is away; its page needs nothing that may be broken."""
    import sys

    away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status = HTTPStatus.SERVICE_UNAVAILABLE if away else HTTPStatus.INTERNAL_SERVER_ERROR
    response = small_answer(request, status) or HttpResponse(
        render_to_string(f"{int(status)}.html", {"request_id": request_id(request)}), status=status
    )
    if away:
        response["Retry-After"] = RETRY_SECONDS
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token. What was typed here is shown for copying, never sent on: it may be a trap."""
    logger.info("form refused: %s", reason)
    small = small_answer(request, HTTPStatus.FORBIDDEN, text_of("csrf"))
    if small is not None:
        return small
    context = {
        "request_id": request_id(request),
        "typed": typed_in(request) if _from_here(request) else [],
        "again_url": request.path if request.method == "POST" else "",
        "cookies_off": reason == REASON_CSRF_TOKEN_MISSING or not request.COOKIES,
    }
    get_token(request)  # the page that is opened again finds its cookie
    return render(request, "403_csrf.html", context, status=HTTPStatus.FORBIDDEN)


def answer(request: HttpRequest, status: HTTPStatus, text: ErrorText | None = None) -> HttpResponse:
    """The error in the shape that the client asked for."""
    small = small_answer(request, status, text)
    if small is not None:
        return small
    context = {"status_code": int(status), "text": text or text_of(str(int(status))), "request_id": request_id(request)}
    return render(request, "errors/status.html", context, status=status)


def request_id(request: HttpRequest) -> str:
    """The reference that the log shares."""
    return str(request.META.get("request_id", ""))


def problem(request: HttpRequest, status: int, text: ErrorText, **more: object) -> JsonResponse:
    """Problem details (RFC 9457)."""
    body = {"type": "about:blank", "status": status, "title": str(text.title), "detail": str(text.body)}
    body |= {"code": text.code, "request_id": request_id(request), **more}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def fragment(request: HttpRequest, status: int, text: ErrorText) -> HttpResponse:
    """A message for the live region of the page, whatever part of it asked."""
    content = render_to_string("errors/_fragment.html", {"text": text, "request_id": request_id(request)})
    response = HttpResponse(content, status=status)
    response["HX-Retarget"], response["HX-Reswap"] = "#page-errors", "innerHTML"
    return response


def small_answer(request: HttpRequest, status: HTTPStatus, text: ErrorText | None = None) -> HttpResponse | None:
    """The error for who reads no pages: a program, or a part of a page; None for everybody else."""
    if request.path.startswith(API):
        code = "api.bad_request" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "api.server_error"
        return plain_answer(request, ApiError(code, status=status))
    text = text or text_of(str(int(status)))
    if request.path.startswith(SERVING):  # as the Open Inference Protocol has it, for callers of any origin
        return JsonResponse({"error": str(text.title)}, status=status, headers={"Access-Control-Allow-Origin": "*"})
    if request.headers.get("HX-Request") == "true":
        return fragment(request, status, text)
    if not request.accepts("text/html"):
        return problem(request, status, text)
    return None


def _from_here(request: HttpRequest) -> bool:
    """Whether a page of this portal sent the form, as far as the browser tells."""
    origin = request.headers.get("Origin") or request.headers.get("Referer", "")
    return bool(origin) and url_has_allowed_host_and_scheme(origin, allowed_hosts={request.get_host()})


def typed_in(request: HttpRequest) -> list[tuple[str, str]]:
    """(field, text) of what a person typed; nothing secret, nothing that only the page itself put there."""
    kept = []
    for name, value in request.POST.items():
        text = str(value)
        if text.strip() and not any(word in name.lower() for word in UNKEPT):
            # Most labels are their fields' names in words, and are found in the catalogues by them.
            kept.append((gettext(name.replace("_", " ").capitalize()), text[:LONGEST_KEPT]))
    return kept
