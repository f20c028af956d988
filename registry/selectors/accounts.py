"""What is a person's own."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Case, Max, OuterRef, QuerySet, Subquery, Sum, When

from registry.models import Account, ModelVersion, RegisteredModel, VersionFile, VersionState
from registry.selectors.versions import VersionWithStatus, with_status

WAITS_FOR_ITS_OWNER = (
    VersionState.CHANGES_REQUESTED,
    VersionState.WITHDRAWN,
    VersionState.DRAFT,
    VersionState.REJECTED,
)


def own_models(user: Account) -> QuerySet[RegisteredModel]:
    """The person's models, drafts included: first those that wait for the person, then newest first."""
    newest = ModelVersion.objects.filter(registered_model=OuterRef("pk")).order_by("-number")
    models = RegisteredModel.objects.filter(owner=user).annotate(state=Subquery(newest.values("state")[:1]))
    cases = (When(state=state, then=place) for place, state in enumerate(WAITS_FOR_ITS_OWNER))
    urgency = Case(*cases, default=len(WAITS_FOR_ITS_OWNER))
    return models.select_related("owner").order_by(urgency, "-created_at", "-pk")


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
