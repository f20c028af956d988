"""Every refusal as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry.api.addresses import absolute
from registry.api.fields import CharField, IntegerField
from registry.errors import PortalError
from registry.messages import message
from registry.tokens import CHALLENGE

MEDIA_TYPE = "application/problem+json"
PREFIX = "/api/"
RETRY_SECONDS = 5
_REPEATABLE = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE})


_FOREIGN: tuple[tuple[tuple[type[Exception], ...], HTTPStatus, str], ...] = (
    ((Http404,), HTTPStatus.NOT_FOUND, "api.unknown_address"),
    # The only thing that the framework forbids by itself is a change without a CSRF token.
    ((PermissionDenied, exceptions.PermissionDenied), HTTPStatus.FORBIDDEN, "api.csrf"),
    ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), HTTPStatus.UNAUTHORIZED, "api.sign_in"),
    ((exceptions.NotAcceptable,), HTTPStatus.NOT_ACCEPTABLE, "api.not_acceptable"),
    ((exceptions.UnsupportedMediaType,), HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "api.media_type"),
    ((exceptions.ValidationError,), HTTPStatus.BAD_REQUEST, "api.invalid"),
    ((exceptions.APIException, SuspiciousOperation), HTTPStatus.BAD_REQUEST, "api.bad_request"),
)


class FieldProblemAnswer(Serializer[Any]):
    """One value that cannot be used."""

    field = CharField(help_text="Where it stands, as in “examples.0.title”.")
    code = CharField()
    detail = CharField()


class ProblemAnswer(Serializer[Any]):
    """Why a request was refused (RFC 9457)."""

    type = CharField(help_text="An address that explains the problem; programs compare “code”.")
    title = CharField()
    status = IntegerField()
    detail = CharField(help_text="What to do about it.")
    code = CharField(help_text="The problem's name for programs; it does not change with the language.")
    field = CharField(allow_null=True, help_text="The field at fault, where there is one.")
    errors = FieldProblemAnswer(  # type: ignore[assignment]  # a field, which the framework takes off the class
        many=True, help_text="Each value that cannot be used."
    )
    advice = CharField(help_text="A command that mends it, where there is one.", allow_blank=True)
    request_id = CharField(help_text="What an operator finds the request by.")


class ApiError(PortalError):
    """A refusal that only this door knows, with the status of its own."""

    def __init__(self, code: str, *, status: int, field: str | None = None, **params: object) -> None:
        super().__init__(code, field=field, **params)
        self.http_status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """One value that cannot be used: where it stands, the rule's name and what is wrong."""

    field: str
    code: str
    detail: str


def problem_of(request: HttpRequest, error: PortalError, *, errors: tuple[FieldProblem, ...] = ()) -> dict[str, object]:
    """The body that tells of an error."""
    text = message(error.code, error.params)
    return {
        "type": f"{absolute(request, 'api:problems')}#{anchor_of(error.code)}",
        "title": str(text.title),
        "status": int(error.http_status),
        "detail": str(text.body),
        "code": error.code,
        "field": error.field,
        "errors": [{"field": e.field, "code": e.code, "detail": e.detail} for e in errors],
        "advice": str(error.params.get("advice") or ""),
        "request_id": str(request.META.get("request_id", "")),
    }


def anchor_of(code: str) -> str:
    """Where the list of problems explains the code."""
    return code.replace(".", "-")


def headers_of(error: PortalError) -> dict[str, str]:
    """What a refusal says in its header."""
    headers = {}
    if error.http_status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = CHALLENGE
    if "seconds" in error.params:
        headers["Retry-After"] = str(error.params["seconds"])
    elif error.http_status in _REPEATABLE:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if "allowed" in error.params:
        headers["Allow"] = str(error.params["allowed"])
    return headers


def plain_answer(request: HttpRequest, error: PortalError) -> JsonResponse:
    """A refusal outside the framework: an unknown address, or a fault of ours."""
    return JsonResponse(
        problem_of(request, error), status=error.http_status, content_type=MEDIA_TYPE, headers=headers_of(error)
    )


def answer_exception(exception: Exception, context: Mapping[str, Any]) -> Response | None:
    """The framework's hook: an answer for every expected exception; None leaves a fault to Django, which logs it."""
    error = as_portal_error(exception)
    if error is None:
        return None
    errors = tuple(_field_problems(exception.detail)) if isinstance(exception, exceptions.ValidationError) else ()
    request = context["request"]._request  # noqa: SLF001  # the framework's documented access to Django's request
    body = problem_of(request, error, errors=errors)
    if errors and body["field"] is None:
        body["field"] = errors[0].field
    return Response(body, status=error.http_status, headers=headers_of(error), content_type=MEDIA_TYPE)


def as_portal_error(exception: Exception) -> PortalError | None:
    """An exception of ours, Django's or the framework's as one of ours; None for a fault."""
    if isinstance(exception, PortalError):
        return exception
    if isinstance(exception, exceptions.Throttled):
        seconds = max(1, round(getattr(exception, "wait", None) or 1))
        return ApiError("api.throttled", status=HTTPStatus.TOO_MANY_REQUESTS, seconds=seconds)
    for kinds, status, code in _FOREIGN:
        if isinstance(exception, kinds):
            return ApiError(code, status=status)
    return None


def _field_problems(detail: Any, where: str = "") -> Iterator[FieldProblem]:
    """The framework's nested errors, flat."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            place = where if key == "non_field_errors" else f"{where}.{key}" if where else str(key)
            yield from _field_problems(inner, place)
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from _field_problems(inner, f"{where}.{number}" if nested and where else where)
    elif detail:
        yield FieldProblem(field=where, code=str(getattr(detail, "code", "invalid")), detail=str(detail))


__all__ = [
    "MEDIA_TYPE",
    "ApiError",
    "ProblemAnswer",
    "answer_exception",
    "plain_answer",
    "problem_of",
]
