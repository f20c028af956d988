"""Image builds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from deployer import overview, selectors, services
from deployer.api.answers import BuildAnswer, BuildDetailAnswer, build_detail, build_row
from deployer.api.work import OWNER_OR_OPERATOR, Work
from deployer.models import ImageBuildState
from deployer.outputs import raw_log_answer
from deployer.presentation import log_rows
from deployer.selectors import UNFINISHED_BUILDS
from registry.api.base import ApiView, answered
from registry.api.fields import (
    BooleanField,
    CharField,
    ChoiceField,
    DateTimeField,
    IntegerField,
    NothingBody,
    ReasonBody,
    StrictSerializer,
)
from registry.api.operations import operation
from registry.api.paging import PageQuery, page_answer
from registry.tasks import ring

WORK = Work(
    by_id=selectors.build_by_id, answer=BuildAnswer, detail=BuildDetailAnswer, row=build_row, whole=build_detail
)
MOST_LINES = 1000


class BuildQuery(PageQuery):
    """Which builds."""

    state = ChoiceField(choices=ImageBuildState.choices, required=False)
    version = IntegerField(required=False, min_value=1, max_value=2**63 - 1, help_text="The id of a version.")


class LogQuery(StrictSerializer):
    """Where in a log to go on."""

    after = IntegerField(
        required=False, min_value=0, max_value=2**31 - 1, default=0, help_text="The “after” of the lines read last."
    )
    limit = IntegerField(required=False, min_value=1, max_value=MOST_LINES, default=MOST_LINES)


class LogLineAnswer(Serializer[Any]):
    """One line."""

    number = IntegerField()
    at = DateTimeField()
    text = CharField()


class LogAnswer(Serializer[Any]):
    """The lines that follow."""

    lines = LogLineAnswer(many=True)
    after = IntegerField(help_text="Ask for what comes after this.")
    running = BooleanField(help_text="Whether more will come: ask again after a second or two.")


class BuildView(ApiView):
    """What all resources of builds have in common."""

    tag = "Builds"


class Builds(BuildView):
    """Every build."""

    @operation(
        name="list_builds", summary="List image builds, newest first.", query=BuildQuery,
        answer=page_answer(BuildAnswer),
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of builds."""
        wanted = {name: query[name] for name in ("state", "version") if name in query}
        return WORK.listed(request, overview.all_builds().filter(**wanted), query)


class Build(BuildView):
    """One build."""

    @operation(name="read_build", summary="Read a build and its steps.", answer=BuildDetailAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """The build."""
        return WORK.shown(request, pk)


class Log(BuildView):
    """What a build wrote down."""

    @operation(name="read_build_log", summary="Read a build's log, or follow it.", query=LogQuery, answer=LogAnswer)
    def get(self, request: Request, pk: int, query: Mapping[str, Any]) -> Response:
        """The lines after the number that was read last."""
        del request
        build, after, limit = selectors.build_by_id(pk), query["after"], query["limit"]
        # The state was read before the lines: once it says that the build is over, no line is missed.
        rows = log_rows(selectors.log_of(build, after=after)[: limit + 1])
        more, rows = len(rows) > limit, rows[:limit]
        body = {
            "lines": rows,
            "after": rows[-1].number if rows else after,
            "running": more or build.state in UNFINISHED_BUILDS,
        }
        return answered(LogAnswer, body)


class RawLog(BuildView):
    """What a build wrote down, as plain text."""

    @operation(
        name="download_build_log", summary="Download a build's whole log as plain text, in English.",
        media_type="text/plain",
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> Any:
        """A line for each line, with its moment in UTC."""
        del request
        return raw_log_answer(selectors.build_by_id(pk))


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
        return WORK.shown(request, pk)


class Cancel(BuildView):
    """Cancellation."""

    @operation(
        name="cancel_build", summary="Stop a build that has not ended.", **OWNER_OR_OPERATOR, body=ReasonBody,
        answer=BuildDetailAnswer,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The build, cancelled."""
        ring(services.cancel_build(build=selectors.build_by_id(pk), actor=self.account(), **given))
        return WORK.shown(request, pk)
