"""How a review stands: who said what last, what is missing, and what changed since an earlier submission."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors
from registry.api.base import ApiView, answered
from registry.api.comparing import DifferenceAnswer, FileChangeAnswer, difference_row
from registry.api.fields import CharField, ChoiceField, DateTimeField, IntegerField, StrictSerializer
from registry.api.operations import operation
from registry.errors import ConflictError, NotFoundError
from registry.models import ModelVersion, Scope, VersionState
from registry.permissions import may_review
from registry.selectors import desk
from registry.selectors.desk import Obstacle, Standing
from registry.selectors.threads import open_thread_count

REVIEWING = {"scopes": (Scope.REVIEW,), "right": may_review}


class StandingRowAnswer(Serializer[Any]):
    """A reviewer's last word."""

    reviewer = CharField()
    standing = ChoiceField(choices=list(Standing))
    at = DateTimeField(help_text="When it was said; for who is looking, until when.")


class BaseAnswer(Serializer[Any]):
    """Something to compare the present content with."""

    key = CharField(help_text="What “since” takes.")
    number = IntegerField(help_text="Of the revision, or of the version in use.")


class ReviewStandingAnswer(Serializer[Any]):
    """How the review of a version stands."""

    approvals = IntegerField(help_text="Of exactly the present content.")
    approvals_needed = IntegerField()
    obstacle = CharField(
        allow_null=True,
        help_text=f"What keeps you from approving: {', '.join(Obstacle)}; null: nothing.",
    )
    open_threads = IntegerField()
    replaces = IntegerField(allow_null=True, help_text="The number of the version in use.")
    reviewers = StandingRowAnswer(many=True)
    bases = BaseAnswer(many=True, help_text="Earlier submissions, newest first, then the version in use.")


class SinceQuery(StrictSerializer):
    """What to compare with."""

    since = CharField(
        required=False, max_length=40, help_text="A base's key; else the last that you spoke about, or the usual one."
    )


class ChangesAnswer(DifferenceAnswer):
    """What differs from a base; null or an empty list where nothing does."""

    base = BaseAnswer(allow_null=True, help_text="Null: there is nothing to compare with.")
    files = FileChangeAnswer(many=True)


class StandingView(ApiView):
    """What both resources have in common."""

    tag = "Reviews"

    def _submitted(self, request: Request, pk: int) -> tuple[ModelVersion, ModelVersion | None]:
        version = selectors.version_by_id(pk=pk, user=request.user)
        if version.state == VersionState.DRAFT:
            raise ConflictError("review.not_in_review", state=version.state)
        return version, selectors.version_in_use(version.registered_model, before=version)


class ReviewStanding(StandingView):
    """How the review stands."""

    @operation(
        name="read_review_standing", summary="Read how the review of a version stands.", **REVIEWING,
        answer=ReviewStandingAnswer, errors=(HTTPStatus.CONFLICT,),
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> Response:
        """Approvals, reviewers and what is missing; 409 for a draft."""
        version, in_use = self._submitted(request, pk)
        approvals, needed = desk.approvals_of(version)
        body = {
            "approvals": approvals,
            "approvals_needed": needed,
            "obstacle": desk.approval_obstacle(version, user=request.user),
            "open_threads": open_thread_count(version),
            "replaces": in_use.number if in_use is not None else None,
            "reviewers": [
                {"reviewer": row.account.username, "standing": row.standing, "at": row.at}
                for row in desk.reviewers_of(version, claim=desk.claim_of(version))
            ],
            "bases": [{"key": key, "number": number} for key, number in desk.base_keys(version, in_use=in_use)],
        }
        return answered(ReviewStandingAnswer, body)


class Changes(StandingView):
    """What changed."""

    @operation(
        name="read_changes", summary="Read what changed since an earlier submission or the version in use.",
        **REVIEWING, query=SinceQuery, answer=ChangesAnswer, errors=(HTTPStatus.CONFLICT,),
    )  # fmt: skip
    def get(self, request: Request, pk: int, query: Mapping[str, Any]) -> Response:
        """The differences; 404 for a base that is not there."""
        version, in_use = self._submitted(request, pk)
        keys = desk.base_keys(version, in_use=in_use)
        key = query.get("since") or desk.usual_base(version, user=request.user, keys=keys)
        base = desk.base_named(version, key=key, in_use=in_use) if key else None
        if base is None and "since" in query:
            raise NotFoundError("review.no_such_base")
        if base is None:
            empty: dict[str, object] = {"card": [], "files": [], "examples": []}
            nothing = dict.fromkeys(("base", "licence", "cpu_millis", "memory_bytes"))
            return answered(ChangesAnswer, nothing | empty)
        found = desk.changes_since(version, base)
        body = {"base": {"key": base.key, "number": base.number}, **difference_row(found), "files": found.files}
        return answered(ChangesAnswer, body)
