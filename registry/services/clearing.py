"""Rows that nobody asks for any more, cleared away a few at a time."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from registry.models import IdempotencyKey, Notification

AT_ONCE = 1000
"""So that no round holds the database's write lock for long."""


def clear_expired_keys() -> tuple[int, ...]:
    """A step of the sweep: forgets the answers to requests that may not be repeated any more."""
    _clear(IdempotencyKey.objects.filter(expires_at__lte=timezone.now()).order_by("expires_at"))
    return ()


def clear_old_notifications() -> tuple[int, ...]:
    """A step of the sweep: forgets news that was read, or was for mail alone, and is old; unread news stays."""
    old = timezone.now() - timedelta(days=settings.NOTIFICATION_DAYS)
    done = Q(read_at__isnull=False) | Q(in_inbox=False)
    _clear(Notification.objects.filter(done, mail_due=False, created_at__lte=old).order_by("created_at"))
    return ()


def _clear(rows: QuerySet[Model]) -> None:
    ids = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    if ids:
        rows.model._default_manager.filter(pk__in=ids).delete()  # noqa: SLF001  # Django's documented access
