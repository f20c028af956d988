"""Reporting what is wrong, and the desk that looks after it."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from registry import services
from registry.errors import NotFoundError
from registry.events import as_actor
from registry.forms_community import DecideReportForm, ReportForm
from registry.models import Account, ModelVersion, RegisteredModel, Report, ReportState
from registry.permissions import may_decide_report, may_handle_reports, may_hide_message, may_retire
from registry.rate_limits import address_key
from registry.selectors import model_named, version_numbered
from registry.selectors.discussion import message_of
from registry.selectors.reports import desk_members, events_of_report, report_by_id, report_counts, report_queue
from registry.views.access import account_of, asked, errors_as_messages, errors_on, paged, requires
from registry.views.discussion import message_path
from registry.views.presentation import timeline_rows

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


@GET_OR_POST
def report(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Report a model, a version or a message, signed in or not."""
    registered_model = model_named(user=request.user, owner=owner, name=name)
    version = _asked_version(request, registered_model)
    number = asked(request, "message")
    message = message_of(registered_model=registered_model, pk=int(number)) if number.isdecimal() else None
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            services.report_model(
                registered_model=registered_model,
                version=version,
                message=message,
                reporter=as_actor(request.user),
                address=address_key(get_adapter(request).get_client_ip(request)),
                **form.cleaned_data,
            )
            messages.success(request, _("Thank you. Your report is with the people who look after these things."))
            return redirect(_about_path(registered_model, version) if message is None else message_path(message))
    context = {
        "form": form,
        "registered_model": registered_model,
        "version": version,
        "message_row": message,
        "back": _about_path(registered_model, version) if message is None else message_path(message),
        "nav_section": "catalogue",
    }
    return render(request, "registry/report.html", context, status=400 if request.method == "POST" else 200)


@require_safe
@requires(may_handle_reports)
def report_desk(request: HttpRequest) -> HttpResponse:
    """The reports, the longest waiting first; those about one's own are others' business."""
    account = account_of(request)
    state = asked(request, "state")
    state = state if state in ReportState.values else ReportState.OPEN
    mine = asked(request, "mine") == "1"
    page = paged(request, report_queue(account, state=state, mine=mine))
    counts = report_counts(account)
    context = {
        "page": page,
        "state": state,
        "mine": mine,
        "states": [(value, label, counts[value]) for value, label in ReportState.choices],
        "nav_section": "reports",
    }
    return render(request, "registry/report_desk.html", context)


@GET_OR_POST
@requires(may_handle_reports)
def report_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One report, with what is known and what can be done."""
    account = account_of(request)
    found = report_by_id(pk=pk, account=account)
    form = DecideReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            _decide(found, account, form.cleaned_data["decision"], form.cleaned_data["reason"])
            messages.success(request, _("Your decision is in the log."))
            return redirect("registry:report", pk)
    reports_message = found.message
    context = {
        "report": found,
        "form": form,
        "may_decide": may_decide_report(account, found),
        "members": desk_members(found),
        "events": timeline_rows(events_of_report(found)),
        "message_path": message_path(reports_message) if reports_message is not None else "",
        "may_hide": reports_message is not None and may_hide_message(account, reports_message),
        "may_retire": found.version is not None and may_retire(account, found.version),
        "nav_section": "reports",
    }
    return render(request, "registry/report_page.html", context, status=400 if request.method == "POST" else 200)


@require_POST
@requires(may_handle_reports)
def report_assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a report on, hand it to somebody, or give it back."""
    account = account_of(request)
    found = report_by_id(pk=pk, account=account)
    name = request.POST.get("assignee", "").replace("\x00", "")
    assignee = Account.objects.filter(username=name).first() if name else None
    if name and assignee is None:
        raise NotFoundError("account.unknown", username=name[:80])
    with errors_as_messages(request):
        services.assign_report(report=found, actor=account, assignee=assignee)
        messages.success(request, _("The report is assigned.") if assignee else _("The report is anybody's again."))
    return redirect("registry:report", pk)


def _decide(report: Report, actor: Account, decision: str, reason: str) -> None:
    if decision == ReportState.OPEN:
        services.reopen_report(report=report, actor=actor, reason=reason)
    else:
        services.decide_report(report=report, actor=actor, accepted=decision == ReportState.ACCEPTED, reason=reason)


def _asked_version(request: HttpRequest, registered_model: RegisteredModel) -> ModelVersion | None:
    number = asked(request, "version")
    if not number.isdecimal():
        return None
    return version_numbered(registered_model=registered_model, number=int(number), user=request.user)


def _about_path(registered_model: RegisteredModel, version: ModelVersion | None) -> str:
    address = [registered_model.owner.username, registered_model.name]
    if version is None:
        return reverse("registry:model", args=address)
    return reverse("registry:version", args=[*address, version.number])
