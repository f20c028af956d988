"""What search engines are told of: every public model, and the pages that lead to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.sitemaps import Sitemap, views
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from registry.models import CatalogueEntry


class ModelSitemap(Sitemap):  # type: ignore[type-arg]  # Django's class takes no type at run time
    """The page of each public model, in files of a thousand."""

    limit = 1000

    def items(self) -> QuerySet[CatalogueEntry]:
        """Oldest first, so that what a file holds stays in it."""
        return CatalogueEntry.objects.order_by("pk").only("owner_name", "name", "updated_at")

    def location(self, item: CatalogueEntry) -> str:
        """The model's page."""
        return reverse("registry:model", args=[item.owner_name, item.name])

    def lastmod(self, item: CatalogueEntry) -> datetime:
        """When a version of it last came into another state."""
        return item.updated_at


class PageSitemap(Sitemap):  # type: ignore[type-arg]  # as above
    """The pages that there is one of."""

    def items(self) -> list[str]:
        """Their routes."""
        return ["registry:home", "registry:catalogue", "registry:event_log"]

    def location(self, item: str) -> str:
        """A route's address."""
        return reverse(item)


SITEMAPS: dict[str, type[Sitemap[Any]] | Sitemap[Any]] = {"pages": PageSitemap, "models": ModelSitemap}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The list of the files."""
    answer = views.index(request, SITEMAPS, sitemap_url_name="registry:sitemap")
    for item in (answer.context_data or {})["sitemaps"]:
        item.location = _public(request, item.location)
    return answer


@require_safe
def section(request: HttpRequest, section: str) -> HttpResponse:
    """One file; `p` in the address is its number."""
    answer = views.sitemap(request, SITEMAPS, section=section)
    for entry in (answer.context_data or {})["urlset"]:
        entry["location"] = _public(request, entry["location"])
    return answer


def _public(request: HttpRequest, address: str) -> str:
    """An address below the portal's public one, whatever name the request came by."""
    here = f"{request.scheme}://{request.get_host()}"
    return f"{settings.SITE_URL}{address.removeprefix(here)}" if settings.SITE_URL else address
