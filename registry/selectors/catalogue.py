"""Models by themselves: which ones a person may know of, and how the public sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from registry.catalogue_index import catalogue_index
from registry.catalogue_index.words import asked_words, tag
from registry.errors import NotFoundError
from registry.interfaces import IndexTerm
from registry.listing import PUBLIC
from registry.models import CatalogueEntry, ModelVersion, RegisteredModel
from registry.permissions import User
from registry.selectors.versions import SEEN_STATES, VersionWithStatus, with_status


def visible_models() -> QuerySet[RegisteredModel]:
    """Models of which something was ever submitted. A right, so it asks the versions and not the catalogue's copy."""
    submitted = ModelVersion.objects.filter(PUBLIC, registered_model=OuterRef("pk"))
    return RegisteredModel.objects.filter(Exists(submitted)).select_related("owner")


def catalogue(
    *, query: str = "", chosen: Mapping[str, str] | None = None, live_only: bool = False
) -> QuerySet[CatalogueEntry]:
    """All public models that fit, for whoever reads the catalogue from end to end; `chosen` is a value per facet."""
    # Looked up apart, as SQLite would rather begin with all accounts where they are joined.
    entries = CatalogueEntry.objects.prefetch_related("registered_model__owner")
    terms = [IndexTerm(word=word, prefix=True) for word in asked_words(query)]
    if query.strip() and not terms:
        return entries.none()
    terms += [IndexTerm(word=tag(facet, value)) for facet, value in (chosen or {}).items()]
    if terms:
        entries = entries.filter(catalogue_index().condition(terms))
    return entries.filter(live=True) if live_only else entries


@dataclass(frozen=True, slots=True)
class Presence:
    """What a list shows of a model: the version in use, else the newest, and a newer one that is on its way."""

    shown: VersionWithStatus
    coming: VersionWithStatus | None


def presences(models: Sequence[RegisteredModel]) -> dict[int, Presence]:
    """How the public sees each model, by the model's id."""
    versions = ModelVersion.objects.filter(registered_model__in=models, state__in=SEEN_STATES).order_by("-number")
    found: dict[int, Presence] = {}
    for row in with_status(versions.defer("card_source", "card_html")):
        known = found.get(row.version.registered_model_id)
        live = row.serving is not None and row.serving.live
        if known is None:
            found[row.version.registered_model_id] = Presence(row, None)
        elif live:
            found[row.version.registered_model_id] = Presence(row, known.shown)
    return found


def model_named(*, user: User, owner: str, name: str) -> RegisteredModel:
    """The model, if this person may know of it."""
    found = RegisteredModel.objects.select_related("owner").filter(owner__username=owner, name=name).first()
    if found is None:
        raise NotFoundError("model.unknown")
    if found.owner_id != user.pk and not visible_models().filter(pk=found.pk).exists():
        raise NotFoundError("model.unknown")
    return found
