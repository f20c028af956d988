"""Sign-in by somebody else's accounts: keyed on the provider's subject, with a name that people choose."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp, SocialLogin

    from registry.models import Account

logger = logging.getLogger(__name__)
LONGEST_DISPLAY_NAME = 80


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """What differs from allauth's defaults."""

    error_messages = DefaultSocialAccountAdapter.error_messages | {
        "no_password": _("This is your only way to sign in. Set a password first, then disconnect it."),
        "disconnect_last": _("This is your only way to sign in. Set a password first, then disconnect it."),
        "no_verified_email": _("This is your only sure way to sign in. Confirm an e-mail address first."),
    }

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """The providers of the settings; rows are never read, so nobody can add one in the running portal."""
        del request
        found = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> Account:
        """The provider's words as suggestions; the one display name stays whole."""
        user: Account = super().populate_user(request, sociallogin, data)
        user.display_name = str(data.get("name") or "")[:LONGEST_DISPLAY_NAME]
        return user

    def get_signup_form_initial_data(self, sociallogin: SocialLogin) -> dict[str, Any]:
        """A name that is free and allowed, near the one that the provider knows."""
        initial: dict[str, Any] = super().get_signup_form_initial_data(sociallogin)
        wanted = [initial.get("username"), sociallogin.user.display_name]
        initial["username"] = get_account_adapter().generate_unique_username(wanted)
        return initial

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Forget the provider's token: the portal never acts there, and a pending sign-up would keep it in a row."""
        del request
        sociallogin.token = None

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, *_args: Any, exception: Exception | None = None, **_kwargs: Any
    ) -> None:
        """One line for operators; what the provider sent may hold secrets and stays out of it."""
        del request
        reason = type(exception).__name__ if exception else "refused"
        logger.warning("sign-in by %s failed: %s", provider.id, reason)
