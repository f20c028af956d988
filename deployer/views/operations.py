"""The operations page."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping
from datetime import UTC
from io import StringIO

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deployer import capacity, overview, queues, traffic
from deployer.attention import Seen, attention_rows
from deployer.deployments import SORTS, deployments
from deployer.kpis import kpis
from deployer.models import ImageBuild
from deployer.operations_rows import build_chart, failure_rows, job_rows, standing_rows
from deployer.sync import is_compared, is_swept, last_comparison
from deployer.traffic import WEEK
from deployer.traffic_charts import rollout_markers, traffic_charts, traffic_csv
from deployer.views.periods import chosen_period, csv_response
from registry.permissions import may_administer, may_operate
from registry.selectors.people import people
from registry.views.access import asked


@require_safe
def overview_page(request: HttpRequest) -> HttpResponse:
    """Figures, what needs attention, deployments, charts, queues, failures; capacity and disk for operators."""
    now, period = time.time(), chosen_period(request)
    sort = asked(request, "sort")
    by_endpoint = traffic.by_endpoint(period, now=now)
    context = {
        **_figures(request, by_endpoint, now=now),
        "periods": traffic.PERIODS.values(),
        "q": asked(request, "q"),
        "sort": sort if sort.removeprefix("-") in SORTS else "name",
        "charts": traffic_charts(traffic.by_slot(period, now=now), markers=rollout_markers(period, now=now)),
        "build_chart": build_chart(queues.ended_builds()),
        "standings": standing_rows(queues.standings()),
        "jobs": job_rows(queues.waiting_jobs()),
        "failures": failure_rows(queues.newest_failures(), request.user),
        "people": people() if may_administer(request.user) else None,
        "nav_section": "operations",
    }
    context["page"] = deployments(
        period=period,
        now=now,
        figures=by_endpoint,
        text=str(context["q"]),
        sort=str(context["sort"]),
        number=request.GET.get("page"),
        compared=bool(context["compared"]),
    )
    return render(request, "deployer/operations.html", context)


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes while work is under way."""
    now = time.time()
    by_endpoint = traffic.by_endpoint(chosen_period(request), now=now)
    return render(request, "deployer/fragments/figures.html", _figures(request, by_endpoint, now=now))


@require_safe
def figures_csv(request: HttpRequest) -> HttpResponse:
    """All request figures of a period, slot by slot."""
    return csv_response(traffic_csv(traffic.by_slot(chosen_period(request), now=time.time())), name="requests.csv")


@require_safe
def builds_csv(_request: HttpRequest) -> HttpResponse:
    """The builds of the chart with their durations."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(("build", "state", "queued_utc", "ended_utc", "seconds"))
    writer.writerows(_build_row(build) for build in queues.ended_builds())
    return csv_response(out.getvalue(), name="builds.csv")


def _build_row(build: ImageBuild) -> tuple[object, ...]:
    moments = (build.created_at, build.finished_at)
    shown = (at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else "" for at in moments)
    return (build.pk, build.state, *shown, round(queues.seconds_of(build), 3))


def _figures(request: HttpRequest, by_endpoint: Mapping[int, traffic.Figures], *, now: float) -> dict[str, object]:
    """The figures; `by_endpoint` are those of the chosen period."""
    period, operator, hour = chosen_period(request), may_operate(request.user), traffic.PERIODS["hour"]
    in_all = traffic.together(by_endpoint.values(), period=period, now=now)
    standing = overview.figures()
    looked = last_comparison()
    seen = Seen(
        standing=standing,
        swept=is_swept(),
        compared=is_compared(looked),
        last_hour=by_endpoint if period == hour else traffic.by_endpoint(hour, now=now),
        may_operate=operator,
        disk=capacity.disk() if operator else None,
        capacity=capacity.capacity() if operator else None,
    )
    return {
        "kpis": kpis(standing, in_all, traffic.in_all(period, now=now, back=WEEK)),
        "attention": attention_rows(seen),
        "busy": standing.busy,
        "compared": seen.compared,
        "last_compared": looked,
        "disk": seen.disk,
        "capacity": seen.capacity,
        "period": period,
    }
