"""The second factor: who has one, and how its seeds are sealed in the database."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser

from registry.errors import OperatorError

PURPOSE = b"model-commons: seeds of second factors"


def has_second_factor(account: AbstractBaseUser) -> bool:
    """Whether the account has an authenticator app or a security key; recovery codes alone are none."""
    from allauth.mfa.models import Authenticator

    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user_id=account.pk, type__in=kinds).exists())


def seal(text: str) -> str:
    """The text, readable only with the portal's secret key."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed; raises `OperatorError` where the key is another one now."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise OperatorError("sign_in.key_changed") from None


def _box() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(key.encode())
    return base64.urlsafe_b64encode(derived)
