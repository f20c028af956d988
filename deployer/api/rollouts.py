"""Rollouts."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from deployer import overview, selectors, services
from deployer.api.answers import (
    EndpointAnswer,
    RolloutAnswer,
    RolloutDetailAnswer,
    endpoint_rows,
    rollout_detail,
    rollout_row,
)
from deployer.api.work import OWNER_OR_OPERATOR, Work
from deployer.errors import ForbiddenError
from deployer.models import RolloutState
from deployer.outputs import replica_output
from registry.api.base import ApiView, answered
from registry.api.fields import CharField, ChoiceField, IntegerField, NothingBody, ReasonBody
from registry.api.operations import operation
from registry.api.paging import PageQuery, page_answer
from registry.models import Scope
from registry.permissions import may_operate, may_retry
from registry.tasks import ring

WORK = Work(
    by_id=selectors.rollout_by_id, answer=RolloutAnswer, detail=RolloutDetailAnswer, row=rollout_row,
    whole=rollout_detail,
)  # fmt: skip


class RolloutQuery(PageQuery):
    """Which rollouts."""

    state = ChoiceField(choices=RolloutState.choices, required=False)
    version = IntegerField(required=False, min_value=1, max_value=2**63 - 1, help_text="The id of a version.")
    endpoint = CharField(required=False, max_length=80, help_text="Only of the endpoint of this name.")


class OutputAnswer(Serializer[Any]):
    """The end of what a replica wrote."""

    text = CharField(allow_blank=True, trim_whitespace=False)


class RolloutView(ApiView):
    """What all resources of rollouts have in common."""

    tag = "Rollouts"


class Rollouts(RolloutView):
    """Every rollout."""

    @operation(
        name="list_rollouts", summary="List rollouts, newest first.", query=RolloutQuery,
        answer=page_answer(RolloutAnswer),
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of rollouts."""
        columns = {"state": "state", "version": "version", "endpoint": "endpoint__name"}
        wanted = {column: query[name] for name, column in columns.items() if name in query}
        return WORK.listed(request, overview.all_rollouts().filter(**wanted), query)


class OneRollout(RolloutView):
    """One rollout."""

    @operation(name="read_rollout", summary="Read a rollout and its steps.", answer=RolloutDetailAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """The rollout."""
        return WORK.shown(request, pk)


class Output(RolloutView):
    """What the replica writes."""

    @operation(
        name="read_rollout_output", summary="Read the end of the replica's output; for its owner and for operators.",
        **OWNER_OR_OPERATOR, answer=OutputAnswer,
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> Response:
        """The text, and what was kept of it once the replica is gone."""
        rollout = selectors.rollout_by_id(pk)
        if not may_retry(request.user, rollout.version):
            raise ForbiddenError("rights.may_operate")
        return answered(OutputAnswer, {"text": replica_output(rollout)})


class Retry(RolloutView):
    """Repetition."""

    @operation(
        name="retry_rollout", summary="Queue a failed rollout once more.", **OWNER_OR_OPERATOR,
        body=NothingBody, answer=RolloutDetailAnswer,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The rollout, queued."""
        del given
        ring(services.retry_rollout(rollout=selectors.rollout_by_id(pk), actor=self.account()))
        return WORK.shown(request, pk)


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
