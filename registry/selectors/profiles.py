"""Reads of what an account shows to everybody."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from registry.errors import NotFoundError
from registry.models import Account, Decision, Event, RegisteredModel
from registry.selectors import public_events, visible_models


@dataclass(frozen=True, slots=True)
class ProfileFigures:
    """What an account has done so far."""

    models: int
    reviews: int
    approvals: int


def account_named(username: str) -> Account:
    """The account of this user name, also one that is not active any more: the record names it."""
    found = Account.objects.filter(username=username).first()
    if found is None:
        raise NotFoundError("account.unknown", username=username[:80])
    return found


def public_models_of(account: Account) -> QuerySet[RegisteredModel]:
    """The account's models of which something was ever submitted, newest first."""
    return visible_models().filter(owner=account).order_by("-created_at", "-pk")


def public_acts_of(account: Account) -> QuerySet[Event]:
    """What the public log knows of the account, newest first."""
    return public_events().filter(actor=account)


def profile_figures(account: Account) -> ProfileFigures:
    """Counts of what is public."""
    return ProfileFigures(
        models=public_models_of(account).count(),
        reviews=account.reviews.count(),
        approvals=account.reviews.filter(decision=Decision.APPROVE).count(),
    )
