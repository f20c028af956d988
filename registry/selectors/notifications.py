"""Reads of the inbox, its switches, and of the mail that is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import BooleanField, Count, ExpressionWrapper, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from registry.errors import NotFoundError
from registry.models import Account, Concern, Notification, NotificationSwitch
from registry.permissions import may_operate, may_review

MANY = 100
ACCOUNTS_AT_ONCE = 500
NEWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Switch:
    """What an account hears of one concern, and where."""

    concern: Concern
    inbox: bool
    mail: bool


def inbox(account: Account, *, unread_only: bool = False, concern: str = "") -> QuerySet[Notification]:
    """The account's notifications with what their rows show, unread ones first, then the newest."""
    rows = Notification.objects.filter(account=account, in_inbox=True)
    if unread_only:
        rows = rows.filter(read_at__isnull=True)
    if concern:
        rows = rows.filter(concern=concern)
    is_read = ExpressionWrapper(Q(read_at__isnull=False), output_field=BooleanField())
    return _with_events(rows).annotate(is_read=is_read).order_by("is_read", "-event_id")


def unread_count(account: Account) -> int:
    """How many the inbox holds unread, counted up to `MANY`: one cheap query for every page."""
    return Notification.objects.filter(account=account, in_inbox=True, read_at__isnull=True)[:MANY].count()


def unread_by_concern(account: Account) -> dict[str, int]:
    """How many unread ones there are of each concern."""
    unread = Notification.objects.filter(account=account, in_inbox=True, read_at__isnull=True)
    return dict(unread.order_by().values_list("concern").annotate(number=Count("pk")))


def own_notification(*, account: Account, pk: int) -> Notification:
    """One of the account's own; anybody else's does not exist."""
    found = _with_events(Notification.objects.filter(account=account, in_inbox=True, pk=pk)).first()
    if found is None:
        raise NotFoundError("notification.unknown")
    return found


def concerns_of(account: Account) -> list[Concern]:
    """The concerns that can ever reach the account, by its rights."""
    hidden = {
        Concern.REVIEW_QUEUE: not may_review(account),
        Concern.OPERATIONS: not may_operate(account),
    }
    return [concern for concern in Concern if not hidden.get(concern)]


def switches_of(account: Account) -> list[Switch]:
    """What the account hears of each concern that can reach it."""
    stored = {row.concern: row for row in NotificationSwitch.objects.filter(account=account)}
    switches = []
    for concern in concerns_of(account):
        row = stored.get(concern)
        switches.append(Switch(concern, row.inbox if row else True, row.mail if row else True))
    return switches


def mail_address(account: Account) -> str:
    """Where mail for the account goes: its verified address, its primary one first.

    An unverified one stands in where the portal does not ask for verification; "" for no address at all.
    """
    known = list(EmailAddress.objects.filter(user=account).order_by("-verified", "-primary", "pk"))
    if known and known[0].verified:
        return str(known[0].email)
    if settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory":
        return ""
    return account.email or (str(known[0].email) if known else "")


def mail_due(*, account_id: int) -> list[Notification]:
    """What waits to be mailed to an account, oldest first."""
    rows = _with_events(Notification.objects.filter(account=account_id, mail_due=True))
    return list(rows.order_by("event_id")[:NEWS_AT_ONCE])


def accounts_to_mail() -> list[int]:
    """Accounts whose mail may go out now: news has been collected long enough, and the last mail is old enough."""
    now = timezone.now()
    ripe = now - timedelta(seconds=settings.NOTIFICATION_MAIL_DELAY_SECONDS)
    pause = timedelta(minutes=settings.NOTIFICATION_MAIL_PAUSE_MINUTES)
    mailed = Notification.objects.filter(account=OuterRef("account"), mailed_at__isnull=False).order_by("-mailed_at")
    rested = Q(last__isnull=True) | Q(account__daily_mail=False, last__lte=now - pause)
    waiting = (
        Notification.objects.filter(mail_due=True)
        .values("account")
        .annotate(oldest=Min("created_at"), last=Subquery(mailed.values("mailed_at")[:1]))
        .filter(rested | Q(account__daily_mail=True, last__lte=now - timedelta(days=1)), oldest__lte=ripe)
        .order_by("oldest")
    )
    return list(waiting.values_list("account", flat=True)[:ACCOUNTS_AT_ONCE])


def _with_events(rows: QuerySet[Notification]) -> QuerySet[Notification]:
    return rows.select_related("event__actor", "event__registered_model__owner", "event__version")
