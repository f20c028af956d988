"""Second factors as this portal names and keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings

from registry.sign_in.second_factor import seal, unseal

if TYPE_CHECKING:
    from registry.models import Account


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Seeds are sealed; apps and keys show the portal's name and the account's, never an e-mail address."""

    def encrypt(self, text: str) -> str:
        """Before a seed is stored."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """After a seed was read."""
        return unseal(encrypted_text)

    def get_totp_issuer(self) -> str:
        """What an authenticator app calls the portal."""
        return str(settings.SITE_NAME)

    def _get_user_identifier(self, user: Account) -> str:
        return user.username

    def _get_site_name(self) -> str:
        return str(settings.SITE_NAME)

    def get_public_key_credential_user_entity(self, user: Account) -> dict[str, Any]:
        """Who the key is for, as the browser shows it."""
        return {"id": str(user.pk).encode(), "display_name": user.get_full_name(), "name": user.username}
