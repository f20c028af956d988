"""The work of telling: notifications out of events, and mail out of notifications. Edge code."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import OperationalError
from django.utils import timezone

from registry.errors import PortalError, UserError
from registry.jobs.kinds import JobKind
from registry.jobs.queue import Claim, FencedError, ensure_job, requeue
from registry.models import Account, Job, JobState, UntoldEvent
from registry.news_mail import compose, send
from registry.selectors.notifications import accounts_to_mail, mail_address, mail_due
from registry.services.notifying import drop_mail, note_mailed, note_untellable, tell_concerned

logger = logging.getLogger(__name__)
TELLING = "tell_concerned"
MAILING = "mail_news"
EVENTS_AT_ONCE = 500
MOST_FAILURES = 5
# With pauses of five minutes at most this is about a month of a mail server that is away.
MOST_MAIL_FAILURES = 9_000
REPEAT_FAILED_AFTER = timedelta(hours=1)


def tell(claim: Claim) -> tuple[int, ...]:
    """Tell of events that nobody was told of. Entry: untold. Exit: told, each event in a transaction of its own."""
    waiting = UntoldEvent.objects.filter(failures__lt=MOST_FAILURES).order_by("event_id")
    for event_id in list(waiting.values_list("pk", flat=True)[:EVENTS_AT_ONCE]):
        try:
            with claim.writing():
                tell_concerned(event_id=event_id)
        except (FencedError, OperationalError):
            raise  # not this event's fault
        except Exception:
            logger.exception("nobody could be told of event %s", event_id)
            note_untellable(event_id=event_id)
    return ()


def mail_news(claim: Claim) -> tuple[int, ...]:
    """Mail what waits for one account. Entry: mail due. Exit: mailed, or dropped for want of an address."""
    account = Account.objects.filter(pk=claim.subject_id, is_active=True).first()
    notifications = mail_due(account_id=claim.subject_id)
    if not notifications:
        return ()
    address = mail_address(account) if account is not None else ""
    if account is None or not address:
        return _without_mail(claim, "mail.no_address")
    letter = compose(account=account, address=address, notifications=notifications)
    claim.heartbeat()  # from here on the mail may be out: a worker that lost the job must not send a second one
    try:
        send(letter)
    except UserError as error:
        return _without_mail(claim, error.code)
    with claim.writing():
        note_mailed(ids=[row.pk for row in notifications])
    return ()


def _without_mail(claim: Claim, code: str) -> tuple[int, ...]:
    logger.info("no mail for account %s: %s", claim.subject_id, code)
    with claim.writing():
        drop_mail(account_id=claim.subject_id)
    return ()


def leave_for_later(claim: Claim, error: PortalError) -> tuple[int, ...]:
    """What waits keeps waiting: the sweep makes it due again."""
    del claim, error
    return ()


def queue_telling() -> tuple[int, ...]:
    """Make it due to tell of events, if there are untold ones."""
    if not UntoldEvent.objects.filter(failures__lt=MOST_FAILURES).exists():
        return ()
    return (requeue(key=TELLING) or ensure_job(kind=TELLING, subject_id=0, key=TELLING),)


def queue_mail() -> tuple[int, ...]:
    """Make the mail of accounts due whose time has come. What is queued stays; what failed rests for an hour."""
    accounts = accounts_to_mail()
    if not accounts:
        return ()
    open_jobs = Job.objects.filter(kind=MAILING, subject_id__in=accounts).exclude(state=JobState.SUCCEEDED)
    resting = open_jobs.exclude(state=JobState.FAILED, finished_at__lt=timezone.now() - REPEAT_FAILED_AFTER)
    left_alone = set(resting.values_list("subject_id", flat=True))
    due = []
    for account_id in accounts:
        if account_id not in left_alone:
            key = f"{MAILING}:{account_id}"
            due.append(requeue(key=key) or ensure_job(kind=MAILING, subject_id=account_id, key=key))
    return tuple(due)


NEWS_KINDS = (
    JobKind(name=TELLING, handle=tell, on_failure=leave_for_later, deadline=timedelta(minutes=10)),
    JobKind(
        name=MAILING,
        handle=mail_news,
        on_failure=leave_for_later,
        deadline=timedelta(minutes=5),
        max_failures=MOST_MAIL_FAILURES,
    ),
)
