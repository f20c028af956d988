"""Request figures as the API shows them: all requests, those of one endpoint, slot by slot, version by version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rest_framework.serializers import Serializer

from deployer import traffic
from deployer.models import Endpoint
from deployer.traffic import PERIODS, Figures
from registry.api.fields import ChoiceField, DateTimeField, FloatField, IntegerField, StrictSerializer


class PeriodQuery(StrictSerializer):
    """A stretch of time up to now."""

    period = ChoiceField(choices=list(PERIODS), required=False, default=traffic.LAST_DAY.name)


class FiguresAnswer(Serializer[Any]):
    """Requests: how many, how they ended, how long they took."""

    requests = IntegerField()
    refused = IntegerField(help_text="For what the client did: 4xx.")
    failed = IntegerField(help_text="5xx.")
    per_second = FloatField()
    error_percent = FloatField(allow_null=True, help_text="The share that failed; null without requests.")
    p50 = FloatField(allow_null=True, help_text="Milliseconds.")
    p95 = FloatField(allow_null=True)
    p99 = FloatField(allow_null=True)


class SlotAnswer(FiguresAnswer):
    """The requests of one slot."""

    at = DateTimeField(help_text="Where the slot begins.")


class VersionFiguresAnswer(FiguresAnswer):
    """The requests that one version answered."""

    number = IntegerField(help_text="The version's number; 0: no version answered.")
    last_at = DateTimeField(help_text="When its newest figures begin.")


class TrafficAnswer(Serializer[Any]):
    """The figures of a period."""

    period = ChoiceField(choices=list(PERIODS))
    slot_seconds = IntegerField()
    total = FiguresAnswer()
    slots = SlotAnswer(many=True, help_text="Oldest first.")


class EndpointTrafficAnswer(TrafficAnswer):
    """The figures of one endpoint."""

    versions = VersionFiguresAnswer(many=True, help_text="Newest first.")


NAMES = ("requests", "refused", "failed", "per_second", "error_percent", "p50", "p95", "p99")


def figures_row(figures: Figures) -> dict[str, object]:
    """Figures by name."""
    return {name: getattr(figures, name) for name in NAMES}


def traffic_row(period_name: str, *, now: float, endpoint: Endpoint | None = None) -> dict[str, object]:
    """The figures of a period, in two queries; of one endpoint in three."""
    period = PERIODS[period_name]
    row: dict[str, object] = {
        "period": period.name,
        "slot_seconds": period.step,
        "total": figures_row(traffic.in_all(period, now=now, endpoint=endpoint)),
        "slots": [
            {**figures_row(slot.figures), "at": moment_of(slot.at)}
            for slot in traffic.by_slot(period, now=now, endpoint=endpoint)
        ],
    }
    if endpoint is not None:
        row["versions"] = [
            {**figures_row(each.figures), "number": each.number, "last_at": moment_of(each.last_at)}
            for each in traffic.by_version(period, now=now, endpoint=endpoint)
        ]
    return row


def moment_of(seconds: float) -> datetime:
    """A moment from epoch seconds."""
    return datetime.fromtimestamp(seconds, UTC)
