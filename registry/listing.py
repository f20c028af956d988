"""Keeps the catalogue's rows and its search index as the models are, in the transaction that changes a model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.db import connection, transaction
from django.db.models import Q

from registry.backends import serving_directory
from registry.catalogue_index import catalogue_index
from registry.catalogue_index.words import stored_words, tag, unique
from registry.errors import UserError
from registry.front_matter import read_front_matter, split_front_matter
from registry.interfaces import ServingInfo
from registry.models import CatalogueEntry, ModelVersion, RegisteredModel, StaleListing, VersionState
from registry.submitted import as_public

CHUNK = 500
MOST_LANGUAGES = 20
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
PUBLIC = ~Q(state=VersionState.DRAFT) | Q(revision__gt=0)
"""Versions that were submitted at least once."""


def status_word(version: ModelVersion, serving: ServingInfo | None) -> str:
    """The one word for a version: that of its rollout once it is approved, its own state before."""
    if version.state == VersionState.APPROVED and serving is not None:
        return serving.word
    return str(version.state)


def refresh_listing(registered_model_id: int) -> None:
    """Write a model's entry as it follows from its versions and what is served of them.

    Waits for nobody: the caller may hold locks that whoever writes the same entry is waiting for. The entry of a model
    that somebody else is changing is left to the sweep, which sees both changes.
    """
    with transaction.atomic():
        known = CatalogueEntry.objects.filter(pk=registered_model_id)
        held = known.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)
        if not list(held) and known.exists():
            StaleListing.objects.create(registered_model_id=registered_model_id)
            return
        write_listings([registered_model_id])


def mend_listings() -> tuple[int, ...]:
    """A step of the sweep: writes the entries that `refresh_listing` left to it."""
    for model_id in StaleListing.objects.values_list("registered_model", flat=True).distinct()[:CHUNK]:
        with transaction.atomic():
            list(CatalogueEntry.objects.select_for_update(of=("self",)).filter(pk=model_id).values_list("pk"))
            StaleListing.objects.filter(registered_model=model_id).delete()
            write_listings([model_id])
    return ()


def rebuild_catalogue() -> int:
    """Write every entry anew and forget what no model has; returns how many entries there are."""
    with transaction.atomic():
        catalogue_index().clear()
        CatalogueEntry.objects.all().delete()
        ids = list(RegisteredModel.objects.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(ids), CHUNK):
            write_listings(ids[start : start + CHUNK])
    return CatalogueEntry.objects.count()


def fill_catalogue() -> None:
    """After migrations: make the catalogue where there is none yet, as when its tables have only just come."""
    if CatalogueEntry._meta.db_table not in connection.introspection.table_names():  # noqa: SLF001  # Django's documented access
        return  # an older schema was asked for
    if not CatalogueEntry.objects.exists() and ModelVersion.objects.filter(PUBLIC).exists():
        rebuild_catalogue()


def write_listings(model_ids: Sequence[int]) -> None:
    """Write the entries of these models, in a constant number of queries. Call it in a transaction."""
    entries = list(entries_of(model_ids))
    fields = [field.name for field in CatalogueEntry._meta.concrete_fields if not field.primary_key]  # noqa: SLF001  # Django's documented access
    CatalogueEntry.objects.bulk_create(
        entries, update_conflicts=True, unique_fields=["registered_model"], update_fields=fields
    )
    gone = set(model_ids) - {entry.pk for entry in entries}
    if gone:
        CatalogueEntry.objects.filter(pk__in=gone).delete()
        catalogue_index().remove(gone)
    catalogue_index().put([(entry.pk, words_of(entry)) for entry in entries])


def entries_of(model_ids: Sequence[int]) -> Iterator[CatalogueEntry]:
    """The entries as they should be, unsaved; none for a model of which nothing was ever submitted."""
    models = RegisteredModel.objects.select_related("owner").in_bulk(model_ids)
    public = ModelVersion.objects.filter(PUBLIC, registered_model__in=model_ids).order_by("registered_model", "-number")
    versions: dict[int, list[ModelVersion]] = {}
    for version in as_public(public.defer("card_source", "card_html", "introspection")):
        versions.setdefault(version.registered_model_id, []).append(version)
    serving = serving_directory().for_versions([version.pk for rows in versions.values() for version in rows])
    drawn = {model_id: _entry(models[model_id], rows, serving) for model_id, rows in versions.items()}
    shown = ModelVersion.objects.filter(pk__in=[entry.version_id for entry in drawn.values()])
    cards = dict(shown.exclude(state=VersionState.DRAFT).values_list("pk", "card_source"))
    cards |= {row.pk: row.card_source for rows in versions.values() for row in rows if row.submission is not None}
    for entry in drawn.values():
        languages = languages_of(cards.get(entry.version_id or 0, ""))
        entry.languages = f" {' '.join(languages)} " if languages else ""
        yield entry


def languages_of(card_source: str) -> list[str]:
    """The languages that a card's front matter names, as lower-case codes; what is no code is left out."""
    try:
        named = read_front_matter(split_front_matter(card_source)[0]).get("language", [])
    except UserError:
        return []  # the card's own check says so to its author
    listed: Iterable[object] = named if isinstance(named, list) else [named]
    codes = (str(code).strip().lower() for code in listed)
    found = unique(code for code in codes if len(code) <= MOST_LANGUAGES and _LANGUAGE.fullmatch(code))
    return found[:MOST_LANGUAGES]


def words_of(entry: CatalogueEntry) -> list[str]:
    """What the entry is found by: its text, its name apart, and its filters."""
    named = stored_words(entry.name) + stored_words(entry.owner_name)
    facets = [
        ("task", entry.task),
        ("licence", entry.licence),
        ("format", entry.model_format),
        ("status", entry.status),
        ("owner", entry.owner_name),
        *(("language", code) for code in entry.languages.split()),
    ]
    tags = [tag(kind, value) for kind, value in facets if value]
    return unique([*named, *(tag("name", word) for word in named), *stored_words(entry.summary), *tags])


def _entry(
    model: RegisteredModel, versions: Sequence[ModelVersion], serving: Mapping[int, ServingInfo]
) -> CatalogueEntry:
    """The live version stands for the model, else the newest that is no draft, else the newest."""
    seen = [version for version in versions if version.state != VersionState.DRAFT] or list(versions)
    live = next((version for version in versions if version.pk in serving and serving[version.pk].live), None)
    shown, newest = live or seen[0], seen[0]
    coming = newest if newest.number > shown.number else None
    return CatalogueEntry(
        registered_model=model,
        owner=model.owner,
        owner_name=model.owner.username,
        name=model.name,
        summary=model.summary,
        task=model.task,
        licence=shown.licence,
        model_format=shown.model_format,
        status=status_word(shown, serving.get(shown.pk)),
        live=live is not None,
        version=shown,
        version_number=shown.number,
        coming_number=coming.number if coming else None,
        coming_status=status_word(coming, serving.get(coming.pk)) if coming else "",
        updated_at=max(shown.state_changed_at, coming.state_changed_at if coming else shown.state_changed_at),
    )
