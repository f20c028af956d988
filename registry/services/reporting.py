"""Reports: sending one, taking it on, deciding, opening it again."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from registry.errors import ConflictError, ForbiddenError, NotFoundError, UserError
from registry.events import record_event
from registry.lifecycle import REPORT, move
from registry.models import (
    Account,
    DiscussionMessage,
    ModelVersion,
    RegisteredModel,
    Report,
    ReportCategory,
    ReportState,
    Review,
    ThreadComment,
)
from registry.permissions import may_decide_report, may_see_report
from registry.plain_text import plain
from registry.rate_limits import take_turn
from registry.reasons import checked_reason
from registry.selectors import visible_models

TEXT_LENGTH = 5_000


def report_model(
    *,
    registered_model: RegisteredModel,
    category: str,
    text: str,
    address: str,
    reporter: Account | None = None,
    contact: str = "",
    version: ModelVersion | None = None,
    message: DiscussionMessage | None = None,
    comment: ThreadComment | None = None,
    review: Review | None = None,
) -> Report:
    """Tell the desk that something is wrong with a public model, one of its versions, or what was said about it.

    That is a message of the discussion, a comment of a review's conversation, or a reviewer's statement. Anybody may,
    signed in or not; `address` is where the request came from, and counts against floods only.
    """
    if not visible_models().filter(pk=registered_model.pk).exists():
        raise NotFoundError("model.unknown")
    reviewed = [comment.thread.version if comment is not None else None, review.version if review is not None else None]
    for part in (version, message, *reviewed):
        if part is not None and part.registered_model_id != registered_model.pk:
            raise NotFoundError("model.unknown")
    if category not in ReportCategory.values:
        raise UserError("report.unknown_category", field="category")
    text, contact = plain(text), plain(contact)
    if not text:
        raise UserError("report.text_needed", field="text")
    if len(text) > TEXT_LENGTH:
        raise UserError("report.too_long", field="text", limit=TEXT_LENGTH)
    _require_address(contact)
    who = f"account:{reporter.pk}" if reporter is not None else f"address:{address}"
    limit, hour = settings.REPORTS_PER_HOUR, timedelta(hours=1)
    take_turn(what="report", who=who, limit=limit, period=hour, code="report.too_many")
    with transaction.atomic():
        report = Report.objects.create(
            registered_model=registered_model,
            version=version,
            message=message,
            comment=comment,
            review=review,
            category=category,
            text=text,
            contact=contact,
            reporter=reporter,
        )
        # Not public, and without the text: nobody is accused in public before somebody has looked.
        _record("report:filed", report, reporter, public=False)
    return report


def assign_report(*, report: Report, actor: Account, assignee: Account | None) -> None:
    """Say who looks after a report; None gives it back to everybody at the desk."""
    if not may_see_report(actor, report):
        raise ForbiddenError("report.not_yours_to_decide")
    if assignee is not None and not may_decide_report(assignee, report):
        raise UserError("report.not_for_them", field="assignee")
    with transaction.atomic():
        rows = Report.objects.filter(pk=report.pk, state=ReportState.OPEN)
        changed = rows.exclude(assigned_to=assignee) if assignee else rows.exclude(assigned_to=None)
        if changed.update(assigned_to=assignee):
            tag = "report:assigned" if assignee is not None else "report:unassigned"
            _record(tag, report, actor, public=False)


def decide_report(*, report: Report, actor: Account, accepted: bool, reason: str) -> None:
    """Close an open report with a public reason. What follows, retiring or hiding, is an act of its own."""
    _decide(report, actor, ReportState.ACCEPTED if accepted else ReportState.DISMISSED, reason)


def reopen_report(*, report: Report, actor: Account, reason: str) -> None:
    """Look at a decided report once more."""
    _decide(report, actor, ReportState.OPEN, reason)


def _decide(report: Report, actor: Account, to: ReportState, reason: str) -> None:
    if not may_decide_report(actor, report):
        raise ForbiddenError("report.not_yours_to_decide")
    reason = checked_reason(reason)
    if not reason:
        raise UserError("report.reason_needed", field="reason")
    current = Report.objects.select_related("registered_model", "version").filter(pk=report.pk).first()
    if current is None:
        raise NotFoundError("report.unknown")
    if to == current.state:
        raise ConflictError("lifecycle.moved_first")
    move(
        current,
        machine=REPORT,
        to=to,
        version=current.version,
        registered_model=current.registered_model,
        actor=actor,
        reason=reason,
        outcome="" if to == ReportState.OPEN else reason,
    )


def _require_address(contact: str) -> None:
    if not contact:
        return
    try:
        validate_email(contact)
    except ValidationError as error:
        raise UserError("report.bad_contact", field="contact") from error


def _record(tag: str, report: Report, actor: Account | None, *, public: bool) -> None:
    record_event(
        tag=tag,
        subject=f"report:{report.pk}",
        actor=actor,
        registered_model=report.registered_model,
        version=report.version,
        public=public,
    )
