"""The catalogue's page: search, filters, order and pages, all of them in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.conf.locale import LANG_INFO
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.translation import get_language_info, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from registry import selectors
from registry.model_tasks import ModelTask
from registry.templatetags.portal_ui import status_label
from registry.views.access import PAGE_SIZE, asked

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

FACET_LABELS: dict[str, StrOrPromise] = {
    "task": _("Task"),
    "status": _("Status"),
    "licence": _("Licence"),
    "language": _("Language"),
    "format": _("Format"),
    "owner": _("Owner"),
}
SORT_LABELS: dict[str, StrOrPromise] = {
    "relevance": _("Best fit"),
    "updated": _("Last changed"),
    "newest": _("Newest"),
    "name": _("Name"),
}
MOST_OPTIONS = 50


@dataclass(frozen=True, slots=True)
class Option:
    """A value to choose, with its count as text."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """One facet of the form."""

    name: str
    label: StrOrPromise
    options: list[Option]
    more_values: int


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, and the address without it."""

    label: StrOrPromise
    value: str
    without: str


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """All models, with search and filters in the address."""
    chosen = {facet: value for facet in selectors.FACETS if (value := asked(request, facet))}
    query = selectors.CatalogueQuery(words=asked(request, "q"), chosen=chosen, sort=asked(request, "sort"))
    found = selectors.find_models(query)
    page = Paginator(found.ids, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "entries": selectors.entries_in_order(list(page.object_list)),
        "total": found.total,
        "more": found.more,
        "listed": len(found.ids),
        "query": query,
        "filters": [_filter(facet, label, found, chosen) for facet, label in FACET_LABELS.items()],
        "chips": _chips(request, query),
        "sorts": _sorts(query),
        "filtered": bool(query.words or chosen),
        "nav_section": "catalogue",
    }
    return render(request, "registry/catalogue.html", context)


def value_label(facet: str, value: str) -> str:
    """A facet's value in words."""
    if facet == "task" and value in ModelTask.values:
        return str(ModelTask(value).label)
    if facet == "status":
        return status_label(value)
    if facet == "language" and value in LANG_INFO and "name" in LANG_INFO[value]:
        return f"{get_language_info(value)['name_translated']} ({value})"
    return value


def _sorts(query: selectors.CatalogueQuery) -> list[tuple[str, StrOrPromise, bool]]:
    """Orders to choose: value, label, whether it is in force. The default has no value, as it depends on the words."""
    default = replace(query, sort="").order
    offered = [name for name in SORT_LABELS if name != "relevance" or query.words]
    return [("" if name == default else name, SORT_LABELS[name], name == query.order) for name in offered]


def _filter(facet: str, label: StrOrPromise, found: selectors.CatalogueResult, chosen: Mapping[str, str]) -> Filter:
    values, value = found.facets[facet], chosen.get(facet)
    listed = [each for number, each in enumerate(values) if number < MOST_OPTIONS or each.value == value]
    # Translators: a filter's value and how many models have it: "Ranking (12)".
    exact = gettext("%(label)s (%(count)s)")
    # Translators: the same for at least so many: "Ranking (12+)".
    least = gettext("%(label)s (%(count)s+)")
    options = [
        Option(each.value, _counted(least if each.more else exact, facet, each), each.value == value) for each in listed
    ]
    if value is not None and not any(option.chosen for option in options):
        # A value that nothing has is still what was asked for, so the form must not drop it.
        options.append(Option(value, value_label(facet, value), chosen=True))
    return Filter(facet, label, options, max(0, len(values) - MOST_OPTIONS) + found.unlisted.get(facet, 0))


def _counted(text: str, facet: str, value: selectors.FacetValue) -> str:
    count = number_format(value.total, force_grouping=True)
    return text % {"label": value_label(facet, value.value), "count": count}


def _chips(request: HttpRequest, query: selectors.CatalogueQuery) -> list[Chip]:
    chips = []
    if query.words:
        chips.append(Chip(_("Words"), query.words, _without(request, "q")))
    for facet, value in query.chosen.items():
        chips.append(Chip(FACET_LABELS[facet], value_label(facet, value), _without(request, facet)))
    return chips


def _without(request: HttpRequest, name: str) -> str:
    rest = request.GET.copy()
    for gone in (name, "page"):
        rest.pop(gone, None)
    return f"{request.path}?{rest.urlencode()}" if rest else request.path
