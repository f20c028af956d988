"""The review desk: what waits, what was decided, and the keyboard."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from registry import selectors, services
from registry.permissions import may_review
from registry.selectors.queue import past_reviews, queue, queue_rows
from registry.views.access import account_of, asked, paged, requires
from registry.views.review_rows import RISKS, filter_choices, risk_rows


@require_safe
@requires(may_review)
def review_queue(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, the longest waiting first."""
    show = asked(request, "show")
    page = paged(request, queue(show=show, user=request.user))
    found = queue_rows(list(page.object_list), user=request.user)
    context = {
        "page": page,
        "rows": [{"row": row, "row_id": f"row-{row.version.pk}", "risks": risk_rows(row.risks)} for row in found],
        "filters": filter_choices(show),
        "filtered": any(choice.current for choice in filter_choices(show)[1:]),
        "risks": RISKS.values(),
        "approvals_needed": settings.REQUIRED_APPROVALS,
        "usual": selectors.usual_times(),
        "here": request.get_full_path(),
    }
    return render(request, "registry/review_queue.html", context | _desk_context(request, "review_queue"))


@require_safe
@requires(may_review)
def review_past(request: HttpRequest) -> HttpResponse:
    """What was said and decided, newest first."""
    mine = asked(request, "by") == "me"
    page = paged(request, past_reviews(by=request.user if mine else None))
    context = {"page": page, "mine": mine}
    return render(request, "registry/review_past.html", context | _desk_context(request, "review_past"))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_review)
def review_shortcuts(request: HttpRequest) -> HttpResponse:
    """The keys of the review desk, and switching them off."""
    if request.method == "POST":
        enabled = request.POST.get("enabled") == "1"
        services.set_keyboard_shortcuts(account=account_of(request), enabled=enabled)
        text = _("Keyboard shortcuts are on.") if enabled else _("Keyboard shortcuts are off.")
        messages.success(request, text)
        return redirect("registry:review_shortcuts")
    return render(request, "registry/review_shortcuts.html", _desk_context(request, "review_shortcuts"))


def _desk_context(request: HttpRequest, tab: str) -> dict[str, object]:
    return {
        "tab": tab,
        "waiting_count": selectors.open_review_count(),
        "nav_section": "reviews",
        "shortcuts": account_of(request).keyboard_shortcuts,
    }
