"""Personal API tokens."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    """What a token may do at most; the account's own rights bound it as well."""

    READ = "read", _("Read")
    SUBMIT = "submit", _("Submit")
    REVIEW = "review", _("Review")
    OPERATE = "operate", _("Operate")
    ADMINISTER = "administer", _("Administer")


class ApiToken(models.Model):
    """One token. The secret itself is nowhere: `digest` is its SHA-256 (hex), `hint` its first characters."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    hint = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "name"], condition=models.Q(revoked_at__isnull=True), name="token_name_unique"
            ),
        ]
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.account} {self.hint}…"
