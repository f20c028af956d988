"""Accounts as this portal makes them: names that may stand in addresses, and mail that may fail."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.sites.requests import RequestSite
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from registry.models import Account
from registry.names import suggested_name
from registry.permissions import lacks_second_factor
from registry.sign_in.guessing import ANYWHERE, name_key, network_key

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """What differs from allauth's defaults."""

    def generate_unique_username(self, txts: Iterable[str | None], regex: str | None = None) -> str:
        """A free name near the first usable text."""
        del regex
        return suggested_name(txts, is_free=self.is_free)

    def is_free(self, name: str) -> bool:
        """Whether the name may be taken: neither reserved nor somebody's, in any spelling."""
        from allauth.account import app_settings

        reserved = {word.lower() for word in app_settings.USERNAME_BLACKLIST}
        return name not in reserved and not Account.objects.filter(username__iexact=name).exists()

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Who needs a second factor first is led to it."""
        if lacks_second_factor(request.user):
            return reverse("registry:account_security")
        return str(super().get_login_redirect_url(request))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the overview, which says that it is done."""
        del request
        return reverse("registry:account_security")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send, or say that it could not be sent: nothing that a person did is undone by a mail server that is away."""
        links = {name: public_url(value) for name, value in context.items() if name.endswith("_url")}
        try:
            super().send_mail(template_prefix, email, {**context, **links, "current_site": self._site()})
        except (SMTPException, OSError) as error:
            logger.error("mail %s was not sent: %s", template_prefix, type(error).__name__)  # noqa: TRY400  # no traceback: it may quote the address
            messages.warning(
                self.request, _("The mail could not be sent just now. Everything else was done; try again later.")
            )

    def _site(self) -> RequestSite:
        """The portal by its name: allauth would greet from a host's."""
        site = RequestSite(self.request)
        site.name = settings.SITE_NAME
        site.domain = urlsplit(settings.SITE_URL).netloc or site.domain
        return site

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count this try, or refuse it."""
        super().pre_authenticate(request, **credentials)
        name = name_key(credentials.get("username", ""))
        self._tries_anywhere = ratelimit.consume(request, app="allauth.account", action=ANYWHERE, key=name)
        if self._tries_anywhere is None:
            raise self.validation_error("too_many_login_attempts")

    def _rollback_login_failed_rl_usage(self) -> None:
        """The password was right: this try does not count."""
        super()._rollback_login_failed_rl_usage()
        self._tries_anywhere.rollback()

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return network_key(credentials.get("username", ""), self.get_client_ip(request))

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """Nothing: allauth would forget by e-mail address, but tries are counted by name (`after_reset` forgets)."""


def public_url(url: str) -> str:
    """The same page at the address that the settings give: the one of a request is whatever its sender wrote."""
    return settings.SITE_URL + urlsplit(url)._replace(scheme="", netloc="").geturl() if settings.SITE_URL else url
