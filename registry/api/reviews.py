"""The review desk: what waits, and what reviewers said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors, services
from registry.api.answers import (
    NamedVersionAnswer,
    VersionAnswer,
    VersionDetailAnswer,
    version_detail,
    version_ref,
    version_rows,
)
from registry.api.base import ApiView, answered
from registry.api.fields import (
    BooleanField,
    CharField,
    ChoiceField,
    DateTimeField,
    FloatField,
    IntegerField,
    ListField,
    StrictSerializer,
)
from registry.api.idempotency import Repetition
from registry.api.operations import operation
from registry.api.paging import NEWEST_FIRST, Order, PageQuery, page_answer, page_of, shown_page
from registry.checklist import CHECKLIST
from registry.models import Decision, ModelVersion, Review, Scope
from registry.permissions import may_review
from registry.selectors.queue import Risk, Show, past_reviews, queue, queue_rows
from registry.services.reviewing import MOST_TARGETS
from registry.tasks import ring

COUNTED = ("risks", "passed", "warnings", "failed", "approvals", "may_decide")
LONGEST_WAITING_FIRST = Order(("submitted_at", "pk"), descending=False)


class WaitingAnswer(Serializer[Any]):
    """A version that waits for a decision."""

    version = VersionAnswer()
    replaces = IntegerField(
        allow_null=True, help_text="The number of the version in use, which this one would replace."
    )
    claimed_by = CharField(allow_null=True, help_text="Who is looking at it.")
    risks = ListField(child=ChoiceField(choices=list(Risk)), help_text="What deserves a second look.")
    passed = IntegerField(help_text="Checks of the present content that passed.")
    warnings = IntegerField(help_text="Checks that warn.")
    failed = IntegerField(help_text="Checks that failed.")
    approvals = IntegerField(help_text="Of exactly the present content.")
    may_decide = BooleanField(help_text="False for your own: nobody decides on those.")


class QueueQuery(PageQuery):
    """Which part of the queue."""

    show = ChoiceField(
        choices=list(Show), required=False, default=Show.ALL,
        help_text="“mine”: claimed by you; “unclaimed”: by nobody and not your own; “warnings”: with warnings.",
    )  # fmt: skip


class PastQuery(PageQuery):
    """Whose statements."""

    mine = BooleanField(required=False, default=False, help_text="True: only your own.")


class StatisticsAnswer(Serializer[Any]):
    """What waits, and how long things usually take: medians in seconds, null while there is too little to tell."""

    waiting = IntegerField(help_text="Versions that wait for a decision.")
    checks_seconds = FloatField(allow_null=True)
    trial_run_seconds = FloatField(allow_null=True)
    first_review_seconds = FloatField(allow_null=True, help_text="To the first word of a reviewer.")
    going_live_seconds = FloatField(allow_null=True, help_text="From the approval to production.")


class ReviewAnswer(Serializer[Any]):
    """One statement of one reviewer, about exactly these digests."""

    id = IntegerField()
    reviewer = CharField()
    decision = ChoiceField(choices=Decision.choices)
    comment = CharField(allow_blank=True, help_text="Markdown; empty while it is hidden.")
    checklist = ListField(child=CharField())
    targets = ListField(child=CharField())
    content_digest = CharField(allow_blank=True)
    image_digest = CharField(allow_blank=True)
    created_at = DateTimeField()
    hidden = BooleanField(help_text="Whether its words are hidden; the decision stays.")
    hidden_reason = CharField(allow_blank=True)


class PastReviewAnswer(ReviewAnswer):
    """A statement, and the version that it is about."""

    version = NamedVersionAnswer()


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
        scopes=(Scope.REVIEW,), right=may_review, query=QueueQuery, answer=page_answer(WaitingAnswer),
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of the queue."""

        def shown(versions: Iterable[ModelVersion]) -> Iterable[dict[str, object]]:
            rows = list(versions)
            found = queue_rows(rows, user=request.user)
            for row, shown_version in zip(found, version_rows(request, rows), strict=True):
                yield {
                    **{name: getattr(row, name) for name in COUNTED},
                    "version": shown_version,
                    "replaces": row.in_use.number if row.in_use else None,
                    "claimed_by": row.claim.reviewer.username if row.claim else None,
                }

        waiting = queue(show=query["show"], user=request.user)
        page = page_of(waiting, order=LONGEST_WAITING_FIRST, cursor=query.get("cursor"), limit=query["limit"])
        return answered(page_answer(WaitingAnswer), shown_page(request, page, shown))


class PastReviews(ApiView):
    """What was said and decided."""

    tag = "Reviews"

    @operation(
        name="list_past_reviews", summary="List what reviewers said about all versions, newest first.",
        scopes=(Scope.REVIEW,), right=may_review, query=PastQuery, answer=page_answer(PastReviewAnswer),
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of statements."""

        def shown(rows: Iterable[Review]) -> Iterable[dict[str, object]]:
            reviews = list(rows)
            for review, row in zip(reviews, review_rows(reviews), strict=True):
                yield {**row, "version": version_ref(request, review.version)}

        found = past_reviews(by=request.user if query["mine"] else None)
        page = page_of(found, order=NEWEST_FIRST, cursor=query.get("cursor"), limit=query["limit"])
        return answered(page_answer(PastReviewAnswer), shown_page(request, page, shown))


class Statistics(ApiView):
    """How long reviewing takes."""

    tag = "Reviews"

    @operation(
        name="read_review_statistics", summary="Read how many versions wait, and how long each step usually takes.",
        description="The place of one version in the queue is a field of the version.", answer=StatisticsAnswer,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """The medians."""
        del request
        usual = selectors.usual_times()
        body = {"waiting": selectors.open_review_count()} | {
            f"{name}_seconds": None if (span := getattr(usual, name)) is None else span.total_seconds()
            for name in ("checks", "trial_run", "first_review", "going_live")
        }
        return answered(StatisticsAnswer, body)


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
        status=HTTPStatus.CREATED, repetition=Repetition.APART,
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
            "comment": "" if review.is_hidden else review.comment,
            "checklist": review.checklist,
            "targets": review.targets,
            "content_digest": review.content_digest,
            "image_digest": review.image_digest,
            "created_at": review.created_at,
            "hidden": review.is_hidden,
            "hidden_reason": review.hidden_reason,
        }
        for review in reviews
    ]
