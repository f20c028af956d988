"""What an operation of the API promises, said once: the check at the door and the document both read it here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry.api.fields import BooleanField, IntegerField, StrictSerializer
from registry.api.idempotency import Repetition, once
from registry.models import Scope
from registry.permissions import User

_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
Serializing = type[Serializer[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address.

    `scopes`: a token needs one of them; empty for what everybody may read. `visitors`: whoever comes without a token
    may use it too. `right` is asked of the account as well.
    `media_type` is that of an answer that is no JSON. `errors` are statuses beyond those that follow from the rest.
    `repetition` must be another where a POST speaks to an outside system, waits, or refuses after a change.
    """

    name: str
    summary: str
    description: str = ""
    scopes: tuple[Scope, ...] = ()
    visitors: bool = False
    right: Callable[[User], bool] | None = None
    query: type[StrictSerializer] | None = None
    body: type[StrictSerializer] | None = None
    answer: Serializing | None = None
    status: HTTPStatus = HTTPStatus.OK
    needs_edition: bool = False
    gives_edition: bool = False
    media_type: str = ""
    errors: tuple[HTTPStatus, ...] = field(default=())
    repetition: Repetition = Repetition.TOGETHER

    @property
    def is_public(self) -> bool:
        """Whether visitors may use it."""
        return self.visitors or not self.scopes


Handler = Callable[..., Response]


def operation(**promises: Any) -> Callable[[Handler], Handler]:
    """Make a method an operation: query and body arrive validated, as `query` and `given`."""
    promised = Operation(**promises)

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def checked(view: Any, request: Request, **kwargs: Any) -> Response:
            if promised.query is not None:
                kwargs["query"] = _validated(promised.query, _query_of(request, promised.query))
            if promised.body is not None:
                kwargs["given"] = _validated(promised.body, _body_of(request))
            if request.method == "POST":
                return once(request, lambda: handler(view, request, **kwargs), repetition=promised.repetition)
            return handler(view, request, **kwargs)

        checked.operation = promised  # type: ignore[attr-defined]  # read by the view's checks and by the document
        return checked

    return decorate


def operation_of(view: object, method: str) -> Operation | None:
    """The promises of a view's method; None where it does not take the method."""
    handler = getattr(view, "get" if method == "HEAD" else method.lower(), None)
    found = getattr(handler, "operation", None)
    return found if isinstance(found, Operation) else None


def _validated(kind: type[StrictSerializer], data: object) -> Mapping[str, Any]:
    serializer = kind(data=data)
    serializer.is_valid(raise_exception=True)
    found: Mapping[str, Any] = serializer.validated_data
    return found


def _body_of(request: Request) -> object:
    """The parsed body; no body counts as an empty object, but `null` is none."""
    data: object = request.data
    return {} if data == "" else data


def _query_of(request: Request, kind: type[StrictSerializer]) -> dict[str, object]:
    """The address's fields, with the JSON types that their serializer expects."""
    fields = kind().fields
    return {name: _typed(str(value), fields.get(name)) for name, value in request.query_params.items()}


def _typed(value: str, field: object) -> object:
    if isinstance(field, BooleanField) and value in {"true", "false"}:
        return value == "true"
    if isinstance(field, IntegerField) and _NUMBER.fullmatch(value):
        return int(value)
    return value
