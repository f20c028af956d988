"""Figures of the operations page."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from deployer import overview, queues
from deployer.api.answers import BuildAnswer, RolloutAnswer, build_row, rollout_row
from registry.api.base import ApiView, answered
from registry.api.fields import CharField, DateTimeField, IntegerField
from registry.api.operations import operation

FIGURES = (
    "live", "healthy", "down", "builds_running", "builds_queued", "jobs_waiting", "jobs_running", "in_review",
)  # fmt: skip


class StandingAnswer(Serializer[Any]):
    """How many things of a kind are in a state, and since when the oldest of them is."""

    what = CharField()
    state = CharField()
    count = IntegerField()
    since = DateTimeField(allow_null=True, help_text="Of the oldest one.")


class OperationsAnswer(Serializer[Any]):
    """What is served, what is being worked on, and what needs somebody."""

    live = IntegerField()
    healthy = IntegerField()
    down = IntegerField()
    builds_running = IntegerField()
    builds_queued = IntegerField()
    jobs_waiting = IntegerField()
    jobs_running = IntegerField()
    in_review = IntegerField()
    standings = StandingAnswer(many=True)
    rollouts_down = RolloutAnswer(many=True)
    failed_rollouts = RolloutAnswer(many=True)
    failed_builds = BuildAnswer(many=True)


class Operations(ApiView):
    """The figures."""

    tag = "Operations"

    @operation(name="read_operations", summary="Read the figures and what needs attention.", answer=OperationsAnswer)
    def get(self, request: Request) -> Response:
        """The present figures; at most 20 of each cause."""
        figures, found = overview.figures(), overview.attention()
        body = {
            **{name: getattr(figures, name) for name in FIGURES},
            "standings": queues.standings(),
            "rollouts_down": [rollout_row(request, row) for row in found.down],
            "failed_rollouts": [rollout_row(request, row) for row in found.failed_rollouts],
            "failed_builds": [build_row(request, row) for row in found.failed_builds],
        }
        return answered(OperationsAnswer, body)
