"""The operations page."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deployer import overview
from deployer.presentation import failure_note, kind_label
from registry.messages import message
from registry.permissions import may_operate

NEWEST = 10
_THINGS = {"version", "build", "rollout"}


@require_safe
def overview_page(request: HttpRequest) -> HttpResponse:
    """Figures, what needs attention, rollouts, builds, and where things stand."""
    operator = may_operate(request.user)
    context = {
        **_figures(request),
        "rollouts": overview.present_rollouts()[:NEWEST],
        "builds": overview.all_builds()[:NEWEST],
        "standings": [(row, kind_label(row.what) if row.what not in _THINGS else "") for row in overview.standings()],
        "disk": overview.disk(settings.DATA_DIR) if operator else None,
        "nav_section": "operations",
    }
    return render(request, "deployer/operations.html", context)


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes while work is under way."""
    return render(request, "deployer/fragments/figures.html", _figures(request))


def _figures(request: HttpRequest) -> dict[str, object]:
    found = overview.attention()
    return {
        "figures": overview.figures(),
        "attention": found,
        "down": [(row, message(row.health_code, row.health_params)) for row in found.down],
        "failed_rollouts": [(row, failure_note(row.failure_code, row.failure_params)) for row in found.failed_rollouts],
        "failed_builds": [(row, failure_note(row.failure_code, row.failure_params)) for row in found.failed_builds],
        "untried": [(row, message(job.last_error, job.last_error_params)) for row, job in found.untried],
        "may_operate": may_operate(request.user),
    }
