"""The catalogue's own rows: what a list shows of a model, ready to be sorted, filtered and counted."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from registry.models.catalogue import ModelVersion, RegisteredModel


class CatalogueEntry(models.Model):
    """One public model as lists show it; written by `registry.listing` only, and made anew from the rest at any time.

    `status` is the one word of the version that stands for the model; `coming_*` a newer version on its way, if any.
    `languages` holds codes between spaces (" en fr "), so that one of them can be found by its text.
    """

    registered_model = models.OneToOneField(
        RegisteredModel, on_delete=models.CASCADE, primary_key=True, related_name="catalogue_entry"
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    owner_name = models.CharField(max_length=150)
    name = models.CharField(max_length=39)
    summary = models.CharField(max_length=200, blank=True)
    task = models.CharField(max_length=60, blank=True)
    licence = models.CharField(max_length=60, blank=True)
    model_format = models.CharField(max_length=30, blank=True)
    languages = models.CharField(max_length=450, blank=True)
    status = models.CharField(max_length=20)
    live = models.BooleanField(default=False)
    version = models.ForeignKey(ModelVersion, null=True, on_delete=models.SET_NULL, related_name="+")
    version_number = models.PositiveIntegerField()
    coming_number = models.PositiveIntegerField(null=True)
    coming_status = models.CharField(max_length=20, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-updated_at", "-registered_model"], name="entry_updated"),
            # With what a search counts, so that it need not look up each of a thousand rows in the table.
            models.Index(
                fields=[
                    "name",
                    "registered_model",
                    "task",
                    "licence",
                    "languages",
                    "model_format",
                    "status",
                    "owner_name",
                    "live",
                ],
                name="entry_by_name",
            ),
            models.Index(fields=["live", "-registered_model"], name="entry_live"),
        ]

    def __str__(self) -> str:
        return f"{self.owner_name}/{self.name}"


class StaleListing(models.Model):
    """A model whose entry was being written by somebody else when it changed again; the sweep writes it anew."""

    registered_model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return str(self.registered_model_id)
