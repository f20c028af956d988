"""What was said about a version, a page at a time; on the review desk and on the version's public page."""

from __future__ import annotations

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

from registry.models import ModelVersion
from registry.permissions import may_discuss, may_hide_said
from registry.selectors import threads
from registry.selectors.threads import Entry, PlacedThread
from registry.views.access import PAGE_SIZE
from registry.views.review_rows import review_targets


def conversation_context(request: HttpRequest, version: ModelVersion) -> dict[str, object]:
    """As `registry/fragments/conversation.html` reads it."""
    page: Page[Entry] = Paginator(threads.conversation_entries(version), PAGE_SIZE).get_page(request.GET.get("page"))
    found = threads.conversation(version, list(page.object_list))
    rows: list[dict[str, object]] = [
        {"placed": entry} if isinstance(entry, PlacedThread) else {"review": entry, "targets": review_targets(entry)}
        for entry in found
    ]
    return {
        "page": page,
        "conversation": rows,
        "may_discuss": may_discuss(request.user, version),
        "may_hide": may_hide_said(request.user, version),
        "here": request.get_full_path(),
    }
