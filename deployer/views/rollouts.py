"""Pages of rollouts."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from deployer import overview, selectors, services
from deployer.backends import serving_backend
from deployer.errors import PortalError
from deployer.interfaces import CupPhase, CupStatus
from deployer.models import Rollout, RolloutState
from deployer.outputs import replica_output
from deployer.presentation import failure_note, rollout_phases
from deployer.sync import health_word, is_compared, last_comparison, sync_of
from registry.forms import reason_field
from registry.messages import message
from registry.permissions import may_operate, may_retry, may_submit
from registry.presentation.events import timeline_rows
from registry.tasks import ring
from registry.views.access import account_of, errors_as_messages, paged, requires

HISTORY_ROWS = 10


class RestoreForm(forms.Form):
    """Why an operator rolls back, which stands in the public log, and the endpoint's name, so that no slip does it."""

    reason = reason_field(_("Why? (public)"))
    confirm = forms.CharField(
        label=_("Name of the endpoint"),
        max_length=80,
        help_text=_("Type it as it stands above: programs that call it will get the other version."),
        widget=forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, rollout: Rollout, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rollout = rollout

    def clean_confirm(self) -> str:
        """The very name; anything else is a slip."""
        typed = str(self.cleaned_data["confirm"])
        if typed != self.rollout.endpoint.name:
            raise forms.ValidationError(_("This is not the name of the endpoint."))
        return typed


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every rollout, newest first."""
    page = paged(request, overview.all_rollouts())
    return render(request, "deployer/rollouts.html", {"page": page, "nav_section": "operations"})


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One rollout: state and health, steps, restarts; the replica's output for its owner and for operators."""
    rollout = selectors.rollout_by_id(pk)
    return _page(request, rollout, RestoreForm(rollout=rollout))


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
    form = RestoreForm(request.POST, rollout=rollout)
    if not form.is_valid():
        return _page(request, rollout, form, status=HTTPStatus.BAD_REQUEST)
    with errors_as_messages(request):
        reason = form.cleaned_data["reason"]
        ring(services.roll_back(endpoint=rollout.endpoint, actor=account_of(request), to=rollout, reason=reason))
    return redirect("deployer:endpoint", rollout.endpoint.name)


def _page(
    request: HttpRequest, rollout: Rollout, form: RestoreForm, *, status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    insider = may_retry(request.user, rollout.version)
    context = {
        **_progress(request, rollout),
        "events": timeline_rows(selectors.events_of(f"rollout:{rollout.pk}")),
        "log": replica_output(rollout) if insider else None,
        "replica": _replica(rollout) if insider else None,
        "restore_form": form if may_operate(request.user) and _can_be_restored(rollout) else None,
        "history": selectors.history_of(rollout.endpoint)[:HISTORY_ROWS],
        "nav_section": "operations",
    }
    return render(request, "deployer/rollout.html", context, status=status)


def _progress(request: HttpRequest, rollout: Rollout) -> dict[str, object]:
    job = selectors.job_of("roll_out", rollout.pk)
    seen = message(rollout.health_code, rollout.health_params) if rollout.health_code else None
    return {
        "rollout": rollout,
        "sync": sync_of(rollout, compared=is_compared(last_comparison())),
        "health": health_word(rollout),
        "phases": rollout_phases(rollout, job, overview.usual_rollout_phases()),
        "failure": failure_note(rollout.failure_code, rollout.failure_params),
        "seen": seen,
        "running": rollout.state in {RolloutState.PENDING, RolloutState.APPLYING},
        "live": rollout.endpoint.current_id == rollout.pk,
        "may_retry": may_retry(request.user, rollout.version),
    }


def _can_be_restored(rollout: Rollout) -> bool:
    return rollout.state == RolloutState.SUPERSEDED and rollout.ready_at is not None


def _replica(rollout: Rollout) -> CupStatus | None:
    """What the backend says of the replica this moment; None where there is none, or where it cannot be asked."""
    try:
        status = serving_backend().status(rollout.cup_name)
    except PortalError:
        return None
    return None if status.phase is CupPhase.ABSENT else status
