"""Accounts: people, teams and bots."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.names import validate_name


class Account(AbstractUser):
    """Somebody who may sign in. The user name stands in addresses (`/models/<owner>/<name>/`) and never changes."""

    username = models.CharField(_("user name"), max_length=39, unique=True, validators=[validate_name])
    display_name = models.CharField(_("display name"), max_length=80, blank=True)
    quota_bytes = models.PositiveBigIntegerField(
        _("quota in bytes"), null=True, blank=True, help_text=_("Empty: the portal's default.")
    )
    keyboard_shortcuts = models.BooleanField(_("keyboard shortcuts"), default=True)
    daily_mail = models.BooleanField(_("one mail a day"), default=False, help_text=_("Instead of one after the news."))

    language = models.CharField(
        _("language"),
        max_length=16,
        blank=True,
        help_text=_("Of pages and mail. Empty: the browser's choice; mail in English."),
    )

    first_name = None  # type: ignore[assignment]  # one display name: not every culture splits names in two
    last_name = None  # type: ignore[assignment]  # as above
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    # The scopes of the token by which this instance was authenticated; None where a person signed in.
    token_scopes: frozenset[str] | None = None

    def __str__(self) -> str:
        return self.username

    def get_full_name(self) -> str:
        """The display name, or the user name where there is none."""
        return self.display_name or self.username

    def get_short_name(self) -> str:
        """As `get_full_name`."""
        return self.get_full_name()
