"""Reporting what is wrong, and the desk that looks after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

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
from registry.models import (
    Account,
    DiscussionMessage,
    ModelVersion,
    RegisteredModel,
    Report,
    ReportState,
    Review,
    ThreadComment,
)
from registry.permissions import may_decide_report, may_handle_reports, may_hide_message, may_hide_said, may_retire
from registry.presentation.addresses import message_path
from registry.presentation.events import timeline_rows
from registry.rate_limits import address_key
from registry.selectors import model_named, version_numbered
from registry.selectors.discussion import message_of
from registry.selectors.reports import (
    desk_members,
    events_of_report,
    report_by_id,
    report_counts,
    report_queue,
    reported_comment,
    reported_review,
)
from registry.views.access import account_of, asked, asked_number, errors_as_messages, errors_on, paged, requires
from registry.views.moderation import said_path

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


@GET_OR_POST
def report(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Report a model, a version or what was said about it, signed in or not."""
    registered_model = model_named(user=request.user, owner=owner, name=name)
    version = _asked_version(request, registered_model)
    message = _asked_for(request, "message", registered_model, message_of)
    comment = _asked_for(request, "comment", registered_model, reported_comment)
    review = _asked_for(request, "review", registered_model, reported_review)
    back = _said_path(message, comment, review) or _about_path(registered_model, version)
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            services.report_model(
                registered_model=registered_model,
                version=version,
                message=message,
                comment=comment,
                review=review,
                reporter=as_actor(request.user),
                address=address_key(get_adapter(request).get_client_ip(request)),
                **form.cleaned_data,
            )
            messages.success(request, _("Thank you. Your report is with the people who look after these things."))
            return redirect(back)
    context = {
        "form": form,
        "registered_model": registered_model,
        "version": version,
        "message_row": message,
        "said": comment or review,
        "said_html": comment.body_html if comment is not None else review.comment_html if review is not None else "",
        "back": back,
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
    said = found.comment or found.review
    context = {
        "report": found,
        "form": form,
        "may_decide": may_decide_report(account, found),
        "members": desk_members(found),
        "events": timeline_rows(events_of_report(found)),
        "said": said,
        "message_path": _said_path(reports_message, found.comment, found.review),
        "may_hide_said": said is not None and may_hide_said(account, said.version),
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
    number = asked_number(request, "version")
    if number is None:
        return None
    return version_numbered(registered_model=registered_model, number=number, user=request.user)


Said = TypeVar("Said")


def _asked_for(
    request: HttpRequest, name: str, registered_model: RegisteredModel, find: Callable[..., Said]
) -> Said | None:
    number = asked_number(request, name)
    return None if number is None else find(registered_model=registered_model, pk=number)


def _said_path(message: DiscussionMessage | None, comment: ThreadComment | None, review: Review | None) -> str:
    """Where what was said stands; "" if nothing was."""
    if message is not None:
        return message_path(message)
    said = comment or review
    return said_path(said) if said is not None else ""


def _about_path(registered_model: RegisteredModel, version: ModelVersion | None) -> str:
    address = [registered_model.owner.username, registered_model.name]
    if version is None:
        return reverse("registry:model", args=address)
    return reverse("registry:version", args=[*address, version.number])
