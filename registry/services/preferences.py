"""What people choose for themselves."""

from __future__ import annotations

from registry.models import Account


def choose_language(*, account: Account, language: str) -> None:
    """The language of the account's pages and mail; `language` is a code of the settings' LANGUAGES, or "" for none."""
    if account.language == language:
        return
    account.language = language
    account.save(update_fields=["language"])
