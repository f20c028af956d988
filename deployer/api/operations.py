"""The operations page for programs: figures against their targets, what needs somebody, deployments, capacity."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from deployer import capacity, overview, queues, traffic
from deployer.api.answers import (
    BuildAnswer,
    EndpointAnswer,
    RolloutAnswer,
    build_row,
    endpoint_rows,
    rollout_row,
)
from deployer.api.figures import FiguresAnswer, PeriodQuery, TrafficAnswer, figures_row, traffic_row
from deployer.attention import Seen, attention_rows
from deployer.deployments import SORTS, WORST_FIRST, deployment_rows, deployments_in_order
from deployer.sync import Sync, is_compared, is_swept, last_comparison
from deployer.traffic import LAST_DAY, PERIODS, WEEK
from registry.api.addresses import site_address
from registry.api.base import ApiView, answered
from registry.api.fields import BooleanField, CharField, ChoiceField, DateTimeField, FloatField, IntegerField
from registry.api.operations import operation
from registry.api.paging import PageQuery, page_answer, page_of_ids, shown_page
from registry.models import Scope
from registry.permissions import may_operate

FIGURES = (
    "endpoints", "live", "healthy", "starting", "down", "suspended", "builds_running", "builds_queued", "oldest_build",
    "jobs_waiting", "jobs_running", "oldest_job", "in_review", "oldest_review",
)  # fmt: skip
DIRECTIONS = [*SORTS, *(f"-{sort}" for sort in SORTS)]


class StandingAnswer(Serializer[Any]):
    """How many things of a kind are in a state, and since when the oldest of them is."""

    what = CharField()
    state = CharField()
    count = IntegerField()
    since = DateTimeField(allow_null=True, help_text="Of the oldest one.")


class WaitingJobsAnswer(Serializer[Any]):
    """How many jobs of a kind are in a state."""

    kind = CharField()
    state = CharField()
    count = IntegerField()
    oldest = DateTimeField(allow_null=True, help_text="When the oldest was due, began or failed.")


class AttentionAnswer(Serializer[Any]):
    """Something that somebody has to look at."""

    tone = ChoiceField(choices=["error", "warning"])
    title = CharField()
    body = CharField(allow_blank=True)
    who = CharField(allow_blank=True, help_text="Who has to act.")
    about = CharField(allow_blank=True)
    page_url = CharField(allow_null=True, help_text="Where to go on.")


class TargetsAnswer(Serializer[Any]):
    """What the figures are held against."""

    p95_ms = FloatField()
    error_percent = FloatField()
    review_hours = FloatField()


class OperationsAnswer(Serializer[Any]):
    """What is served, what is being worked on, and what needs somebody."""

    endpoints = IntegerField()
    live = IntegerField(help_text="Endpoints that answer.")
    healthy = IntegerField()
    starting = IntegerField()
    down = IntegerField()
    suspended = IntegerField(help_text="Endpoints that answer with no version.")
    builds_running = IntegerField()
    builds_queued = IntegerField()
    oldest_build = DateTimeField(allow_null=True)
    jobs_waiting = IntegerField()
    jobs_running = IntegerField()
    oldest_job = DateTimeField(allow_null=True)
    in_review = IntegerField()
    oldest_review = DateTimeField(allow_null=True)
    compared = BooleanField(help_text="Whether somebody compares wanted with actual.")
    last_compared_at = DateTimeField(allow_null=True)
    traffic = FiguresAnswer(help_text="Of the period.")
    traffic_a_week_ago = FiguresAnswer()
    targets = TargetsAnswer()
    attention = AttentionAnswer(many=True, help_text="Worst first, at most 20 of each cause.")
    standings = StandingAnswer(many=True)
    jobs = WaitingJobsAnswer(many=True, help_text="The work queue without what is done.")
    rollouts_down = RolloutAnswer(many=True)
    failed_rollouts = RolloutAnswer(many=True)
    failed_builds = BuildAnswer(many=True)


class CapacityAnswer(Serializer[Any]):
    """What live and starting versions ask for, against what there is."""

    cpu_asked = IntegerField(help_text="Thousandths of a core.")
    cpu_total = IntegerField()
    memory_asked = IntegerField(help_text="Bytes.")
    memory_total = IntegerField()
    exceeded = BooleanField()


class DiskAnswer(Serializer[Any]):
    """The disk under the data folder, in bytes."""

    free = IntegerField()
    total = IntegerField()
    reserve = IntegerField(help_text="What uploads leave free.")
    scarce = BooleanField()
    blobs = IntegerField()
    blob_bytes = IntegerField()
    images = IntegerField()
    environment_bytes = IntegerField(
        allow_null=True, help_text="Of the runtimes; null where they lie elsewhere or were not measured yet."
    )


class MachineAnswer(Serializer[Any]):
    """Processor, memory and disk."""

    capacity = CapacityAnswer()
    disk = DiskAnswer()


class DeploymentQuery(PageQuery):
    """Which deployments, and in which order."""

    q = CharField(
        required=False, max_length=100, default="", help_text="Part of the name of an endpoint, model or owner."
    )
    sort = ChoiceField(choices=DIRECTIONS, required=False, default="name", help_text="Downwards after a “-”.")
    period = ChoiceField(choices=list(PERIODS), required=False, default=LAST_DAY.name)


class DeploymentAnswer(Serializer[Any]):
    """An endpoint with its two statuses and its figures."""

    endpoint = EndpointAnswer()
    health = ChoiceField(choices=list(WORST_FIRST))
    sync = ChoiceField(choices=list(Sync), help_text="Whether it answers with the version that was approved last.")
    replicas = CharField(help_text="Ready of wanted, as in “1/1”.")
    newest_rollout = IntegerField(allow_null=True)
    changed_at = DateTimeField()
    figures = FiguresAnswer()


class Operations(ApiView):
    """The figures."""

    tag = "Operations"

    @operation(
        name="read_operations", summary="Read the figures, their targets and what needs attention.",
        description="Lines about disk and capacity are for operators.", query=PeriodQuery, answer=OperationsAnswer,
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """The present figures; at most 20 of each cause."""
        now, period, operator = time.time(), PERIODS[query["period"]], may_operate(request.user)
        figures, found, looked = overview.figures(), overview.attention(), last_comparison()
        seen = Seen(
            standing=figures,
            swept=is_swept(),
            compared=is_compared(looked),
            last_hour=traffic.by_endpoint(PERIODS["hour"], now=now),
            may_operate=operator,
            disk=capacity.disk() if operator else None,
            capacity=capacity.capacity() if operator else None,
        )
        body = {
            **{name: getattr(figures, name) for name in FIGURES},
            "compared": seen.compared,
            "last_compared_at": looked,
            "traffic": figures_row(traffic.in_all(period, now=now)),
            "traffic_a_week_ago": figures_row(traffic.in_all(period, now=now, back=WEEK)),
            "targets": settings.TARGETS,
            "attention": [_attention(request, row) for row in attention_rows(seen)],
            "standings": queues.standings(),
            "jobs": queues.waiting_jobs(),
            "rollouts_down": [rollout_row(request, row) for row in found.down],
            "failed_rollouts": [rollout_row(request, row) for row in found.failed_rollouts],
            "failed_builds": [build_row(request, row) for row in found.failed_builds],
        }
        return answered(OperationsAnswer, body)


class OperationsFigures(ApiView):
    """All requests."""

    tag = "Operations"

    @operation(
        name="read_request_figures", summary="Read the figures of all requests of a period.", query=PeriodQuery,
        answer=TrafficAnswer,
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """In all, and slot by slot."""
        del request
        return answered(TrafficAnswer, traffic_row(query["period"], now=time.time()))


class Machine(ApiView):
    """What there is to give."""

    tag = "Operations"

    @operation(
        name="read_capacity", summary="Read what is there of processor, memory and disk, and what is asked for.",
        scopes=(Scope.OPERATE,), right=may_operate, answer=MachineAnswer,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """The ledger of this machine."""
        del request
        return answered(MachineAnswer, {"capacity": capacity.capacity(), "disk": capacity.disk()})


class Deployments(ApiView):
    """The table of deployments."""

    tag = "Operations"

    @operation(
        name="list_deployments", summary="List endpoints with sync, health and figures, sorted by any of them.",
        query=DeploymentQuery, answer=page_answer(DeploymentAnswer),
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of deployments."""
        now, period = time.time(), PERIODS[query["period"]]
        figures = traffic.by_endpoint(period, now=now)
        ids = deployments_in_order(period=period, figures=figures, text=query["q"], sort=query["sort"])
        page = page_of_ids(ids, cursor=query.get("cursor"), limit=query["limit"])
        compared = is_compared(last_comparison())
        rows = deployment_rows(page.rows, period=period, figures=figures, now=now, compared=compared)

        def shown(found: Any) -> list[dict[str, object]]:
            endpoints = endpoint_rows(request, [row.endpoint for row in found])
            return [
                {
                    "endpoint": endpoint,
                    "health": row.health,
                    "sync": row.sync,
                    "replicas": row.replicas,
                    "newest_rollout": row.newest_id,
                    "changed_at": row.changed,
                    "figures": figures_row(row.figures),
                }
                for row, endpoint in zip(found, endpoints, strict=True)
            ]

        return answered(page_answer(DeploymentAnswer), shown_page(request, replace(page, rows=rows), shown))


def _attention(request: Request, row: Any) -> dict[str, object]:
    names = ("tone", "title", "body", "who", "about")
    path = row.more_url or row.about_url
    whole = site_address(request, path) if path and not path.startswith("#") else None
    return {**{name: getattr(row, name) for name in names}, "page_url": whole}
