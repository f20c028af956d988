"""People who sign in, and what guards their accounts."""

from __future__ import annotations

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client

from registry.models import Account
from tests.factories import PASSWORD

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def give_app(account: Account) -> Authenticator:
    """An authenticator app whose seed is `SEED`."""
    return TOTP.activate(account, SEED).instance


def give_recovery_codes(account: Account) -> list[str]:
    return RecoveryCodes.activate(account).get_unused_codes()  # type: ignore[no-any-return]


def app_code(seed: str = SEED) -> str:
    """What the app shows now."""
    return str(format_hotp_value(hotp_value(seed, int(time.time()) // 30)))


def sign_in(client: Client, account: Account, password: str = PASSWORD) -> str:
    """Fill in the sign-in form; returns where it leads, or "" where it does not."""
    response = client.post("/accounts/login/", {"login": account.username, "password": password})
    return response.headers.get("Location", "")
