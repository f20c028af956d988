"""The whole catalogue's figures: counted afresh while it is small, once a minute when it is large."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from django.core.cache import cache
from django.db.models import Count

from registry.models import CatalogueEntry
from registry.selectors.reviews import open_review_count

_KEY = "catalogue-totals"
_SECONDS = 60
_COUNT_AFRESH_UP_TO = 1000
_COLUMNS = {"task": "task", "licence": "licence", "format": "model_format", "status": "status", "owner": "owner_name"}


@dataclass(frozen=True, slots=True)
class Totals:
    """How many entries there are, and how many with each value of each facet."""

    models: int
    live: int
    facets: dict[str, Counter[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublicFigures:
    """The figures of the home page."""

    models: int
    live: int
    in_review: int
    contributors: int


def catalogue_totals() -> Totals:
    """The figures, at most a minute old."""
    few = CatalogueEntry.objects.values("pk")[: _COUNT_AFRESH_UP_TO + 1].count() <= _COUNT_AFRESH_UP_TO
    if few:
        return _count()
    kept = cache.get(_KEY)
    if kept is not None:
        return Totals(kept["models"], kept["live"], {name: Counter(values) for name, values in kept["facets"].items()})
    found = _count()
    # Plain values, as the cache may keep JSON alone.
    facets = {name: dict(values) for name, values in found.facets.items()}
    cache.set(_KEY, {"models": found.models, "live": found.live, "facets": facets}, _SECONDS)
    return found


def public_figures() -> PublicFigures:
    """What the home page tells."""
    totals = catalogue_totals()
    return PublicFigures(
        models=totals.models,
        live=totals.live,
        in_review=open_review_count(),
        contributors=len(totals.facets["owner"]),
    )


def _count() -> Totals:
    entries = CatalogueEntry.objects.order_by()
    facets = {}
    for facet, column in _COLUMNS.items():
        counted = entries.exclude(**{column: ""}).values_list(column).annotate(total=Count("pk"))
        facets[facet] = Counter(dict(counted))
    languages: Counter[str] = Counter()
    for codes, total in entries.exclude(languages="").values_list("languages").annotate(total=Count("pk")):
        for code in codes.split():
            languages[code] += total
    live = entries.filter(live=True).count()
    return Totals(sum(facets["status"].values()), live, {**facets, "language": languages})
