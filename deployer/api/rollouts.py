"""Rollouts."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from deployer import overview, selectors, services
from deployer.api.answers import (
    EndpointAnswer,
    RolloutAnswer,
    RolloutDetailAnswer,
    endpoint_rows,
    rollout_detail,
    rollout_row,
)
from registry.api.base import ApiView, answered
from registry.api.fields import NothingBody, ReasonBody
from registry.api.operations import operation
from registry.api.paging import NEWEST_FIRST, PageQuery, page_answer, page_of, shown_page
from registry.models import Scope
from registry.permissions import may_operate
from registry.tasks import ring


class RolloutView(ApiView):
    """What all resources of rollouts have in common."""

    tag = "Rollouts"


class Rollouts(RolloutView):
    """Every rollout."""

    @operation(
        name="list_rollouts", summary="List rollouts, newest first.", query=PageQuery, answer=page_answer(RolloutAnswer)
    )
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of rollouts."""
        page = page_of(overview.all_rollouts(), order=NEWEST_FIRST, cursor=query.get("cursor"), limit=query["limit"])
        shown = shown_page(request, page, lambda rows: [rollout_row(request, row) for row in rows])
        return answered(page_answer(RolloutAnswer), shown)


class OneRollout(RolloutView):
    """One rollout."""

    @operation(name="read_rollout", summary="Read a rollout and its steps.", answer=RolloutDetailAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """The rollout."""
        return _shown(request, pk)


class Retry(RolloutView):
    """Repetition."""

    @operation(
        name="retry_rollout", summary="Queue a failed rollout once more.", scopes=(Scope.SUBMIT, Scope.OPERATE),
        body=NothingBody, answer=RolloutDetailAnswer,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The rollout, queued."""
        del given
        ring(services.retry_rollout(rollout=selectors.rollout_by_id(pk), actor=self.account()))
        return _shown(request, pk)


class Restore(RolloutView):
    """Rolling back."""

    @operation(
        name="restore_rollout", summary="Serve a replaced rollout's version again: a new rollout of the same image.",
        scopes=(Scope.OPERATE,), right=may_operate, body=ReasonBody, answer=EndpointAnswer,
        status=HTTPStatus.ACCEPTED,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The endpoint, which changes once the new rollout is ready."""
        to = selectors.rollout_by_id(pk)
        ring(services.roll_back(endpoint=to.endpoint, actor=self.account(), to=to, **given))
        endpoint = selectors.endpoint_by_name(to.endpoint.name)
        return answered(EndpointAnswer, endpoint_rows(request, [endpoint])[0], status=HTTPStatus.ACCEPTED)


def _shown(request: Request, pk: int) -> Response:
    return answered(RolloutDetailAnswer, rollout_detail(request, selectors.rollout_by_id(pk)))
