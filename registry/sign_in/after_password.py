"""What else ends or begins with a new password: receivers of allauth's signals."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import ngettext

from registry import services
from registry.models import Account
from registry.sign_in.guessing import forget_tries


def after_reset(sender: object, request: HttpRequest, user: Account, **_more: object) -> None:
    """A password was replaced by a link in a mail."""
    del sender
    forget_tries(request, name=user.username, address=get_adapter().get_client_ip(request))
    _end_tokens(request, user)


def after_change(sender: object, request: HttpRequest, user: Account, **_more: object) -> None:
    """A password was replaced by who knew it; allauth ends the other sessions."""
    del sender
    _end_tokens(request, user)


def _end_tokens(request: HttpRequest, user: Account) -> None:
    count = services.revoke_all_tokens(actor=user)
    if count:
        text = ngettext("%(count)s API token was revoked.", "%(count)s API tokens were revoked.", count)
        messages.info(request, text % {"count": count})
