"""Request figures as pages show them: charts of a period, and the same numbers as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO

from django.utils.translation import gettext as _

from deployer.models import Endpoint, Rollout
from deployer.traffic import Period, Slot
from registry.charts import Chart, Marker, Series, line_chart

MOST_MARKERS = 8
COLUMNS = (
    "from_utc",
    "requests",
    "errors_4xx",
    "errors_5xx",
    "requests_per_second",
    "p50_ms",
    "p95_ms",
    "p99_ms",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficCharts:
    """Requests, latencies and errors over one period."""

    requests: Chart
    latency: Chart
    errors: Chart


def traffic_charts(slots: Sequence[Slot], *, markers: Sequence[Marker] = ()) -> TrafficCharts:
    """The three charts. A slot without requests has no latency, which is a gap in the lines."""
    moments = [slot.at for slot in slots]
    figures = [slot.figures for slot in slots]
    per_second = [each.per_second for each in figures]
    refused = [each.refused / each.seconds for each in figures]
    failed = [each.failed / each.seconds for each in figures]
    latencies = [
        Series(label="p50", values=[each.p50 for each in figures]),
        Series(label="p95", values=[each.p95 for each in figures]),
        Series(label="p99", values=[each.p99 for each in figures]),
    ]
    requests = [Series(label=_("Requests per second"), values=per_second)]
    errors = [Series(label="4xx", values=refused), Series(label="5xx", values=failed)]
    return TrafficCharts(
        requests=line_chart(moments, requests, markers=markers, filled=True),
        latency=line_chart(moments, latencies, markers=markers),
        errors=line_chart(moments, errors, markers=markers),
    )


def rollout_markers(period: Period, *, now: float, endpoint: Endpoint | None = None) -> list[Marker]:
    """The newest versions that went into production in the period; where several models do, named with their model."""
    since = datetime.fromtimestamp(period.first(now), UTC)
    rows = Rollout.objects.filter(ready_at__gte=since).select_related("version__registered_model").order_by("-ready_at")
    if endpoint is not None:
        rows = rows.filter(endpoint=endpoint)
    markers = []
    for row in rows[:MOST_MARKERS]:
        number = row.version.label
        label = f"v{number}" if endpoint is not None else f"{row.version.registered_model.name} {number}"
        markers.append(Marker(at=int(row.ready_at.timestamp()) if row.ready_at else 0, label=label))
    return markers


def traffic_csv(slots: Sequence[Slot]) -> str:
    """The slots as CSV, times in UTC, numbers with a point whatever the language."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for slot in slots:
        each = slot.figures
        rounded = [round(each.per_second, 4), *(_rounded(value) for value in (each.p50, each.p95, each.p99))]
        at = datetime.fromtimestamp(slot.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        writer.writerow([at, each.requests, each.refused, each.failed, *rounded])
    return out.getvalue()


def _rounded(value: float | None) -> float | str:
    return "" if value is None else round(value, 2)
