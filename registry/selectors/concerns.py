"""Whom an event concerns, by its tag. A tag that stands in no circle here concerns nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from django.db.models import Q

from registry.models import Account, Concern, DiscussionMessage, Event, Report, Review, ThreadComment, Watch
from registry.permissions import OPERATORS, REVIEWERS
from registry.selectors.reports import desk_members

Members = Callable[[Event], Iterable[int | None]]
Circle = tuple[Concern, Members]


def owners(event: Event) -> Iterable[int | None]:
    """The model's owner and the version's submitter."""
    model, version = event.registered_model, event.version
    return [model.owner_id if model else None, version.submitted_by_id if version else None]


def reviewers(event: Event) -> Iterable[int | None]:
    """Everybody who may review, but for those whose own it is."""
    own = set(owners(event))
    return (pk for pk in _group(REVIEWERS) if pk not in own)


def participants(event: Event) -> Iterable[int | None]:
    """Who had said or done something about this version at the review desk when the event happened."""
    desk = Q(tag__startswith="review:") & ~Q(tag__in=MODERATED) | Q(tag__in=DECIDED)
    before = Event.objects.filter(desk, version_id=event.version_id, version__isnull=False, pk__lt=event.pk)
    ids = set(before.order_by().values_list("actor", flat=True).distinct())
    return ids - {None, *owners(event)}


def unless_decided(members: Members) -> Members:
    """Those members, unless this very act decided: then they hear of the decision."""

    def of(event: Event) -> Iterable[int | None]:
        decided = Event.objects.filter(
            tag="version:approved", version_id=event.version_id, actor_id=event.actor_id, pk__gt=event.pk
        )
        return () if decided.exists() else members(event)

    return of


def watchers(event: Event) -> Iterable[int | None]:
    """Who follows the model."""
    rows = Watch.objects.filter(registered_model_id=event.registered_model_id)
    followed = dict(rows.values_list("account", "watching"))
    if event.registered_model is not None:
        followed.setdefault(event.registered_model.owner_id, True)
    return [account for account, watching in followed.items() if watching]


def operators(_event: Event) -> Iterable[int | None]:
    """Everybody who may operate."""
    return _group(OPERATORS)


def subject_account(event: Event) -> Iterable[int | None]:
    """The account that the event is about."""
    return [_subject(event, "account")]


def message_author(event: Event) -> Iterable[int | None]:
    """Who wrote the message that the event is about."""
    pk = _subject(event, "message")
    return [] if pk is None else DiscussionMessage.objects.filter(pk=pk).values_list("author", flat=True)


def said_author(event: Event) -> Iterable[int | None]:
    """Who said in a review what the event is about."""
    comment, review = _subject(event, "comment"), _subject(event, "review")
    if comment is not None:
        return ThreadComment.objects.filter(pk=comment).values_list("author", flat=True)
    return [] if review is None else Review.objects.filter(pk=review).values_list("reviewer", flat=True)


def report_desk(event: Event) -> Iterable[int | None]:
    """Everybody at the report desk, but for those whom the report is about or who sent it."""
    report = _report(event)
    return () if report is None else desk_members(report).values_list("pk", flat=True)


def report_sender(event: Event) -> Iterable[int | None]:
    """Who sent the report, and who looks after it."""
    report = _report(event)
    return () if report is None else (report.reporter_id, report.assigned_to_id)


def report_assignee(event: Event) -> Iterable[int | None]:
    """Who looks after the report."""
    report = _report(event)
    return () if report is None else (report.assigned_to_id,)


def _report(event: Event) -> Report | None:
    pk = _subject(event, "report")
    rows = Report.objects.select_related("registered_model", "message", "comment", "review")
    return None if pk is None else rows.filter(pk=pk).first()


def _subject(event: Event, kind: str) -> int | None:
    found, _colon, pk = event.subject.partition(":")
    return int(pk) if found == kind and pk.isdecimal() else None


def _group(*names: str) -> Iterable[int]:
    return Account.objects.filter(groups__name__in=names).order_by("pk").values_list("pk", flat=True).distinct()


DECIDED = ("version:approved", "version:changes_requested", "version:rejected")
MODERATED = ("review:said_hidden", "review:said_shown")
OWN, REVIEW, WATCHED, OPERATIONS = Concern.OWN, Concern.REVIEW, Concern.WATCHED, Concern.OPERATIONS
DECISION: Sequence[Circle] = ((OWN, owners), (REVIEW, participants))
TROUBLE: Sequence[Circle] = ((OWN, owners), (OPERATIONS, operators))
CONVERSATION: Sequence[Circle] = ((OWN, owners), (REVIEW, participants))
# Who stands in several circles of an event is told for the first reason.
CIRCLES: Mapping[str, Sequence[Circle]] = {
    "version:in_review": ((REVIEW, participants), (Concern.REVIEW_QUEUE, reviewers)),
    **dict.fromkeys((*DECIDED, "version:withdrawn"), DECISION),
    "version:retired": ((OWN, owners), (WATCHED, watchers)),
    "review:comment": CONVERSATION,
    "review:approve": ((OWN, unless_decided(owners)), (REVIEW, unless_decided(participants))),
    "review:line_comment": CONVERSATION,
    "review:reply": CONVERSATION,
    **dict.fromkeys(MODERATED, ((REVIEW, said_author),)),
    "review:claim_taken_over": ((REVIEW, subject_account),),
    **dict.fromkeys(
        ("account:right_given", "account:right_taken", "account:reinstated", "account:quota_set"),
        ((Concern.ACCOUNT, subject_account),),
    ),
    "trial:not_made": TROUBLE,
    "image_build:failed": TROUBLE,
    "rollout:failed": TROUBLE,
    "rollout:degraded": TROUBLE,
    "rollout:drifted": TROUBLE,
    "rollout:unrouted": TROUBLE,
    "rollout:recovered": TROUBLE,
    "report:filed": ((Concern.REPORTS, report_desk),),
    "report:open": ((Concern.REPORTS, report_sender), (Concern.REPORTS, report_desk)),
    "report:assigned": ((Concern.REPORTS, report_assignee),),
    "report:accepted": ((Concern.REPORTS, report_sender), (OWN, owners)),
    "report:dismissed": ((Concern.REPORTS, report_sender),),
    "discussion:posted": ((Concern.DISCUSSION, watchers),),
    "discussion:answered": ((Concern.DISCUSSION, watchers),),
    "discussion:hidden": ((Concern.DISCUSSION, message_author),),
    "discussion:shown": ((Concern.DISCUSSION, message_author),),
    "rollout:ready": ((OWN, owners), (WATCHED, watchers)),
}


def concerned_by(event: Event) -> dict[int, Concern]:
    """The active accounts that an event concerns, each with the reason; never the one whose act it was."""
    reasons: dict[int, Concern] = {}
    for concern, members in CIRCLES.get(event.tag, ()):
        for account_id in members(event):
            if account_id is not None and account_id != event.actor_id:
                reasons.setdefault(account_id, concern)
    active = set(Account.objects.filter(pk__in=reasons, is_active=True).values_list("pk", flat=True))
    return {account_id: concern for account_id, concern in reasons.items() if account_id in active}
