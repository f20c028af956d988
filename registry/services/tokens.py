"""Making, using and revoking personal API tokens."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from registry.errors import ConflictError, NotFoundError, UnauthenticatedError, UserError
from registry.events import record_event
from registry.models import Account, ApiToken, Scope
from registry.permissions import may_administer, may_operate, may_review, may_submit
from registry.tokens import digest_of, hint_of, is_well_formed, new_secret

MOST_TOKENS = 50
USE_NOTED_EVERY = timedelta(minutes=5)
ADMINISTER_MAX_DAYS = 30
"""A token that can give rights away is worth stealing: it shall not lie about for long."""
_RIGHTS = {
    Scope.SUBMIT: may_submit,
    Scope.REVIEW: may_review,
    Scope.OPERATE: may_operate,
    Scope.ADMINISTER: may_administer,
}


def create_token(*, actor: Account, name: str, scopes: Collection[str], lifetime: timedelta) -> tuple[ApiToken, str]:
    """Make a token and return it with its secret, which nobody can ever ask for again.

    `read` is always among the scopes. Refused for a scope whose right the account does not hold, a name that another
    of its tokens has, and a lifetime beyond the limit of the settings.
    """
    name, asked = name.strip(), {*scopes, Scope.READ}
    if not name or "\0" in name:
        raise UserError("token.name_needed", field="name")
    if not asked <= set(Scope.values):
        raise UserError("token.unknown_scope", field="scopes")
    if any(scope in asked and not right(actor) for scope, right in _RIGHTS.items()):
        raise UserError("token.scope_not_yours", field="scopes")
    longest = min(
        settings.TOKEN_MAX_DAYS, ADMINISTER_MAX_DAYS if Scope.ADMINISTER in asked else settings.TOKEN_MAX_DAYS
    )
    if not timedelta() < lifetime <= timedelta(days=longest):
        raise UserError("token.lifetime", field="lifetime", limit=longest)
    secret = new_secret()
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=actor.pk)  # so that the two questions below stay answered
        kept = actor.api_tokens.filter(revoked_at__isnull=True)
        if kept.filter(name=name[:80]).exists():
            raise ConflictError("token.name_taken", field="name", name=name[:80])
        if kept.count() >= MOST_TOKENS:
            raise ConflictError("token.too_many", limit=MOST_TOKENS)
        token = ApiToken.objects.create(
            account=actor,
            name=name[:80],
            hint=hint_of(secret),
            digest=digest_of(secret),
            scopes=[scope for scope in Scope.values if scope in asked],
            expires_at=timezone.now() + lifetime,
        )
        _record("token:created", token, actor)
    return token, secret


def revoke_token(*, token_id: int, actor: Account) -> None:
    """End one of the actor's tokens. From the next request on it opens nothing; doing it twice is fine."""
    with transaction.atomic():
        token = actor.api_tokens.select_for_update().filter(pk=token_id).first()
        if token is None:
            raise NotFoundError("token.unknown")
        if token.revoked_at is None:
            _revoke(token, actor)


def revoke_all_tokens(*, actor: Account) -> int:
    """End all of the actor's tokens, as whoever knew the former password may have made one; returns how many."""
    with transaction.atomic():
        tokens = list(actor.api_tokens.select_for_update().filter(revoked_at__isnull=True))
        for token in tokens:
            _revoke(token, actor)
    return len(tokens)


def use_token(*, secret: str) -> tuple[Account, ApiToken]:
    """The account that a token stands for, with its rights narrowed to the token's scopes, and the token.

    Raises `UnauthenticatedError` for one that is malformed, unknown, revoked or expired, or whose account is inactive.
    """
    if not is_well_formed(secret):
        raise UnauthenticatedError("token.malformed")
    now = timezone.now()
    token = ApiToken.objects.select_related("account").filter(digest=digest_of(secret)).first()
    if token is None:
        raise UnauthenticatedError("token.not_known")
    if token.revoked_at is not None:
        raise UnauthenticatedError("token.revoked")
    if token.expires_at <= now:
        raise UnauthenticatedError("token.expired")
    if not token.account.is_active:
        raise UnauthenticatedError("token.inactive_account")
    if token.last_used_at is None or token.last_used_at <= now - USE_NOTED_EVERY:
        # Now and then only: a busy bot shall not write a row at each of its requests.
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    token.account.token_scopes = frozenset(token.scopes)
    return token.account, token


def _revoke(token: ApiToken, actor: Account) -> None:
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    _record("token:revoked", token, actor)


def _record(tag: str, token: ApiToken, actor: Account) -> None:
    reason = f"{token.name} ({', '.join(token.scopes)})"
    record_event(tag=tag, subject=f"token:{token.pk}", actor=actor, reason=reason, public=False)
