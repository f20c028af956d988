"""The review desk: what waits, and what reviewers said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors, services
from registry.api.answers import VersionAnswer, VersionDetailAnswer, version_detail, version_rows
from registry.api.base import ApiView, answered
from registry.api.fields import (
    BooleanField,
    CharField,
    ChoiceField,
    DateTimeField,
    IntegerField,
    ListField,
    StrictSerializer,
)
from registry.api.operations import operation
from registry.api.paging import Order, PageQuery, page_answer, page_of, shown_page
from registry.checklist import CHECKLIST
from registry.models import Decision, ModelVersion, Review, Scope
from registry.permissions import may_decide, may_review
from registry.services.reviewing import MOST_TARGETS
from registry.tasks import ring

LONGEST_WAITING_FIRST = Order(("submitted_at", "pk"), descending=False)
DIGEST = r"^sha256:[0-9a-f]{64}\Z"


class WaitingAnswer(Serializer[Any]):
    """A version that waits for a decision."""

    version = VersionAnswer()
    warnings = IntegerField(help_text="Checks of the present content that warn.")
    may_decide = BooleanField(help_text="False for your own: nobody decides on those.")


class ReviewAnswer(Serializer[Any]):
    """One statement of one reviewer, about exactly these digests."""

    id = IntegerField()
    reviewer = CharField()
    decision = ChoiceField(choices=Decision.choices)
    comment = CharField(allow_blank=True)
    checklist = ListField(child=CharField())
    targets = ListField(child=CharField())
    content_digest = CharField(allow_blank=True)
    image_digest = CharField(allow_blank=True)
    created_at = DateTimeField()


class ReviewBody(StrictSerializer):
    """What you say, and the digests that you looked at: they are what you decide on."""

    decision = ChoiceField(choices=Decision.choices)
    comment = CharField(
        max_length=20_000,
        required=False,
        allow_blank=True,
        default="",
        help_text="Markdown; needed unless you approve.",
    )
    checklist = ListField(
        child=ChoiceField(choices=list(CHECKLIST)),
        required=False,
        default=list,
        max_length=len(CHECKLIST),
        help_text="What you looked at; an approval needs every item.",
    )
    targets = ListField(
        child=CharField(max_length=300),
        required=False,
        default=list,
        max_length=MOST_TARGETS,
        help_text="Places of the draft that have to change, as in “card”; for a request of changes.",
    )
    content_digest = CharField(max_length=71, help_text="As the version gave it when you looked.")
    image_digest = CharField(max_length=71, help_text="As the version gave it when you looked.")


class ReviewQueue(ApiView):
    """What waits for a decision."""

    tag = "Reviews"

    @operation(
        name="list_waiting_versions", summary="List what waits for a decision, the longest waiting first.",
        scopes=(Scope.REVIEW,), right=may_review, query=PageQuery, answer=page_answer(WaitingAnswer),
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of the queue."""

        def shown(versions: Iterable[ModelVersion]) -> Iterable[dict[str, object]]:
            rows = list(versions)
            for version, row in zip(rows, version_rows(request, rows), strict=True):
                warnings = getattr(version, "warnings")  # noqa: B009  # annotated by the selector
                yield {"version": row, "warnings": warnings, "may_decide": may_decide(request.user, version)}

        page = page_of(
            selectors.review_queue(), order=LONGEST_WAITING_FIRST, cursor=query.get("cursor"), limit=query["limit"]
        )
        return answered(page_answer(WaitingAnswer), shown_page(request, page, shown))


class Reviews(ApiView):
    """The statements about one version."""

    tag = "Reviews"

    @operation(
        name="list_reviews", summary="List what reviewers said about a version, newest first.", query=PageQuery,
        answer=page_answer(ReviewAnswer),
    )  # fmt: skip
    def get(self, request: Request, pk: int, query: Mapping[str, Any]) -> Response:
        """A page of statements."""
        version = selectors.version_by_id(pk=pk, user=request.user)
        found = version.reviews.select_related("reviewer")
        page = page_of(found, order=Order(("pk",)), cursor=query.get("cursor"), limit=query["limit"])
        return answered(page_answer(ReviewAnswer), shown_page(request, page, review_rows))

    @operation(
        name="state_review", summary="Comment, request changes, approve or reject.",
        description="409 if the version is no longer what the digests name, or somebody else decided first.",
        scopes=(Scope.REVIEW,), right=may_review, body=ReviewBody, answer=VersionDetailAnswer,
        status=HTTPStatus.CREATED,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The version as it stands afterwards."""
        version = selectors.version_by_id(pk=pk, user=request.user)
        ring(services.state_review(version=version, reviewer=self.account(), **given))
        version = selectors.version_by_id(pk=pk, user=request.user)
        return answered(
            VersionDetailAnswer, version_detail(request, version), status=HTTPStatus.CREATED, edition=version
        )


def review_rows(reviews: Iterable[Review]) -> list[dict[str, object]]:
    """Statements with their reviewers' names."""
    return [
        {
            "id": review.pk,
            "reviewer": review.reviewer.username,
            "decision": review.decision,
            "comment": review.comment,
            "checklist": review.checklist,
            "targets": review.targets,
            "content_digest": review.content_digest,
            "image_digest": review.image_digest,
            "created_at": review.created_at,
        }
        for review in reviews
    ]
