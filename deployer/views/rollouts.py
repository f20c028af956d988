"""Pages of rollouts."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from deployer import overview, selectors, services
from deployer.backends import serving_backend
from deployer.errors import PortalError
from deployer.models import Rollout, RolloutState
from deployer.presentation import failure_note, rollout_phases
from registry.messages import message
from registry.permissions import may_operate, may_retry, may_submit
from registry.tasks import ring
from registry.views.access import account_of, errors_as_messages, paged, requires
from registry.views.presentation import timeline_rows

LOG_BYTES = 16_384


class ReasonForm(forms.Form):
    """Why an operator does it; stands in the public log."""

    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every rollout, newest first."""
    page = paged(request, overview.all_rollouts())
    return render(request, "deployer/rollouts.html", {"page": page, "nav_section": "operations"})


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One rollout: state and health, steps, restarts; the replica's output for its owner and for operators."""
    rollout = selectors.rollout_by_id(pk)
    context = {
        **_progress(request, rollout),
        "events": timeline_rows(selectors.events_of(f"rollout:{pk}")),
        "log": _log(rollout) if may_retry(request.user, rollout.version) else None,
        "may_restore": may_operate(request.user) and _can_be_restored(rollout),
        "nav_section": "operations",
    }
    return render(request, "deployer/rollout.html", context)


@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that changes while the rollout runs."""
    context = _progress(request, selectors.rollout_by_id(pk))
    return render(request, "deployer/fragments/rollout_progress.html", context)


@require_POST
@requires(may_submit)
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Queue a failed rollout once more."""
    with errors_as_messages(request):
        ring(services.retry_rollout(rollout=selectors.rollout_by_id(pk), actor=account_of(request)))
    return redirect("deployer:rollout", pk)


@require_POST
@requires(may_operate)
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Roll the endpoint back to this replaced rollout's version."""
    rollout = selectors.rollout_by_id(pk)
    form = ReasonForm(request.POST)
    with errors_as_messages(request):
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        ring(services.roll_back(endpoint=rollout.endpoint, actor=account_of(request), to=rollout, reason=reason))
    return redirect("deployer:endpoint", rollout.endpoint.name)


def _progress(request: HttpRequest, rollout: Rollout) -> dict[str, object]:
    job = selectors.job_of("roll_out", rollout.pk)
    seen = message(rollout.health_code, rollout.health_params) if rollout.health_code else None
    return {
        "rollout": rollout,
        "phases": rollout_phases(rollout, job, overview.usual_rollout_phases()),
        "failure": failure_note(rollout.failure_code, rollout.failure_params),
        "seen": seen,
        "running": rollout.state in {RolloutState.PENDING, RolloutState.APPLYING},
        "live": rollout.endpoint.current_id == rollout.pk,
        "may_retry": may_retry(request.user, rollout.version),
    }


def _can_be_restored(rollout: Rollout) -> bool:
    return rollout.state == RolloutState.SUPERSEDED and rollout.ready_at is not None


def _log(rollout: Rollout) -> str:
    """The end of the replica's output; what was kept of it once the replica is gone."""
    kept = str(rollout.failure_params.get("log_tail", ""))
    try:
        return serving_backend().logs(rollout.cup_name, max_bytes=LOG_BYTES) or kept
    except PortalError:
        return kept
