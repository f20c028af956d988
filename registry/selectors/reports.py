"""Reads of the report desk."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from registry.errors import NotFoundError
from registry.models import Account, Event, RegisteredModel, Report, ReportState, Review, ThreadComment
from registry.permissions import ADMINISTRATORS, OPERATORS, REVIEWERS

DESK = (REVIEWERS, OPERATORS, ADMINISTRATORS)


def report_queue(account: Account, *, state: str = ReportState.OPEN, mine: bool = False) -> QuerySet[Report]:
    """Reports in one state that this member of the desk may see, the longest waiting first."""
    rows = _seen_by(account).filter(state=state)
    if mine:
        rows = rows.filter(assigned_to=account)
    order = ("created_at", "pk") if state == ReportState.OPEN else ("-state_changed_at", "-pk")
    return rows.order_by(*order)


def report_counts(account: Account) -> dict[str, int]:
    """How many reports stand in each state."""
    counted = _seen_by(account).order_by().values_list("state").annotate(number=Count("pk"))
    return dict.fromkeys(ReportState.values, 0) | dict(counted)


def report_by_id(*, pk: int, account: Account) -> Report:
    """One report that this member of the desk may see."""
    found = _seen_by(account).filter(pk=pk).first()
    if found is None:
        raise NotFoundError("report.unknown")
    return found


def events_of_report(report: Report) -> QuerySet[Event]:
    """What happened to a report, the private part too, oldest first."""
    rows = Event.objects.filter(subject=f"report:{report.pk}")
    return rows.select_related("actor", "version", "registered_model__owner").order_by("pk")


def desk_members(report: Report) -> QuerySet[Account]:
    """Who may decide on a report."""
    members = Account.objects.filter(is_active=True, groups__name__in=DESK).distinct()
    concerned = {*report.accused_ids, *([report.reporter_id] if report.reporter_id is not None else [])}
    return members.exclude(pk__in=concerned).order_by("username")


def reported_comment(*, registered_model: RegisteredModel, pk: int) -> ThreadComment:
    """A comment of a conversation about one of the model's versions."""
    rows = ThreadComment.objects.select_related("thread__version__registered_model__owner", "author")
    found = rows.filter(pk=pk, thread__version__registered_model=registered_model).first()
    if found is None:
        raise NotFoundError("thread.unknown")
    return found


def reported_review(*, registered_model: RegisteredModel, pk: int) -> Review:
    """A reviewer's statement about one of the model's versions."""
    rows = Review.objects.select_related("version__registered_model__owner", "reviewer")
    found = rows.filter(pk=pk, version__registered_model=registered_model).first()
    if found is None:
        raise NotFoundError("thread.unknown")
    return found


def _seen_by(account: Account) -> QuerySet[Report]:
    about_own = Q(registered_model__owner=account)
    for said in (Q(message__author=account), Q(comment__author=account), Q(review__reviewer=account)):
        about_own |= Q(pk__in=Report.objects.filter(said).values("pk"))
    return Report.objects.exclude(about_own).select_related(
        "registered_model__owner", "version", "message__author", "message__registered_model__owner", "reporter",
        "assigned_to", "comment__author", "comment__thread__version__registered_model", "review__reviewer",
        "review__version__registered_model",
    )  # fmt: skip
