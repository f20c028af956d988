"""Accounts as administrators see them: how many hold each right, who is new, who stores how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import Group
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from registry.models import Account
from registry.permissions import GROUPS

SHOWN = 10
LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Accounts in figures. `by_right` counts per group, `largest` are accounts with their stored `bytes`."""

    total: int
    active: int
    lately: int
    by_right: dict[str, int]
    newest: list[Account]
    largest: list[tuple[Account, int]]


def accounts(*, text: str = "", right: str = "", active: bool | None = None) -> QuerySet[Account]:
    """Accounts with their groups, newest first; `text` is part of a name or an address."""
    found = Account.objects.prefetch_related("groups").order_by("-pk")
    if text:
        found = found.filter(Q(username__icontains=text) | Q(display_name__icontains=text) | Q(email__icontains=text))
    if right:
        found = found.filter(pk__in=Group.objects.filter(name=right).values("user"))
    return found if active is None else found.filter(is_active=active)


def people() -> People:
    """The figures, in four queries."""
    since = timezone.now() - LATELY
    figures = Account.objects.aggregate(
        total=Count("pk"),
        active=Count("pk", filter=Q(is_active=True)),
        lately=Count("pk", filter=Q(last_login__gte=since)),
    )
    counted = Group.objects.filter(name__in=GROUPS).annotate(held=Count("user", filter=Q(user__is_active=True)))
    held = {group.name: group.held for group in counted}
    stored = Account.objects.annotate(bytes=Sum("registered_models__versions__files__blob__size"))
    return People(
        **figures,
        by_right={name: held.get(name, 0) for name in GROUPS},
        newest=list(Account.objects.order_by("-date_joined", "-pk")[:SHOWN]),
        largest=[(each, each.bytes) for each in stored.filter(bytes__gt=0).order_by("-bytes", "pk")[:SHOWN]],
    )
