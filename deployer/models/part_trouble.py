"""Outside systems that do not answer."""

from __future__ import annotations

from django.db import models


class PartTrouble(models.Model):
    """Why a part (the message id of its name, as probes have it) does not work; no row while it does."""

    part = models.CharField(primary_key=True, max_length=40)
    code = models.CharField(max_length=80)
    params = models.JSONField(default=dict)
    since = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.part}: {self.code}"
