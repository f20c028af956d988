"""Image builds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from deployer import overview, selectors, services
from deployer.api.answers import BuildAnswer, BuildDetailAnswer, build_detail, build_row
from registry.api.base import ApiView, answered
from registry.api.fields import NothingBody, ReasonBody
from registry.api.operations import operation
from registry.api.paging import NEWEST_FIRST, PageQuery, page_answer, page_of, shown_page
from registry.models import Scope
from registry.tasks import ring

OWNER_OR_OPERATOR = {"scopes": (Scope.SUBMIT, Scope.OPERATE)}


class BuildView(ApiView):
    """What all resources of builds have in common."""

    tag = "Builds"


class Builds(BuildView):
    """Every build."""

    @operation(
        name="list_builds", summary="List image builds, newest first.", query=PageQuery, answer=page_answer(BuildAnswer)
    )
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of builds."""
        page = page_of(overview.all_builds(), order=NEWEST_FIRST, cursor=query.get("cursor"), limit=query["limit"])
        shown = shown_page(request, page, lambda rows: [build_row(request, row) for row in rows])
        return answered(page_answer(BuildAnswer), shown)


class Build(BuildView):
    """One build."""

    @operation(name="read_build", summary="Read a build and its steps.", answer=BuildDetailAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """The build."""
        return _shown(request, pk)


class Retry(BuildView):
    """Repetition."""

    @operation(
        name="retry_build", summary="Queue a failed build once more.", **OWNER_OR_OPERATOR, body=NothingBody,
        answer=BuildDetailAnswer,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The build, queued."""
        del given
        ring(services.retry_build(build=selectors.build_by_id(pk), actor=self.account()))
        return _shown(request, pk)


class Cancel(BuildView):
    """Cancellation."""

    @operation(
        name="cancel_build", summary="Stop a build that has not ended.", **OWNER_OR_OPERATOR, body=ReasonBody,
        answer=BuildDetailAnswer,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The build, cancelled."""
        ring(services.cancel_build(build=selectors.build_by_id(pk), actor=self.account(), **given))
        return _shown(request, pk)


def _shown(request: Request, pk: int) -> Response:
    return answered(BuildDetailAnswer, build_detail(request, selectors.build_by_id(pk)))
