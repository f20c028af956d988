"""The reads of personal API tokens."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from registry.models import Account, ApiToken, Scope
from registry.permissions import may_administer, may_operate, may_review, may_submit


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A token as its holder sees it. `state` is active or expired; scopes are in words."""

    token: ApiToken
    state: str
    scope_labels: list[str]


def tokens_of(account: Account) -> list[TokenRow]:
    """The account's tokens that were not revoked, newest first; a cap keeps them few."""
    now = timezone.now()
    return [
        TokenRow(
            token=token,
            state="active" if token.expires_at > now else "expired",
            scope_labels=[str(Scope(scope).label) for scope in token.scopes],
        )
        for token in account.api_tokens.filter(revoked_at__isnull=True)
    ]


def grantable_scopes(account: Account) -> list[Scope]:
    """The scopes beyond reading that the account can give, since it holds their rights."""
    held = {
        Scope.SUBMIT: may_submit,
        Scope.REVIEW: may_review,
        Scope.OPERATE: may_operate,
        Scope.ADMINISTER: may_administer,
    }
    return [scope for scope, right in held.items() if right(account)]
