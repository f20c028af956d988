"""Hiding what was said in a review, and bringing it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from registry import services
from registry.api.base import ApiView, answered
from registry.api.desk import CommentAnswer, comment_row
from registry.api.discussion import HiddenBody
from registry.api.operations import operation
from registry.api.reviews import ReviewAnswer, review_rows
from registry.models import Review, Scope, ThreadComment
from registry.selectors.reviews import comment_by_id, review_by_id

MODERATING = {"scopes": (Scope.REVIEW, Scope.ADMINISTER), "body": HiddenBody}
TOMBSTONE = "A tombstone with the reason stands in its place. Nobody moderates what is said about their own."


class ModerationView(ApiView):
    """What both resources have in common."""

    tag = "Reviews"

    def _set(self, said: ThreadComment | Review, given: Mapping[str, Any]) -> None:
        act = services.hide_said if given["hidden"] else services.show_said
        act(said=said, actor=self.account(), reason=given["reason"])


class CommentHidden(ModerationView):
    """Whether a comment of a conversation is hidden."""

    @operation(
        name="hide_comment", summary="Hide a comment of a conversation, or bring it back.", description=TOMBSTONE,
        **MODERATING, answer=CommentAnswer,
    )  # fmt: skip
    def put(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The comment as it is afterwards."""
        self._set(comment_by_id(pk=pk, user=request.user), given)
        return answered(CommentAnswer, comment_row(comment_by_id(pk=pk, user=request.user)))


class ReviewHidden(ModerationView):
    """Whether the words of a reviewer's statement are hidden."""

    @operation(
        name="hide_review", summary="Hide the words of a reviewer's statement, or bring them back.",
        description=f"{TOMBSTONE} The decision stays.", **MODERATING, answer=ReviewAnswer,
    )  # fmt: skip
    def put(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The statement as it is afterwards."""
        self._set(review_by_id(pk=pk, user=request.user), given)
        return answered(ReviewAnswer, review_rows([review_by_id(pk=pk, user=request.user)])[0])
