"""The ways in which a person's account is entered and guarded."""

from __future__ import annotations

from dataclasses import dataclass

from registry.models import Account
from registry.permissions import lacks_second_factor


@dataclass(frozen=True)
class AccountSecurity:
    """What an account has; counts are of the account's own rows."""

    has_password: bool
    confirmed_addresses: int
    unconfirmed_addresses: int
    has_authenticator_app: bool
    security_keys: int
    unused_recovery_codes: int
    sessions: int
    connections: int
    powers_rest: bool


def account_security(account: Account) -> AccountSecurity:
    """The overview of one account, in a constant number of queries."""
    from allauth.account.models import EmailAddress
    from allauth.mfa.models import Authenticator
    from allauth.socialaccount.models import SocialAccount
    from allauth.usersessions.models import UserSession

    confirmed = list(EmailAddress.objects.filter(user=account).values_list("verified", flat=True))
    guards = list(Authenticator.objects.filter(user=account))
    kinds = [guard.type for guard in guards]
    codes = [guard for guard in guards if guard.type == Authenticator.Type.RECOVERY_CODES]
    return AccountSecurity(
        has_password=account.has_usable_password(),
        confirmed_addresses=confirmed.count(True),
        unconfirmed_addresses=confirmed.count(False),
        has_authenticator_app=Authenticator.Type.TOTP in kinds,
        security_keys=kinds.count(Authenticator.Type.WEBAUTHN),
        unused_recovery_codes=sum(len(guard.wrap().get_unused_codes()) for guard in codes),
        sessions=UserSession.objects.filter(user=account).count(),
        connections=SocialAccount.objects.filter(user=account).count(),
        powers_rest=lacks_second_factor(account),
    )
