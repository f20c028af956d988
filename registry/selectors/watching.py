"""Reads of who follows what."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from registry.models import Account, RegisteredModel, Watch
from registry.permissions import User, owns


def is_watching(*, user: User, registered_model: RegisteredModel) -> bool:
    """Whether the account follows the model: by its choice, else for being its owner."""
    if not isinstance(user, Account):
        return False
    chosen = Watch.objects.filter(account=user, registered_model=registered_model).values_list("watching", flat=True)
    first = chosen.first()
    return owns(user, registered_model) if first is None else first


def watched_models(account: Account) -> QuerySet[RegisteredModel]:
    """The models that the account follows, the newest first."""
    chosen = Watch.objects.filter(account=account)
    following = Q(pk__in=chosen.filter(watching=True).values("registered_model"))
    own = Q(owner=account) & ~Q(pk__in=chosen.filter(watching=False).values("registered_model"))
    return RegisteredModel.objects.filter(following | own).select_related("owner").order_by("-created_at", "-pk")
