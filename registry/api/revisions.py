"""What was submitted under a version's number, one submission after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors
from registry.api.addresses import absolute
from registry.api.answers import ExampleAnswer
from registry.api.base import ApiView, answered
from registry.api.fields import CharField, DateTimeField, IntegerField, ListField, URLField
from registry.api.operations import operation
from registry.api.paging import Order, PageQuery, page_answer, page_of, shown_page
from registry.errors import NotFoundError
from registry.models import Scope, VersionRevision
from registry.permissions import may_review
from registry.selectors.desk import revisions_of

NEWEST_FIRST = Order(("number",))
REVIEWING = {"scopes": (Scope.REVIEW,), "right": may_review}
COPIED = ("number", "content_digest", "submitted_at", "confirmed")
CONTENT = ("licence", "cpu_millis", "memory_bytes", "files", "examples")


class RevisionAnswer(Serializer[Any]):
    """One submission."""

    number = IntegerField()
    content_digest = CharField()
    submitted_by = CharField()
    submitted_at = DateTimeField()
    confirmed = ListField(child=CharField(), help_text="What the submitter vouched for, in English.")
    url = URLField()


class SubmittedFileAnswer(Serializer[Any]):
    """A file as it was submitted; its bytes may be gone."""

    path = CharField()
    sha256 = CharField()
    size = IntegerField(help_text="Bytes.")


class RevisionContentAnswer(RevisionAnswer):
    """One submission with its content."""

    licence = CharField(allow_blank=True)
    card = CharField(allow_blank=True, trim_whitespace=False, help_text="Markdown with a YAML head.")
    cpu_millis = IntegerField(help_text="Thousandths of a core.")
    memory_bytes = IntegerField()
    files = SubmittedFileAnswer(many=True)
    examples = ExampleAnswer(many=True)


class Revisions(ApiView):
    """The submissions of a version."""

    tag = "Reviews"

    @operation(
        name="list_revisions", summary="List what was submitted under a version's number, newest first.", **REVIEWING,
        query=PageQuery, answer=page_answer(RevisionAnswer),
    )  # fmt: skip
    def get(self, request: Request, pk: int, query: Mapping[str, Any]) -> Response:
        """A page of submissions, without their content."""
        version = selectors.version_by_id(pk=pk, user=request.user)
        page = page_of(revisions_of(version), order=NEWEST_FIRST, cursor=query.get("cursor"), limit=query["limit"])

        def shown(rows: Iterable[VersionRevision]) -> Iterable[dict[str, object]]:
            return [_row(request, revision) for revision in rows]

        return answered(page_answer(RevisionAnswer), shown_page(request, page, shown))


class OneRevision(ApiView):
    """One submission."""

    tag = "Reviews"

    @operation(
        name="read_revision", summary="Read what was submitted then: card, files, examples and resources.",
        **REVIEWING, answer=RevisionContentAnswer,
    )  # fmt: skip
    def get(self, request: Request, pk: int, number: int) -> Response:
        """The content as it was."""
        version = selectors.version_by_id(pk=pk, user=request.user)
        revision = revisions_of(version).filter(number=number).first()
        if revision is None:
            raise NotFoundError("review.no_such_base")
        content = {name: getattr(revision, name) for name in CONTENT}
        return answered(RevisionContentAnswer, {**_row(request, revision), **content, "card": revision.card_source})


def _row(request: Request, revision: VersionRevision) -> dict[str, object]:
    return {
        **{name: getattr(revision, name) for name in COPIED},
        "submitted_by": revision.submitted_by.username,
        "url": absolute(request, "api:revision", revision.version_id, revision.number),
    }
