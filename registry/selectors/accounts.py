"""What is a person's own."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Max, QuerySet, Sum

from registry.models import Account, ModelVersion, RegisteredModel, VersionFile
from registry.selectors.versions import VersionWithStatus, with_status


def own_models(user: Account) -> QuerySet[RegisteredModel]:
    """The person's models, drafts included."""
    return RegisteredModel.objects.filter(owner=user).select_related("owner").order_by("-created_at", "-pk")


def newest_own_versions(models: Sequence[RegisteredModel]) -> dict[int, VersionWithStatus]:
    """The newest version of each model, drafts included, by the model's id."""
    newest = ModelVersion.objects.filter(registered_model__in=models).values("registered_model")
    ids = newest.annotate(newest=Max("pk")).values_list("newest", flat=True)
    rows = with_status(ModelVersion.objects.filter(pk__in=list(ids)).select_related("registered_model__owner"))
    return {row.version.registered_model_id: row for row in rows}


def storage_used(account: Account) -> int:
    """Bytes of the account's files."""
    files = VersionFile.objects.filter(version__registered_model__owner=account)
    return files.aggregate(total=Sum("blob__size"))["total"] or 0
