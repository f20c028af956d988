"""Telling accounts what concerns them, and what they do about it: read, switch off, unsubscribe."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.core import signing
from django.db.models import F
from django.utils import timezone

from registry.errors import NotFoundError, UserError
from registry.models import Account, Concern, Notification, NotificationSwitch, UntoldEvent
from registry.selectors.concerns import concerned_by

UNSUBSCRIBE_SALT = "registry.unsubscribe"


def tell_concerned(*, event_id: int) -> int:
    """Write the notifications of one event and strike it off the untold; returns how many accounts were told.

    Call it in the fenced transaction of the job. Safe to run twice: an account is told of an event once.
    """
    untold = UntoldEvent.objects.select_related("event__registered_model", "event__version").filter(pk=event_id).first()
    if untold is None:
        return 0
    reasons = concerned_by(untold.event)
    switches = NotificationSwitch.objects.filter(account__in=reasons).values_list("account", "concern", "inbox", "mail")
    wanted = {(account, concern): (inbox, mail) for account, concern, inbox, mail in switches}
    rows = []
    for account_id, concern in reasons.items():
        inbox, mail = wanted.get((account_id, concern), (True, True))
        if inbox or mail:
            rows.append(
                Notification(account_id=account_id, event=untold.event, concern=concern, in_inbox=inbox, mail_due=mail)
            )
    Notification.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    untold.delete()
    return len(rows)


def note_untellable(*, event_id: int) -> None:
    """Count a failure to tell of an event, so that one that always fails does not keep the others waiting."""
    UntoldEvent.objects.filter(pk=event_id).update(failures=F("failures") + 1)


def mark_read(*, account: Account, ids: Collection[int] | None = None, read: bool = True) -> int:
    """Mark the account's own notifications, all of its inbox without `ids`; returns how many changed.

    What was read before its mail went out is not mailed any more.
    """
    rows = Notification.objects.filter(account=account, in_inbox=True, read_at__isnull=read)
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    return rows.update(read_at=timezone.now(), mail_due=False) if read else rows.update(read_at=None)


def set_switch(*, account: Account, concern: str, inbox: bool, mail: bool) -> None:
    """What the account wants to hear of one concern from now on. Mail that has not gone out follows the switch."""
    if concern not in Concern.values:
        raise UserError("notification.unknown_concern", field="concern")
    NotificationSwitch.objects.update_or_create(
        account=account, concern=concern, defaults={"inbox": inbox, "mail": mail}
    )
    if not mail:
        Notification.objects.filter(account=account, concern=concern, mail_due=True).update(mail_due=False)


def set_mail_pace(*, account: Account, daily: bool) -> None:
    """One mail a day at most, or one soon after the news."""
    Account.objects.filter(pk=account.pk).update(daily_mail=daily)


def unsubscribe_token(*, account: Account, concerns: Iterable[str]) -> str:
    """What stands in a mail's unsubscribe address: it can switch off the mail of these concerns and nothing else."""
    return signing.dumps([account.pk, sorted(set(concerns))], salt=UNSUBSCRIBE_SALT, compress=True)


def read_unsubscribe_token(token: str) -> tuple[Account, list[Concern]]:
    """Whose mail about what a token switches off; `NotFoundError` for one that the portal did not write."""
    try:
        account_id, values = signing.loads(token, salt=UNSUBSCRIBE_SALT)
    except signing.BadSignature:
        raise NotFoundError("notification.bad_token") from None
    account = Account.objects.filter(pk=account_id).first()
    if account is None:
        raise NotFoundError("notification.bad_token")
    return account, [Concern(value) for value in values if value in Concern.values]


def unsubscribe(*, token: str) -> None:
    """Switch off the mail that the token names; the inbox stays as it is. Safe to repeat."""
    account, concerns = read_unsubscribe_token(token)
    for concern in concerns:
        inbox = NotificationSwitch.objects.filter(account=account, concern=concern, inbox=False)
        set_switch(account=account, concern=concern, inbox=not inbox.exists(), mail=False)


def note_mailed(*, ids: Collection[int]) -> None:
    """These notifications went out by mail. Call it in the fenced transaction of the job."""
    Notification.objects.filter(pk__in=ids).update(mail_due=False, mailed_at=timezone.now())


def drop_mail(*, account_id: int) -> None:
    """Nothing that waits for the account is mailed any more: it has no address that takes mail. The inbox keeps it."""
    Notification.objects.filter(account=account_id, mail_due=True).update(mail_due=False)
