"""The whole catalogue's figures: counted afresh while it is small, by the sweep when it is large."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.db.models import Count

from registry.models import CatalogueEntry
from registry.selectors.reviews import open_review_count

_KEY = "catalogue-totals-kept"
_COUNT_AGAIN_AFTER = 30.0
# While no sweep runs, a page counts for itself; and so often that nobody reads figures of another day.
_KEEP_SECONDS = 600
_COUNT_AFRESH_UP_TO = 1000
# Of accounts there may be as many as models, and nobody chooses from a list of thousands.
MOST_VALUES = 200
_COLUMNS = {"task": "task", "licence": "licence", "format": "model_format", "status": "status", "owner": "owner_name"}


@dataclass(frozen=True, slots=True)
class Totals:
    """How many entries there are, and how many with each of the `MOST_VALUES` commonest values of each facet.

    `unlisted` is how many values a facet has besides these.
    """

    models: int
    live: int
    facets: dict[str, Counter[str]] = field(default_factory=dict)
    unlisted: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublicFigures:
    """The figures of the home page."""

    models: int
    live: int
    in_review: int
    contributors: int


def catalogue_totals() -> Totals:
    """The figures; of a large catalogue some seconds old."""
    if not _is_large():
        return _added(CatalogueEntry.objects.values_list(*_COLUMNS.values(), "languages", "live"))
    kept = cache.get(_KEY)
    if kept is None:
        return _count_and_keep()
    facets = {facet: Counter(values) for facet, values in kept["facets"].items()}
    return Totals(models=kept["models"], live=kept["live"], facets=facets, unlisted=kept["unlisted"])


def refresh_totals() -> tuple[int, ...]:
    """A step of the sweep: counts a large catalogue, so that no page has to."""
    if _is_large():
        kept = cache.get(_KEY)
        if kept is None or time.time() - kept["at"] > _COUNT_AGAIN_AFTER:
            _count_and_keep()
    return ()


def public_figures() -> PublicFigures:
    """What the home page tells."""
    totals = catalogue_totals()
    return PublicFigures(
        models=totals.models,
        live=totals.live,
        in_review=open_review_count(),
        contributors=len(totals.facets["owner"]) + totals.unlisted["owner"],
    )


def _is_large() -> bool:
    return CatalogueEntry.objects.order_by("pk").values("pk")[_COUNT_AFRESH_UP_TO : _COUNT_AFRESH_UP_TO + 1].exists()


def _count_and_keep() -> Totals:
    """Counts by the database: one query per column."""
    entries = CatalogueEntry.objects.order_by()
    groups = {
        facet: dict(entries.values_list(column).annotate(total=Count("pk")))
        for facet, column in [*_COLUMNS.items(), ("language", "languages"), ("live", "live")]
    }
    live = groups.pop("live")
    totals = _totals(sum(live.values()), live.get(True, 0), groups)
    # Plain values, as the cache may keep JSON alone.
    facets = {facet: dict(counted) for facet, counted in totals.facets.items()}
    kept = {"at": time.time(), "models": totals.models, "live": totals.live, "facets": facets}
    cache.set(_KEY, {**kept, "unlisted": dict(totals.unlisted)}, _KEEP_SECONDS)
    return totals


def _added(rows: Iterable[tuple[Any, ...]]) -> Totals:
    *columns, live = list(zip(*rows, strict=True)) or [()] * (len(_COLUMNS) + 2)
    groups = {facet: Counter(column) for facet, column in zip([*_COLUMNS, "language"], columns, strict=True)}
    return _totals(len(live), sum(live), groups)


def _totals(models: int, live: int, groups: Mapping[str, Mapping[str, int]]) -> Totals:
    facets = {
        facet: Counter({value: total for value, total in group.items() if value}) for facet, group in groups.items()
    }
    facets["language"] = languages_counted(groups["language"])
    return Totals(
        models=models,
        live=live,
        facets={facet: Counter(dict(counted.most_common(MOST_VALUES))) for facet, counted in facets.items()},
        unlisted={facet: max(0, len(counted) - MOST_VALUES) for facet, counted in facets.items()},
    )


def languages_counted(lists: Mapping[str, int]) -> Counter[str]:
    """How often each code is in lists such as " en fr ", of which there are so many each."""
    codes: Counter[str] = Counter()
    for listed, total in lists.items():
        codes.update(dict.fromkeys(listed.split(), total))
    return codes
