"""Giving rights and taking them back."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import transaction

from registry.errors import NotFoundError
from registry.events import record_event
from registry.models import Account


def set_right(*, username: str, right: str, held: bool) -> None:
    """Put the account into the group of a right, or out of it; a change is an event. `right` is one of `GROUPS`."""
    with transaction.atomic():
        account = Account.objects.select_for_update().filter(username=username).first()
        if account is None:
            raise NotFoundError("account.unknown", username=username)
        group, _created = Group.objects.get_or_create(name=right)
        if account.groups.filter(pk=group.pk).exists() == held:
            return
        if held:
            account.groups.add(group)
        else:
            account.groups.remove(group)
        tag = "account:right_given" if held else "account:right_taken"
        record_event(tag=tag, subject=f"account:{account.pk}", actor=None, reason=f"{username}: {right}")
