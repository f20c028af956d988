"""What administrators do about accounts: give and take rights, suspend and reinstate, set quotas."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import transaction

from registry.errors import ForbiddenError, NotFoundError, UserError
from registry.events import record_event
from registry.models import Account
from registry.permissions import GROUPS, may_administer, may_change_account
from registry.reasons import checked_reason

LARGEST_QUOTA = 2**60


def set_right(*, username: str, right: str, held: bool, actor: Account | None = None) -> None:
    """Put the account into the group of a right, or out of it; a change is an event. `right` is one of `GROUPS`.

    Without an `actor` it is whoever may run commands on the machine: the way to the first administrator.
    """
    if right not in GROUPS:
        raise NotFoundError("account.unknown_right", right=right[:40])
    with transaction.atomic():
        account = _locked(username, actor)
        group, _created = Group.objects.get_or_create(name=right)
        if account.groups.filter(pk=group.pk).exists() == held:
            return
        if held:
            account.groups.add(group)
        else:
            account.groups.remove(group)
        _record("account:right_given" if held else "account:right_taken", account, actor, f"{username}: {right}")


def set_active(*, username: str, active: bool, actor: Account, reason: str = "") -> None:
    """Suspend an account or reinstate it. Its sessions and tokens open nothing from the next request on.

    What it published stays; the reason is public.
    """
    reason = checked_reason(reason)
    with transaction.atomic():
        account = _locked(username, actor)
        if account.is_active == active:
            return
        Account.objects.filter(pk=account.pk).update(is_active=active)
        tag = "account:reinstated" if active else "account:suspended"
        _record(tag, account, actor, f"{username}: {reason}" if reason else username)


def set_quota(*, username: str, quota_bytes: int | None, actor: Account) -> None:
    """How many bytes the account's files may take; None for the portal's default. The log of it is not public."""
    if quota_bytes is not None and not 0 <= quota_bytes <= LARGEST_QUOTA:
        raise UserError("account.bad_quota", field="quota_bytes")
    with transaction.atomic():
        account = _locked(username, actor)
        if account.quota_bytes != quota_bytes:
            Account.objects.filter(pk=account.pk).update(quota_bytes=quota_bytes)
            shown = "" if quota_bytes is None else str(quota_bytes)
            _record("account:quota_set", account, actor, f"{username}: {shown}", public=False)


def _locked(username: str, actor: Account | None) -> Account:
    if actor is not None and not may_administer(actor):
        raise ForbiddenError("rights.may_administer")
    account = Account.objects.select_for_update().filter(username=username).first()
    if account is None:
        raise NotFoundError("account.unknown", username=username[:80])
    if actor is not None and not may_change_account(actor, account):
        raise ForbiddenError("account.own_rights")
    return account


def _record(tag: str, account: Account, actor: Account | None, reason: str, *, public: bool = True) -> None:
    record_event(tag=tag, subject=f"account:{account.pk}", actor=actor, reason=reason, public=public)
