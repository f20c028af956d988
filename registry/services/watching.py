"""Following models."""

from __future__ import annotations

from registry.errors import ForbiddenError
from registry.models import Account, RegisteredModel, Watch
from registry.permissions import may_take_part


def watch_model(*, registered_model: RegisteredModel, account: Account, watching: bool = True) -> None:
    """Follow a model, or stop; a stop lasts, also for its owner and for who talks about it."""
    if not may_take_part(account):
        raise ForbiddenError("rights.may_take_part")
    Watch.objects.update_or_create(account=account, registered_model=registered_model, defaults={"watching": watching})


def watch_by_taking_part(*, registered_model: RegisteredModel, account: Account) -> None:
    """Follow a model for having said something about it, unless the account chose before."""
    Watch.objects.get_or_create(account=account, registered_model=registered_model)
