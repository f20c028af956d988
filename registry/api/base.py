"""The view that every resource of the API is: who asks, how often, with what right; and how answers leave."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from registry.api.authentication import BrowserAuthentication, TokenAuthentication
from registry.api.operations import Operation, operation_of
from registry.api.parsing import StrictJsonParser
from registry.api.problems import ApiError, answer_exception, plain_answer
from registry.api.schema import ApiSchema
from registry.api.throttling import check_rates
from registry.editions import edition_of
from registry.errors import ForbiddenError, NotFoundError, UnauthenticatedError, UserError
from registry.models import Account, ApiToken, ModelVersion, RegisteredModel

EDITION = r'^(\*|"[0-9a-f]{32}")$'
_EDITION = re.compile(EDITION)


class ApiView(APIView):
    """A resource. Its methods are made by `operation`; `tag` is its chapter in the document."""

    tag: ClassVar[str] = ""
    authentication_classes = (TokenAuthentication, BrowserAuthentication)
    parser_classes = (StrictJsonParser,)
    renderer_classes = (JSONRenderer,)
    permission_classes = ()
    content_negotiation_class = DefaultContentNegotiation
    metadata_class = None
    format_kwarg = None
    schema = ApiSchema()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Everything that may refuse a request before its body is read, in the order in which clients can mend it."""
        del args, kwargs
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        promised = operation_of(self, request.method or "")
        if promised is None:
            self.http_method_not_allowed(request._request)  # noqa: SLF001  # the framework's documented access
        known = False
        try:
            self.perform_authentication(request)
            known = isinstance(request.user, Account)
        finally:
            check_rates(request, known=known)
        if promised is not None:
            _check_rights(request, promised)

    @property
    def allowed_methods(self) -> list[str]:
        """The methods that are operations; the header Allow names them."""
        return [name.upper() for name in ("get", "post", "put", "patch", "delete") if operation_of(self, name)]

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """405 with the methods that are taken."""
        del request, args, kwargs
        allowed = ", ".join(self.allowed_methods)
        raise ApiError("api.method", status=HTTPStatus.METHOD_NOT_ALLOWED, allowed=allowed)

    def get_exception_handler(self) -> Any:
        """Refusals are problems."""
        return answer_exception

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Answers belong to who asked: no cache keeps them, and they differ by token and session."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers.setdefault("Cache-Control", "no-store")
        answer.headers["Vary"] = "Accept, Accept-Language, Authorization, Cookie"
        return answer

    def account(self) -> Account:
        """Who asks; only in operations that need somebody."""
        if not isinstance(self.request.user, Account):
            raise UnauthenticatedError("api.sign_in")
        return self.request.user

    def edition_seen(self) -> str:
        """The edition in the header If-Match. 428 without one: two people, or a person and a bot, may write here."""
        header = self.request.headers.get("If-Match", "").strip()
        if not header:
            raise ApiError("api.if_match_needed", status=HTTPStatus.PRECONDITION_REQUIRED, field="If-Match")
        if not _EDITION.fullmatch(header):
            raise UserError("api.bad_edition", field="If-Match")
        return header.strip('"')


def _check_rights(request: Request, promised: Operation) -> None:
    if not promised.scopes:
        return
    if not isinstance(request.user, Account):
        if promised.visitors:
            return
        raise UnauthenticatedError("api.sign_in")
    if isinstance(request.auth, ApiToken) and not {*request.auth.scopes} & {*promised.scopes}:
        raise ForbiddenError("api.scope", scopes=", ".join(promised.scopes))
    if promised.right is not None and not promised.right(request.user):
        raise ForbiddenError(f"rights.{promised.right.__name__}")


def answered(
    kind: type[Serializer[Any]],
    data: object,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    edition: ModelVersion | RegisteredModel | None = None,
    location: str = "",
) -> Response:
    """Data through its serializer; with the ETag of an edition and the address of what was created."""
    headers = {}
    if edition is not None:
        headers["ETag"] = f'"{edition_of(edition)}"'
    if location:
        headers["Location"] = location
    return Response(kind(data).data, status=status, headers=headers)


def nothing() -> Response:
    """204."""
    return Response(status=HTTPStatus.NO_CONTENT)


@csrf_exempt
@never_cache
def unknown(request: HttpRequest) -> HttpResponse:
    """Everything else below the API's address."""
    return plain_answer(request, NotFoundError("api.unknown_address"))
