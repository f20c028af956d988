"""What belongs to no model and no part of the portal alone: home, downloads, and what search engines may read."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from registry import selectors
from registry.presentation.downloads import file_answer
from registry.presentation.events import timeline_rows
from registry.views.model_frame import origin_of

RECENT = 8
NEWEST = 6


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, live figures, newest models, latest events."""
    decisions = selectors.latest_decisions(RECENT)
    context = {
        "figures": selectors.public_figures(),
        "entries": selectors.newest_entries(NEWEST),
        "log_rows": list(zip(decisions, timeline_rows(decisions), strict=True)),
    }
    return render(request, "registry/home.html", context)


@require_safe
def download(request: HttpRequest, version_pk: int, pk: int) -> HttpResponseBase:
    """A file's bytes, as an inert attachment that no browser renders or runs."""
    found = selectors.version_by_id(pk=version_pk, user=request.user)
    return file_answer(selectors.file_of(version=found, pk=pk))


PRIVATE = ("my_models", "submit")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines may read: all that is public, by way of the sitemap."""
    lines = ["User-agent: *", *(f"Disallow: {reverse(f'registry:{route}')}" for route in PRIVATE)]
    lines += ["Disallow: /accounts/", "Disallow: /admin/", "Disallow: /drafts/", "Disallow: /uploads/"]
    lines.append(f"Sitemap: {origin_of(request)}{reverse('registry:sitemaps')}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
