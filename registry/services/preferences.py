"""What people choose for themselves."""

from __future__ import annotations

from django.conf import settings

from registry.errors import UserError
from registry.models import Account
from registry.plain_text import one_line

DISPLAY_NAME_LENGTH = 80


def choose_language(*, account: Account, language: str) -> None:
    """The language of the account's pages and mail; `language` is a code of the settings' LANGUAGES, or "" for none."""
    if language and language not in dict(settings.LANGUAGES):
        raise UserError("account.unknown_language", field="language")
    if account.language == language:
        return
    account.language = language
    account.save(update_fields=["language"])


def choose_display_name(*, account: Account, name: str) -> None:
    """The name that pages show beside the user name; "" for none. It is kept to one line of plain text."""
    name = one_line(name)
    if len(name) > DISPLAY_NAME_LENGTH:
        raise UserError("account.name_too_long", field="display_name", limit=DISPLAY_NAME_LENGTH)
    Account.objects.filter(pk=account.pk).update(display_name=name)
