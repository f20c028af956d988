"""The OpenAPI document, written from the operations' promises."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from registry.api import problems
from registry.api.operations import Operation, operation_of

EDITION_NOTE = "Needs the header If-Match with the ETag that was read, or “*”."
KEY_NOTE = "A word of your own, a UUID for example: the same request under the same key is done once."
_S = HTTPStatus


class ApiSchema(AutoSchema):
    """Reads an `Operation` where drf-spectacular would guess."""

    @property
    def promised(self) -> Operation:
        """The promises of the operation that is being described."""
        found = operation_of(self.view, self.method)
        if found is None:
            raise LookupError(f"{self.method} {self.path} is no operation")
        return found

    def is_excluded(self) -> bool:
        """Methods that are none of ours, such as OPTIONS."""
        return operation_of(self.view, self.method) is None

    def get_operation_id(self) -> str:
        """The name of the function in a generated client."""
        return self.promised.name

    def get_summary(self) -> str:
        """One line."""
        return self.promised.summary

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """The summary, the scopes, and what else there is to know."""
        notes = [self.promised.description]
        if self.promised.scopes:
            notes.append(f"Scopes: {' or '.join(f'`{scope}`' for scope in self.promised.scopes)}.")
        if self.promised.needs_edition:
            notes.append(EDITION_NOTE)
        return " ".join(filter(None, notes))

    def get_tags(self) -> list[str]:
        """The resource's chapter."""
        return [getattr(self.view, "tag", "")]

    def get_auth(self) -> list[dict[str, list[str]]]:
        """A token; nothing where everybody may read."""
        auth: list[dict[str, list[str]]] = super().get_auth()
        return [*auth, {}] if self.promised.is_public else auth

    def get_override_parameters(self) -> list[Any]:
        """Query and headers."""
        found: list[Any] = [self.promised.query] if self.promised.query else []
        if self.promised.needs_edition:
            found.append(_header("If-Match", EDITION_NOTE, pattern=r'^(\*|"[0-9a-f]{32}")$'))
        if self.method == "POST":
            found.append(_header("Idempotency-Key", KEY_NOTE, pattern=r"^[!-~]{1,128}$"))
        return found

    def get_request_serializer(self) -> Any:
        """The body."""
        return self.promised.body

    def get_response_serializers(self) -> Any:
        """The answer and every refusal."""
        good: Any = self.promised.answer
        if self.promised.media_type:
            kind = OpenApiTypes.STR if self.promised.media_type.startswith("text/") else OpenApiTypes.BINARY
            answers: dict[Any, Any] = {(_S.OK.value, self.promised.media_type): kind}
        else:
            answers = {self.promised.status.value: good or OpenApiResponse(description="Done; there is no body.")}
        for status in sorted(self._refusals()):
            refusal = OpenApiResponse(problems.ProblemAnswer, description=status.phrase)
            answers[status.value, problems.MEDIA_TYPE] = refusal
        return answers

    def _refusals(self) -> set[HTTPStatus]:
        promised, writes = self.promised, self.method != "GET"
        found = {_S.BAD_REQUEST, _S.UNAUTHORIZED, _S.NOT_ACCEPTABLE, _S.TOO_MANY_REQUESTS, *promised.errors}
        if promised.scopes:
            found.add(_S.FORBIDDEN)
        if "{" in self.path:
            found.add(_S.NOT_FOUND)
        if writes:
            found |= {_S.CONFLICT, _S.SERVICE_UNAVAILABLE}
        if promised.body:
            found |= {_S.REQUEST_ENTITY_TOO_LARGE, _S.UNSUPPORTED_MEDIA_TYPE}
        if self.method == "POST":
            found.add(_S.UNPROCESSABLE_ENTITY)
        if promised.needs_edition:
            found |= {_S.PRECONDITION_FAILED, _S.PRECONDITION_REQUIRED}
        return found


def _header(name: str, text: str, *, pattern: str) -> OpenApiParameter:
    schema = {"type": "string", "pattern": pattern}
    return OpenApiParameter(name, schema, OpenApiParameter.HEADER, required=False, description=text)


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The whole document; made once per process, in English, since it is read by programs."""
    with translation.override("en"):
        made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # untyped library
    for name, schema in made["components"]["schemas"].items():
        if name.endswith("BodyRequest"):
            schema["additionalProperties"] = False
    return made
