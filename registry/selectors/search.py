"""The public catalogue: searched, filtered, sorted, counted and paged, at a cost that does not grow with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection

from registry.catalogue_index import catalogue_index
from registry.catalogue_index.words import asked_words, plain, tag
from registry.interfaces import CatalogueIndex, IndexTerm
from registry.models import CatalogueEntry
from registry.selectors.totals import Totals, catalogue_totals, languages_counted

MOST_LISTED = 1000
"""Results beyond these are counted as "more than" and left to narrower questions."""
MOST_NEAR = 500
"""Of what misses one of several filters so many are counted, to tell what another value in its place would give."""
MOST_NEAR_OF_MORE = 250
"""As many where what is found is more than can be counted, so that every number is a least one anyway."""
MOST_LOOKED_UP = 5000
"""Where one value alone is chosen that more than so many have, the list by name is read on, past the index."""
_BY_COLUMN = {"task": "task", "format": "model_format", "status": "status"}
"""Facets with a fixed list of values, so that none is new since they were last counted."""
FACETS = ("task", "licence", "language", "format", "status", "owner")
_Row = tuple[Any, ...]
"""What of an entry is counted and sorted by: `_COLUMNS`, the facets' in their order."""
_COLUMNS = ("task", "licence", "languages", "model_format", "status", "owner_name", "live", "pk")
_LIVE, _PK = 6, 7
_READ = (
    "SELECT task, licence, languages, model_format, status, owner_name, live, registered_model_id"
    " FROM registry_catalogueentry WHERE registered_model_id"
)
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


class FacetValue(NamedTuple):
    """A value of a facet and how many have it, its own choice aside; at least so many where `more`."""

    value: str
    total: int
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueResult:
    """What was found: the ids to list in order, how many there are, and the facets' values, the commonest first.

    `unlisted` is how many further values a facet has, where it has too many to tell.
    """

    ids: Sequence[int]
    total: int
    more: bool
    facets: Mapping[str, Sequence[FacetValue]]
    unlisted: Mapping[str, int] = field(default_factory=dict)


def find_models(query: CatalogueQuery) -> CatalogueResult:
    """Search the catalogue: a bounded number of queries, each of which reads a bounded number of entries."""
    asked = _asked(query)
    if query.words and not asked.words:
        return CatalogueResult(ids=[], total=0, more=False, facets={facet: [] for facet in FACETS})
    if not asked.words and not asked.chosen:
        return _everything(query)
    totals = catalogue_totals() if not asked.words and len(asked.chosen) == 1 else None
    rows = _rows(asked, query, totals)
    more = len(rows) > MOST_LISTED
    rows = rows[:MOST_LISTED]
    total = len(rows)
    facets = {facet: _values(_counted(rows, facet), more=more) for facet in FACETS}
    unlisted: dict[str, int] = {}
    if totals:
        # The whole catalogue's figures tell how many have the one value that is chosen, or another in its place.
        ((facet, value),) = query.chosen.items()
        whole, unlisted = totals.facets[facet], {facet: totals.unlisted[facet]}
        facets[facet] = _values(whole, more=False)
        if more and whole[value] > total:
            total, more = whole[value], False
    elif query.chosen:
        facets |= _otherwise(asked, rows, more=more)
    return CatalogueResult(ids=[row[_PK] for row in rows], total=total, more=more, facets=facets, unlisted=unlisted)


def best_fits(*, words: str, chosen: Mapping[str, str], live_only: bool) -> list[int]:
    """The ids of what fits best, in order, at most `MOST_LISTED`; without words, of what changed last."""
    query = CatalogueQuery(words=words, chosen=chosen, sort="relevance")
    asked = _asked(query)
    if words and not asked.words:
        return []
    return [row[_PK] for row in _rows(asked, query)[:MOST_LISTED] if row[_LIVE] or not live_only]


def entries_in_order(ids: Sequence[int], *, with_models: bool = False) -> list[CatalogueEntry]:
    """The entries of these ids with their owners, in their order; with their models for who tells more of these."""
    entries = CatalogueEntry.objects.select_related("owner")
    found = (entries.prefetch_related("registered_model__owner") if with_models else entries).in_bulk(list(ids))
    return [found[pk] for pk in ids if pk in found]


def newest_entries(limit: int) -> list[CatalogueEntry]:
    """The models that came last."""
    # By their ids, as SQLite would rather begin with all accounts where they are joined.
    return entries_in_order(list(CatalogueEntry.objects.order_by("-pk").values_list("pk", flat=True)[:limit]))


@dataclass(frozen=True, slots=True)
class _Choice:
    """A facet's value that is asked for, as the index knows it."""

    facet: str
    word: str
    known: dict[str, bool] = field(default_factory=dict)

    def fits(self, row: _Row) -> bool:
        """Whether the row has the value. Each text is folded once."""
        text: str = row[FACETS.index(self.facet)]
        if text not in self.known:
            values = text.split() if self.facet == "language" else [text]
            self.known[text] = self.word in {tag(self.facet, value) for value in values}
        return self.known[text]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A query as terms of the index."""

    words: Sequence[IndexTerm]
    chosen: Sequence[_Choice]
    index: CatalogueIndex

    @property
    def filters(self) -> list[IndexTerm]:
        return [IndexTerm(word=choice.word) for choice in self.chosen]


def _asked(query: CatalogueQuery) -> _Asked:
    return _Asked(
        words=[IndexTerm(word=word, prefix=True) for word in asked_words(query.words)],
        chosen=[_Choice(facet, tag(facet, value)) for facet, value in query.chosen.items()],
        index=catalogue_index(),
    )


def _everything(query: CatalogueQuery) -> CatalogueResult:
    totals = catalogue_totals()
    ids = CatalogueEntry.objects.order_by(*_ORDER[query.order]).values_list("pk", flat=True)[:MOST_LISTED]
    return CatalogueResult(
        ids=list(ids),
        total=totals.models,
        more=False,
        facets={facet: _values(totals.facets[facet], more=False) for facet in FACETS},
        unlisted=totals.unlisted,
    )


def _rows(asked: _Asked, query: CatalogueQuery, totals: Totals | None = None) -> list[_Row]:
    """One more than `MOST_LISTED` at most, in the order that is asked for; `totals` where one value alone is chosen."""
    terms, limit = [*asked.words, *asked.filters], MOST_LISTED + 1
    if query.order == "relevance":
        return _best(asked, query.words, terms)
    if query.order == "newest":
        return sorted(_read(asked.index.newest(terms, limit=limit)), key=lambda row: -row[_PK])
    entries = CatalogueEntry.objects.all()
    values = _common_values(asked.chosen[0], totals) if totals and query.order == "name" else []
    if values:
        entries = entries.filter(**{f"{_BY_COLUMN[asked.chosen[0].facet]}__in": values})
    elif terms:
        entries = entries.filter(asked.index.condition(terms))
    found = entries.order_by(*_ORDER[query.order]).values_list(*_COLUMNS)[:limit]
    return _fetched(*found.query.sql_with_params())


def _common_values(choice: _Choice, totals: Totals) -> list[str]:
    """The texts of a value that very many have, which stand beside the names; none where the index is quicker."""
    if choice.facet not in _BY_COLUMN:
        return []
    known = totals.facets[choice.facet]
    values = [text for text in known if tag(choice.facet, text) == choice.word]
    return values if sum(known[text] for text in values) > MOST_LOOKED_UP else []


def _best(asked: _Asked, text: str, terms: Sequence[IndexTerm]) -> list[_Row]:
    """The very name first, then names that have all words, then the rest; live ones and newer ones before others."""
    limit = MOST_LISTED + 1
    named = [IndexTerm(word=tag("name", term.word), prefix=True) for term in asked.words]
    best = asked.index.newest([*named, *asked.filters], limit=limit)
    # Where the names alone are more than can be listed, nobody needs what else the words find.
    ids = best if len(best) == limit else asked.index.newest(terms, limit=limit)
    owner, _, name = plain(text).strip().rpartition("/")
    called = CatalogueEntry.objects.filter(name=name).order_by("-pk").values_list(*_COLUMNS)[:limit]
    exact = {row[_PK]: row for row in called if all(choice.fits(row) for choice in asked.chosen)}
    if owner:
        exact = {pk: exact[pk] for pk in exact.keys() & {*best, *ids}}
    first = set(best)
    rest = [pk for pk in ids if pk not in first][: limit - len(best)]
    rows = [*exact.values(), *_read({*best, *rest} - exact.keys())]
    rows.sort(key=lambda row: (row[_PK] not in exact, row[_PK] not in first, not row[_LIVE], -row[_PK]))
    return rows[:limit]


def _otherwise(asked: _Asked, rows: Sequence[_Row], *, more: bool) -> dict[str, list[FacetValue]]:
    """Of each facet that is chosen, its values and how many would be found with each of them instead."""
    most = MOST_NEAR_OF_MORE if more else MOST_NEAR
    ids = asked.index.nearly(asked.words, asked.filters, limit=most + 1)
    near, more = _read(ids[:most]), more or len(ids) > most
    counts = {}
    for choice in asked.chosen:
        others = [row for row in near if not choice.fits(row)]
        counts[choice.facet] = _values(_counted([*rows, *others], choice.facet), more=more)
    return counts


def _read(ids: Iterable[int]) -> list[_Row]:
    """The rows of these entries, in no order."""
    listed = ",".join(map(str, ids))  # in the text, as thousands of parameters cost more than the answer
    if not listed:
        return []
    among = f"= ANY ('{{{listed}}}'::bigint[])" if connection.vendor == "postgresql" else f"IN ({listed})"
    return _fetched(f"{_READ} {among}")


def _fetched(sql: str, params: Sequence[Any] | None = None) -> list[_Row]:
    """Rows past the ORM, which takes as long for a thousand as the database."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[_Row] = cursor.fetchall()
    return rows


def _counted(rows: Iterable[_Row], facet: str) -> Counter[str]:
    counted = Counter(map(itemgetter(FACETS.index(facet)), rows))
    del counted[""]
    return languages_counted(counted) if facet == "language" else counted


def _values(counted: Mapping[str, int], *, more: bool) -> list[FacetValue]:
    # Of owners there may be as many as rows. A sort that is stable keeps the first one's order among equals.
    ranked = sorted(sorted(counted.items()), key=itemgetter(1), reverse=True)
    return [FacetValue(value, total, more) for value, total in ranked]
