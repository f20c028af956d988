"""What else ends or begins with a new password: receivers of allauth's signals."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

from registry.models import Account
from registry.sign_in.guessing import forget_tries


def after_reset(sender: object, request: HttpRequest, user: Account, **_more: object) -> None:
    """A password was replaced by a link in a mail."""
    del sender
    forget_tries(request, name=user.username, address=get_adapter().get_client_ip(request))
