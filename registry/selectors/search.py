"""The public catalogue: searched, filtered, sorted, counted and paged, at a cost that does not grow with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import QuerySet

from registry.catalogue_index import catalogue_index
from registry.catalogue_index.words import asked_words, plain, tag
from registry.interfaces import IndexTerm
from registry.models import CatalogueEntry
from registry.selectors.totals import catalogue_totals

MOST_LISTED = 1000
"""Results beyond these are counted as "more than" and left to narrower questions."""
FACETS = ("task", "licence", "language", "format", "status", "owner")
_COLUMNS = ("pk", "task", "licence", "languages", "model_format", "status", "owner_name", "name", "live")
_ORDER = {"updated": ("-updated_at", "-pk"), "newest": ("-pk",), "name": ("name", "pk")}
SORTS = ("relevance", "updated", "newest", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueQuery:
    """What somebody looks for: words, one value per facet, and an order out of `SORTS`."""

    words: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""

    @property
    def order(self) -> str:
        """The order that is meant: by default the best fit for words, else the last change."""
        if self.sort in SORTS and (self.sort != "relevance" or self.words):
            return self.sort
        return "relevance" if self.words else "updated"


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    """A value of a facet and how many have it, its own choice aside; at least so many where `more`."""

    value: str
    total: int
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueResult:
    """What was found: the ids to list in order, how many there are, and the facets' values."""

    ids: Sequence[int]
    total: int
    more: bool
    facets: Mapping[str, Sequence[FacetValue]]


@dataclass(frozen=True, slots=True)
class _Row:
    """What of an entry is counted and sorted by."""

    pk: int
    facets: Mapping[str, Sequence[str]]
    name: str
    live: bool


def find_models(query: CatalogueQuery) -> CatalogueResult:
    """Search the catalogue. The number of queries depends on how many facets are chosen, not on what is found."""
    words = asked_words(query.words)
    if query.words and not words:
        return CatalogueResult(ids=[], total=0, more=False, facets={facet: [] for facet in FACETS})
    rows = _rows(words, query)
    more = len(rows) > MOST_LISTED
    rows = rows[:MOST_LISTED]
    total = len(rows)
    whole = more and not words and not query.chosen
    counts: dict[str, list[FacetValue]] = {}
    if whole:
        totals = catalogue_totals()
        total, more = totals.models, False
        counts = {facet: _values(totals.facets[facet], more=False) for facet in FACETS}
    for facet in () if whole else FACETS:
        others, others_more = rows, more
        if facet in query.chosen:
            rest = {name: value for name, value in query.chosen.items() if name != facet}
            others = _rows(words, replace(query, chosen=rest))
            others_more = len(others) > MOST_LISTED
        counted = Counter(value for row in others[:MOST_LISTED] for value in row.facets[facet])
        counts[facet] = _values(counted, more=others_more)
    return CatalogueResult(ids=[row.pk for row in rows], total=total, more=more, facets=counts)


def best_fits(*, words: str, chosen: Mapping[str, str], live_only: bool) -> list[int]:
    """The ids of what fits best, in order, at most `MOST_LISTED`; without words, of what changed last."""
    asked = asked_words(words)
    if words and not asked:
        return []
    rows = _rows(asked, CatalogueQuery(words=words, chosen=chosen, sort="relevance"))[:MOST_LISTED]
    return [row.pk for row in rows if row.live or not live_only]


def entries_in_order(ids: Sequence[int]) -> list[CatalogueEntry]:
    """The entries of these ids, in their order."""
    found = CatalogueEntry.objects.select_related("owner", "registered_model__owner").in_bulk(list(ids))
    return [found[pk] for pk in ids if pk in found]


def newest_entries(limit: int) -> list[CatalogueEntry]:
    """The models that came last."""
    return list(CatalogueEntry.objects.select_related("owner").order_by("-pk")[:limit])


def _rows(words: Sequence[str], query: CatalogueQuery) -> list[_Row]:
    """One more than `MOST_LISTED` at most, in the order that is asked for."""
    filters = [IndexTerm(word=tag(facet, value)) for facet, value in query.chosen.items()]
    asked = [IndexTerm(word=word, prefix=True) for word in words]
    terms, order, limit = [*asked, *filters], query.order, MOST_LISTED + 1
    entries = CatalogueEntry.objects.all()
    if not terms:
        return _read(entries.order_by(*_ORDER[order])[:limit])
    ids = catalogue_index().newest(terms, limit=limit)
    if order != "relevance":
        within = ids if len(ids) < limit else catalogue_index().matching(terms)
        return _read(entries.filter(pk__in=within).order_by(*_ORDER[order])[:limit])
    named = [IndexTerm(word=tag("name", word), prefix=True) for word in words]
    best = catalogue_index().newest([*named, *filters], limit=limit)
    exact = entries.filter(name=plain(query.words).strip().rpartition("/")[2]).values_list("pk", flat=True)[:limit]
    rank = _rank(set(exact), set(best))
    return sorted(_read(entries.filter(pk__in={*ids, *best})), key=rank)[:limit]


def _rank(exact: set[int], best: set[int]) -> Callable[[_Row], tuple[bool, bool, bool, int]]:
    """The very name first, then names that have all words, then the rest; live ones and newer ones before others."""
    return lambda row: (row.pk not in exact, row.pk not in best, not row.live, -row.pk)


def _read(entries: QuerySet[CatalogueEntry]) -> list[_Row]:
    return [
        _Row(
            pk,
            {
                "task": [task] if task else (),
                "licence": [licence] if licence else (),
                "language": languages.split(),
                "format": [model_format] if model_format else (),
                "status": [status],
                "owner": [owner],
            },
            name,
            live,
        )
        for pk, task, licence, languages, model_format, status, owner, name, live in entries.values_list(*_COLUMNS)
    ]


def _values(counted: Mapping[str, int], *, more: bool) -> list[FacetValue]:
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [FacetValue(value=value, total=total, more=more) for value, total in ranked]
